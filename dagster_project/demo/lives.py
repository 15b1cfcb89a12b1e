"""Lives of a block's companies: the hidden path, and what the CRM must make of it by the calendar.

Here: paths, opportunities as spells of the path, the day a company and its people enter the CRM. Not
here: rows of files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dagster_project.demo.calendar import Calendar
from dagster_project.demo.companies import NEVER, SLOTS, Companies, stream
from dagster_project.demo.hidden_state import ENGAGED, PHASE, STAGE, WON, Chain, simulate
from dagster_project.demo.settings import WorldSettings


@dataclass(frozen=True)
class Deals:
    """Opportunities of new business: company row, first and last day, whether won; open ones end NEVER.

    `change_*` are their stage changes in order: deal, day, stage (-1 closed).
    """

    company: np.ndarray
    opened: np.ndarray
    closed: np.ndarray
    is_won: np.ndarray
    state_at_close: np.ndarray
    change_deal: np.ndarray
    change_day: np.ndarray
    change_stage: np.ndarray


@dataclass(frozen=True)
class Lives:
    """What happens to the companies of a block. Days are day numbers, `path` rows count from the start."""

    path: np.ndarray
    start: int
    won: np.ndarray  # NEVER if not
    engaged: np.ndarray  # first day of an engagement or opportunity, else NEVER
    known: np.ndarray  # day on which the CRM account is made
    contact: np.ndarray  # (company, slot): day on which the person becomes a contact, else NEVER
    deals: Deals

    def state_on(self, day: np.ndarray, company: np.ndarray) -> np.ndarray:
        """States of companies on days."""
        return self.path[day - self.start, company]


def live(settings: WorldSettings, calendar: Calendar, chain: Chain, companies: Companies) -> Lives:
    """Simulate the block and derive the days that matter to the CRM."""
    path = simulate(chain, companies.classes, stream(settings, companies.block, "chain"))
    won = _first(path == WON, calendar.start)
    engaged = _first(PHASE[path] >= ENGAGED, calendar.start)
    known = np.minimum(companies.planned, engaged)
    deals = _deals(path, calendar)
    contact = _contacts(settings, companies, known, engaged, deals)
    return Lives(path, calendar.start, won, engaged, known, contact, deals)


def _first(happens: np.ndarray, start: int) -> np.ndarray:
    return np.where(happens.any(axis=0), happens.argmax(axis=0) + start, NEVER)


def _deals(path: np.ndarray, calendar: Calendar) -> Deals:
    """Spells of open stages, up to the end of the files."""
    shown = path[: calendar.end - calendar.start + 1]
    stage = np.ascontiguousarray(STAGE.astype(np.int8)[shown].T)
    before = np.concatenate([np.full((len(stage), 1), -1, np.int8), stage[:, :-1]], axis=1)
    company, offset = np.nonzero(stage != before)
    new = stage[company, offset]
    is_start = before[company, offset] < 0
    deal = np.cumsum(is_start) - 1
    closes = new < 0
    state = shown[offset, company]
    count = int(is_start.sum())
    closed = np.full(count, NEVER)
    closed[deal[closes]] = offset[closes] + calendar.start
    is_won = np.zeros(count, dtype=bool)
    is_won[deal[closes]] = state[closes] == WON
    last = np.zeros(count, dtype=np.int64)
    last[deal[closes]] = shown[offset[closes] - 1, company[closes]]
    return Deals(
        company[is_start],
        offset[is_start] + calendar.start,
        closed,
        is_won,
        last,
        deal,
        offset + calendar.start,
        new,
    )


def _contacts(
    settings: WorldSettings,
    companies: Companies,
    known: np.ndarray,
    engaged: np.ndarray,
    deals: Deals,
) -> np.ndarray:
    """People become contacts when the account is listed, when they engage, and deal by deal."""
    rng = stream(settings, companies.block, "crm")
    n = len(companies)
    slot = np.arange(SLOTS)
    listed = np.where(companies.is_worked, 1 + rng.poisson(1.0, n), rng.poisson(0.6, n))
    day = np.full((n, SLOTS), NEVER)
    lag = (rng.exponential(25, (n, SLOTS))).astype(np.int64)
    day = np.where(slot < listed[:, None], known[:, None] + lag, day)
    with_engagement = (slot >= listed[:, None]) & (slot <= listed[:, None])
    met = np.where(engaged < NEVER, engaged, NEVER)[:, None] + (lag // 8)
    day = np.where(with_engagement, met, day)
    have = listed + 1
    for deal in range(len(deals.company)):
        company = deals.company[deal]
        more = rng.poisson(2.2)
        upto = min(have[company] + more, companies.group_size[company])
        for joined in range(have[company], upto):
            day[company, joined] = deals.opened[deal] + lag[company, joined] // 2
        have[company] = max(have[company], upto)
    return np.minimum(day, NEVER)
