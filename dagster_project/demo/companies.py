"""Companies of the demo world: firmographics, technology, people, and the hidden fit.

Here: what a company is, drawn block by block (a block of companies has its own random streams, so that
no output depends on how many blocks are written together). Not here: what happens to it over time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dagster_project.demo import names
from dagster_project.demo.calendar import Calendar
from dagster_project.demo.hidden_state import class_of, level_edges
from dagster_project.demo.settings import WorldSettings

BLOCK = 500
SLOTS = 18  # people of a company that ever show: a buying group of 3-12 first, then others
NEVER = 1 << 40
STREAMS = (
    "company", "people", "chain", "crm", "activity", "lead", "campaign", "web", "web_noise", "intent",
    "technology", "pollution",
)  # fmt: skip
_INDUSTRY = np.array([1.4, 0.0, 1.4, 0.0, 0.0, 1.4, 0.0, -1.4, 0.0, 0.0, -1.4, -1.4])
_INDUSTRY = (_INDUSTRY - _INDUSTRY.mean()) / _INDUSTRY.std()
_PLACE_SHARE = np.array([0.38, 0.14, 0.13, 0.09, 0.08, 0.06, 0.06, 0.06])
_PLACE = np.array([1.0, -0.6, -0.6, -0.6, 1.0, -0.6, -1.2, -1.2])
_HAS_COMPLEMENT, _HAS_COMPETING = 0.30, 0.10


def stream(settings: WorldSettings, block: int, name: str) -> np.random.Generator:
    """The random stream of one purpose in one block: feeds never share one with the hidden states."""
    return np.random.default_rng(
        np.random.SeedSequence([settings.seed, block, STREAMS.index(name)])
    )


@dataclass(frozen=True)
class Companies:
    """One block, an array a column; rows are companies. Matrices are (company, slot or technology)."""

    block: int
    number: np.ndarray
    industry: np.ndarray
    employees: np.ndarray
    growth: np.ndarray
    place: np.ndarray
    state: np.ndarray
    founded: np.ndarray
    owns: np.ndarray
    fit: np.ndarray  # the true one, standard normal
    seen_fit: np.ndarray  # what of it attributes could tell
    classes: np.ndarray
    is_worked: np.ndarray
    planned: np.ndarray  # day on which the CRM lists it at the latest
    group_size: np.ndarray
    title: np.ndarray
    given: np.ndarray
    family: np.ndarray
    owner: np.ndarray

    def __len__(self) -> int:
        return len(self.number)


def blocks_of(settings: WorldSettings) -> int:
    """Number of blocks of a world."""
    return -(-settings.accounts // BLOCK)


def make_companies(settings: WorldSettings, calendar: Calendar, block: int) -> Companies:
    """The companies of a block."""
    rng = stream(settings, block, "company")
    first = block * BLOCK
    number = np.arange(first, min(first + BLOCK, settings.accounts))
    n = len(number)
    industry = rng.integers(0, len(names.INDUSTRIES), n)
    size = rng.standard_normal(n)
    place = rng.choice(len(names.PLACES), n, p=_PLACE_SHARE)
    growth = rng.standard_normal(n)
    owns = _technologies(rng, n, settings)
    seen = _seen_fit(industry, size, growth, place, owns)
    share = settings.chain.hidden_fit_share
    fit = np.sqrt(1 - share) * seen + np.sqrt(share) * rng.standard_normal(n)
    is_worked = _worked(rng, size, settings)
    level = np.searchsorted(level_edges(), fit)
    return Companies(
        block=block,
        number=number,
        industry=industry,
        employees=np.maximum(3, np.exp(4.8 + 1.5 * size)).astype(np.int64),
        growth=growth,
        place=place,
        state=rng.integers(0, 1 << 20, n),
        founded=calendar.first - 365 * 2 - (rng.exponential(18, n) * 365).astype(np.int64),
        owns=owns,
        fit=fit,
        seen_fit=seen,
        classes=class_of(level, is_worked.astype(np.int64), industry % 2),
        is_worked=is_worked,
        planned=_planned(rng, n, settings, calendar),
        owner=rng.integers(0, 12, n),
        **_people(settings, block, n),
    )


def _technologies(rng: np.random.Generator, n: int, settings: WorldSettings) -> np.ndarray:
    ours, theirs = len(names.COMPLEMENTS), len(names.COMPETING)
    others = len(names.TECHNOLOGIES) - ours - theirs
    known = ours * _HAS_COMPLEMENT + theirs * _HAS_COMPETING
    share = np.full(
        len(names.TECHNOLOGIES), max(settings.technology.per_company - known, 0) / others
    )
    share[:ours] = _HAS_COMPLEMENT
    share[ours : ours + theirs] = _HAS_COMPETING
    return rng.random((n, len(share))) < share


def _seen_fit(
    industry: np.ndarray, size: np.ndarray, growth: np.ndarray, place: np.ndarray, owns: np.ndarray
) -> np.ndarray:
    """Standard normal but for shape: each part has mean 0 and variance 1 before its weight."""
    ours, theirs = len(names.COMPLEMENTS), len(names.COMPETING)
    complements = owns[:, :ours].sum(axis=1)
    competing = owns[:, ours : ours + theirs].any(axis=1)
    any_competing = 1 - (1 - _HAS_COMPETING) ** theirs
    where = (_PLACE - _PLACE_SHARE @ _PLACE) / np.sqrt(
        _PLACE_SHARE @ _PLACE**2 - (_PLACE_SHARE @ _PLACE) ** 2
    )
    parts = (
        (0.62, np.tanh(size) / 0.628),
        (0.45, _INDUSTRY[industry]),
        (1.15, (complements - ours * _HAS_COMPLEMENT) / np.sqrt(ours * 0.21)),
        (0.20, where[place]),
        (-0.30, (competing - any_competing) / np.sqrt(any_competing * (1 - any_competing))),
        (0.10, growth),
    )
    weight = np.sqrt(sum(w * w for w, _ in parts))
    return sum(w * part for w, part in parts) / weight


def _worked(rng: np.random.Generator, size: np.ndarray, settings: WorldSettings) -> np.ndarray:
    share = settings.chain.worked_share
    lean = np.clip(share + 0.12 * np.tanh(size), 0, 1) if 0 < share < 1 else share
    return rng.random(len(size)) < lean


def _planned(
    rng: np.random.Generator, n: int, settings: WorldSettings, calendar: Calendar
) -> np.ndarray:
    before = rng.random(n) < settings.crm.known_before_share
    early = calendar.first - 1 - rng.integers(0, 1000, n)
    later = rng.integers(calendar.first, calendar.end + 1, n)
    return np.where(before, early, later)


def _people(settings: WorldSettings, block: int, n: int) -> dict[str, np.ndarray]:
    rng = stream(settings, block, "people")
    return {
        "group_size": np.clip(rng.poisson(7.2, n), 3, 12),
        "title": rng.integers(0, len(names.TITLES), (n, SLOTS)),
        "given": rng.integers(0, len(names.GIVEN), (n, SLOTS)),
        "family": rng.integers(0, len(names.FAMILY), (n, SLOTS)),
    }
