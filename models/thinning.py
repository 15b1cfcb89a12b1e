"""Which rows are learnt from where there are more than a training may hold.

Belongs here: the choice of days and accounts, from counts alone, so that nobody has to load all
rows to make it. Does not belong here: loading them.

The newest as-of days stay whole, up to a quarter of what may be held (a day of more: none): they are closest to what will
be scored, and the newest is the reference population. From the days before, the same accounts are
taken on every day, drawn by a hash of their id: the rows of an account stay together, and another
day or another machine draws the same ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from models.encoding import uniform

WHOLE_SHARE = 0.25


@dataclass(frozen=True)
class Thinning:
    """What is kept: all rows of `whole_days`, and of the other days the rows of `accounts`."""

    whole_days: tuple[date, ...]
    accounts: pl.Series
    rows_available: int
    rows_kept: int

    def describe(self) -> dict:
        """What was left out, ready for JSON."""
        return {
            "rows_available": self.rows_available,
            "rows_kept": self.rows_kept,
            "whole_from": str(min(self.whole_days)) if self.whole_days else None,
            "accounts_of_earlier_days": len(self.accounts),
        }


def whole_days(rows_by_day: Mapping[date, int], most: int) -> tuple[date, ...]:
    """The newest days that together hold at most a quarter of `most` rows, newest first."""
    kept, held = [], 0
    for day in sorted(rows_by_day, reverse=True):
        held += rows_by_day[day]
        if held > WHOLE_SHARE * most:
            break
        kept.append(day)
    return tuple(kept)


def thin(
    rows_by_day: Mapping[date, int], days: tuple[date, ...], rows_by_account: pl.DataFrame,
    most: int, seed: int,
) -> Thinning:  # fmt: skip
    """Draw accounts until `most` rows are reached, never more.

    `days` are the whole ones; rows_by_account has account_id and rows, its number of rows on all
    other days.
    """
    held = sum(rows_by_day[day] for day in days)
    drawn = rows_by_account.with_columns(
        pl.Series("place", uniform(rows_by_account["account_id"], f"training rows {seed}"))
    ).sort("place", "account_id")
    inside = held + np.cumsum(drawn["rows"].to_numpy()) <= most
    kept = drawn.filter(pl.Series(inside))
    return Thinning(
        days, kept["account_id"].sort(), sum(rows_by_day.values()), held + int(kept["rows"].sum())
    )


def thinned(rows: pl.DataFrame, most: int, seed: int) -> pl.DataFrame:
    """The rows, or of more than `most` those of as many accounts as fit, the same on every day."""
    if rows.height <= most:
        return rows
    by_day = dict(rows.group_by("as_of_date").len().rows())
    by_account = rows.group_by("account_id").agg(pl.len().cast(pl.Int64).alias("rows"))
    kept = thin(by_day, (), by_account, most, seed)
    return rows.filter(pl.col("account_id").is_in(kept.accounts.to_list()))
