"""The hidden chain of every company, and the probabilities of a win that follow from it alone.

Here: states, daily transition matrices by company class, simulation, and the exact probabilities by
going back through the same matrices. Not here: what feeds show of the states; nothing that is observed
ever enters this module.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dagster_project.demo.calendar import HORIZONS, Calendar
from dagster_project.demo.settings import ChainSettings

IDLE, COOL, WON = 0, 1, 2
STAGES = 5
RESEARCH, ENGAGED, LIVE, STALLED = 0, 1, 2, 7  # phases of a project; LIVE and STALLED have stages
PHASES = 12
STATES = 3 + 4 * PHASES
FIT_LEVELS, DRIFT_GROUPS = 12, 2
CLASSES = FIT_LEVELS * 2 * DRIFT_GROUPS
YEAR_DAYS = 365.25


def state_of(phase: int, budget: int, champion: int) -> int:
    """Number of a project's state."""
    return 3 + 4 * phase + 2 * budget + champion


# What a state means, by its number: phase (-1 outside projects), stage of an open opportunity (-1 none).
PHASE = np.array([-1, -1, -1] + [p for p in range(PHASES) for _ in range(4)])
STAGE = np.where(PHASE >= STALLED, PHASE - STALLED, np.where(PHASE >= LIVE, PHASE - LIVE, -1))
HAS_BUDGET = np.array([0, 0, 0] + [0, 0, 1, 1] * PHASES, dtype=bool)
HAS_CHAMPION = np.array([0, 0, 0] + [0, 1, 0, 1] * PHASES, dtype=bool)
IS_LIVE = (PHASE >= LIVE) & (PHASE < STALLED)
IS_STALLED = PHASE >= STALLED


def class_of(level: np.ndarray, worked: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Number of a company's class: fit level, whether sales works it, drift group."""
    return (level * 2 + worked) * DRIFT_GROUPS + group


def level_centers() -> np.ndarray:
    """Standard normal fit in the middle of each level (levels have equal shares of companies)."""
    from statistics import NormalDist

    return np.array([NormalDist().inv_cdf((k + 0.5) / FIT_LEVELS) for k in range(FIT_LEVELS)])


def level_edges() -> np.ndarray:
    """Where fit levels part."""
    from statistics import NormalDist

    return np.array([NormalDist().inv_cdf(k / FIT_LEVELS) for k in range(1, FIT_LEVELS)])


@dataclass(frozen=True)
class Chain:
    """Daily transitions: `base` (class, from, to) at factor one; on a day `start_factor` (day, group)
    multiplies what leaves IDLE and `close_factor` (day) what wins."""

    base: np.ndarray
    start_factor: np.ndarray
    close_factor: np.ndarray


def build_chain(settings: ChainSettings, calendar: Calendar) -> Chain:
    """The transition matrices of all classes."""
    fit = level_centers()
    spread = np.exp(settings.fit_spread * fit)
    starts = settings.projects_per_year / YEAR_DAYS * spread / spread.mean()
    base = np.zeros((CLASSES, STATES, STATES))
    for level in range(FIT_LEVELS):
        for worked in range(2):
            matrix = _projects(settings, settings.worked_pull if worked else 1.0)
            _starts(matrix, starts[level], fit[level], settings)
            np.fill_diagonal(matrix, 1 - (matrix.sum(axis=1) - np.diag(matrix)))
            for group in range(DRIFT_GROUPS):
                base[class_of(level, worked, group)] = matrix
    return Chain(base, *_factors(settings, calendar))


def _starts(matrix: np.ndarray, rate: float, fit: float, settings: ChainSettings) -> None:
    has_budget = 1 / (1 + np.exp(0.2 - 0.45 * fit))
    has_champion = 1 / (1 + np.exp(0.2 - 0.25 * fit))
    for budget in range(2):
        for champion in range(2):
            share = (has_budget if budget else 1 - has_budget) * (
                has_champion if champion else 1 - has_champion
            )
            ready = settings.fast_track_share
            matrix[IDLE, state_of(RESEARCH, budget, champion)] = rate * share * (1 - ready)
            matrix[IDLE, state_of(LIVE + 1, budget, champion)] = rate * share * ready


def _projects(settings: ChainSettings, pull: float) -> np.ndarray:
    matrix = np.zeros((STATES, STATES))
    matrix[COOL, IDLE] = 1 / settings.cool_days
    for budget in range(2):
        for champion in range(2):
            _before_opportunity(matrix, budget, champion, pull, settings)
            _opportunity(matrix, budget, champion, settings)
    return matrix


def _before_opportunity(
    matrix: np.ndarray, budget: int, champion: int, pull: float, settings: ChainSettings
) -> None:
    research, engaged = (state_of(p, budget, champion) for p in (RESEARCH, ENGAGED))
    keen = 1.15 if champion else 0.9
    matrix[research, engaged] = pull * keen / settings.research_days
    matrix[research, COOL] = (0.85 if budget else 1.1) / settings.abandon_research_days
    first_stage = state_of(LIVE, budget, champion)
    matrix[engaged, first_stage] = pull * (1.1 if budget else 0.9) / settings.engaged_days
    matrix[engaged, COOL] = (0.85 if champion else 1.1) / settings.abandon_engaged_days
    _people(matrix, RESEARCH, budget, champion, settings)
    _people(matrix, ENGAGED, budget, champion, settings)


def _opportunity(matrix: np.ndarray, budget: int, champion: int, settings: ChainSettings) -> None:
    harm = (1 if budget else settings.no_budget_harm) * (
        1 if champion else settings.no_champion_harm
    )
    for stage in range(STAGES):
        live, stalled = (state_of(p + stage, budget, champion) for p in (LIVE, STALLED))
        following = state_of(LIVE + stage + 1, budget, champion) if stage < STAGES - 1 else WON
        matrix[live, following] = 1 / settings.stage_days
        matrix[live, stalled] = harm / settings.stall_days
        matrix[stalled, COOL] = 1 / settings.lost_days
        matrix[stalled, live] = (1.0 if budget and champion else 0.6) / settings.revive_days
        _people(matrix, LIVE + stage, budget, champion, settings)
        _people(matrix, STALLED + stage, budget, champion, settings)


def _people(
    matrix: np.ndarray, phase: int, budget: int, champion: int, settings: ChainSettings
) -> None:
    here = state_of(phase, budget, champion)
    if not budget:
        matrix[here, state_of(phase, 1, champion)] = 1 / settings.budget_comes_days
    if champion:
        matrix[here, state_of(phase, budget, 0)] = 1 / settings.champion_leaves_days


def _factors(settings: ChainSettings, calendar: Calendar) -> tuple[np.ndarray, np.ndarray]:
    days = calendar.days.astype("datetime64[D]")
    of_year = (days - days.astype("datetime64[Y]")).astype(int) / YEAR_DAYS
    season = 1 - settings.season_strength * (
        np.exp(-(((of_year - 0.60) / 0.06) ** 2)) + np.exp(-(((of_year - 0.99) / 0.03) ** 2))
    )
    years = (calendar.days - calendar.first) / YEAR_DAYS
    drift = np.stack(
        [np.exp(settings.yearly_drift * years), np.exp(-settings.yearly_drift * years)]
    )
    month = days.astype("datetime64[M]")
    month_of_year = month.astype(int) % 12
    to_month_end = ((month + 1).astype("datetime64[D]") - days).astype(int)
    is_push = (month_of_year % 3 == 2) & (to_month_end <= 12)
    close = np.where(is_push, settings.quarter_end_push, 1.0)
    return (season * drift).T.copy(), close


def simulate(chain: Chain, classes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """States at the end of each day, (days, companies): one draw a company and day."""
    cumulative = chain.base.cumsum(axis=2)
    leave_idle = 1 - chain.base[:, IDLE, IDLE]
    group = classes % DRIFT_GROUPS
    states = np.zeros((len(chain.close_factor), len(classes)), dtype=np.int8)
    now = np.zeros(len(classes), dtype=np.int64)
    wins = chain.base[:, :, WON]
    for day in range(len(states)):
        draw = rng.random(len(classes))
        hazard = leave_idle[classes] * chain.start_factor[day][group]
        starting = (now == IDLE) & (draw < hazard)
        busy = (now != IDLE) & (now != WON)
        following = now.copy()
        if starting.any():
            rows = (
                cumulative[classes[starting], IDLE]
                - cumulative[classes[starting], IDLE, IDLE][:, None]
            )
            place = draw[starting] / hazard[starting] * rows[:, -1]
            following[starting] = (rows <= place[:, None]).sum(axis=1)
        if busy.any():
            own, here = classes[busy], now[busy]
            following[busy] = _move(
                cumulative, wins, own, here, draw[busy], chain.close_factor[day]
            )
        now = np.minimum(following, STATES - 1)
        states[day] = now
    return states


def _move(
    cumulative: np.ndarray,
    wins: np.ndarray,
    own: np.ndarray,
    here: np.ndarray,
    draw: np.ndarray,
    close: float,
) -> np.ndarray:
    """States after one day. A win's extra probability is taken from staying."""
    extra = wins[own, here] * (close - 1)
    moved = (cumulative[own, here] <= draw[:, None]).sum(axis=1)
    # The stretch of the draw where the company stays is shortened from its upper end.
    upper = cumulative[own, here, here]
    wins_now = (extra > 0) & (moved == here) & (draw >= upper - extra)
    return np.where(wins_now, WON, moved)


def win_probabilities(chain: Chain, calendar: Calendar) -> np.ndarray:
    """P(first win within h days after the as-of day): (horizon, as-of day, class, state).

    Backward through the daily matrices: no simulation, no feature.
    """
    offsets = calendar.as_of_days - calendar.start
    return np.stack([_within(chain, offsets, horizon) for horizon in HORIZONS])


def _within(chain: Chain, offsets: np.ndarray, horizon: int) -> np.ndarray:
    value = np.zeros((CLASSES, STATES, len(offsets)))
    value[:, WON] = 1
    groups = np.arange(CLASSES) % DRIFT_GROUPS
    closing = chain.base[:, :, WON].copy()
    closing[:, WON] = 0
    for step in range(horizon, 0, -1):
        days = offsets + step
        base = chain.base @ value
        start = chain.start_factor[days][:, groups].T - 1
        base[:, IDLE] += start * (base[:, IDLE] - value[:, IDLE])
        close = chain.close_factor[days] - 1
        last = closing.max(axis=0).nonzero()[0]
        base[:, last] += closing[:, last, None] * close * (value[:, [WON]] - value[:, last])
        value = base
    return value.transpose(2, 0, 1)
