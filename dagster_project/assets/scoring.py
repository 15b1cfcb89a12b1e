"""Features + scoring model → scores and reasons of a day; the scorecard scores days without a champion.

Here: which scoring model answers for which day, and writing its answers. Not here: what a score is (models/scoring.py,
models/scorecard.py), who could not be asked beside the champion (challengers.py).
"""

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from datetime import date

import dagster as dg
import polars as pl

from dagster_project.automation import ONE_RUN, PROGRESS, WARNING, days_of, tell_each_day
from dagster_project.challengers import Challengers
from dagster_project.config import Settings
from dagster_project.landing.store import newest_known_on
from dagster_project.people import days_with_people, let_people_go, people_of
from dagster_project.provenance import made_with
from dagster_project.resources import ScoringHome
from dagster_project.scored_rows import (
    reasons_of_people,
    scored_people,
    scored_rows,
    scorer_of,
    with_people,
)
from dagster_project.standing import data_of_days
from dagster_project.warehouse import replace_rows
from models.registry import Registry
from models.scorecard import Scorecard, scorecard_of
from models.scoring import ScoringModel

# Rows that are scored at a time: a month of a few thousand accounts.
ROWS_TOGETHER = 50_000


class ScoringConfig(dg.Config):
    """Which scoring model: "" the one that was champion on each day, "latest" the newest (restates history)."""

    model: str = ""


def scoring_assets(daily: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """account_predictions, lead_predictions, factor_contributions, challenger_predictions and scorecards."""

    described = {
        "account_predictions": "One row an eligible account and day, as the scoring model or the scorecard said it.",
        "lead_predictions": "One row a person of a scored account, on the newest days.",
        "factor_contributions": "One row a factor of an explained score (TreeSHAP in log-odds; points of a scorecard).",
        "challenger_predictions": "One row an eligible account and day, as the newest model that was not promoted says it.",
        "scorecards": "One row a scorecard that has scored, with its lines, so that its scores can be derived again.",
    }
    # A day asks for the newest training, not for one partition a day.
    newest = dg.AssetDep("trained_models", partition_mapping=dg.LastPartitionMapping())

    @dg.multi_asset(
        name="account_predictions_build",
        specs=[
            dg.AssetSpec(
                name,
                deps=["scoring_set", "lead_scoring_set", newest],
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
        settings, registry = scoring_home.home.settings(), scoring_home.registry()
        days = days_of(context)
        _refuse_days_without_features(scoring_home, days)
        scored = with_factors = people = beside = 0
        in_force = _in_force(days, registry, settings)
        newest = registry.newest_champion() if config.model == "latest" else None
        versions = {day: newest or _required(version, day) for day, version in in_force.items()}
        restated = [day for day in days if versions[day] != in_force[day]]
        loaded = {v: scorer_of(v, registry, settings) for v in sorted(set(versions.values()))}
        cards = {v: one for v, one in loaded.items() if isinstance(one, Scorecard)}
        # Before any score: whatever is stored, what made it is on record.
        _keep(scoring_home, cards, context.run.run_id)
        factors_of = _accounts_with_factors(scoring_home, settings, days)
        with closing(scoring_home.connect()) as connection:
            with_people_kept = days_with_people(connection, days)
        challengers = Challengers(registry, days, settings.conversion.primary_horizon_days)
        for version, together in _batches(scoring_home, versions):
            most = {day: factors_of[day] for day in together}
            predictions, factors, kept, said_beside = _score_days(
                *(scoring_home, most, with_people_kept, loaded[version], version, restated),
                *(challengers, settings, context.run.run_id),
            )
            people += kept.height
            beside += said_beside.height
            scored += predictions.height
            with_factors += factors.select("as_of_date", "account_id").n_unique()
            context.log.info(
                f"{PROGRESS}{scored} rows scored, up to {together[-1]} by {_in_words([version])}"
            )
        by = {"scored by": _in_words(loaded)}
        warned = {WARNING: challengers.warning} if challengers.warning else {}
        for text in warned.values():
            context.log.warning(text)
        let_people_go(scoring_home.home, with_people_kept)
        for table in (
            *("account_predictions", "lead_predictions"),
            *("factor_contributions", "challenger_predictions"),
        ):
            tell_each_day(context, table)
        yield dg.MaterializeResult(
            asset_key="account_predictions", metadata={"dagster/row_count": scored, **by}
        )
        yield dg.MaterializeResult(
            asset_key="lead_predictions", metadata={"dagster/row_count": people, **by}
        )
        yield dg.MaterializeResult(
            asset_key="factor_contributions", metadata={"accounts": with_factors, **by}
        )
        yield dg.MaterializeResult(
            asset_key="challenger_predictions", metadata={"dagster/row_count": beside, **warned}
        )
        yield dg.MaterializeResult(
            asset_key="scorecards", metadata={"dagster/row_count": len(cards)}
        )

    return score_days


def _refuse_days_without_features(scoring_home: ScoringHome, days: Sequence[date]) -> None:
    """Scored alone, a day whose features were let go would lose the scores that it has. Raises Failure."""
    with closing(scoring_home.connect()) as connection:
        lacking = connection.execute(
            "select distinct as_of_date from scoring.account_predictions where as_of_date in (select unnest($days::date[])) "
            "and as_of_date not in "
            "(select as_of_date from spine.spine_account_day where as_of_date in (select unnest($days::date[]))) "
            "order by 1",
            {"days": list(days)},
        ).fetchall()
    if lacking:
        (first,), (last,) = lacking[0], lacking[-1]
        raise dg.Failure(
            f"{first} has scores, but no features in the warehouse: they were let go (scoring.yaml, retention). "
            f"scoring backfill --from {first} --to {last} makes them and scores again.",
            allow_retries=False,
        )


def _in_force(
    days: Sequence[date], registry: Registry, settings: Settings
) -> dict[date, str | None]:
    """The champion of each day, else the scorecard, if there is one."""
    scorecard = scorecard_of(settings.for_training())
    otherwise = scorecard.version if scorecard else None
    return {day: champion or otherwise for day, champion in registry.champions_as_of(days).items()}


def _required(version: str | None, day: date) -> str:
    if version is None:
        raise dg.Failure(
            f"No scoring model was champion on {day}, and scoring.yaml holds no scorecard. "
            f"Train a model: scoring retrain --as-of {day}; or write a scorecard (the project's scoring.yaml has one).",
            allow_retries=False,
        )
    return version


def _accounts_with_factors(
    scoring_home: ScoringHome, settings: Settings, days: Sequence[date]
) -> dict[date, int]:
    """Of each day: some sixty rows an account are more than all else that is stored, and what was there stays."""
    newest = newest_known_on(scoring_home.home.landing) or max(days)
    connection = scoring_home.connect()
    try:
        kept = connection.execute(
            "select as_of_date, count(distinct account_id) from scoring.factor_contributions "
            "where as_of_date in (select unnest(?::date[])) group by as_of_date",
            [days],
        ).fetchall()
    finally:
        connection.close()
    asked = settings.explanation
    before = {day: min(accounts, asked.max_accounts_per_day) for day, accounts in kept}
    return {day: max(asked.factors_on(day, newest), before.get(day, 0)) for day in days}


def _in_words(versions) -> str:
    """Scoring models by number, then scorecards."""
    ordered = sorted(versions, key=lambda version: (not version.isdigit(), len(version), version))
    return ", ".join(v if not v.isdigit() else f"scoring model {v}" for v in ordered)


def _keep(scoring_home: ScoringHome, cards: dict[str, Scorecard], run_id: str) -> None:
    """What scored a stored day must stay known: scoring.yaml changes, and so does code."""
    rows = pl.DataFrame(
        {
            "scoring_model_version": list(cards),
            "content": [
                json.dumps(one.settings.model_dump(mode="json"), sort_keys=True)
                for one in cards.values()
            ],
        },
        schema={"scoring_model_version": pl.String, "content": pl.String},
    )
    run = pl.DataFrame([{"run_id": run_id, **made_with(scoring_home.home).as_row()}])
    connection = scoring_home.connect()
    try:
        replace_rows(connection, "scorecards", rows, "scoring_model_version", list(cards))
        replace_rows(connection, "scoring_runs", run, "run_id", [run_id])
    finally:
        connection.close()


def _batches(
    scoring_home: ScoringHome, versions: dict[date, str]
) -> Iterator[tuple[str, list[date]]]:
    """Days that follow each other and are scored by one version, so many together as memory is meant for."""
    connection = scoring_home.connect()
    try:
        accounts = dict(
            connection.execute(
                "select as_of_date, count(*) from datasets.scoring_set where as_of_date in (select unnest(?::date[])) "
                "group by all",
                [list(versions)],
            ).fetchall()
        )
    finally:
        connection.close()
    together: list[date] = []
    rows = 0
    for day, version in versions.items():
        rows += accounts.get(day, 0)
        if together and (version != versions[together[-1]] or rows > ROWS_TOGETHER):
            yield versions[together[-1]], together
            together, rows = [], accounts.get(day, 0)
        together.append(day)
    if together:
        yield versions[together[-1]], together


def _score_days(
    scoring_home: ScoringHome,
    with_factors: dict[date, int],
    with_people_kept: Collection[date],
    scorer: ScoringModel | Scorecard,
    version: str,
    restated: list[date],
    challengers: Challengers,
    settings: Settings,
    run_id: str,
) -> tuple[pl.DataFrame, ...]:
    """Score the days of `with_factors`; a row's result depends on that row alone, so days may stand together.

    Returns what is stored of accounts, of their factors, of people, and of challengers.
    """
    days = list(with_factors)
    connection = scoring_home.connect()
    try:
        data = data_of_days(connection, days)
        rested_on = pl.DataFrame(
            {"as_of_date": list(data), "digest": list(data.values())},
            schema={"as_of_date": pl.Date, "digest": pl.String},
        )
        frame = connection.execute(
            "from datasets.scoring_set where as_of_date in (select unnest(?::date[])) order by as_of_date, account_id",
            [days],
        ).pl()
        predictions, factors = scored_rows(frame, scorer, settings, with_factors)
        people = scored_people(people_of(connection, days), scorer)
        predictions = with_people(predictions, people, settings)
        kept = people.filter(pl.col("as_of_date").is_in(list(with_people_kept)))
        factors = factors.with_columns(pl.lit(version).alias("scoring_model_version"))
        provenance = (
            pl.lit(version).alias("scoring_model_version"),
            pl.lit(scoring_home.now()).alias("scored_at"),
            pl.lit(run_id).alias("run_id"),
        )
        predictions = predictions.with_columns(
            pl.col("as_of_date").is_in(restated).alias("is_restated"), *provenance
        )
        kept = kept.with_columns(reasons_of_people(kept, scorer), *provenance)
        replace_rows(connection, "account_predictions", predictions, "as_of_date", days)
        replace_rows(connection, "lead_predictions", kept, "as_of_date", days)
        replace_rows(connection, "factor_contributions", factors, "as_of_date", days)
        replace_rows(connection, "scored_days", rested_on, "as_of_date", days)
        beside = challengers.said(frame)
        replace_rows(connection, "challenger_predictions", beside, "as_of_date", days)
    finally:
        connection.close()
    return predictions, factors, kept, beside
