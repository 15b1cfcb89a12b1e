"""What happened to the scores since: stored days held against outcomes.

Here: the asset that evaluates a scored day once its outcomes are known. Not here: the metrics (models/evaluation.py).
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date

import dagster as dg
import duckdb
import numpy as np
import polars as pl

from dagster_project import dbt_runner
from dagster_project.assets.transform import make_core, make_features
from dagster_project.automation import ONE_RUN, days_of
from dagster_project.config import Slice
from dagster_project.resources import ScoringHome
from dagster_project.warehouse import replace_rows
from models.evaluation import compare, evaluate
from models.scorecard import PREFIX
from models.settings import TrainingSettings

# What is kept of the paired difference between model and baseline.
LEADS = (
    "auc",
    "auc_low",
    "auc_high",
    "lift_top_decile",
    "lift_top_decile_low",
    "lift_top_decile_high",
)
# What is measured of probabilities alone.
OF_PROBABILITIES = ("brier", "brier_base", "log_loss", "ece")


def evaluation_asset(daily: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """evaluations: one row a day, predictor (model and baselines) and slice."""

    @dg.asset(
        name="evaluations",
        partitions_def=daily,
        group_name="evaluation",
        deps=[
            "scoring_set",
            "account_predictions",
            # The labels of the evaluated days are made here, by the same dbt model.
            dg.AssetDep("label_conversion", partition_mapping=dg.LastPartitionMapping()),
        ],
        backfill_policy=ONE_RUN,
        kinds={"polars", "duckdb"},
        description="Stored scores held against the outcomes known since, beside the baselines of the same training.",
    )
    def evaluations(
        context: dg.AssetExecutionContext, scoring_home: ScoringHome
    ) -> dg.MaterializeResult:
        days = days_of(context)
        _refuse_problems(make_core(scoring_home.home, days))
        _make_features_again(scoring_home, days)
        known = _outcomes_known_as_of(scoring_home)
        _build_labels(scoring_home, days, known)
        tables = [_evaluate_day(scoring_home, day, known) for day in days]
        found = pl.concat(tables, how="vertical_relaxed")
        connection = scoring_home.connect()
        try:
            replace_rows(connection, "evaluations", found, "as_of_date", days)
        finally:
            connection.close()
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": found.height,
                "outcomes known as of": known.isoformat(),
                "measures": dg.MetadataValue.md(_in_a_table(found)),
            }
        )

    return evaluations


def _in_a_table(found: pl.DataFrame, most: int = 50) -> str:
    """Markdown: model and baselines side by side, day by day."""
    lines = [
        "| day | predictor | within | slice | accounts | converted | AUC | lift, top tenth | calibration error |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in found.sort("as_of_date", "slice", maintain_order=True).head(most).to_dicts():
        lines.append(
            f"| {row['as_of_date']} | {row['predictor'].replace('_', ' ')} | {row['horizon_days']} days | {row['slice']} "
            f"| {row['n']} | {row['positives']} | {row['auc']:.3f} ({row['auc_low']:.3f}-{row['auc_high']:.3f}) "
            f"| {row['lift_top_decile']:.2f} | {'' if row['ece'] is None else format(row['ece'], '.3f')} |"
        )
    return "\n".join(lines)


def _outcomes_known_as_of(scoring_home: ScoringHome) -> date:
    """The last day on which anything was learnt."""
    connection = scoring_home.connect()
    try:
        (known,) = connection.execute(
            "select max(known_at) from (select known_at from core.core_opportunity_version "
            "union all select known_at from core.core_opportunity_stage_change "
            "union all select valid_from from core.core_account_survivor_version)"
        ).fetchone()
    finally:
        connection.close()
    if known is None:
        raise dg.Failure("No opportunity has landed, so no outcome is known.", allow_retries=False)
    return known


def _make_features_again(scoring_home: ScoringHome, days: list[date]) -> None:
    """Baselines read features, and those of older days are let go (scoring.yaml, retention)."""
    with closing(scoring_home.connect()) as connection:
        lacking = connection.execute(
            "select distinct as_of_date from scoring.account_predictions "
            "where as_of_date in (select unnest(?::date[])) "
            "and as_of_date not in (select as_of_date from datasets.scoring_set) order by 1",
            [days],
        ).fetchall()
    if not lacking:
        return
    _refuse_problems(make_features(scoring_home.home, [day for (day,) in lacking]))


def _build_labels(scoring_home: ScoringHome, days: list[date], known: date) -> None:
    _refuse_problems(
        dbt_runner.build(scoring_home.home, ["label_conversion"], days, labels_as_of=known)
    )


def _refuse_problems(done: dbt_runner.Build) -> None:
    if done.problems:
        raise dg.Failure(done.in_words(), allow_retries=False)


def _evaluate_day(scoring_home: ScoringHome, day: date, known: date) -> pl.DataFrame:
    asked = scoring_home.home.settings()
    settings = asked.for_training()
    connection = scoring_home.connect()
    try:
        rows = _scored_with_outcome(connection, day, settings.horizon_days)
    finally:
        connection.close()
    if rows.is_empty():
        raise dg.Failure(
            f"{day} has no stored scores whose {settings.horizon_days} days of outcomes are known (known as of {known}).",
            allow_retries=False,
        )
    (version,) = rows["scoring_model_version"].unique()
    if version.startswith(PREFIX):
        predictions = {"scorecard": _as_order(rows)}
    else:
        predictions = {
            "model": (rows["probability"].to_numpy(), rows["raw_probability"].to_numpy())
        }
        registry = scoring_home.registry()
        now = registry.load_version(version).score(rows)
        _refuse_other_features(day, rows["feature_digest"], now["feature_digest"])
        for name, baseline in registry.load_baselines(version).items():
            predictions[name] = baseline.predict(rows)
        predictions |= _challenger(rows)
    facts = {
        "as_of_date": day,
        "horizon_days": settings.horizon_days,
        "scoring_model_version": version,
        "outcomes_known_as_of": known,
    }
    found = [
        {**facts, "slice": label, **measured}
        for label, members in slices_of(asked.evaluation.slices).items()
        for measured in _measure_slice(
            rows, rows.select(members.fill_null(False)).to_series(), predictions, settings
        )
    ]
    if not found:
        raise dg.Failure(
            f"Of the accounts scored on {day} all or none converted, so nothing can be measured.",
            allow_retries=False,
        )
    found += _other_horizons(scoring_home, facts, settings)
    return pl.DataFrame(found, infer_schema_length=None)


def _other_horizons(
    scoring_home: ScoringHome, facts: dict, settings: TrainingSettings
) -> list[dict]:
    """The model's probabilities at horizons other than the primary one, where windows have closed and both outcomes are there."""
    measured = []
    for horizon in settings.horizons:
        if horizon == settings.horizon_days:
            continue
        with closing(scoring_home.connect()) as connection:
            rows = connection.execute(
                "select account_id, stored.win_probabilities[$horizon] as probability, label.is_converted::double as outcome "
                "from scoring.account_predictions as stored "
                "join labels.label_conversion as label using (account_id, as_of_date) "
                "where as_of_date = $day and label.horizon_days = $horizon and probability is not null order by account_id",
                {"day": facts["as_of_date"], "horizon": horizon},
            ).pl()
        if rows["outcome"].n_unique() < 2:
            continue
        y, p = rows["outcome"].to_numpy(), rows["probability"].to_numpy()
        found = evaluate(y, p, rows["account_id"], settings.seed, settings.bootstrap_rounds)
        nothing = {f"model_lead_{key}": None for key in LEADS}
        said = {"predictor": "model", "slice": "all", "horizon_days": horizon}
        measured.append({**facts, **said, **found, **nothing})
    return measured


def _challenger(rows: pl.DataFrame) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What was kept of a model that was not promoted, if it said something of each account."""
    if rows["challenger_version"].null_count():
        return {}
    (version,) = rows["challenger_version"].unique()
    said = rows["challenger_probability"].to_numpy(), rows["challenger_raw"].to_numpy()
    return {f"challenger_{version}": said}


def _refuse_other_features(day: date, stored: pl.Series, now: pl.Series) -> None:
    """Baselines are held beside the model on the features that it scored: of a day whose features were let go, settings, SQL or
    landed files may make others now. Raises Failure.
    """
    others = now.ne_missing(stored).sum()
    if others:
        raise dg.Failure(
            f"Of {len(stored)} accounts scored on {day}, {others} have other features now: features, settings or landed files "
            f"changed since. Score the day again (scoring backfill --from {day} --to {day}), then evaluate it.",
            allow_retries=False,
        )


def slices_of(slices: Sequence[Slice]) -> dict[str, pl.Expr]:
    """All accounts, then each part that scoring.yaml asks for, by name; a missing value is in no part."""
    parts = {"all": pl.col("account_id").is_not_null()}
    for one in slices:
        low = pl.lit(True) if one.at_least is None else pl.col(one.feature) >= one.at_least
        high = pl.lit(True) if one.below is None else pl.col(one.feature) < one.below
        parts[one.name] = pl.col(one.feature).is_not_null() & low & high
    return parts


def _as_order(rows: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """A scorecard's scores order accounts and say no probability: each gets the day's rate."""
    rate = rows["is_converted"].cast(pl.Float64).mean()
    return np.full(rows.height, rate), rows["score"].to_numpy()


def _measure_slice(
    rows: pl.DataFrame,
    members: pl.Series,
    predictions: dict[str, tuple],
    settings: TrainingSettings,
) -> Iterator[dict]:
    """Measures of each predictor on the members, and the model's lead over each baseline on the same rows.

    A slice without both outcomes has none.
    """
    kept = members.to_numpy()
    outcomes = rows["is_converted"].cast(pl.Float64).to_numpy()[kept]
    if not len(outcomes) or outcomes.min() == outcomes.max():
        return
    accounts, seed, rounds = (
        rows["account_id"].filter(members),
        settings.seed,
        settings.bootstrap_rounds,
    )
    cut = {
        name: tuple(np.asarray(values)[kept] for values in pair)
        for name, pair in predictions.items()
    }
    for name, (probability, order) in cut.items():
        lead = {}
        if name != "model" and "model" in cut:
            pair = compare(
                outcomes,
                cut["model"][0],
                probability,
                accounts,
                seed,
                rounds,
                cut["model"][1],
                order,
            )
            lead = {f"model_lead_{key}": pair[key] for key in LEADS}
        yield {
            "predictor": name,
            **evaluate(outcomes, probability, accounts, seed, rounds, order),
            **{f"model_lead_{key}": None for key in LEADS},
            **lead,
            # What scored the day said no probability, so none can be measured.
            **({} if "model" in cut else dict.fromkeys(OF_PROBABILITIES)),
        }


def _scored_with_outcome(
    connection: duckdb.DuckDBPyConnection, day: date, horizon_days: int
) -> pl.DataFrame:
    """Features, stored probability and outcome of each account scored that day, by account."""
    return connection.execute(
        "select features.*, stored.score, stored.raw_probability, stored.win_probabilities[$horizon] as probability, "
        "stored.scoring_model_version, stored.feature_digest, label.is_converted, challenger.win_probability as "
        "challenger_probability, challenger.raw_probability as challenger_raw, "
        "challenger.scoring_model_version as challenger_version "
        "from datasets.scoring_set as features "
        "join scoring.account_predictions as stored using (account_id, as_of_date) "
        "join labels.label_conversion as label using (account_id, as_of_date) "
        "left join scoring.challenger_predictions as challenger using (account_id, as_of_date) "
        "where as_of_date = $day and label.horizon_days = $horizon order by account_id",
        {"day": day, "horizon": horizon_days},
    ).pl()
