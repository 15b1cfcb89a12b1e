"""Marketing campaigns and their members: webinars, trade shows, content.

Here: Campaign versions (the same for all blocks) and CampaignMember versions of a block. Not here: mail
clicks (visits.py).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from dagster_project.demo.calendar import Calendar, day_of
from dagster_project.demo.companies import Companies, stream
from dagster_project.demo.hidden_state import ENGAGED, IS_LIVE, IS_STALLED, PHASE, RESEARCH
from dagster_project.demo.ids import record_ids
from dagster_project.demo.lives import Lives
from dagster_project.demo.records import date_of, versions
from dagster_project.demo.settings import WorldSettings
from dagster_project.demo.visits import draw, pick_contact
from dagster_project.demo.web import contact_number

TYPES = ("Webinar", "Trade Show", "Content", "Email")
_NAMES = ("Webinar: cloud costs under control", "Trade show", "Guide download", "Monthly news")
DAY = 86_400
MEMBERS = 1 << 12


def campaign_days(calendar: Calendar) -> tuple[np.ndarray, np.ndarray]:
    """Days and types of campaigns: monthly webinars, quarterly shows, two-monthly guides."""
    days, types = [], []
    for day in range(calendar.start, calendar.end + 1):
        date = day_of(day)
        if date.day == 14:
            days.append(day), types.append(0)
        if date.day == 21 and date.month % 3 == 0:
            days.append(day), types.append(1)
        if date.day == 7 and date.month % 2 == 0:
            days.append(day), types.append(2)
    return np.array(days, dtype=np.int64), np.array(types, dtype=np.int64)


def make_campaigns(calendar: Calendar) -> pl.DataFrame:
    """Campaign versions: planned a month before, completed two days after."""
    days, types = campaign_days(calendar)
    n = len(days)
    columns = {
        "Id": record_ids("campaign", np.arange(n) + 1),
        "Name": pl.Series(_NAMES).gather(types) + " " + date_of(days).dt.strftime("%Y-%m"),
        "Type": pl.Series(TYPES).gather(types),
        "StartDate": date_of(days),
        "EndDate": date_of(days + 1),
        "IsDeleted": [False] * n,
    }
    created = (days - 30) * DAY + 9 * 3600
    done = (days + 2) * DAY + 9 * 3600
    planned = versions(
        {**columns, "Status": ["Planned"] * n, "IsActive": [True] * n}, created, created
    )
    completed = versions(
        {**columns, "Status": ["Completed"] * n, "IsActive": [False] * n}, created, done
    )
    both = pl.concat([planned, completed])
    return both.filter(pl.col("_stamp") < (calendar.end + 1) * DAY)


def make_members(
    settings: WorldSettings, calendar: Calendar, companies: Companies, lives: Lives
) -> pl.DataFrame:
    """CampaignMember versions: invited people, and what those who came did."""
    rng = stream(settings, companies.block, "campaign")
    days, types = campaign_days(calendar)
    path = lives.path[days - calendar.start]
    reach = np.stack([(lives.contact <= day).sum(axis=1) for day in days])
    invited = np.minimum(reach, 3) * np.where(PHASE >= ENGAGED, 0.30, 0.10)[path]
    at, row = draw(rng, invited, 0)
    day = days[at]
    slot = pick_contact(rng, lives.contact, row, day - 5)
    fine = slot >= 0
    at, row, slot, day = at[fine], row[fine], slot[fine], day[fine]
    _, keep = np.unique((at * len(companies) + row) * 32 + slot, return_index=True)
    at, row, slot, day = at[keep], row[keep], slot[keep], day[keep]
    state = lives.state_on(day, row)
    comes = np.select(
        [IS_LIVE, PHASE == ENGAGED, PHASE == RESEARCH, IS_STALLED], [0.5, 0.5, 0.35, 0.15], 0.10
    )
    came = rng.random(len(day)) < comes[state]
    return _rows(rng, calendar, companies, at, types[at], row, slot, day, came)


def _rows(
    rng: np.random.Generator, calendar: Calendar, companies: Companies, at: np.ndarray, kind: np.ndarray,
    row: np.ndarray, slot: np.ndarray, day: np.ndarray, came: np.ndarray,
) -> pl.DataFrame:  # fmt: skip
    n = len(row)
    number = (companies.number[row] * 32 + slot) * MEMBERS + at
    columns = {
        "Id": record_ids("campaign_member", number),
        "CampaignId": record_ids("campaign", at + 1),
        "LeadId": pl.Series([None] * n, dtype=pl.String),
        "ContactId": record_ids("contact", contact_number(companies.number[row], slot)),
        "IsDeleted": np.zeros(n, bool),
        "_row": row,
    }
    invited = (day - 4) * DAY + 9 * 3600 + rng.integers(0, 7200, n)
    answered = day * DAY + 16 * 3600 + rng.integers(0, 7200, n)
    none = pl.Series([None] * n, dtype=pl.Date)
    sent = {
        "Status": pl.Series(["Sent"]).gather(np.zeros(n, np.int64)),
        "HasResponded": np.zeros(n, bool),
        "FirstRespondedDate": none,
    }
    done = {
        "Status": pl.Series(np.where(kind == 2, "Responded", "Attended")),
        "HasResponded": np.ones(n, bool),
        "FirstRespondedDate": date_of(day),
    }
    first = versions({**columns, **sent}, invited, invited)
    second = versions({**columns, **done}, invited, answered).filter(pl.Series(came))
    both = pl.concat([first, second])
    return both.filter(pl.col("_stamp") < (calendar.end + 1) * DAY)
