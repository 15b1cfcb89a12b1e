"""Opportunities: deals of the hidden path as sales writes them down, with their histories and roles.

Here: Opportunity versions, OpportunityHistory, OpportunityContactRole of a block; customers' further
deals. Not here: when deals begin and end (lives.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from dagster_project.demo import names
from dagster_project.demo.calendar import Calendar
from dagster_project.demo.companies import NEVER, SLOTS, Companies, stream
from dagster_project.demo.hidden_state import HAS_BUDGET, HAS_CHAMPION
from dagster_project.demo.ids import place_within, record_ids
from dagster_project.demo.lives import Lives
from dagster_project.demo.records import date_of, versions
from dagster_project.demo.settings import WorldSettings
from dagster_project.demo.web import contact_number

STAGES = ("Prospecting", "Qualification", "Needs Analysis", "Proposal", "Negotiation")
CLOSED_WON, CLOSED_LOST = "Closed Won", "Closed Lost"
ALL_STAGES = (*STAGES, CLOSED_WON, CLOSED_LOST)
_PROBABILITY = np.array([10, 20, 40, 60, 80, 100, 0])
LOSS_REASONS = ("Price", "Competitor", "No budget", "No decision", "Bad timing", "Product gap")
_NEXT_STEPS = (
    "Call back",
    "Send proposal",
    "Wait for legal",
    "Meet the board",
    "Contract signed, hand over",
)
DAY = 86_400
NUMBERS, HISTORIES = 128, 64


@dataclass(frozen=True)
class Opportunities:
    """Deals of a block, new business first, then customers' further ones; changes by deal and time."""

    number: np.ndarray
    row: np.ndarray
    opened: np.ndarray
    closed: np.ndarray
    is_won: np.ndarray
    is_new: np.ndarray
    amount: np.ndarray
    reason: np.ndarray
    change_deal: np.ndarray
    change_at: np.ndarray  # seconds
    change_stage: np.ndarray


def make_opportunities(
    settings: WorldSettings, calendar: Calendar, companies: Companies, lives: Lives
) -> Opportunities:
    """The deals of a block."""
    rng = stream(settings, companies.block, "crm").spawn(2)[1]
    deals = lives.deals
    more = _expansions(settings, calendar, companies, lives, rng)
    row = np.concatenate([deals.company, more["row"]])
    new = len(deals.company)
    own = place_within(deals.company)
    number = companies.number[row] * NUMBERS + np.concatenate([own, 64 + place_within(more["row"])])
    size = settings.crm.median_deal_usd * (companies.employees[row] / 120.0) ** 0.35
    amount = np.round(size * np.exp(settings.crm.deal_spread * rng.standard_normal(len(row))), -2)
    stage = np.where(
        deals.change_stage < 0, np.where(deals.is_won[deals.change_deal], 5, 6), deals.change_stage
    )
    minute = 6 * 3600 + 900 + rng.integers(0, 11 * 3600, len(stage))
    minute = np.where(place_within(deals.change_deal) == 0, 6 * 3600 + 700, minute)
    return Opportunities(
        number=number,
        row=row,
        opened=np.concatenate([deals.opened, more["opened"]]),
        closed=np.concatenate([deals.closed, more["closed"]]),
        is_won=np.concatenate([deals.is_won, more["is_won"]]),
        is_new=np.arange(len(row)) < new,
        amount=np.maximum(amount, 500),
        reason=np.concatenate(
            [_reasons(rng, deals.state_at_close), rng.integers(0, 6, len(more["row"]))]
        ),
        change_deal=np.concatenate([deals.change_deal, new + more["change_deal"]]),
        change_at=np.concatenate([deals.change_day * DAY + minute, more["change_at"]]),
        change_stage=np.concatenate([stage, more["change_stage"]]),
    )


def _reasons(rng: np.random.Generator, state: np.ndarray) -> np.ndarray:
    """Reasons for losing: what was missing, or what a rep writes."""
    lot = rng.random(len(state))
    reason = rng.integers(0, len(LOSS_REASONS), len(state))
    reason = np.where(~HAS_BUDGET[state] & (lot < 0.5), 2, reason)
    return np.where(~HAS_CHAMPION[state] & (lot >= 0.6), 3, reason)


def _expansions(
    settings: WorldSettings,
    calendar: Calendar,
    companies: Companies,
    lives: Lives,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Further deals of customers: they come, stand in three stages, and are won or lost."""
    span = np.maximum(calendar.end - lives.won - 60, 0)
    count = np.minimum(rng.poisson(settings.crm.expansions_per_year * span / 365.25), 60)
    row = np.repeat(np.arange(len(companies)), count)
    opened = lives.won[row] + 60 + (rng.random(len(row)) * span[row]).astype(np.int64)
    order = np.lexsort((opened, row))
    row, opened = row[order], opened[order]
    is_won = rng.random(len(row)) < 0.55
    steps = np.cumsum(3 + rng.exponential(15, (len(row), 3)).astype(np.int64), axis=1)
    days = np.concatenate([opened[:, None], opened[:, None] + steps], axis=1)
    stages = np.stack(
        [np.full(len(row), 1), np.full(len(row), 3), np.full(len(row), 4), np.where(is_won, 5, 6)],
        1,
    )
    seconds = days * DAY + 8 * 3600 + rng.integers(0, 30_000, days.shape)
    there = days <= calendar.end
    deal = np.repeat(np.arange(len(row))[:, None], 4, axis=1)
    closed = np.where(there[:, 3], days[:, 3], NEVER)
    return {
        "row": row, "opened": opened, "closed": closed, "is_won": is_won & there[:, 3],
        "change_deal": deal[there], "change_at": seconds[there], "change_stage": stages[there],
    }  # fmt: skip


def opportunity_rows(
    settings: WorldSettings, calendar: Calendar, companies: Companies, deals: Opportunities
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Opportunity versions and OpportunityHistory rows: one of each for every change."""
    rng = stream(settings, companies.block, "crm").spawn(3)[2]
    changes = _with_edits(settings, rng, deals)
    deal, at, stage = changes["deal"], changes["at"], changes["stage"]
    created = deals.opened[deal] * DAY + 6 * 3600 + 700
    created = np.where(deals.is_new[deal], created, at[changes["first"]])
    close = _close_dates(rng, deals, changes)
    amount = _amounts(rng, deals, changes)
    is_closed = stage >= 5
    words = names.company_words(pl.Series(companies.number))
    n = len(deal)
    kind = np.where(deals.is_new[deal], "New Business", "Existing Business")
    last_step = rng.integers(0, 4, n)
    common = {"StageName": pl.Series(ALL_STAGES).gather(stage), "Amount": amount, "CloseDate": date_of(close),
              "Probability": _PROBABILITY[stage].astype(float)}  # fmt: skip
    reasons = pl.Series(LOSS_REASONS).gather(deals.reason[deal])
    title = pl.Series(np.where(deals.is_new[deal], " - new platform", " - more seats"))
    forecast = np.select(
        [stage == 5, stage == 6, stage >= 3], ["Closed", "Omitted", "BestCase"], "Pipeline"
    )
    rows = versions(
        {
            "Id": record_ids("opportunity", deals.number[deal]),
            "AccountId": record_ids("account", companies.number[deals.row[deal]]),
            "Name": words["name"].gather(deals.row[deal]) + title,
            "Type": pl.Series(kind),
            **common,
            "IsClosed": is_closed,
            "IsWon": stage == 5,
            "Loss_Reason__c": reasons.set(pl.Series(stage != 6), None),
            "NextStep": pl.Series(_NEXT_STEPS).gather(np.where(stage == 5, 4, last_step)),
            "LeadSource": pl.Series(["Web", "Outbound", "Partner", "Event"]).gather(deals.number[deal] * 7 // 3 % 4),
            "OwnerId": record_ids("user", companies.owner[deals.row[deal]]),
            "IsDeleted": [False] * n,
        },
        created,
        at,
    )  # fmt: skip
    numbers = deals.number[deal] * HISTORIES + changes["place"]
    history = versions(
        {
            "Id": record_ids("opportunity_history", numbers),
            "OpportunityId": rows["Id"],
            **common,
            "ExpectedRevenue": np.round(amount * _PROBABILITY[stage] / 100, 2),
            "ForecastCategory": pl.Series(forecast),
            "IsDeleted": [False] * n,
        },
        at,
        at,
    )  # fmt: skip
    return rows, history


def _with_edits(
    settings: WorldSettings, rng: np.random.Generator, deals: Opportunities
) -> dict[str, np.ndarray]:
    """Stage changes, and between them edits of the close date alone."""
    deal, at, stage = deals.change_deal, deals.change_at, deals.change_stage
    follows = np.r_[deal[1:] == deal[:-1], np.zeros(min(len(deal), 1), bool)]
    gap = np.where(follows, np.r_[at[1:], at[-1:]] - at, 0)
    edited = np.flatnonzero(
        (gap > 8 * DAY) & (rng.random(len(deal)) < settings.pollution.close_date_edits)
    )
    moved = at[edited] + (gap[edited] * (0.3 + 0.5 * rng.random(len(edited)))).astype(np.int64)
    deal, at, stage = (
        np.concatenate(p) for p in ((deal, deal[edited]), (at, moved), (stage, stage[edited]))
    )
    is_edit = np.arange(len(deal)) >= len(deals.change_deal)
    order = np.lexsort((at, deal))
    deal, at, stage, is_edit = deal[order], at[order], stage[order], is_edit[order]
    place = np.minimum(place_within(deal), HISTORIES - 1)
    return {"deal": deal, "at": at, "stage": stage, "place": place, "is_edit": is_edit,
            "first": np.arange(len(deal)) - place_within(deal)}  # fmt: skip


def _close_dates(
    rng: np.random.Generator, deals: Opportunities, changes: dict[str, np.ndarray]
) -> np.ndarray:
    """Hopes of reps: some weeks ahead, put off by edits, the true day once closed."""
    ahead = np.array([75, 65, 50, 35, 20, 0, 0])[changes["stage"]]
    hope = changes["at"] // DAY + ahead + rng.integers(0, 30, len(ahead))
    return np.where(changes["stage"] >= 5, changes["at"] // DAY, hope)


def _amounts(
    rng: np.random.Generator, deals: Opportunities, changes: dict[str, np.ndarray]
) -> np.ndarray:
    """Amounts are a first guess until the proposal."""
    amount = deals.amount[changes["deal"]]
    guess = np.round(amount * np.exp(0.25 * ((deals.number[changes["deal"]] % 97) / 48 - 1)), -2)
    return np.where(changes["stage"] >= 3, amount, np.maximum(guess, 500))


def contact_roles(
    settings: WorldSettings,
    calendar: Calendar,
    companies: Companies,
    lives: Lives,
    deals: Opportunities,
) -> pl.DataFrame:
    """Who of the buying group is named on a deal: more of them where somebody champions it."""
    rng = stream(settings, companies.block, "crm").spawn(4)[3]
    there = np.minimum(deals.closed, calendar.end)[:, None] >= lives.contact[deals.row]
    state = lives.state_on(deals.opened, deals.row)
    keen = np.where(HAS_CHAMPION[state] | ~deals.is_new, 0.9, 0.4)[:, None]
    named = there & (rng.random(there.shape) < keen)
    deal, slot = np.nonzero(named)
    day = np.maximum(deals.opened[deal], lives.contact[deals.row[deal], slot])
    day = day + (rng.exponential(4, len(deal))).astype(np.int64)
    fine = day <= np.minimum(deals.closed[deal], calendar.end)
    deal, slot, day = deal[fine], slot[fine], day[fine]
    roles = pl.Series([role for *_, role in names.TITLES])
    stamp = day * DAY + 10 * 3600 + rng.integers(0, 20_000, len(day))
    return versions(
        {
            "Id": record_ids("contact_role", deals.number[deal] * 32 + slot),
            "OpportunityId": record_ids("opportunity", deals.number[deal]),
            "ContactId": record_ids(
                "contact", contact_number(companies.number[deals.row[deal]], slot)
            ),
            "Role": roles.gather(companies.title[deals.row[deal], slot]),
            "IsPrimary": place_within(deal) == 0,
            "IsDeleted": [False] * len(deal),
        },
        stamp,
        stamp,
    )


assert SLOTS <= 32
