"""CRM accounts and their history: companies as people typed them in, duplicates, rivals, ourselves.

Here: Account versions and AccountHistory rows of a block. Not here: people, deals, activities.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from dagster_project.demo import names
from dagster_project.demo.calendar import Calendar
from dagster_project.demo.companies import NEVER, Companies, stream
from dagster_project.demo.ids import place_within, record_ids
from dagster_project.demo.lives import Lives
from dagster_project.demo.records import date_of, versions
from dagster_project.demo.settings import WorldSettings

DUPLICATE, RIVAL, OURSELVES = 2_000_000, 3_000_000, 3_000_100
DAY = 86_400
OPENS = 6 * 3600  # accounts are made before the day's other work
_TRACKED = ("Industry", "NumberOfEmployees", "AnnualRevenue", "Type", "OwnerId")


@dataclass(frozen=True)
class Duplicates:
    """Days on which a company is entered a second time and on which that is merged away (or NEVER)."""

    made: np.ndarray
    merged: np.ndarray


def plan_duplicates(
    settings: WorldSettings, calendar: Calendar, companies: Companies, lives: Lives
) -> Duplicates:
    """Which companies are in the CRM twice."""
    rng = stream(settings, companies.block, "pollution")
    n = len(companies)
    made = np.maximum(lives.known + 20 + rng.integers(0, 500, n), calendar.start)
    twice = (rng.random(n) < settings.pollution.duplicate_accounts) & (made < calendar.end - 3)
    made = np.where(twice, made, NEVER)
    merged = made + 15 + rng.integers(0, 200, n)
    is_merged = twice & (rng.random(n) < settings.pollution.merged_duplicates)
    return Duplicates(made, np.where(is_merged & (merged <= calendar.end), merged, NEVER))


def account_of(
    duplicates: Duplicates, companies: Companies, row: np.ndarray, day: np.ndarray, lot: np.ndarray
) -> np.ndarray:
    """Account numbers that people book things of a company to: a fifth goes to a living duplicate."""
    strays = (duplicates.made[row] <= day) & (duplicates.merged[row] >= NEVER) & (lot < 0.2)
    return companies.number[row] + np.where(strays, DUPLICATE, 0)


def make_accounts(
    settings: WorldSettings,
    calendar: Calendar,
    companies: Companies,
    lives: Lives,
    duplicates: Duplicates,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Account versions and AccountHistory rows of a block."""
    rng = stream(settings, companies.block, "pollution").spawn(1)[0]
    first = _first_versions(settings, calendar, companies, lives, rng)
    copies = _copies(first, companies, duplicates)
    changes = _changes(settings, calendar, companies, lives, rng, first)
    merges = _merges(companies, duplicates)
    whole = pl.concat([first, copies, *changes, merges], how="diagonal")
    whole = whole.sort("_number", "_stamp", "_order")
    whole = whole.with_columns(
        pl.exclude("_number", "_stamp", "_order").forward_fill().over("_number")
    )
    history = _history(whole.filter(pl.col("_stamp") < (calendar.end + 1) * DAY))
    return whole.filter(pl.col("_stamp") < (calendar.end + 1) * DAY).drop(
        "_number", "_order"
    ), history


def _first_versions(
    settings: WorldSettings,
    calendar: Calendar,
    companies: Companies,
    lives: Lives,
    rng: np.random.Generator,
) -> pl.DataFrame:
    n = len(companies)
    words = names.company_words(pl.Series(companies.number))
    there = lives.known <= calendar.end
    blank = rng.random((n, 4)) < settings.pollution.blank_fields
    early = rng.random((n, 3)) < settings.pollution.filled_otherwise
    legal = rng.integers(0, 2 * len(names.LEGAL), n)
    suffix = [f" {names.LEGAL[k]}" if k < len(names.LEGAL) else "" for k in legal]
    places = [names.PLACES[k] for k in companies.place]
    states = [p[2][s % len(p[2])] for p, s in zip(places, companies.state, strict=True)]
    created = lives.known * DAY + OPENS
    growth = np.exp(-0.18 * companies.growth * (calendar.end - lives.known) / 365.25)
    employees = np.maximum(2, np.rint(companies.employees * growth)).astype(np.int64)
    frame = versions(
        {
            "Id": record_ids("account", companies.number),
            "Name": words["name"] + pl.Series(suffix, dtype=pl.String),
            "Website": _blank(
                "https://www." + words["domain"], blank[:, 0] & (rng.random(n) < 0.6)
            ),
            "Industry": _blank(
                pl.Series([names.INDUSTRIES[k] for k in companies.industry]), blank[:, 1]
            ),
            "Type": _blank(pl.Series(["Prospect"] * n), rng.random(n) < 0.3),
            "NumberOfEmployees": _blank(pl.Series(employees), blank[:, 2]),
            "AnnualRevenue": _blank(pl.Series(_revenue(employees)), ~early[:, 0]),
            "BillingCountry": _blank(pl.Series([p[0] for p in places]), blank[:, 3]),
            "BillingState": _blank(pl.Series(states), ~early[:, 1]),
            "Region__c": pl.Series([p[1] for p in places]),
            "Founded_Date__c": _blank(date_of(companies.founded), rng.random(n) < 0.15),
            "Rating": _blank(pl.Series(rng.choice(["Hot", "Warm", "Cold"], n)), ~early[:, 2]),
            "AccountSource": pl.Series(
                np.where(
                    lives.known < companies.planned,
                    "Inbound",
                    rng.choice(["List", "Partner", "Event"], n),
                )
            ),
            "OwnerId": record_ids("user", companies.owner),
            "MasterRecordId": pl.Series([None] * n, dtype=pl.String),
            "IsDeleted": pl.Series([False] * n),
        },
        created,
        created,
    )
    frame = frame.with_columns(
        pl.Series("_number", companies.number),
        pl.lit(0).alias("_order"),
        pl.Series("_row", np.arange(n)),
        pl.Series("_state", states),
    )
    return frame.filter(pl.Series(there))  # fmt: skip


def _blank(values: pl.Series, mask: np.ndarray) -> pl.Series:
    return values.set(pl.Series(mask), None)


def _revenue(employees: np.ndarray) -> np.ndarray:
    return np.round(employees * 182_000.0, -4)


def _copies(first: pl.DataFrame, companies: Companies, duplicates: Duplicates) -> pl.DataFrame:
    """The same companies entered again: other spelling, other writing of the domain."""
    made = pl.Series(duplicates.made)
    rows = first.filter(pl.col("_row").is_in(np.flatnonzero(duplicates.made < NEVER)))
    when = made.gather(rows["_row"]) * DAY + OPENS
    domain = rows["Website"].str.replace("https://www.", "", literal=True)
    odd = rows["_row"] % 2 == 0
    first_word = rows["Name"].str.split(" ").list.first()
    return rows.with_columns(
        record_ids("account", (rows["_number"] + DUPLICATE).to_numpy()).alias("Id"),
        pl.when(odd).then(rows["Name"].str.to_uppercase()).otherwise(first_word + " Group").alias("Name"),
        pl.when(odd).then("www." + domain).otherwise(domain.str.to_uppercase()).alias("Website"),
        pl.lit(None, dtype=pl.String).alias("Industry"),
        pl.lit(None, dtype=pl.Int64).alias("NumberOfEmployees"),
        pl.lit(None, dtype=pl.Float64).alias("AnnualRevenue"),
        (rows["_number"] + DUPLICATE).alias("_number"),
        when.alias("_created"), when.alias("_stamp"), (when // DAY).cast(pl.Int32).alias("_day"),
    )  # fmt: skip


def _change(number: np.ndarray, seconds: np.ndarray, order: int, **new: object) -> pl.DataFrame:
    return pl.DataFrame({"_number": number, "_stamp": seconds, **new}).with_columns(
        (pl.col("_stamp") // DAY).cast(pl.Int32).alias("_day"), pl.lit(order).alias("_order")
    )


def _changes(
    settings: WorldSettings,
    calendar: Calendar,
    companies: Companies,
    lives: Lives,
    rng: np.random.Generator,
    first: pl.DataFrame,
) -> list[pl.DataFrame]:
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
    revenue = pl.Series(_revenue(companies.employees[at]))
    return [
        _change(number, when, 3, Type=pl.Series(["Customer"] * len(at), dtype=pl.String)),
        _change(
            number, when + 3600, 4,
            AnnualRevenue=_blank(revenue, ~filled[:, 0]),
            Rating=_blank(rating, ~filled[:, 1]),
            BillingState=_blank(state, ~filled[:, 2]),
        ),
    ]  # fmt: skip


def _merges(companies: Companies, duplicates: Duplicates) -> pl.DataFrame:
    merged = np.flatnonzero(duplicates.merged < NEVER)
    number = companies.number[merged]
    when = duplicates.merged[merged] * DAY + 15 * 3600
    return _change(
        number + DUPLICATE, when, 5,
        MasterRecordId=record_ids("account", number),
        IsDeleted=pl.Series([True] * len(merged), dtype=pl.Boolean),
    )  # fmt: skip


def _history(whole: pl.DataFrame) -> pl.DataFrame:
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


def make_strangers(settings: WorldSettings, calendar: Calendar) -> pl.DataFrame:
    """Accounts of competitors, and our own company's, which somebody once entered."""
    rivals = names.COMPETITORS[: settings.pollution.competitor_accounts]
    listed = [*((RIVAL + k, *rival, "Competitor") for k, rival in enumerate(rivals))]
    listed.append((OURSELVES, "Stratus Cloud", names.OWN_DOMAIN, "Partner"))
    n = len(listed)
    created = np.full(n, (calendar.start - 200) * DAY + OPENS)
    return versions(
        {
            "Id": record_ids("account", np.array([row[0] for row in listed])),
            "Name": [row[1] for row in listed],
            "Website": ["https://" + row[2] for row in listed],
            "Industry": ["Software"] * n,
            "Type": [row[3] for row in listed],
            "NumberOfEmployees": [350 + 100 * k for k in range(n)],
            "AnnualRevenue": pl.Series([None] * n, dtype=pl.Float64),
            "BillingCountry": ["United States"] * n,
            "BillingState": pl.Series([None] * n, dtype=pl.String),
            "Region__c": ["Americas"] * n,
            "Founded_Date__c": pl.Series([None] * n, dtype=pl.Date),
            "Rating": pl.Series([None] * n, dtype=pl.String),
            "AccountSource": ["List"] * n,
            "OwnerId": record_ids("user", np.zeros(n, np.int64)),
            "MasterRecordId": pl.Series([None] * n, dtype=pl.String),
            "IsDeleted": [False] * n,
        },
        created,
        created,
    )
