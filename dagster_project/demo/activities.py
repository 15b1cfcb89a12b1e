"""Activities: e-mails, replies, calls and meetings between sales and the people of companies.

Here: Task and Event rows of a block. Not here: marketing campaigns (campaigns.py), visits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from dagster_project.demo.accounts import Duplicates, account_of
from dagster_project.demo.calendar import Calendar
from dagster_project.demo.companies import Companies, stream
from dagster_project.demo.hidden_state import (
    ENGAGED,
    HAS_CHAMPION,
    IS_LIVE,
    IS_STALLED,
    PHASE,
    RESEARCH,
    WON,
)
from dagster_project.demo.ids import place_within, record_ids
from dagster_project.demo.lives import Lives
from dagster_project.demo.opportunities import Opportunities
from dagster_project.demo.records import date_of, moment_of, versions
from dagster_project.demo.settings import CrmSettings, WorldSettings
from dagster_project.demo.visits import draw, pick_contact, seconds_in, weekday_factor
from dagster_project.demo.web import contact_number

EMAIL, REPLY, CONNECTED, VOICEMAIL, NO_ANSWER = range(5)
_SUBJECTS = ("Email: follow-up", "Re: follow-up", "Call", "Call", "Call")
_SUBTYPES = ("Email", "Email", "Call", "Call", "Call")
_TYPES = ("Email", "Email Reply", "Call", "Call", "Call")
_DISPOSITIONS = (None, None, "Connected", "Voicemail", "No Answer")
_TEXTS = {"Subject": _SUBJECTS, "Type": _TYPES, "TaskSubtype": _SUBTYPES, "CallDisposition": _DISPOSITIONS}  # fmt: skip
_MEETINGS = ("Meeting", "Demo", "Call")
DAY = 86_400
NUMBERS = 1 << 15


@dataclass(frozen=True)
class Acts:
    """Activities of one kind of a block, by company and time."""

    row: np.ndarray
    day: np.ndarray
    at: np.ndarray
    slot: np.ndarray
    kind: np.ndarray
    is_missed: np.ndarray


def email_rates(crm: CrmSettings) -> np.ndarray:
    """E-mails a day to a worked company by state: sales goes on writing where a deal has stalled."""
    rates = np.where(PHASE >= ENGAGED, crm.emails_per_day_project, crm.emails_per_day_idle)
    rates = np.where(PHASE == ENGAGED, rates * crm.engaged_effort, rates)
    rates = np.where(IS_STALLED, rates * 0.7, rates)
    return np.where(np.arange(len(PHASE)) == WON, crm.emails_per_day_idle * 1.5, rates)


def reply_rates(crm: CrmSettings) -> np.ndarray:
    """Share of e-mails that are answered, by state."""
    live = np.where(HAS_CHAMPION, crm.reply_rate_live, crm.reply_rate_live * 0.4)
    rates = np.full(len(PHASE), crm.reply_rate_idle)
    rates = np.where(PHASE == RESEARCH, crm.reply_rate_idle * 5, rates)
    rates = np.where(PHASE == ENGAGED, live * 0.7, np.where(IS_LIVE, live, rates))
    rates = np.where(IS_STALLED, crm.reply_rate_idle * 2, rates)
    return np.where(np.arange(len(PHASE)) == WON, 0.15, rates)


def meeting_rates(crm: CrmSettings) -> np.ndarray:
    """Meetings a day by state."""
    rates = np.where(IS_LIVE, crm.meetings_per_day_live, 0.0)
    rates = np.where(PHASE == ENGAGED, crm.meetings_per_day_live * crm.engaged_effort, rates)
    rates = np.where(IS_STALLED, crm.meetings_per_day_live * 0.18, rates)
    rates = rates * np.where(HAS_CHAMPION, 1.4, 0.6)
    return np.where(np.arange(len(PHASE)) == WON, 0.008, rates)


def make_tasks(
    settings: WorldSettings, calendar: Calendar, companies: Companies, lives: Lives
) -> Acts:
    """E-mails, their answers, and calls."""
    rng = stream(settings, companies.block, "activity")
    crm = settings.crm
    path, work, busy = _crm_days(calendar, companies, lives)
    day, row = draw(rng, email_rates(crm)[path] * work * busy, calendar.start)
    at = seconds_in(rng, day)
    answered = rng.random(len(day)) < reply_rates(crm)[lives.state_on(day, row)]
    slot = pick_contact(rng, lives.contact, row, day)
    answered &= slot >= 0
    later = at + 900 + rng.exponential(0.8 * DAY, len(at)).astype(np.int64)
    call_rates = np.where(
        PHASE >= ENGAGED, crm.calls_per_day_project, crm.calls_per_day_project / 12
    )
    call_rates = np.where(PHASE == ENGAGED, call_rates * crm.engaged_effort, call_rates)
    call_rates = np.where(IS_STALLED, call_rates * 0.5, call_rates)
    call_day, call_row = draw(rng, call_rates[path] * work * busy, calendar.start)
    talks = np.where(IS_LIVE | (PHASE == ENGAGED), np.where(HAS_CHAMPION, 0.55, 0.38), 0.14)
    talks = np.where(IS_STALLED, 0.12, talks)[lives.state_on(call_day, call_row)]
    lot = rng.random(len(call_day))
    calls = np.where(
        lot < talks, CONNECTED, np.where(lot < talks + (1 - talks) / 2, VOICEMAIL, NO_ANSWER)
    )
    call_slot = pick_contact(rng, lives.contact, call_row, call_day)
    when = np.concatenate([at, later[answered], seconds_in(rng, call_day)])
    kinds = np.concatenate([np.full(len(at), EMAIL), np.full(int(answered.sum()), REPLY), calls])
    return _sorted(
        np.concatenate([row, row[answered], call_row]), when,
        np.concatenate([slot, slot[answered], call_slot]), kinds, np.zeros(len(kinds), bool), calendar,
    )  # fmt: skip


def make_meetings(
    settings: WorldSettings, calendar: Calendar, companies: Companies, lives: Lives
) -> Acts:
    """Meetings, demos and calls in calendars; some people do not come."""
    rng = stream(settings, companies.block, "activity").spawn(1)[0]
    path, work, busy = _crm_days(calendar, companies, lives)
    day, row = draw(
        rng, meeting_rates(settings.crm)[path] * np.maximum(work, 0.8) * busy, calendar.start
    )
    there = lives.known[row] <= day
    day, row = day[there], row[there]
    state = lives.state_on(day, row)
    rate = settings.crm.no_show_rate * np.where(
        IS_STALLED[state], 3.0, np.where(HAS_CHAMPION[state], 0.8, 1.6)
    )
    missed = rng.random(len(day)) < rate
    kind = rng.choice(3, len(day), p=[0.5, 0.25, 0.25])
    slot = pick_contact(rng, lives.contact, row, day)
    return _sorted(row, seconds_in(rng, day) // 1800 * 1800, slot, kind, missed, calendar)


def _crm_days(
    calendar: Calendar, companies: Companies, lives: Lives
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Path in the days of the CRM; how much sales does there (nothing before the account is known)."""
    days = np.arange(calendar.start, calendar.end + 1)
    path = lives.path[: len(days)]
    deal = PHASE[path] >= ENGAGED
    effort = np.where(companies.is_worked, 1.0, np.where(deal, 0.65, 0.1))
    effort = effort * (days[:, None] >= lives.known)
    return path, effort, weekday_factor(days)[:, None]


def _sorted(
    row: np.ndarray, at: np.ndarray, slot: np.ndarray, kind: np.ndarray, missed: np.ndarray, calendar: Calendar
) -> Acts:  # fmt: skip
    inside = at < (calendar.end + 1) * DAY
    row, at, slot, kind, missed = (x[inside] for x in (row, at, slot, kind, missed))
    order = np.lexsort((kind, at, row))
    at = at[order]
    return Acts(row[order], at // DAY, at, slot[order], kind[order], missed[order])


def open_deal_on(deals: Opportunities, row: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Numbers of the deals that are open at companies on days, -1 where none is."""
    order = np.lexsort((deals.opened, deals.row))
    keys = deals.row[order] * (1 << 20) + deals.opened[order]
    if len(keys) == 0:
        return np.full(len(row), -1)
    at = np.maximum(np.searchsorted(keys, row * (1 << 20) + day, side="right") - 1, 0)
    deal = order[at]
    fits = (deals.row[deal] == row) & (deals.opened[deal] <= day) & (deals.closed[deal] >= day)
    return np.where(fits, deals.number[deal], -1)


def _common(
    kind: str,
    companies: Companies,
    duplicates: Duplicates,
    deals: Opportunities,
    acts: Acts,
    lot: np.ndarray,
) -> dict[str, object]:
    account = record_ids("account", account_of(duplicates, companies, acts.row, acts.day, lot))
    deal = record_ids("opportunity", open_deal_on(deals, acts.row, acts.day))
    number = contact_number(companies.number[acts.row], acts.slot)
    numbers = companies.number[acts.row] * NUMBERS + place_within(acts.row)
    return {
        "Id": record_ids(kind, numbers),
        "WhoId": record_ids("contact", np.where(acts.slot >= 0, number, -1)),
        "WhatId": deal.zip_with(deal.is_not_null(), account),
        "AccountId": account,
    }


def task_rows(
    settings: WorldSettings,
    companies: Companies,
    duplicates: Duplicates,
    deals: Opportunities,
    acts: Acts,
) -> pl.DataFrame:
    """Task versions; some are written down days after they happened."""
    rng = stream(settings, companies.block, "pollution").spawn(2)[1]
    n = len(acts.row)
    backdated = rng.random(n) < settings.pollution.backdated_tasks
    written = acts.at + np.where(backdated, rng.integers(3 * DAY, 20 * DAY, n), 0)
    common = _common("task", companies, duplicates, deals, acts, rng.random(n))
    texts = {
        name: pl.Series(values, dtype=pl.String).gather(acts.kind)
        for name, values in _TEXTS.items()
    }
    return versions(
        {
            **common,
            "Subject": texts["Subject"],
            "ActivityDate": date_of(acts.day),
            "Status": pl.Series(["Completed"]).gather(np.zeros(n, np.int64)),
            "Priority": pl.Series(["Normal"]).gather(np.zeros(n, np.int64)),
            "Type": texts["Type"],
            "TaskSubtype": texts["TaskSubtype"],
            "CallDisposition": texts["CallDisposition"],
            "IsClosed": np.ones(n, bool),
            "OwnerId": record_ids("user", companies.owner[acts.row]),
            "CompletedDateTime": moment_of(written),
            "IsDeleted": np.zeros(n, bool),
            "_kind": acts.kind,
            "_row": acts.row,
            "_backdated": backdated,
        },
        written,
        written,
    )


def meeting_rows(
    settings: WorldSettings,
    companies: Companies,
    duplicates: Duplicates,
    deals: Opportunities,
    acts: Acts,
) -> pl.DataFrame:
    """Event versions: booked some days before, marked afterwards when nobody came."""
    rng = stream(settings, companies.block, "pollution").spawn(3)[2]
    n = len(acts.row)
    booked = acts.at - rng.integers(DAY // 2, 6 * DAY, n)
    booked = np.maximum(booked, 1)
    minutes = rng.choice([30, 45, 60], n)
    columns = {
        **_common("event", companies, duplicates, deals, acts, rng.random(n)),
        "Subject": pl.Series(_MEETINGS).gather(acts.kind),
        "ActivityDate": date_of(acts.day),
        "ActivityDateTime": moment_of(acts.at),
        "EndDateTime": moment_of(acts.at + minutes * 60),
        "DurationInMinutes": minutes,
        "EventSubtype": pl.Series(["Event"]).gather(np.zeros(n, np.int64)),
        "Type": pl.Series(_MEETINGS).gather(acts.kind),
        "OwnerId": record_ids("user", companies.owner[acts.row]),
        "IsDeleted": np.zeros(n, bool),
        "_row": acts.row,
        "_at": acts.at,
    }
    first = versions({**columns, "No_Show__c": np.zeros(n, bool)}, booked, booked)
    marked = versions({**columns, "No_Show__c": acts.is_missed}, booked, acts.at + 3 * 3600)
    return pl.concat([first, marked.filter(pl.col("No_Show__c"))])
