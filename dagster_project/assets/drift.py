"""What the scored days say of the scoring model in force: have its accounts moved, do outcomes keep to its predictions?

Here: the asset that holds each scored day against the model's reference, and each day whose window has closed against its
outcomes. Not here: the measures (models/drift.py, models/calibration_drift.py), whole evaluations (monitoring.py), what follows
(early_training.py).
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from datetime import date

import dagster as dg
import duckdb
import polars as pl

from dagster_project.automation import ONE_RUN, WARNING, days_of, tell_each_day
from dagster_project.resources import ScoringHome
from dagster_project.warehouse import replace_rows
from models.calibration_drift import closed_day, left_the_predictions, looks, so_far
from models.drift import COLUMNS, alarms, drift_of_day
from models.drift_reference import DriftReference
from models.settings import DriftSettings

CLOSED = {
    "as_of_date": pl.Date, "scored_on": pl.Date, "scoring_model_version": pl.String, "horizon_days": pl.Int32,
    "accounts": pl.Int64, "converted": pl.Int64, "predicted": pl.Float64, "slope": pl.Float64,
}  # fmt: skip


def drift_assets(daily: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """feature_stability and matured_days."""
    newest = dg.AssetDep("trained_models", partition_mapping=dg.LastPartitionMapping())

    @dg.multi_asset(
        name="drift_build",
        specs=[
            dg.AssetSpec(
                "feature_stability",
                deps=["scoring_set", "account_predictions", newest],
                description="Each scored day's features and scores against the population that its scoring model compares with.",
                group_name="monitoring",
                kinds={"polars", "duckdb"},
            ),
            dg.AssetSpec(
                "matured_days",
                deps=["label_when_closed", "account_predictions"],
                description="Each scored day whose window has closed against its outcomes, as known on the day it closed.",
                group_name="monitoring",
                kinds={"polars", "duckdb"},
            ),
        ],
        partitions_def=daily,
        backfill_policy=ONE_RUN,
    )
    def drift_build(
        context: dg.AssetExecutionContext, scoring_home: ScoringHome
    ) -> Iterator[dg.MaterializeResult]:
        conversion = scoring_home.home.settings().conversion
        limits = scoring_home.home.settings().monitoring.drift
        days = days_of(context)
        with closing(scoring_home.connect()) as connection:
            levels = _hold_against_reference(connection, scoring_home, days, limits)
            closed = _hold_against_outcomes(
                connection, days, conversion.primary_horizon_days, limits
            )
        for facts in (levels, closed):
            if WARNING in facts:
                context.log.warning(facts[WARNING])
        for table in ("feature_stability", "matured_days"):
            tell_each_day(context, table)
        yield dg.MaterializeResult(asset_key="feature_stability", metadata=levels)
        yield dg.MaterializeResult(asset_key="matured_days", metadata=closed)

    return drift_build


def _hold_against_reference(
    connection: duckdb.DuckDBPyConnection,
    scoring_home: ScoringHome,
    days: Collection[date],
    limits: DriftSettings,
) -> dict:
    """Rows of feature_stability for the days that a scoring model with a reference scored; says how many, and what drifted."""
    registry = scoring_home.registry()
    scored = connection.execute(
        "select as_of_date, scoring_model_version, bool_or(is_restated) from scoring.account_predictions "
        "where as_of_date in (select unnest(?::date[])) and score_basis = 'model' group by all order by 1",
        [list(days)],
    ).fetchall()
    references = {version: registry.load_drift_reference(version) for _, version, _ in scored}
    found = [pl.DataFrame(schema={**COLUMNS, "scoring_model_version": pl.String})]
    for day, version, _ in scored:
        if reference := references[version]:
            rows = drift_of_day(_scored(connection, day, reference), reference, limits)
            found.append(rows.with_columns(pl.lit(version).alias("scoring_model_version")))
    table = pl.concat(found)
    replace_rows(connection, "feature_stability", table, "as_of_date", list(days))
    whole = table.filter(pl.col("kind") != "feature")
    told = {
        f"{level} days": whole.filter(pl.col("level") == level)["as_of_date"].n_unique()
        for level in ("watch", "drift")
    }
    # That a later model's accounts are not those of a day before it is no news.
    restated = [day for day, _, is_restated in scored if is_restated]
    found = alarms(table.filter(~pl.col("as_of_date").is_in(restated)), limits)
    return {"dagster/row_count": table.height, **told, **_warned(found)}


def _warned(lines: Sequence[str]) -> dict[str, str]:
    return {WARNING: "\n".join(lines)} if lines else {}


def _scored(
    connection: duckdb.DuckDBPyConnection, day: date, reference: DriftReference
) -> pl.DataFrame:
    """Score and features of a day's accounts, as far as the reference knows them."""
    names = ", ".join(f'"{name}"' for name in reference.names)
    return connection.execute(
        f"select as_of_date, {names} from datasets.scoring_set join scoring.account_predictions "
        "using (as_of_date, account_id) where as_of_date = ?",
        [day],
    ).pl()


def _hold_against_outcomes(
    connection: duckdb.DuckDBPyConnection,
    days: Collection[date],
    horizon_days: int,
    limits: DriftSettings,
) -> dict:
    """Rows of matured_days for the windows that closed on one of the days, or that one of the days opened and a scored day closed
    (days may be scored in any order). What all days so far say of a scoring model is said anew for the models of these days,
    so that a refresh costs what its champion has scored, not all that was ever scored. Says how many closed, and what drifted.
    """
    opened = _opened(connection, days, horizon_days)
    if not opened:
        return {"dagster/row_count": 0}
    closed = [
        _closed(key, rows)
        for key, rows in _with_outcomes(connection, opened, horizon_days)
        .partition_by(
            ["as_of_date", "scored_on", "scoring_model_version", "horizon_days"], as_dict=True
        )
        .items()
    ]
    before = connection.execute(
        "from scoring.matured_days where scoring_model_version in (select unnest($versions::varchar[])) "
        "or scoring_model_version in (select scoring_model_version from scoring.matured_days "
        "where scored_on in (select unnest($days::date[])))",
        {"versions": [row["scoring_model_version"] for row in closed], "days": opened},
    ).pl()
    # What was said at another primary horizon stands as it is.
    is_said_anew = pl.col("scored_on").is_in(opened) & (pl.col("horizon_days") == horizon_days)
    every = pl.concat(
        [before.select(list(CLOSED)).filter(~is_said_anew), pl.DataFrame(closed, schema=CLOSED)]
    )
    said = [
        so_far(rows, horizon, limits)
        for (_, horizon), rows in every.partition_by(
            ["scoring_model_version", "horizon_days"], as_dict=True
        ).items()
    ]
    table = pl.concat([before.clear(), *said], how="vertical_relaxed")
    models = {*before["scoring_model_version"], *every["scoring_model_version"]}
    replace_rows(connection, "matured_days", table, "scoring_model_version", sorted(models))
    (newest,) = connection.execute(
        "select max(scoring_model_version) from scoring.account_predictions where as_of_date = ? and score_basis = 'model'",
        [max(days)],
    ).fetchone()
    mine = table.filter(scoring_model_version=newest or "", horizon_days=horizon_days)
    why = left_the_predictions(looks(mine, horizon_days, limits), limits)
    left = [f"scoring model {newest}: {why}"] if why else []
    return {"dagster/row_count": len(closed), **_warned(left)}


def _opened(
    connection: duckdb.DuckDBPyConnection, days: Collection[date], horizon_days: int
) -> list[date]:
    """Days whose window closes on one of the days, and those of the days whose window closes on a day that has scores; of days
    that were let go (scoring.yaml, retention) what was said stands.
    """
    return [
        day
        for (day,) in connection.execute(
            "select distinct as_of_date from spine.spine_account_day "
            "where as_of_date + $window in (select unnest($days::date[])) or (as_of_date in (select unnest($days::date[])) "
            "and as_of_date + $window in (select as_of_date from scoring.account_predictions)) order by 1",
            {"days": list(days), "window": horizon_days},
        ).fetchall()
    ]


def _with_outcomes(
    connection: duckdb.DuckDBPyConnection, days: Collection[date], horizon_days: int
) -> pl.DataFrame:
    """What was predicted of each account on these days, and what had become of it on the day its window closed, by account. Not
    what a later model said of a day (back-fill with --model latest): it may have learnt from that day's outcomes.
    """
    return connection.execute(
        "select label.matured_on as as_of_date, as_of_date as scored_on, scoring_model_version, label.horizon_days, "
        "label.is_converted, stored.win_probabilities[$horizon] as probability "
        "from labels.label_when_closed as label join scoring.account_predictions as stored using (account_id, as_of_date) "
        "where as_of_date in (select unnest($days::date[])) and label.horizon_days = $horizon and probability is not null "
        # The first and last day reach into the view of outcomes, a list of days does not: without them all kept days are joined.
        "and as_of_date between $first and $last and not stored.is_restated "
        "order by scored_on, account_id",
        {"days": list(days), "first": min(days), "last": max(days), "horizon": horizon_days},
    ).pl()


def _closed(key: tuple, rows: pl.DataFrame) -> dict:
    said = closed_day(rows["is_converted"].to_numpy(), rows["probability"].to_numpy())
    return dict(zip(CLOSED, key, strict=False)) | said
