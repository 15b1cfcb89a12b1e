"""Which expectation suite guards which landed vendor table, and on which of its rows.

Here: the registry from vendor and table to suite (a table without one fails a test), and the rows that a suite is
run on: all of a daily arrival, of a large one a sample. Not here: the expectations (expectations/suites), what
follows from a failure (checks.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from dagster_project.config import Settings
from dagster_project.feeds.contract import Table
from expectations.suites import crm, crm_activity, crm_people, intent, technographics, web_analytics

# Of larger arrivals a sample of so many rows is looked at, with all rows whose key or clocks are wrong
# (up to ODD_ROWS of each kind): these are found on all rows, since a sample would miss them.
LARGE_ARRIVAL = 20_000
ODD_ROWS = 1_000
SEED = 7


@dataclass(frozen=True)
class FeedSuite:
    """A suite of one vendor table: `make(day, settings)`, which can be pickled.

    `facts` adds what it is asked about to the rows.
    """

    make: Callable[[date, Settings], Any]
    facts: Callable[[pl.DataFrame], pl.DataFrame] = lambda rows: rows


def _by_day(make: Callable[[date], Any], **facts: Any) -> FeedSuite:
    return FeedSuite(partial(_made_by_day, make), **facts)


def _made_by_day(make: Callable[[date], Any], day: date, settings: Settings) -> Any:
    return make(day)


def _opportunities(day: date, settings: Settings) -> Any:
    return crm.opportunity_suite(day, won_stages=settings.conversion.won_stages)


FEED_SUITES: dict[tuple[str, str], FeedSuite] = {
    ("salesforce", "account"): _by_day(crm.account_suite),
    ("salesforce", "account_history"): _by_day(crm.account_history_suite),
    ("salesforce", "contact"): _by_day(crm_people.contact_suite),
    ("salesforce", "lead"): _by_day(crm_people.lead_suite),
    ("salesforce", "opportunity"): FeedSuite(_opportunities),
    ("salesforce", "opportunity_history"): _by_day(crm.opportunity_history_suite),
    ("salesforce", "opportunity_contact_role"): _by_day(crm_people.opportunity_contact_role_suite),
    ("salesforce", "task"): _by_day(crm_activity.task_suite),
    ("salesforce", "event"): _by_day(crm_activity.event_suite),
    ("salesforce", "campaign"): _by_day(crm_activity.campaign_suite),
    ("salesforce", "campaign_member"): _by_day(crm_activity.campaign_member_suite),
    ("ga4", "event"): _by_day(web_analytics.event_suite, facts=web_analytics.event_facts),
    ("bombora", "company_surge"): _by_day(intent.company_surge_suite),
    ("technographics", "technology_detection"): _by_day(
        technographics.technology_detection_suite, facts=technographics.detection_facts
    ),
}


def landed_files(landing: Path, vendor: str, table: str, day: date) -> list[Path]:
    """The landed files of one arrival."""
    return sorted((landing / vendor / table / f"ds={day}").glob("*.parquet"))


def scan(files: Sequence[Path]) -> pl.LazyFrame:
    """Landed files as one table; columns that were declared later are null in older files."""
    parts = [pl.scan_parquet(file, hive_partitioning=False) for file in files]
    return pl.concat(parts, how="diagonal_relaxed")


def rows_to_check(
    files: Sequence[Path], table: Table, day: date, limit: int = LARGE_ARRIVAL
) -> tuple[pl.DataFrame, int]:
    """The rows of an arrival that its suite is run on, and how many rows the arrival has."""
    rows = scan(files)
    total = rows.select(pl.len()).collect().item()
    if total <= limit:
        return rows.collect(), total
    picked = np.random.default_rng(SEED).choice(total, size=limit, replace=False)
    numbers = pl.concat([pl.Series("_row", picked), *_odd_rows(rows, table, day)]).unique().sort()
    numbered = rows.with_row_index("_row").with_columns(pl.col("_row").cast(pl.Int64))
    wanted = numbered.join(numbers.to_frame().lazy(), on="_row", how="semi", maintain_order="left")
    return wanted.drop("_row").collect(), total


def _odd_rows(rows: pl.LazyFrame, table: Table, day: date) -> list[pl.Series]:
    """Places of rows without a key or a clock, known after they arrived, or there twice."""
    numbered = rows.with_row_index("_row").with_columns(pl.col("_row").cast(pl.Int64))
    needed = (
        [*table.key, "known_at", "occurred_at"]
        if not table.repeats
        else ["known_at", "occurred_at"]
    )
    wrong = pl.any_horizontal(pl.col(needed).is_null()) | (pl.col("known_at") > day)
    found = [numbered.filter(wrong).select("_row").head(ODD_ROWS)]
    if not table.repeats:
        stamps = [name for name in table.stamps if name in rows.collect_schema()]
        twice = pl.struct(*table.key, *stamps[:1]).hash().is_duplicated()
        found.append(numbered.filter(twice).select("_row").head(ODD_ROWS))
    return [part.collect().to_series() for part in found]


def rows_by_file(landed: Sequence[Path], quarantined: Sequence[Path]) -> pl.DataFrame:
    """How many rows of each vendor's file of an arrival landed, and how many were refused.

    One row a file, by name: source_sha256, source_file, landed, refused. A history import adds rows that no file has
    (states at creation), so lines are counted. A file that was refused whole counts as one row; what was refused of a file
    that has been taken out of landing says nothing of the one that was sent in its place.
    """
    none = pl.LazyFrame(
        schema={"source_sha256": pl.String, "source_file": pl.String, "source_line": pl.Int64}
    )
    key = ["source_sha256", "source_file"]
    good = (
        (scan(landed) if landed else none)
        .group_by(key)
        .agg(pl.col("source_line").n_unique().cast(pl.Int64).alias("landed"))
    )
    bad = (
        (scan(quarantined) if quarantined else none)
        .group_by(key)
        .agg(
            pl.len().cast(pl.Int64).alias("refused"),
            pl.col("source_line").is_null().any().alias("is_refused_whole"),
        )
    )
    both = good.join(bad, on=key, how="full", coalesce=True)
    # A file of which every row was refused lies in landing without rows.
    is_there = pl.col("source_sha256").str.head(16).is_in([path.stem for path in landed])
    return (
        both.filter(is_there | pl.col("landed").is_not_null() | pl.col("is_refused_whole"))
        .select(*key, pl.col("landed").fill_null(0), pl.col("refused").fill_null(0))
        .sort("source_file", "source_sha256")
        .collect()
    )
