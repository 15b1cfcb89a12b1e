"""Marts → published/: the last step of a day.

Here: the asset that makes a day visible. Not here: how files are written (publisher.py), who may pass (checks.py).
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta

import dagster as dg

from dagster_project import publisher, standing
from dagster_project.automation import ONE_RUN, days_of, tell_each_day
from dagster_project.resources import ScoringHome
from dagster_project.warehouse import connect, newest_scored


def publishing_asset(partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """published_scores: scores.duckdb and the day's history folders."""

    @dg.asset(
        name="published_scores",
        partitions_def=partitions,
        group_name="published",
        kinds={"duckdb", "parquet"},
        backfill_policy=ONE_RUN,
        deps=[*publisher.TABLES, *publisher.HISTORY, publisher.DRIFT],
        description="What analysts query: published/scores.duckdb, made anew and renamed into place.",
    )
    def published_scores(
        context: dg.AssetExecutionContext, scoring_home: ScoringHome
    ) -> Iterator[dg.MaterializeResult]:
        home = scoring_home.home
        days = publisher.days_touched(home, days_of(context))
        rows = publisher.publish_days(home, days)
        path = publisher.publish_tables(home)
        tell_each_day(context, "published_scores")
        context.log.info(f"published {sum(rows.values())} rows of {len(rows)} days to {path}")
        yield dg.MaterializeResult(
            metadata={
                "dagster/row_count": sum(rows.values()),
                "days": [day.isoformat() for day in rows],
                "query": 'scoring query "select * from scores.account_scores"',
                "whom to call first": dg.MetadataValue.md(_first_accounts(scoring_home, days)),
            }
        )
        # Once the day is out, and told to be.
        _let_features_go(scoring_home, days_of(context))

    return published_scores


def _let_features_go(scoring_home: ScoringHome, days: list[date]) -> None:
    """After the newest day; a run of past days is followed by others that want the same features."""
    kept = scoring_home.home.settings().retention.feature_days
    if kept is None:
        return
    with closing(scoring_home.connect()) as connection:
        newest = newest_scored(connection, days)
    if newest in days:
        standing.let_go(scoring_home.home, newest - timedelta(days=kept - 1))


def _first_accounts(scoring_home: ScoringHome, days: list[date], limit: int = 10) -> str:
    """Of the last of the days, as a table."""
    connection = connect(scoring_home.home)
    try:
        rows = connection.execute(
            "select rank, account_name, round(score, 1), band, reasons[1] from marts.account_scores_daily "
            "where as_of_date = ? order by rank limit ?",
            [max(days, default=None), limit],
        ).fetchall()
    finally:
        connection.close()
    lines = [f"As of {max(days, default='no day')}", ""]
    lines += ["| rank | account | score | band | first reason |", "|---|---|---|---|---|"]
    lines += [
        "| " + " | ".join(str(v if v is not None else "").replace("|", "\\|") for v in row) + " |"
        for row in rows
    ]
    return "\n".join(lines)
