"""Whatever becomes known after a day changes nothing of it: from landed files to features, scores and labels, over any history.

Belongs here: the promise as a whole, and a peek of one day that it must find in each family of features. Not here: where a model
would break it (tests/integration/test_core_sees_no_future.py and test_features_see_no_future.py, on smaller worlds).

A history is what has landed of the small demo and of its next days. Of what became known after the day rows are taken away, and
rows are added to each table: copies of any of its rows with values of any others in their place, new ids, deletions, merges, and
stamps of all times. The first import, which tells of its own past, came before (docs/decisions/0006-first-import.md).
"""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dagster_project import dbt_runner, warehouse
from dagster_project.assets.transform import build_days, features_of
from dagster_project.home import Home
from dagster_project.home_layout import open_home
from dagster_project.landing.door import land_files
from dagster_project.landing.known_at import KnownAt
from dagster_project.landing.store import SEAL
from dagster_project.people import people_of
from dagster_project.scored_rows import scored_people, scored_rows, scorer_of, with_people
from models.feature_contract import FEATURES
from models.lead_contract import LEAD_FEATURES
from models.registry import Registry

IMPORTED_ON, LANDED_UP_TO = date(2026, 6, 30), date(2026, 7, 9)
DAYS = [IMPORTED_ON + timedelta(n) for n in range(6)]
SYSTEM = {"occurred_at", "known_at", "ds", "source_file", "source_line", "source_sha256"}
# Rows added to each table, and how many days after the day each is known: most on the next one.
ADDED, KNOWN_AFTER = 150, [1, 1, 1, 2, 9]
IDS = ("id", "event_id")
KEY = ["as_of_date", "account_id"]
# Labels of these many days before the day, of all horizons that have closed by then.
LABELLED_BEFORE = [200, 100, 31]
# `make test-long HISTORIES=100` draws more.
HISTORIES = int(os.environ.get("HISTORIES", "5"))


@pytest.fixture(scope="module")
def landed(small_demo, tmp_path_factory) -> Path:
    """The small demo's landing, with some days more, its settings and scoring models; nothing that was built of them."""
    folder = tmp_path_factory.mktemp("landed") / "home"
    shutil.copytree(
        small_demo[0].home,
        folder,
        ignore=shutil.ignore_patterns("warehouse", "published", "demo"),
    )
    home = open_home(folder)
    for files in sorted(home.inbox.glob("*/*")):
        day = date.fromisoformat(files.name)
        if day <= LANDED_UP_TO:
            where = (home.landing, home.quarantine, day, KnownAt.on(day))
            assert list(land_files(sorted(files.iterdir()), files.parent.name, *where))
    shutil.rmtree(home.inbox)
    return folder


def derived(home: Home, day: date, with_tests: bool = True) -> dict[str, pl.DataFrame]:
    """Features and scores of the day and of its people, and labels as of it, in an empty warehouse; with_tests: of labels."""
    shutil.rmtree(home.warehouse.parent, ignore_errors=True)
    built = build_days(home, features_of(home), [day], with_tests=False)
    assert not built.problems, built.in_words()
    with closing(warehouse.connect(home)) as connection:
        features = connection.execute("from datasets.scoring_set order by account_id").pl()
        people = people_of(connection, [day])
    label_days = [day - timedelta(n) for n in LABELLED_BEFORE]
    names = ["spine_account_day", "spine_lead_day", "label_conversion", "label_lead"]
    labelled = dbt_runner.build(home, names, label_days, labels_as_of=day, with_tests=with_tests)
    assert not labelled.problems, labelled.in_words()
    with closing(warehouse.connect(home)) as connection:
        labels, of_people = (
            connection.execute(f"from labels.{name} order by all").pl() for name in names[2:]
        )
    registry = Registry(home.mlflow_database, home.mlflow_artifacts)
    settings = home.settings()
    scorer = scorer_of(registry.newest_champion(), registry, settings)
    scores, factors = scored_rows(features, scorer, settings, {day: features.height})
    scores = with_people(scores, scored_people(people, scorer), settings)
    made = {"features": features, "scores": scores.sort(KEY), "factors": factors, "labels": labels}
    return made | {"people": people, "labels of people": of_people}


def with_another_future(landed: Path, folder: Path, day: date, seed: int) -> Home:
    """A copy in which what became known after the day is another."""
    home = Path(shutil.copytree(landed, folder))
    rng = np.random.default_rng(seed)
    for table in sorted(home.glob("landing/*/*")):
        files = sorted(table.glob("ds=*/*.parquet"))
        frames = [pl.read_parquet(file, hive_partitioning=False) for file in files]
        for file, frame in zip(files, frames, strict=True):
            kept = rng.random(frame.height) < 0.6
            write(file, frame.filter(pl.Series(kept) | (pl.col("known_at") <= day)))
        added = later_rows(pl.concat(frames), day, rng)
        for (known,), rows in added.group_by("known_at", maintain_order=True):
            write(table / f"ds={known}" / "0123456789abcdef.parquet", rows)
    return open_home(home)


def later_rows(rows: pl.DataFrame, day: date, rng: np.random.Generator) -> pl.DataFrame:
    """Rows of the same table that become known after the day."""
    at = rng.integers(0, rows.height, ADDED)
    out = rows[at]
    for name in set(rows.columns) - SYSTEM:
        other = rows[name][rng.integers(0, rows.height, ADDED)]
        out = out.with_columns(choice(rng, 0.4, other, out[name]).alias(name))
    for name in set(IDS) & set(rows.columns):
        # A third is new; the others tell something else of what is there.
        new = pl.Series([f"{one}{n}" for n, one in enumerate(rows[name][at])])
        out = out.with_columns(choice(rng, 1 / 3, new, rows[name][at]).alias(name))
    if "is_deleted" in rows.columns:
        gone = pl.Series([True] * ADDED)
        out = out.with_columns(choice(rng, 0.25, gone, out["is_deleted"]).alias("is_deleted"))
    if "master_record_id" in rows.columns:
        into = rows["id"][rng.integers(0, rows.height, ADDED)]
        out = out.with_columns(
            choice(rng, 0.25, into, out["master_record_id"]).alias("master_record_id")
        )
    known = [day + timedelta(int(n)) for n in rng.choice(KNOWN_AFTER, ADDED)]
    noons = [
        datetime.combine(day + timedelta(int(n)), time(12)) for n in rng.integers(-9, 3, ADDED)
    ]
    happened = choice(
        rng, 0.5, pl.Series(noons, dtype=rows["occurred_at"].dtype), out["occurred_at"]
    )
    return out.with_columns(
        happened.alias("occurred_at"),
        pl.Series("known_at", known),
        pl.Series("ds", known),
    ).select(rows.columns)


def choice(rng: np.random.Generator, share: float, a: pl.Series, b: pl.Series) -> pl.Series:
    return a.zip_with(pl.Series(rng.random(len(a)) < share), b)


def write(file: Path, rows: pl.DataFrame) -> None:
    file.parent.mkdir(exist_ok=True)
    file.with_suffix(SEAL).unlink(missing_ok=True)
    rows.write_parquet(file)


def assert_nothing_changes(landed: Path, folder: Path, seed: int, day: date) -> None:
    was = derived(open_home(shutil.copytree(landed, folder / "was")), day)
    now = derived(with_another_future(landed, folder / "now", day, seed), day)
    assert was["features"].height > 100 and was["people"].height > was["features"].height
    for name, rows in was.items():
        assert rows.equals(now[name]), (seed, day, name)


def test_another_future_changes_nothing_of_a_day(landed, tmp_path):
    # The future in which the peek below is found.
    assert_nothing_changes(landed, tmp_path, 7, DAYS[-1])


@pytest.mark.long
@settings(
    max_examples=HISTORIES,
    phases=[Phase.generate],
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(seed=st.integers(0, 2**32 - 1), day=st.sampled_from(DAYS))
def test_no_other_future_changes_anything_of_a_day(landed, tmp_path_factory, seed, day):
    folder = tmp_path_factory.mktemp("futures")
    assert_nothing_changes(landed, folder, seed, day)
    shutil.rmtree(folder)


def test_a_peek_of_one_day_is_found_in_each_family(landed, tmp_path, monkeypatch):
    project = shutil.copytree(dbt_runner.DBT_PROJECT, tmp_path / "dbt")
    reading = project / "macros" / "as_of.sql"
    honest = reading.read_text()
    # what holds and what exists on a day, for features and labels alike
    reading.write_text(honest.replace("{{ day }}", "({{ day }} + 1)"))
    assert reading.read_text().count("({{ day }} + 1)") == 5
    monkeypatch.setattr(dbt_runner, "DBT_PROJECT", project)
    day = DAYS[-1]
    # dbt's tests of labels notice the peek themselves, where a label comes from the day after
    was = derived(open_home(shutil.copytree(landed, tmp_path / "was")), day, with_tests=False)
    now = derived(with_another_future(landed, tmp_path / "now", day, 7), day, with_tests=False)
    assert not was["labels"].equals(now["labels"])
    for name, key, contract in (
        ("features", KEY, FEATURES),
        ("people", ["as_of_date", "lead_id"], LEAD_FEATURES),
    ):
        both = was[name].join(now[name], on=key, how="inner", suffix="_now")
        changed = {
            feature.family
            for feature in contract
            if not both[feature.name].equals(both[f"{feature.name}_now"])
        }
        assert changed == {feature.family for feature in contract}
