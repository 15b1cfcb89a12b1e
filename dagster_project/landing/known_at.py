"""When a row could first have been known: the second of the two clocks.

Belongs here: the rules that give each landed row its `occurred_at` and `known_at`. Does not belong
here: reading or writing files, and what later layers do with the two columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from dagster_project.feeds.contract import STAMP, Table

CUTOFF = time(5)


@dataclass(frozen=True)
class KnownAt:
    """One day for all rows (`KnownAt.on(day)`), or each row's own stamps (`KnownAt.history()`).

    `is_given`: a person named the day (`scoring land --date`). Then it also stands in for the date that
    some tables' files have in their name; a day of arrival does not.
    """

    day: date | None
    is_given: bool = False

    @classmethod
    def on(cls, day: date, is_given: bool = False) -> KnownAt:
        """All rows became known on this day."""
        return cls(day, is_given)

    @classmethod
    def history(cls) -> KnownAt:
        """Each row became known when the vendor's own stamps say that it came to be."""
        return cls(None)

    @property
    def is_history(self) -> bool:
        """Whether rows bring their own days."""
        return self.day is None


def arrival_day(arrived: datetime, cutoff: time = CUTOFF) -> date:
    """The as-of date whose refresh can first read what arrived at this moment (naive means UTC).

    The refresh for day D runs at the cut-off of D+1, so what arrives before that is known as of D.
    """
    utc = arrived.astimezone(UTC) if arrived.tzinfo else arrived
    before = timedelta(hours=cutoff.hour, minutes=cutoff.minute, seconds=cutoff.second)
    return (utc - before).date()


def with_clocks(
    rows: pl.LazyFrame, table: Table, known: KnownAt, first_stamps: pl.DataFrame | None, ds: date
) -> pl.LazyFrame:
    """Add occurred_at (UTC, microseconds) and known_at (date, never after the day of arrival `ds`).

    `first_stamps` (key, first_stamp) is needed for history. There each version was known when it
    was changed. The first one tells of the record's creation too: if it was changed on a later day,
    a second row, after all others, says what of it held at creation already (all but the table's
    `state` columns).
    """
    if known.day is not None:
        start = pl.lit(datetime.combine(known.day, time()), dtype=STAMP)
        return rows.with_columns(
            pl.coalesce("change_stamp", start).alias("occurred_at"),
            pl.lit(known.day, dtype=pl.Date).alias("known_at"),
        )
    if table.known:
        # Rows that never change: there are no versions to tell apart.
        return rows.with_columns(
            pl.col("change_stamp").alias("occurred_at"),
            pl.min_horizontal(pl.col(table.known), pl.lit(ds)).alias("known_at"),
        )
    created = pl.col(table.created).cast(STAMP)
    changed_later = created.dt.date() < pl.col("change_stamp").dt.date()
    is_first = pl.col("change_stamp") == pl.col("first_stamp")
    has_two_states = (is_first & changed_later & bool(table.state)).fill_null(False)
    versions = rows.join(
        first_stamps.lazy(), on=list(table.key), how="left", maintain_order="left"
    ).with_columns(
        pl.when(is_first & ~has_two_states)
        .then(pl.coalesce(created, "change_stamp"))
        .otherwise("change_stamp")
        .alias("occurred_at")
    )
    if table.state:
        at_creation = _at_creation(versions.filter(has_two_states), table)
        versions = pl.concat([versions, at_creation])
    return versions.with_columns(
        pl.min_horizontal(pl.col("occurred_at").dt.date(), pl.lit(ds)).alias("known_at")
    ).drop("first_stamp")


def _at_creation(versions: pl.LazyFrame, table: Table) -> pl.LazyFrame:
    """The same records as they were created, stamped so."""
    landed = {column.name: column.dtype for column in table.landed_columns}
    stamps = set(table.stamps) & set(landed) - {table.created, *table.state}
    return versions.with_columns(
        *(pl.lit(None, dtype=landed[name]).alias(name) for name in table.state),
        *(
            pl.col(table.created).cast(STAMP).alias(name)
            for name in sorted({*stamps, "occurred_at"})
        ),
    )
