"""What changes of an account after it was made: headcount, owner, what is filled in once a deal is won, merges.

Here: the changed fields with their moments, and their rows in AccountHistory. Not here: an account's first state (accounts.py).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from dagster_project.demo.calendar import Calendar
from dagster_project.demo.companies import NEVER, Companies
from dagster_project.demo.duplicates import DUPLICATE, Duplicates
from dagster_project.demo.ids import place_within, record_ids
from dagster_project.demo.lives import Lives
from dagster_project.demo.settings import WorldSettings

DAY = 86_400
_TRACKED = ("Industry", "NumberOfEmployees", "AnnualRevenue", "Type", "OwnerId")


def changes_of(
    settings: WorldSettings,
    calendar: Calendar,
    companies: Companies,
    lives: Lives,
    rng: np.random.Generator,
    first: pl.DataFrame,
) -> list[pl.DataFrame]:
    """What happens to the accounts of a block, one frame a kind of change."""
    row = first["_row"].to_numpy()
    base = first["NumberOfEmployees"].fill_null(-1).to_numpy()
    return [
        _growth(settings, calendar, companies, lives, rng, row, base),
        _owners(settings, calendar, companies, lives, rng, row),
        *_after_wins(settings, companies, lives, rng, first),
    ]


def _times(
    rng: np.random.Generator, rate: float, calendar: Calendar, lives: Lives, row: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Places in `row` and moments of changes from the account's making to the end."""
    span = calendar.end - lives.known[row]
    count = rng.poisson(rate * span / 365.25)
    at = np.repeat(np.arange(len(row)), count)
    day = (
        lives.known[row][at]
        + 1
        + (rng.random(len(at)) * np.maximum(span[at] - 1, 0)).astype(np.int64)
    )
    order = np.lexsort((day, at))
    return at[order], day[order] * DAY + 8 * 3600 + rng.integers(0, 30_000, len(at))


def _growth(
    settings: WorldSettings, calendar: Calendar, companies: Companies, lives: Lives,
    rng: np.random.Generator, row: np.ndarray, base: np.ndarray,
) -> pl.DataFrame:  # fmt: skip
    """Headcounts brought up to date: the company grew since the account was made."""
    at, when = _times(rng, settings.crm.employees_changes_per_year, calendar, lives, row)
    years = (when / DAY - lives.known[row][at]) / 365.25
    grown = base[at] * np.exp(
        0.18 * companies.growth[row][at] * years + 0.03 * rng.standard_normal(len(at))
    )
    keep = base[at] > 0
    employees = np.maximum(2, np.rint(grown)).astype(np.int64)[keep]
    return _change(companies.number[row][at][keep], when[keep], 1, NumberOfEmployees=employees)


def _owners(
    settings: WorldSettings, calendar: Calendar, companies: Companies, lives: Lives,
    rng: np.random.Generator, row: np.ndarray,
) -> pl.DataFrame:  # fmt: skip
    at, when = _times(rng, settings.crm.owner_changes_per_year, calendar, lives, row)
    owner = record_ids("user", rng.integers(0, 12, len(at)))
    return _change(companies.number[row][at], when, 2, OwnerId=owner)


def _after_wins(
    settings: WorldSettings, companies: Companies, lives: Lives, rng: np.random.Generator, first: pl.DataFrame
) -> list[pl.DataFrame]:  # fmt: skip
    """What people fill in once the deal is won: the type, then revenue, rating and state."""
    row = first["_row"].to_numpy()
    won = lives.won[row] < NEVER
    at, number = row[won], companies.number[row][won]
    when = lives.won[at] * DAY + 20 * 3600 + rng.integers(0, 3 * DAY, len(at))
    filled = rng.random((len(at), 3)) < settings.pollution.filled_when_won
    state = first["_state"].filter(pl.Series(won))
    rating = pl.Series(["Hot"] * len(at), dtype=pl.String)
    revenue = pl.Series(revenue_of(companies.employees[at]))
    return [
        _change(number, when, 3, Type=pl.Series(["Customer"] * len(at), dtype=pl.String)),
        _change(
            number, when + 3600, 4,
            AnnualRevenue=blank_where(revenue, ~filled[:, 0]),
            Rating=blank_where(rating, ~filled[:, 1]),
            BillingState=blank_where(state, ~filled[:, 2]),
        ),
    ]  # fmt: skip


def merges_of(companies: Companies, duplicates: Duplicates) -> pl.DataFrame:
    """Second accounts that are merged into the first."""
    merged = np.flatnonzero(duplicates.merged < NEVER)
    number = companies.number[merged]
    when = duplicates.merged[merged] * DAY + 15 * 3600
    return _change(
        number + DUPLICATE, when, 5,
        MasterRecordId=record_ids("account", number),
        IsDeleted=pl.Series([True] * len(merged), dtype=pl.Boolean),
    )  # fmt: skip


def _change(number: np.ndarray, seconds: np.ndarray, order: int, **new: object) -> pl.DataFrame:
    return pl.DataFrame({"_number": number, "_stamp": seconds, **new}).with_columns(
        (pl.col("_stamp") // DAY).cast(pl.Int32).alias("_day"), pl.lit(order).alias("_order")
    )


def blank_where(values: pl.Series, mask: np.ndarray) -> pl.Series:
    """Values, null where the mask says so."""
    return values.set(pl.Series(mask), None)


def revenue_of(employees: np.ndarray) -> np.ndarray:
    """What a rep writes down as revenue: a round number by headcount."""
    return np.round(employees * 182_000.0, -4)


def history_rows(whole: pl.DataFrame) -> pl.DataFrame:
    """One row a change of a tracked field."""
    parts = []
    for place, field in enumerate(_TRACKED):
        text = (
            pl.col(field).cast(pl.Int64).cast(pl.String)
            if field == "AnnualRevenue"
            else pl.col(field).cast(pl.String)
        )
        old, new = text.shift(1).over("_number"), text
        has_before = pl.col("_number").is_first_distinct().not_()
        rows = whole.with_columns(
            old.alias("OldValue"), new.alias("NewValue"), has_before.alias("_later")
        ).filter(pl.col("_later") & pl.col("NewValue").ne_missing(pl.col("OldValue")))
        parts.append(
            rows.select(
                pl.col("Id").alias("AccountId"),
                pl.lit("Owner" if field == "OwnerId" else field).alias("Field"),
                "OldValue", "NewValue",
                pl.lit(False).alias("IsDeleted"),
                pl.col("_stamp").alias("_created"), "_stamp", "_day", "_number",
                pl.lit(place).alias("_order"),
            )
        )  # fmt: skip
    rows = pl.concat(parts).sort("_number", "_stamp", "_order")
    number = rows["_number"].to_numpy() * 1024
    ids = record_ids("account_history", number + place_within(rows["_number"].to_numpy()))
    return rows.select(ids.alias("Id"), pl.exclude("_number", "_order"))
