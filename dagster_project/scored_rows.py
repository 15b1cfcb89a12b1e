"""What a scoring model or a scorecard makes of features: rows of account_predictions, factor_contributions and lead_predictions.

Here: scores of accounts and people with their reasons as they are stored, but for provenance, and what people say of their
account. Not here: what a score is (models/), which model answers for which day and writing its answers (assets/scoring.py), which
people are kept (people.py), holding stored rows against them (verification.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from dagster_project.config import Settings
from models.explanation import explained, factor_contributions
from models.lead_rollup import roll_up, with_roles
from models.leads import LeadModel
from models.registry import Registry
from models.scorecard import Scorecard, scorecard_of
from models.scoring import ScoringModel

KEY = ["as_of_date", "account_id"]
PROBABILITIES = pl.List(pl.Struct({"key": pl.Int32, "value": pl.Float64}))
# What kind of evidence each vendor brings; a kind without a vendor is flagged on every row.
FEED_KINDS = {
    "web": {"ga4", "segment", "hubspot"},
    "intent": {"bombora", "g2"},
    "technology": {"technographics"},
}


def scorer_of(version: str, registry: Registry, settings: Settings) -> ScoringModel | Scorecard:
    """The scoring model of a version, or scoring.yaml's scorecard. Raises RegistryError or ModelFormatError."""
    scorecard = scorecard_of(settings.for_training())
    if scorecard is not None and version == scorecard.version:
        return scorecard
    return registry.load_version(version)


def scored_rows(
    frame: pl.DataFrame,
    scorer: ScoringModel | Scorecard,
    settings: Settings,
    with_factors: Mapping[date, int],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of account_predictions and factor_contributions for rows of scoring_set, which stand for themselves.

    with_factors: of each day, how many accounts get rows of factor_contributions, the best ones first. Reasons have the best
    `explanation.max_accounts_per_day`, whatever is asked here: what a day's scores say hangs on nothing but the day.
    """
    scores = scorer.score(frame)
    asked = settings.explanation
    best = _best(frame, scores, dict.fromkeys(with_factors, asked.max_accounts_per_day))
    kept = _best(frame, scores, with_factors)
    if isinstance(scorer, Scorecard):
        said, factors = scorer.explained(best, asked.reasons_per_account), scorer.factors(kept)
    else:
        said = explained(scorer, best, asked.reasons_per_account)
        factors = factor_contributions(scorer, kept)
    told = best.select(KEY).with_columns(said)
    joined = scores.join(told, on=KEY, how="left", maintain_order="left")
    return _as_rows(joined, scorer, settings), factors


def scored_people(people: pl.DataFrame, scorer: ScoringModel | Scorecard) -> pl.DataFrame:
    """Rows of lead_scoring_set with what is said of each person; no score where no lead model is at hand."""
    known = with_roles(people)
    model = _lead_model(scorer)
    if model is not None:
        return known.with_columns(model.score(people))
    unsaid = pl.lit(None, dtype=pl.Float64)
    return known.with_columns(unsaid.alias("lead_probability"), unsaid.alias("lead_score"))


def reasons_of_people(people: pl.DataFrame, scorer: ScoringModel | Scorecard) -> pl.Series:
    """The strongest reasons of each row of lead_scoring_set; null where no lead model is at hand."""
    model = _lead_model(scorer)
    if model is None:
        return pl.Series("reasons", [None] * people.height, dtype=pl.List(pl.String))
    return model.reasons(people)


def with_people(scores: pl.DataFrame, people: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Rows of account_predictions with what their people (as `scored_people` gives them) say together."""
    return scores.hstack(roll_up(scores, people, settings.leads.committee_functions))


def _lead_model(scorer: ScoringModel | Scorecard) -> LeadModel | None:
    return scorer.leads if isinstance(scorer, ScoringModel) else None


def _best(frame: pl.DataFrame, scores: pl.DataFrame, most: Mapping[date, int]) -> pl.DataFrame:
    """Of each day only the best accounts, so many."""
    order = ["raw_probability", "score", "account_id"]
    allowed = pl.col("as_of_date").replace_strict(most, return_dtype=pl.Int64)
    place = pl.int_range(pl.len()).over("as_of_date")
    best = scores.sort(order, descending=[True, True, False], nulls_last=True).filter(
        place < allowed
    )
    return frame.join(best.select(KEY), on=KEY, how="semi", maintain_order="left")


def _as_rows(
    scores: pl.DataFrame, scorer: ScoringModel | Scorecard, settings: Settings
) -> pl.DataFrame:
    """The columns of scoring.account_predictions but for provenance."""
    is_scorecard = isinstance(scorer, Scorecard)
    missing_feeds = [
        f"no {name} data"
        for name, vendors in FEED_KINDS.items()
        if not vendors & set(settings.feeds)
    ]
    return scores.with_columns(
        pl.lit(None, dtype=PROBABILITIES).alias("win_probabilities")
        if is_scorecard
        else _by_horizon(scorer),
        pl.col("flags").list.concat(pl.lit(missing_feeds, dtype=pl.List(pl.String))).alias("flags"),
        pl.lit("scorecard" if is_scorecard else "model").alias("score_basis"),
        pl.lit(scorer.metadata["feature_contract_version"]).alias("feature_contract_version"),
    )


def _by_horizon(model: ScoringModel) -> pl.Expr:
    """The probabilities of a row as a list of horizon and probability."""
    pairs = [
        pl.struct(
            pl.lit(part.horizon_days, dtype=pl.Int32).alias("key"),
            pl.col(f"win_probability_{part.horizon_days}d").alias("value"),
        )
        for part in model.parts
    ]
    return pl.concat_list(pairs).alias("win_probabilities")
