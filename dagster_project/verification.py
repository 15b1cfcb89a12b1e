"""Derives stored scores again, from landing and the registered scoring models, and holds them against what was published.

Here: which rows are drawn, the derivation beside the home's own warehouse, what differs and why. Not here: features (dbt/), what
a row of scores is (scored_rows.py), printing (command/terminal/verification.py).

Nothing of the home's warehouse is used but what says how a row came to be: which run scored it, with which code, and the lines
of scorecards. A row that differs although features, code and settings are those that it was made with is a difference; one
made with others cannot be compared, and it is said with what it was made.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import duckdb
import numpy as np
import polars as pl
from pydantic import ValidationError

from dagster_project import warehouse
from dagster_project.config import Settings
from dagster_project.home import BusyError, Home
from dagster_project.landing.store import damaged
from dagster_project.provenance import MadeWith, made_with
from dagster_project.published_faults import published_faults
from dagster_project.publisher import connect_published
from dagster_project.scored_rows import scored_people, scored_rows, with_people
from dagster_project.standing import landed_files
from models.feature_contract import ContractError
from models.lead_rollup import COLUMNS as OF_PEOPLE
from models.model_files import ModelFormatError, OtherFormatError
from models.reasons import FAMILIES
from models.registry import Registry, RegistryError
from models.scorecard import PREFIX, Scorecard, scorecard_of
from models.scoring import ScoringModel
from models.settings import ScorecardSettings

KEY = ["as_of_date", "account_id"]
# What a row says of itself; names of the horizons' probabilities come from the published table. Rank and changes are
# relations between rows, and follow from these.
COMPARED = (
    "feature_digest", "score", "band", "fit_score", "engagement_score", "intent_score", "readiness_score",
    "grade", "tier", "segment", "flags", "score_basis",
    "feature_contract_version", "expected_days_to_close", "expected_deal_usd",
    "expected_value_usd", "raw_probability", *OF_PEOPLE,
)  # fmt: skip
# What only explained rows have: the best accounts of a day.
EXPLAINED = ("reasons", *(f"contribution_{one}" for one in ("base", *FAMILIES)))
# Another kind of processor may round sums differently.
TOLERANCE = 1e-6
MISSING = "(the row)"


class UnreadableError(Exception):
    """A file of the home is damaged; the message says which and what DuckDB says of it."""


class NotDerivedError(Exception):
    """The features could not be derived; the message is dbt's."""


@dataclass(frozen=True)
class Difference:
    """One value of a stored row that was derived differently. stored, derived: as text."""

    as_of_date: date
    account_id: str
    column: str
    stored: str
    derived: str
    # Why the row cannot be compared; empty for a true difference.
    made_with_other: str = ""


@dataclass
class Verification:
    """What came of it. same: rows equal to the last bit; nearly: rows equal to 1e-6, scored on another kind of processor."""

    rows: int = 0
    days: int = 0
    same: int = 0
    nearly: int = 0
    different: int = 0
    not_comparable: int = 0
    processor: str = ""
    differences: list[Difference] = field(default_factory=list)
    # Published tables that do not agree with each other, or with what was scored.
    published_faults: list[str] = field(default_factory=list)
    # Landed files and scoring models that are not as they were; rows of such models are not derived.
    damaged_files: dict[str, str] = field(default_factory=dict)
    damaged_models: dict[str, str] = field(default_factory=dict)
    # Scoring models and scorecards that this version of the code cannot apply; nor are theirs.
    unreadable_models: dict[str, str] = field(default_factory=dict)

    @property
    def is_proven(self) -> bool:
        """Nothing speaks against the stored scores."""
        return not (
            self.different or self.published_faults or self.damaged_files or self.damaged_models
        )


def verify(
    home: Home, sample: int, day: date | None, seed: int, tell: Callable[[str], None]
) -> Verification:
    """Derive `sample` published rows again (of one day, or of all), drawn at random by `seed`.

    Raises FileNotFoundError when nothing is published, UnreadableError when that or the warehouse cannot be read, BusyError,
    NotDerivedError, DbtError.
    """
    found = Verification(processor=made_with(home).processor)
    with _readable("published"), closing(connect_published(home)) as published:
        stored = _drawn(published, sample, day, seed)
        with _readable("warehouse"):
            runs, scorecards, scored = _kept(home)
        found.published_faults = published_faults(published, scored, day)
    found.rows, found.days = stored.height, stored["as_of_date"].n_unique()
    tell("comparing landed files with their seals")
    landed = landed_files(home)
    harm = damaged(home.landing)
    found.damaged_files = {str(f.relative_to(home.root)): why for f, why in harm.items()}
    if found.damaged_files or not found.rows:
        return found
    tell(f"deriving features of {found.days} days from landing")
    features, people = _features(home, stored)
    tell(f"scoring {features.height} rows and {people.height} people")
    derived = _derived(home, stored, features, people, scorecards, found)
    _compare(stored, derived, runs, made_with(home), found)
    if found.different and landed_files(home) != landed:
        raise BusyError(
            "files have landed while scores were derived again; run it again when that has ended"
        )
    return found


@contextmanager
def _readable(what: str) -> Iterator[None]:
    """What DuckDB says of a file that it cannot read is said as such."""
    try:
        yield
    except duckdb.Error as problem:
        raise UnreadableError(
            f"{what}/ cannot be read: {str(problem).splitlines()[0]}"
        ) from problem


def _drawn(
    connection: duckdb.DuckDBPyConnection, sample: int, day: date | None, seed: int
) -> pl.DataFrame:
    """So many rows of the published history, in order; all of them where there are not more."""
    where = "where as_of_date = coalesce(?, as_of_date)"
    (rows,) = connection.execute(
        f"select count(*) from account_scores_daily {where}", [day]
    ).fetchone()
    chosen = np.random.default_rng(seed).choice(rows, size=min(sample, rows), replace=False)
    return (
        connection.execute(
            f"""
            select * exclude (place) from (
                select *, row_number() over (order by as_of_date, account_id) - 1 as place
                from account_scores_daily {where}
            ) as placed
            where place in (select unnest(?::bigint[]))
            order by as_of_date, account_id
            """,
            [day, chosen.tolist()],
        )
        .pl()
        .with_columns(pl.col("as_of_date").cast(pl.Date))
    )


def _kept(home: Home) -> tuple[dict[str, MadeWith], dict[str, str], dict[date, int]]:
    """With what each run scored, as JSON the scorecards that have scored, and how many rows were scored of each published day.

    Raises BusyError while another command writes.
    """
    names = list(MadeWith.__dataclass_fields__)
    with home.writing("scoring verify"), closing(warehouse.connect(home)) as connection:
        runs = connection.execute(f"select run_id, {', '.join(names)} from scoring.scoring_runs")
        made = {run_id: MadeWith(*rest) for run_id, *rest in runs.fetchall()}
        cards = connection.execute("select scoring_model_version, content from scoring.scorecards")
        cards = dict(cards.fetchall())
        scored = connection.execute(
            "select as_of_date, count(*) from scoring.account_predictions "
            "where as_of_date in (select as_of_date from scoring.passed_days) group by 1"
        )
        return made, cards, dict(scored.fetchall())


def _features(home: Home, stored: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The stored rows' rows of scoring_set and lead_scoring_set, made of what has landed and of nothing else."""
    from dagster_project.assets.transform import build_days, features_of

    days = stored["as_of_date"].unique().sort().to_list()
    with _apart(home) as there:
        with closing(warehouse.connect(there)):
            built = build_days(there, features_of(there), days, with_tests=False)
            if built.problems:
                raise NotDerivedError(built.in_words())
            with closing(warehouse.connect(there)) as connection:
                connection.register("keys", stored.select(KEY).to_arrow())
                accounts, people = (
                    connection.execute(
                        f"select rows.* from datasets.{table} as rows semi join keys using (as_of_date, account_id) "
                        f"order by as_of_date, {key}"
                    ).pl()
                    for table, key in (
                        ("scoring_set", "account_id"),
                        ("lead_scoring_set", "lead_id"),
                    )
                )
                return accounts, people


@contextmanager
def _apart(home: Home) -> Iterator[Home]:
    """The home with an empty warehouse of its own. Raises BusyError when another `scoring verify` is at work."""
    from filelock import FileLock, Timeout

    home.verify.mkdir(exist_ok=True)
    lock = FileLock(home.root / "verify.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise BusyError("another `scoring verify` is at work in this home; wait for it") from None
    try:
        _empty(home)
        yield replace(home, workplace=home.verify)
    finally:
        _empty(home)
        lock.release()


def _empty(home: Home) -> None:
    """Also of what a killed one has left."""
    shutil.rmtree(home.verify)
    home.verify.mkdir()


def _derived(
    home: Home,
    stored: pl.DataFrame,
    features: pl.DataFrame,
    people: pl.DataFrame,
    scorecards: dict[str, str],
    found: Verification,
) -> pl.DataFrame:
    """The rows as they would be scored now, each by the scoring model or scorecard that it names."""
    settings = home.settings()
    registry = Registry(home.mlflow_database, home.mlflow_artifacts)
    parts = []
    for (version,), rows in stored.group_by("scoring_model_version", maintain_order=True):
        frame, theirs = (
            every.join(rows.select(KEY), on=KEY, how="semi", maintain_order="left")
            for every in (features, people)
        )
        no_factors = dict.fromkeys(frame["as_of_date"].unique(), 0)
        try:
            scorer = _scorer(version, registry, scorecards, settings)
            scored, _ = scored_rows(frame, scorer, settings, no_factors)
            scored = with_people(scored, scored_people(theirs, scorer), settings)
        except (OtherFormatError, ContractError) as problem:
            found.unreadable_models[version] = str(problem)
            continue
        except (RegistryError, ModelFormatError) as problem:
            found.damaged_models[version] = str(problem)
            continue
        parts.append(scored.with_columns(pl.lit(version).alias("scoring_model_version")))
    return pl.concat(parts, how="diagonal_relaxed") if parts else stored.clear()


def _scorer(
    version: str | None,
    registry: Registry,
    scorecards: dict[str, str],
    settings: Settings,
) -> ScoringModel | Scorecard:
    if version is None:
        raise RegistryError("its rows name no scoring model")
    if version.startswith(PREFIX):
        training = settings.for_training()
        if version not in scorecards:
            raise RegistryError("its lines are not on record")
        try:
            lines = ScorecardSettings(**json.loads(scorecards[version]))
        except ValidationError as problem:
            raise OtherFormatError(f"its lines cannot be read: {problem}") from None
        scorecard = scorecard_of(training.model_copy(update={"scorecard": lines}))
        if scorecard is None or scorecard.version != version:
            raise OtherFormatError("its lines would score differently")
        return scorecard
    model, registered = registry.load_version(version), registry.registered_digest(version)
    if registered is not None and model.digest() != registered:
        raise RegistryError("its files are not those that were registered")
    return model


def _compare(
    stored: pl.DataFrame,
    derived: pl.DataFrame,
    runs: dict[str, MadeWith],
    now: MadeWith,
    found: Verification,
) -> None:
    probabilities = [name for name in stored.columns if name.startswith("win_probability_")]
    # What an earlier version published says nothing of columns that came later.
    columns = [name for name in (*COMPARED, *EXPLAINED, *probabilities) if name in stored.columns]
    again = {(row["as_of_date"], row["account_id"]): row for row in derived.iter_rows(named=True)}
    for row in stored.iter_rows(named=True):
        if row["scoring_model_version"] in found.damaged_models:
            continue
        made = runs.get(row["run_id"])
        other = again.get((row["as_of_date"], row["account_id"]))
        unreadable = found.unreadable_models.get(row["scoring_model_version"], "")
        unlike = [MISSING] if unreadable else _unlike(row, other, columns)
        if not unlike:
            found.same += 1
            continue
        is_elsewhere = made is not None and made.processor != now.processor
        # A digest says of rounding no more than that there is some.
        values = [name for name in unlike if name != "feature_digest"]
        if is_elsewhere and other and all(_is_near(row[name], other[name]) for name in values):
            found.nearly += 1
            continue
        why = _made_with_other(unlike, made, now, unreadable)
        found.not_comparable += bool(why)
        found.different += not why
        found.differences += [
            Difference(
                row["as_of_date"],
                row["account_id"],
                name,
                _text(row, name),
                _text(other, name),
                why,
            )
            for name in unlike
        ]


def _unlike(row: dict[str, Any], other: dict[str, Any] | None, columns: Sequence[str]) -> list[str]:
    """Columns in which a stored row and the derived one differ."""
    if other is None:
        return [MISSING]
    # Of the others none were asked for; here all drawn ones are explained.
    asked = [name for name in columns if name not in EXPLAINED or row["reasons"] is not None]
    return [name for name in asked if not _is_same(row[name], other.get(name))]


def _is_same(stored: Any, derived: Any) -> bool:
    if isinstance(stored, float) and isinstance(derived, float):
        return stored == derived or (math.isnan(stored) and math.isnan(derived))
    return stored == derived


def _is_near(stored: Any, derived: Any) -> bool:
    numbers = isinstance(stored, float) and isinstance(derived, float)
    return numbers and abs(stored - derived) <= TOLERANCE


def _made_with_other(
    unlike: list[str], made: MadeWith | None, now: MadeWith, unreadable: str = ""
) -> str:
    """With which other version a row was made that may explain what differs; empty if there is none.

    A run that is not on record explains nothing: what it scored with is written down before its first score. unreadable: why
    this code cannot apply what scored the row.
    """
    if made is None:
        return ""
    changed = []
    if unreadable:
        is_other = (made.features_digest, made.code_digest) != (
            now.features_digest,
            now.code_digest,
        )
        return f"{unreadable}; version {made.code_version} made it" if is_other else ""
    is_feature = MISSING in unlike or "feature_digest" in unlike
    # No digest is kept of what people did: where nothing but what is said of them differs, their features may have changed.
    is_of_people = all(name in OF_PEOPLE for name in unlike)
    if (is_feature or is_of_people) and made.features_digest != now.features_digest:
        changed.append("the features' SQL or settings")
    if not is_feature and made.code_digest != now.code_digest:
        changed.append("the code that scores")
    if made.settings_digest != now.settings_digest:
        changed.append("scoring.yaml")
    if not changed:
        return ""
    return f"{' and '.join(changed)} changed since; version {made.code_version} made it"


def _text(row: dict[str, Any] | None, name: str) -> str:
    if row is None or name == MISSING:
        return "is not derived" if row is None else "is there"
    value = row.get(name)
    return "null" if value is None else repr(value) if isinstance(value, float) else str(value)
