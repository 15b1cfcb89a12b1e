"""Rows of people in the warehouse: those that are scored, and of which days their scores are kept one by one.

Here: reading them, and which days stay. Not here: what is said of a person (scored_rows.py), who is one (dbt, spine_lead_day).
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from datetime import date

import duckdb
import polars as pl

from dagster_project import warehouse
from dagster_project.home import Home

# People are kept one by one on so many of the newest days; what they say of their accounts is kept of all.
DAYS_KEPT = 7


def people_of(connection: duckdb.DuckDBPyConnection, days: Collection[date]) -> pl.DataFrame:
    """Rows of lead_scoring_set of these days, in order."""
    return connection.execute(
        "from datasets.lead_scoring_set where as_of_date in (select unnest(?::date[])) order by as_of_date, lead_id",
        [list(days)],
    ).pl()


def days_with_people(connection: duckdb.DuckDBPyConnection, days: Collection[date]) -> set[date]:
    """Days whose people are kept one by one when `days` are scored: the newest of them and of those that stood, and the last
    that stood before, should none of `days` stand; the run after lets it go.
    """
    passed = connection.execute("select as_of_date from scoring.passed_days").fetchall()
    before = {day for (day,) in passed} - set(days)
    return {*sorted(before | set(days))[-DAYS_KEPT:], *sorted(before)[-1:]}


def let_people_go(home: Home, kept: Collection[date]) -> None:
    """Delete scores of people of all other days: with the day's features they can be said again."""
    with closing(warehouse.connect(home)) as connection:
        connection.execute(
            "delete from scoring.lead_predictions where as_of_date not in (select unnest(?::date[]))",
            [sorted(kept)],
        )
