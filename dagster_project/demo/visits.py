"""Visits to our site: who comes when, from which company, with which cookie.

Here: sessions of a block as arrays, those of companies and those of nobody we could sell to. Not here:
pages and events of a session (web.py) and the GA4 shape (ga4_files.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dagster_project.demo.calendar import Calendar
from dagster_project.demo.companies import SLOTS, Companies, stream
from dagster_project.demo.hidden_state import (
    ENGAGED,
    HAS_BUDGET,
    HAS_CHAMPION,
    IS_LIVE,
    IS_STALLED,
    PHASE,
    RESEARCH,
    STATES,
    WON,
)
from dagster_project.demo.lives import Lives
from dagster_project.demo.settings import WebSettings, WorldSettings

CORPORATE, EMAIL_CLICK, SCANNER, STAFF, COMPETITOR, STUDENT, CONSUMER, BOT = range(8)
KINDS = ("corporate", "email click", "scanner click", "own staff", "competitor", "student", "consumer", "bot")  # fmt: skip
# What a visit is about, for page mixes: by state, then visits of nobody.
MIX_IDLE, MIX_RESEARCH, MIX_ENGAGED, MIX_LIVE, MIX_STALLED, MIX_CUSTOMER, MIX_NOBODY = range(7)
COMPANY_COOKIES = 1 << 22
ONE_OFF = 1 << 20
NOBODY = 1 << 50
NO_DOMAIN, OWN, FIRST_COMPETITOR, FIRST_ISP = -1, -2, -10, -30
_WEEKDAYS = np.array([1.25, 1.3, 1.3, 1.25, 1.0, 0.3, 0.35])
_WEEKDAYS = _WEEKDAYS / _WEEKDAYS.mean()


def mix_of_states() -> np.ndarray:
    """Page mix by state number."""
    mix = np.full(STATES, MIX_IDLE)
    mix[WON] = MIX_CUSTOMER
    mix[PHASE == RESEARCH] = MIX_RESEARCH
    mix[PHASE == ENGAGED] = MIX_ENGAGED
    mix[IS_LIVE] = MIX_LIVE
    mix[IS_STALLED] = MIX_STALLED
    return mix


@dataclass
class Visits:
    """Sessions of a block; `row` is the company's place in the block, -1 for nobody's."""

    row: np.ndarray
    start: np.ndarray  # seconds since 1970
    slot: np.ndarray
    visitor: np.ndarray
    kind: np.ndarray
    mix: np.ndarray
    has_budget: np.ndarray
    domain: np.ndarray  # company number, or a code below zero

    def __len__(self) -> int:
        return len(self.row)


def weekday_factor(days: np.ndarray) -> np.ndarray:
    """How busy days are (1970-01-01 was a Thursday)."""
    return _WEEKDAYS[(days + 3) % 7]


def visit_rates(web: WebSettings) -> np.ndarray:
    """Sessions a day by state."""
    by_mix = np.array(
        [
            web.sessions_per_day_idle,
            web.sessions_per_day_research,
            web.sessions_per_day_engaged,
            web.sessions_per_day_live,
            web.sessions_per_day_stalled,
            web.sessions_per_day_customer,
        ]
    )
    rates = by_mix[mix_of_states()]
    keen = (PHASE >= 0) & ~IS_STALLED
    return rates * np.where(keen & HAS_CHAMPION, 1.35, np.where(keen, 0.70, 1.0))


def make_visits(
    settings: WorldSettings, calendar: Calendar, companies: Companies, lives: Lives
) -> Visits:
    """All sessions of a block in the days of the files, by start."""
    rng = stream(settings, companies.block, "web")
    parts = [
        _of_companies(settings, calendar, companies, lives, rng),
        _clicks(settings, calendar, companies, lives, rng),
        _of_nobody(settings, calendar, companies),
    ]
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in Visits.__dataclass_fields__
    }
    order = np.lexsort((joined["visitor"], joined["start"]))
    return Visits(**{name: values[order] for name, values in joined.items()})


def draw(
    rng: np.random.Generator, expected: np.ndarray, first_day: int
) -> tuple[np.ndarray, np.ndarray]:
    """Days and columns of Poisson events, from expected counts (day, column)."""
    counts = rng.poisson(expected)
    at = np.flatnonzero(counts)
    at = np.repeat(at, counts.ravel()[at])
    return at // expected.shape[1] + first_day, at % expected.shape[1]


def seconds_in(rng: np.random.Generator, days: np.ndarray) -> np.ndarray:
    """Moments of working time on days."""
    return days * 86_400 + (6.5 * 3600 + 12.5 * 3600 * rng.beta(2, 2, len(days))).astype(np.int64)


def _of_companies(
    settings: WorldSettings,
    calendar: Calendar,
    companies: Companies,
    lives: Lives,
    rng: np.random.Generator,
) -> Visits:
    path = lives.path[calendar.first - calendar.start : calendar.end + 1 - calendar.start]
    busy = weekday_factor(np.arange(calendar.first, calendar.end + 1))
    size = (companies.employees / 120) ** 0.12
    day, row = draw(rng, visit_rates(settings.web)[path] * size * busy[:, None], calendar.first)
    state = lives.state_on(day, row)
    mix = mix_of_states()[state]
    one_off = rng.random(len(day)) < np.where(mix == MIX_IDLE, 0.80, 0.25)
    group = (rng.random(len(day)) * companies.group_size[row]).astype(np.int64)
    slot = np.where(one_off, rng.integers(0, SLOTS, len(day)), group)
    visitor = cookie(companies, row, slot, day)
    fresh = companies.number[row] * COMPANY_COOKIES + ONE_OFF + np.arange(len(day)) % ONE_OFF
    visitor = np.where(one_off, fresh, visitor)
    start = seconds_in(rng, day)
    kind = np.full(len(day), CORPORATE)
    domain = _resolved(settings, companies.number[row], visitor)
    return Visits(row, start, slot, visitor, kind, mix, HAS_BUDGET[state], domain)


def cookie(companies: Companies, row: np.ndarray, slot: np.ndarray, day: np.ndarray) -> np.ndarray:
    """A person's cookie on a day: it lasts about 80 days."""
    age = (day + slot * 17 + companies.number[row] % 80) // 80
    return companies.number[row] * COMPANY_COOKIES + slot * 1024 + age % 1024


def _resolved(settings: WorldSettings, number: np.ndarray, visitor: np.ndarray) -> np.ndarray:
    """What the site's address service says: the company, a provider (from home), or nothing.

    The same cookie mostly gets the same answer, so the draw is a hash of the cookie.
    """
    share = ((visitor * 2_654_435_761) % 1_000_003) / 1_000_003
    known = settings.web.company_resolved_rate
    isp = settings.pollution.isp_traffic
    provider = FIRST_ISP - visitor % 5
    home = np.where(share < known * (1 - isp) + isp, provider, NO_DOMAIN)
    return np.where(share < known * (1 - isp), number, home)


def _clicks(
    settings: WorldSettings,
    calendar: Calendar,
    companies: Companies,
    lives: Lives,
    rng: np.random.Generator,
) -> Visits:
    """Clicks in our e-mails: people's, and those of scanners that open every link."""
    web = settings.web
    rates = np.where(PHASE >= 0, web.email_clicks_per_day_project, web.email_clicks_per_day_idle)
    rates = np.where(IS_STALLED, (rates + web.email_clicks_per_day_idle) / 4, rates)
    days = np.arange(calendar.first, calendar.end + 1)
    path = lives.path[days - calendar.start]
    reach = np.stack([(lives.contact <= day).sum(axis=1) for day in days[::30]])
    reach = np.minimum(np.repeat(reach, 30, axis=0)[: len(days)], 4) / 2
    share = settings.pollution.scanner_clicks
    human = draw(rng, rates[path] * reach, calendar.first)
    scans = draw(rng, np.full_like(reach, rates[0] * 2.2) * reach * share / max(1 - share, 0.05), calendar.first)  # fmt: skip
    both = []
    for (day, row), kind in ((human, EMAIL_CLICK), (scans, SCANNER)):
        slot = pick_contact(rng, lives.contact, row, day)
        fine = slot >= 0
        day, row, slot = day[fine], row[fine], slot[fine]
        state = lives.state_on(day, row)
        visitor = cookie(companies, row, slot, day)
        if kind == SCANNER:
            visitor = companies.number[row] * COMPANY_COOKIES + 3 * ONE_OFF + np.arange(len(day))
        domain = _resolved(settings, companies.number[row], visitor)
        both.append(
            (row, seconds_in(rng, day), slot, visitor, np.full(len(day), kind),
             mix_of_states()[state], HAS_BUDGET[state], domain)
        )  # fmt: skip
    return Visits(*(np.concatenate(columns) for columns in zip(*both, strict=True)))


def pick_contact(
    rng: np.random.Generator, contact: np.ndarray, row: np.ndarray, day: np.ndarray
) -> np.ndarray:
    """A random contact of the company on that day; -1 where it has none."""
    there = contact[row] <= day[:, None]
    count = there.sum(axis=1)
    wanted = (rng.random(len(row)) * count).astype(np.int64) + 1
    place = (there.cumsum(axis=1) >= wanted[:, None]).argmax(axis=1)
    return np.where(count > 0, place, -1)


def _of_nobody(settings: WorldSettings, calendar: Calendar, companies: Companies) -> Visits:
    rng = stream(settings, companies.block, "web_noise")
    planted = settings.pollution
    rates = {
        STAFF: planted.own_staff_visits_per_day,
        COMPETITOR: planted.competitor_visits_per_day if planted.competitor_accounts else 0,
        STUDENT: planted.student_visits_per_day,
        CONSUMER: planted.consumer_visits_per_day,
        BOT: planted.bot_visits_per_day,
    }
    days = calendar.end + 1 - calendar.first
    counts = {kind: rng.poisson(rate * days * len(companies)) for kind, rate in rates.items()}
    kind = np.repeat(list(counts), list(counts.values()))
    total = len(kind)
    day = rng.integers(calendar.first, calendar.end + 1, total)
    returning = np.isin(kind, (STAFF, COMPETITOR))
    person = np.where(returning, kind * 64 + rng.integers(0, 6, total), 1024 + np.arange(total))
    visitor = NOBODY + companies.block * (1 << 24) + person
    domain = np.full(total, NO_DOMAIN)
    domain[kind == STAFF] = OWN
    is_rival = kind == COMPETITOR
    rivals = max(planted.competitor_accounts, 1)
    domain[is_rival] = FIRST_COMPETITOR - rng.integers(0, rivals, is_rival.sum())
    at_home = np.isin(kind, (CONSUMER, STUDENT)) & (rng.random(total) < 0.5)
    domain[at_home] = FIRST_ISP - visitor[at_home] % 5
    nothing = np.full(total, -1)
    mix = np.full(total, MIX_NOBODY)
    start = seconds_in(rng, day)
    return Visits(nothing, start, nothing, visitor, kind, mix, np.zeros(total, bool), domain)
