"""CRM accounts: companies as people typed them in, entered a second time, rivals, ourselves.

Here: Account versions and AccountHistory rows of a block, and what an account holds when it is made. Not here: what changes
later (account_changes.py), which companies are entered twice (duplicates.py), people, deals, activities.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from dagster_project.demo import names
from dagster_project.demo.account_changes import (
    DAY,
    blank_where,
    changes_of,
    history_rows,
    merges_of,
    revenue_of,
)
from dagster_project.demo.calendar import Calendar
from dagster_project.demo.companies import NEVER, Companies, stream
from dagster_project.demo.duplicates import DUPLICATE, Duplicates
from dagster_project.demo.ids import record_ids
from dagster_project.demo.lives import Lives
from dagster_project.demo.records import date_of, versions
from dagster_project.demo.settings import WorldSettings

RIVAL, OURSELVES = 3_000_000, 3_000_100
OPENS = 6 * 3600  # accounts are made before the day's other work


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
    changes = changes_of(settings, calendar, companies, lives, rng, first)
    merges = merges_of(companies, duplicates)
    whole = pl.concat([first, copies, *changes, merges], how="diagonal")
    whole = whole.sort("_number", "_stamp", "_order")
    whole = whole.with_columns(
        pl.exclude("_number", "_stamp", "_order").forward_fill().over("_number")
    )
    history = history_rows(whole.filter(pl.col("_stamp") < (calendar.end + 1) * DAY))
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
            "Website": blank_where(
                "https://www." + words["domain"], blank[:, 0] & (rng.random(n) < 0.6)
            ),
            "Industry": blank_where(
                pl.Series([names.INDUSTRIES[k] for k in companies.industry]), blank[:, 1]
            ),
            "Type": blank_where(pl.Series(["Prospect"] * n), rng.random(n) < 0.3),
            "NumberOfEmployees": blank_where(pl.Series(employees), blank[:, 2]),
            "AnnualRevenue": blank_where(pl.Series(revenue_of(employees)), ~early[:, 0]),
            "BillingCountry": blank_where(pl.Series([p[0] for p in places]), blank[:, 3]),
            "BillingState": blank_where(pl.Series(states), ~early[:, 1]),
            "Region__c": pl.Series([p[1] for p in places]),
            "Founded_Date__c": blank_where(date_of(companies.founded), rng.random(n) < 0.15),
            "Rating": blank_where(pl.Series(rng.choice(["Hot", "Warm", "Cold"], n)), ~early[:, 2]),
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
