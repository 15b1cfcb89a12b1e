"""Labels and features of past days → a scoring model, evaluated, promoted or refused.

Here: which days a training learns from, and handing its result to the registry and the warehouse. Not here: training
(models/training.py), the verdict (models/promotion.py), MLflow (models/registry.py).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from itertools import count, takewhile
from typing import Annotated, Any

import dagster as dg
from dagster_dbt import dbt_assets
from pydantic import Field

from dagster_project.assets.transform import TableNames, build_selected
from dagster_project.automation import (
    PROGRESS,
    RUN_EACH,
    TRAINED_TABLES,
    TRAINING_SETS,
    WARNING,
    last_day_of_quarter,
    quarter_of,
)
from dagster_project.config import Settings
from dagster_project.learnt_weights import learnt_tables
from dagster_project.model_cards import renew_cards, write_card
from dagster_project.provenance import code_version, trainer_digest
from dagster_project.resources import ScoringHome
from dagster_project.trained_tables import store_training, told_of
from dagster_project.training_set import read_lead_training_set, read_training_set
from models.duel import Champion
from models.model_files import OtherFormatError
from models.registry import Registry
from models.settings import TrainingSettings
from models.training import TrainingResult, train
from models.training_rows import silence, training_digest

# What is written down that also rests on people; all else is of accounts alone.
OF_PEOPLE_TOO = {"trained_models", "reliability_bins"}
MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


class TrainingConfig(dg.Config):
    """What was known on which day; without it, the last day of the run's quarter.

    scores_from: the first day that the model may score; without it, see `_first_day_to_score`. search_trials: how many settings
    of the boosters are tried out first (models/search.py). because: why it is trained before the quarter's end.
    """

    as_of: str = ""
    scores_from: str = ""
    search_trials: Annotated[int, Field(ge=0)] = 0
    because: str = ""


def training_dates(settings: Settings, as_of: date) -> list[date]:
    """As-of dates to learn from, at the set spacing: back from the last day whose outcomes have matured at the primary horizon.

    Counted from that day, so that the freshest outcomes are always used; on from it, as far as a shorter horizon has
    matured. Oldest first; none where no day has matured at the primary horizon.
    """
    conversion = settings.conversion
    newest = as_of - timedelta(days=conversion.primary_horizon_days)
    earliest = max(conversion.recording_starts, settings.history_starts)
    latest = as_of - timedelta(days=conversion.horizons_days[0])
    if newest < earliest:
        return []
    step = MONTHS[settings.training.spacing]
    back = takewhile(
        lambda day: day >= earliest, (_months_before(newest, step * n) for n in count())
    )
    on = takewhile(lambda day: day <= latest, (_months_before(newest, -step * n) for n in count(1)))
    return [*reversed(list(back)), *on]


def _months_before(day: date, months: int) -> date:
    """The same day of an earlier month (negative: a later one), or that month's last day where it has fewer."""
    index = day.year * 12 + day.month - 1 - months
    first = date(index // 12, index % 12 + 1, 1)
    following = date((index + 1) // 12, (index + 1) % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), following - timedelta(days=1))


def as_of_run(context: dg.AssetExecutionContext, config: TrainingConfig) -> date:
    """The day a training run stands on. Raises Failure when it is not in the run's quarter."""
    if not config.as_of:
        return last_day_of_quarter(context.partition_key)
    as_of = date.fromisoformat(config.as_of)
    if quarter_of(as_of) != context.partition_key:
        raise dg.Failure(
            f"as_of {as_of} is not in the quarter {context.partition_key}", allow_retries=False
        )
    return as_of


def training_assets(
    manifest: Mapping[str, Any], quarterly: dg.PartitionsDefinition
) -> list[dg.AssetsDefinition]:
    """label_conversion and training_set, and those of people (dbt); of the model, its measures and learnt weights (Python)."""

    @dbt_assets(
        manifest=manifest,
        select=" ".join(TRAINING_SETS),
        name="training_set_build",
        partitions_def=quarterly,
        dagster_dbt_translator=TableNames(),
        backfill_policy=RUN_EACH,
    )
    def build(
        context: dg.AssetExecutionContext, config: TrainingConfig, scoring_home: ScoringHome
    ) -> Iterator:
        as_of = as_of_run(context, config)
        days = training_dates(scoring_home.home.settings(), as_of)
        if not days:
            raise dg.Failure(
                f"No day has matured outcomes as of {as_of}: recorded history must reach back further than the horizon.",
                allow_retries=False,
            )
        context.log.info(f"learning from {len(days)} days, {days[0]} to {days[-1]}")
        # What is learnt from are rows of scoring_set, as they are scored: days that have none get them first.
        yield from build_selected(
            context, scoring_home, days, labels_as_of=as_of, features_too=True
        )

    @dg.multi_asset(
        name="scoring_model",
        specs=[
            dg.AssetSpec(
                name,
                deps=["training_set", *(["lead_training_set"] if name in OF_PEOPLE_TOO else [])],
                description=words,
                group_name="training",
                kinds={"xgboost"},
            )
            for name, words in TRAINED_TABLES.items()
        ],
        partitions_def=quarterly,
        backfill_policy=RUN_EACH,
    )
    def scoring_model(
        context: dg.AssetExecutionContext, config: TrainingConfig, scoring_home: ScoringHome
    ) -> Iterator[dg.MaterializeResult]:
        as_of = as_of_run(context, config)
        scores_from = date.fromisoformat(config.scores_from) if config.scores_from else None
        settings = scoring_home.home.settings().for_training()
        settings = settings.model_copy(update={"search_trials": config.search_trials})
        if config.because:
            context.log.info(f"a training before its time: {config.because}")
        yield from _train_and_register(
            context, scoring_home, settings, as_of, scores_from, config.because
        )

    return [build, scoring_model]


def _train_and_register(
    context: dg.AssetExecutionContext,
    scoring_home: ScoringHome,
    settings: TrainingSettings,
    as_of: date,
    scores_from: date | None,
    because: str,
) -> Iterator[dg.MaterializeResult]:
    connection = scoring_home.connect()
    try:
        rows, thinning = read_training_set(connection, settings)
        people, people_thinning = read_lead_training_set(connection, settings)
    finally:
        connection.close()
    code = code_version()
    thinned = {"thinning": thinning, "people_thinning": people_thinning}
    left_out = {name: one.describe() for name, one in thinned.items() if one}
    context.log.info(
        f"training on {rows.height} rows, and {people.height} of people {left_out or ''}"
    )
    registry = scoring_home.registry()
    since = scores_from or _first_day_to_score(scoring_home, as_of)
    digest = training_digest(rows, settings, trainer_digest(), people)
    champion = _champion(registry, as_of, since, digest)
    metadata = {"trained_as_of": as_of.isoformat(), **left_out}
    with registry.opened_meanwhile():
        result = train(
            rows, settings, metadata, champion=champion, tell=_teller(context), people=people
        )
    _say_of_search(context, result)
    warnings = [said for said in (silence(rows), result.stamps_left_out) if said]
    version, run_id = registry.register(
        result,
        settings=settings,
        trained_as_of=as_of,
        champion_from=since,
        digest=f"{digest} against {champion.model.digest()}" if champion else digest,
        learnt_digest=digest,
        code_version=code,
        because=because,
    )
    context.log.info(f"scoring model {version}: {result.verdict.verdict}. {result.verdict.why}")
    since = registry.champion_from(version)
    learnt = learnt_tables(result, version, as_of)
    store_training(scoring_home, result, version, as_of, since, run_id, code, learnt)
    card = dg.MetadataValue.path(write_card(scoring_home.home, registry, version))
    facts = {**told_of(result, version), "model card": card}
    others = [one for one in registry.concerned(version) if one != version]
    warnings += renew_cards(scoring_home.home, registry, others)
    if warnings:
        facts[WARNING] = "\n".join(warnings)
        context.log.warning(facts[WARNING])
    yield dg.MaterializeResult(asset_key="trained_models", metadata=facts)
    yield dg.MaterializeResult(
        asset_key="reliability_bins", metadata={"dagster/row_count": len(result.reliability)}
    )
    yield dg.MaterializeResult(
        asset_key="group_measures", metadata={"dagster/row_count": len(result.groups)}
    )
    for table, rows in learnt.items():
        yield dg.MaterializeResult(asset_key=table, metadata={"dagster/row_count": rows.height})


def _teller(context: dg.AssetExecutionContext) -> Callable[[str], None]:
    return lambda text: context.log.info(f"{PROGRESS}{text}")


def _say_of_search(context: dg.AssetExecutionContext, result: TrainingResult) -> None:
    if result.search is None:
        return
    if why := result.search.get("why"):
        context.log.warning(f"no settings were searched: {why}")
    else:
        context.log.info(f"search: {json.dumps(result.search, sort_keys=True)}")


def _champion(registry: Registry, as_of: date, day: date, learnt: str) -> Champion | None:
    """Whom a training has to beat to score `day`. A model that this version cannot read cannot score either: it is none."""
    version = registry.champion_before(as_of, day, learnt)
    if version is None:
        return None
    try:
        model, tester = registry.load_version(version), registry.load_tester(version)
    except OtherFormatError:
        return None
    return Champion(version, model, registry.trained_as_of(version), tester)


def _first_day_to_score(scoring_home: ScoringHome, as_of: date) -> date:
    """The day of training itself, unless its scores are out: then they stand, and the model scores from the next day on."""
    connection = scoring_home.connect()
    try:
        out = connection.execute(
            "from scoring.passed_days where as_of_date = ?", [as_of]
        ).fetchone()
    finally:
        connection.close()
    return as_of + timedelta(days=1) if out else as_of
