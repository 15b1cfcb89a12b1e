"""Features + scoring model → scores and reasons of a day.

Here: which scoring model answers for which day, and writing its answers. Not here: what a score is (models/scoring.py).
"""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import polars as pl

from dagster_project.automation import ONE_RUN, days_of
from dagster_project.config import Settings
from dagster_project.resources import ScoringHome
from dagster_project.warehouse import replace_rows
from models.explanation import factor_contributions, top_reasons
from models.feature_contract import FEATURES
from models.scoring import ScoringModel

# What this version cannot say yet is null, never zero.
NOT_SAID = {
    "fit_score": pl.Float64,
    "engagement_score": pl.Float64,
    "intent_score": pl.Float64,
    "grade": pl.String,
    "tier": pl.Int32,
    "segment": pl.String,
    "expected_deal_usd": pl.Float64,
    "expected_value_usd": pl.Float64,
}


class ScoringConfig(dg.Config):
    """Which scoring model: "" the one that was champion on each day, "latest" the newest (restates history)."""

    model: str = ""


def scoring_assets(daily: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """account_predictions and factor_contributions."""

    described = {
        "account_predictions": "One row an eligible account and day, as the scoring model said it.",
        "factor_contributions": "One row a factor of an explained score (TreeSHAP, log-odds).",
    }
    # A day asks for the newest training, not for one partition a day.
    newest = dg.AssetDep("trained_models", partition_mapping=dg.LastPartitionMapping())

    @dg.multi_asset(
        name="account_predictions_build",
        specs=[
            dg.AssetSpec(
                name,
                deps=["scoring_set", newest],
                description=text,
                group_name="scoring",
                kinds={"xgboost", "duckdb"},
            )
            for name, text in described.items()
        ],
        partitions_def=daily,
        backfill_policy=ONE_RUN,
    )
    def score_days(
        context: dg.AssetExecutionContext, config: ScoringConfig, scoring_home: ScoringHome
    ) -> Iterator[dg.MaterializeResult]:
        settings = scoring_home.home.settings()
        registry = scoring_home.registry()
        scored = explained = 0
        versions: dict[str, ScoringModel] = {}
        for day in days_of(context):
            version = (
                registry.newest_champion()
                if config.model == "latest"
                else registry.champion_as_of(day)
            )
            if version is None:
                raise dg.Failure(
                    f"No scoring model was champion on {day}. Train one: scoring retrain --as-of {day}",
                    allow_retries=False,
                )
            if version not in versions:
                versions[version] = registry.load_version(version)
            predictions, factors = _score_day(
                scoring_home, day, versions[version], version, settings, context.run_id
            )
            scored += predictions.height
            explained += factors["account_id"].n_unique()
            context.log.info(
                f"{day}: {predictions.height} accounts scored by scoring model {version}"
            )
        model = dg.MetadataValue.text(", ".join(sorted(versions, key=int)))
        yield dg.MaterializeResult(
            asset_key="account_predictions",
            metadata={"dagster/row_count": scored, "scoring model": model},
        )
        yield dg.MaterializeResult(
            asset_key="factor_contributions",
            metadata={"accounts explained": explained, "scoring model": model},
        )

    return score_days


def _score_day(
    scoring_home: ScoringHome,
    day: date,
    model: ScoringModel,
    version: str,
    settings: Settings,
    run_id: str,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    connection = scoring_home.connect()
    try:
        frame = connection.execute(
            "from datasets.scoring_set where as_of_date = ? order by account_id", [day]
        ).pl()
        scores = model.score(frame)
        factors = _explain_best(model, frame, scores, settings).with_columns(
            pl.lit(version).alias("scoring_model_version")
        )
        reasons = top_reasons(factors, FEATURES, settings.explanation.reasons_per_account)
        predictions = _as_rows(
            scores.join(reasons, on=["as_of_date", "account_id"], how="left"), model, settings
        )
        predictions = predictions.with_columns(
            pl.lit(version).alias("scoring_model_version"),
            pl.lit(scoring_home.now()).alias("scored_at"),
            pl.lit(run_id).alias("run_id"),
        )
        replace_rows(connection, "account_predictions", predictions, "as_of_date", [day])
        replace_rows(connection, "factor_contributions", factors, "as_of_date", [day])
    finally:
        connection.close()
    return predictions, factors


def _explain_best(
    model: ScoringModel, frame: pl.DataFrame, scores: pl.DataFrame, settings: Settings
) -> pl.DataFrame:
    """TreeSHAP costs more than all else: only the best accounts, up to the setting."""
    most = settings.explanation.max_accounts_per_day
    if frame.height > most:
        best = scores.sort("raw_probability", "account_id", descending=[True, False]).head(most)
        frame = frame.filter(pl.col("account_id").is_in(best["account_id"].implode()))
    return factor_contributions(model, frame)


def _as_rows(scores: pl.DataFrame, model: ScoringModel, settings: Settings) -> pl.DataFrame:
    """The columns of scoring.account_predictions but for provenance."""
    horizons = [part.horizon_days for part in model.parts]
    missing_feeds = [
        f"no {name} data"
        for name, vendors in FEED_KINDS.items()
        if not vendors & set(settings.feeds)
    ]
    return scores.with_columns(
        pl.concat_list(
            [
                pl.struct(
                    pl.lit(h, dtype=pl.Int32).alias("key"),
                    pl.col(f"win_probability_{h}d").alias("value"),
                )
                for h in horizons
            ]
        ).alias("win_probabilities"),
        pl.col("flags").list.concat(pl.lit(missing_feeds, dtype=pl.List(pl.String))).alias("flags"),
        pl.lit("model").alias("score_basis"),
        pl.lit(model.metadata["feature_contract_version"]).alias("feature_contract_version"),
        *(pl.lit(None, dtype=kind).alias(name) for name, kind in NOT_SAID.items()),
    )


# What kind of evidence each vendor brings; a kind without a vendor is flagged on every row.
FEED_KINDS = {"web": {"ga4", "segment", "hubspot"}, "intent": {"bombora", "g2"}}
