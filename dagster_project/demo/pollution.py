"""What is planted beside the real: one list of it, kind by kind, for the truth folder.

Here: late rows, repeated events, restated days, and the list of all planted things of a block. Not here:
how the planted rows themselves are made (each module makes its own, at the rates of the settings).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from dagster_project.demo import names
from dagster_project.demo.accounts import OURSELVES, RIVAL
from dagster_project.demo.calendar import Calendar
from dagster_project.demo.companies import NEVER, Companies, stream
from dagster_project.demo.duplicates import DUPLICATE, Duplicates
from dagster_project.demo.ga4_files import visitor_ids
from dagster_project.demo.ids import record_ids
from dagster_project.demo.people import LeadLives
from dagster_project.demo.settings import WorldSettings
from dagster_project.demo.visits import (
    BOT,
    COMPETITOR,
    FIRST_ISP,
    SCANNER,
    STAFF,
    STUDENT,
)

KINDS = (
    "duplicate account", "merge", "late row", "corrected row", "free-mail lead", "own staff visit",
    "competitor visit", "competitor account", "own account", "student visit", "student lead", "ISP traffic", "scanner click",
    "bot", "blank field", "filled when won", "rep's late field", "close date edit", "backdated task",
    "restated day", "repeated event", "metro duplicate", "ISP domain",
)  # fmt: skip
_LATE_TABLES = ("task", "event", "campaign_member", "contact")
_VISITS = {
    STAFF: "own staff visit",
    COMPETITOR: "competitor visit",
    STUDENT: "student visit",
    SCANNER: "scanner click",
    BOT: "bot",
}


def planted(kind: str, vendor: str, table: str, ids: pl.Series, rows: object = 1) -> pl.DataFrame:
    """Rows of the list, one a planted thing; `rows` is how many rows of the files it makes."""
    counts = rows if isinstance(rows, pl.Series) else pl.lit(rows, dtype=pl.Int64)
    return pl.DataFrame({"record_id": ids.cast(pl.String)}).select(
        pl.lit(kind).alias("kind"),
        pl.lit(vendor).alias("vendor"),
        pl.lit(table).alias("table"),
        "record_id",
        counts.cast(pl.Int64).alias("rows"),
    )


def make_late(
    settings: WorldSettings,
    calendar: Calendar,
    companies: Companies,
    tables: dict[str, pl.DataFrame],
) -> list[pl.DataFrame]:
    """Put off the delivery of some rows of the later days; returns what was put off."""
    rng = stream(settings, companies.block, "pollution").spawn(4)[3]
    found = []
    for name in _LATE_TABLES:
        frame = tables[name]
        may = (frame["_day"] > calendar.last) & (frame["_day"] <= calendar.end - 6)
        lot = rng.random(frame.height)
        wait = rng.integers(2, 6, frame.height)
        late = may & pl.Series(lot < settings.pollution.late_rows)
        tables[name] = frame.with_columns(
            (pl.col("_day") + pl.Series(np.where(late.to_numpy(), wait, 0), dtype=pl.Int32)).alias(
                "_day"
            )
        )
        found.append(planted("late row", "salesforce", name, frame["Id"].filter(late)))
    return found


def repeat_events(
    settings: WorldSettings, companies: Companies, events: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Some events stand twice in the files, to the last letter."""
    rng = stream(settings, companies.block, "pollution").spawn(5)[4]
    twice = events.filter(
        pl.Series(rng.random(events.height) < settings.pollution.duplicate_events)
    )
    ids = visitor_ids(twice["visitor"].to_numpy()) + "|" + twice["ts"].cast(pl.String)
    return pl.concat([events, twice]), planted("repeated event", "ga4", "event", ids)


def visits_planted(events: pl.DataFrame) -> list[pl.DataFrame]:
    """Visits of nobody we could sell to, and those from home: a row a session."""
    sessions = events.group_by("visitor", "session_id", "kind", maintain_order=True).agg(
        pl.len().alias("rows"), (pl.col("domain").first() <= FIRST_ISP).alias("is_isp")
    )
    ids = visitor_ids(sessions["visitor"].to_numpy()) + "|" + sessions["session_id"].cast(pl.String)
    sessions = sessions.with_columns(ids.alias("id"))
    kinds = [(sessions["kind"] == code, name) for code, name in _VISITS.items()]
    kinds.append((sessions["is_isp"], "ISP traffic"))
    return [
        planted(
            name,
            "ga4",
            "event",
            sessions["id"].filter(mask),
            sessions["rows"].filter(mask).cast(pl.Int64),
        )
        for mask, name in kinds
    ]


def crm_planted(
    calendar: Calendar,
    companies: Companies,
    duplicates: Duplicates,
    leads: LeadLives,
    tables: dict[str, pl.DataFrame],
) -> list[pl.DataFrame]:
    """What is planted in CRM tables of a block."""
    copies = companies.number[duplicates.made < NEVER] + DUPLICATE
    merged = companies.number[duplicates.merged < NEVER] + DUPLICATE
    account, deal, task = tables["account"], tables["opportunity"], tables["task"]
    first = account.unique("Id", keep="first", maintain_order=True)
    newest = account.unique("Id", keep="last", maintain_order=True)
    blank = first.select(
        "Id",
        pl.sum_horizontal(
            pl.col("Industry", "NumberOfEmployees", "BillingCountry", "Website").is_null()
        ).alias("rows"),
    ).filter(pl.col("rows") > 0)
    both = first.select("Id", "Rating", "AnnualRevenue", "BillingState").join(
        newest, on="Id", suffix="_end", maintain_order="left"
    )
    filled = both.select(
        "Id",
        pl.sum_horizontal(
            pl.col(f"{c}_end").is_not_null()
            & (pl.col(c).is_null() | (c == "Rating") & (pl.col(c) != pl.col(f"{c}_end")))
            for c in ("Rating", "AnnualRevenue", "BillingState")
        )
        .cast(pl.Int64)
        .alias("rows"),
    ).filter(pl.col("rows") > 0)
    closed = deal.filter(pl.col("IsClosed"))
    edits = deal.sort("Id", "_stamp").filter(
        (pl.col("StageName") == pl.col("StageName").shift(1).over("Id"))
        & (pl.col("CloseDate") != pl.col("CloseDate").shift(1).over("Id"))
    )
    students = leads.number[(leads.kind == STUDENT)]
    free = leads.number[leads.free_mail & (leads.kind != STUDENT)]
    plant = [
        ("duplicate account", "account", record_ids("account", copies), 1),
        ("merge", "account", record_ids("account", merged), 1),
        ("free-mail lead", "lead", record_ids("lead", free), 1),
        ("student lead", "lead", record_ids("lead", students), 1),
        ("blank field", "account", blank["Id"], blank["rows"].cast(pl.Int64)),
        ("filled when won", "account", filled["Id"], filled["rows"]),
        ("rep's late field", "opportunity", closed["Id"], 1),
        ("close date edit", "opportunity", edits["Id"], 1),
        ("backdated task", "task", task["Id"].filter(task["_backdated"]), 1),
    ]
    return [planted(kind, "salesforce", table, ids, rows) for kind, table, ids, rows in plant]


def intent_planted(surges: pl.DataFrame, companies: Companies) -> list[pl.DataFrame]:
    """Second metro rows and providers' domains."""
    domain = names.company_words(pl.Series(companies.number))["domain"]
    week = surges["week"].cast(pl.Date).cast(pl.String)
    at = surges["row"].to_numpy()
    isp = pl.Series(names.ISPS).gather(np.where(at < 0, -1 - at, 0))
    own = domain.gather(np.maximum(at, 0)).zip_with(pl.Series(at >= 0), isp)
    ids = own + "|" + pl.Series(names.TOPICS).gather(surges["topic"].cast(pl.Int64)) + "|" + week
    return [
        planted("metro duplicate", "bombora", "company_surge", ids.filter(surges["is_double"])),
        planted("ISP domain", "bombora", "company_surge", ids.filter(surges["row"] < 0)),
    ]


def strangers_planted(settings: WorldSettings) -> pl.DataFrame:
    """Accounts of competitors and of ourselves."""
    rivals = record_ids("account", RIVAL + np.arange(settings.pollution.competitor_accounts))
    return pl.concat(
        [
            planted("competitor account", "salesforce", "account", rivals),
            planted(
                "own account", "salesforce", "account", record_ids("account", np.array([OURSELVES]))
            ),
        ]
    )


def restatements(settings: WorldSettings, calendar: Calendar) -> dict[int, int]:
    """Later days whose web file comes again, and after how many days."""
    rng = np.random.default_rng(np.random.SeedSequence([settings.seed, 1 << 31]))
    plan = {}
    for day in range(calendar.last + 1, calendar.end):
        lot, wait = rng.random(), int(rng.integers(1, 4))
        if lot < settings.pollution.restated_days and day + wait <= calendar.end:
            plan[day] = wait
    return plan


def is_held_back(events: pl.DataFrame) -> pl.Series:
    """Events that GA4 has not processed when it first sends a day."""
    lot = (events["visitor"] * 7919 + events["session_id"] * 104_729) % 100
    return lot < 4
