"""The truth folder: probabilities from hidden states, outcomes, identities. The pipeline never reads it.

Here: truth rows of a block, and how well the truth itself ranks. Not here: anything observed.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from dagster_project.demo import names
from dagster_project.demo.calendar import HORIZONS, Calendar
from dagster_project.demo.companies import NEVER, Companies
from dagster_project.demo.duplicates import DUPLICATE, Duplicates
from dagster_project.demo.hidden_state import (
    COOL,
    ENGAGED,
    HAS_BUDGET,
    HAS_CHAMPION,
    IDLE,
    PHASE,
    RESEARCH,
    STALLED,
    WON,
)
from dagster_project.demo.ids import record_ids
from dagster_project.demo.intent import topic_rates
from dagster_project.demo.lives import Lives
from dagster_project.demo.records import date_of
from dagster_project.demo.settings import IntentSettings, WorldSettings
from dagster_project.demo.web import LEAD, NOBODYS_LEAD

PRIMARY = 1  # place of the 90 days in HORIZONS
_BINS = 20_000
_RESEARCH = topic_rates(IntentSettings())
_RESEARCH = _RESEARCH / _RESEARCH.max()  # how much of a project shows as research, by state


def phase_names() -> pl.Series:
    """What a state is called, by its number."""
    texts = np.full(len(PHASE), "opportunity", dtype=object)
    texts[PHASE == RESEARCH], texts[PHASE == ENGAGED] = "researching", "engaged"
    texts[PHASE >= STALLED] = "stalled opportunity"
    texts[IDLE], texts[COOL], texts[WON] = "none", "cooling down", "customer"
    return pl.Series(texts.tolist())


def true_rows(
    settings: WorldSettings,
    calendar: Calendar,
    companies: Companies,
    lives: Lives,
    duplicates: Duplicates,
    table: np.ndarray,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(true_probabilities, outcomes): one row an account known on an as-of day.

    A duplicate never wins, for deals stand on the first account of a company: its probability is 0.
    """
    days = calendar.as_of_days
    parts = []
    for known, gone, copy in (
        (lives.known, np.full(len(companies), NEVER), False),
        (duplicates.made, duplicates.merged, True),
    ):
        at, row = np.nonzero((known <= days[:, None]) & (gone > days[:, None]))
        parts.append(_rows(calendar, companies, lives, table, at, row, copy))
    return tuple(pl.concat(frames) for frames in zip(*parts, strict=True))


def _rows(
    calendar: Calendar,
    companies: Companies,
    lives: Lives,
    table: np.ndarray,
    at: np.ndarray,
    row: np.ndarray,
    copy: bool,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    days = calendar.as_of_days[at]
    state = lives.state_on(days, row)
    eligible = lives.won[row] > days
    account = record_ids("account", companies.number[row] + (DUPLICATE if copy else 0))
    keys = {"account_id": account, "as_of_date": date_of(days)}
    chances = table[:, at, companies.classes[row], state] * (0 if copy else 1)
    readiness = table[PRIMARY].mean(axis=1)[at, state]
    own = pl.Series(eligible | copy)
    true = {
        f"p{horizon}": pl.Series(np.round(p, 9)).set(~own, None)
        for horizon, p in zip(HORIZONS, chances, strict=True)
    }
    research = _RESEARCH[state]
    probabilities = pl.DataFrame(
        {
            **keys, "is_eligible": own, "is_duplicate": np.full(len(row), copy), **true,
            "true_fit": np.round(companies.fit[row], 6), "readiness": np.round(readiness, 9),
            "intent": np.round(research, 6), "phase": phase_names().gather(state),
            "has_budget": HAS_BUDGET[state], "has_champion": HAS_CHAMPION[state],
            "is_worked": companies.is_worked[row],
        }
    )  # fmt: skip
    wins = np.where(copy, NEVER, lives.won[row])
    within = {
        f"is_won_{horizon}d": pl.Series((wins > days) & (wins <= days + horizon)).set(~own, None)
        for horizon in HORIZONS
    }
    outcomes = pl.DataFrame({**keys, **within, "won_on": date_of(wins)})
    return probabilities, outcomes


def identity_rows(
    companies: Companies,
    lives: Lives,
    duplicates: Duplicates,
    contacts: pl.DataFrame,
    lead_numbers: np.ndarray,
    visitors: pl.DataFrame,
) -> pl.DataFrame:
    """Who is who: accounts, contacts, leads and cookies to companies (by their true domain)."""
    domain = names.company_words(pl.Series(companies.number))["domain"]
    copies = np.flatnonzero(duplicates.made < NEVER)
    row = contacts["_row"].to_numpy()
    lead_row = np.where(lead_numbers < NOBODYS_LEAD, lead_numbers // 64 - companies.number[0], -1)
    parts = [
        ("account", record_ids("account", companies.number), np.arange(len(companies))),
        ("duplicate account", record_ids("account", companies.number[copies] + DUPLICATE), copies),
        ("contact", contacts["Id"], row),
        ("lead", record_ids("lead", lead_numbers), lead_row),
        ("visitor", visitors["visitor_id"], visitors["row"].to_numpy()),
    ]
    frames = []
    for kind, ids, rows in parts:
        company = domain.gather(np.maximum(rows, 0)).set(pl.Series(rows < 0), None)
        number = pl.Series(companies.number[np.maximum(rows, 0)]).set(pl.Series(rows < 0), None)
        frames.append(
            pl.DataFrame(
                {"kind": pl.Series([kind]).gather(np.zeros(len(rows), np.int64)), "id": ids,
                 "company_number": number, "company_domain": company}
            )
        )  # fmt: skip
    return pl.concat(frames)


class Ranking:
    """AUC of scores against outcomes, from counts by bin of the score: bounded for any world."""

    def __init__(self) -> None:
        self.wins = np.zeros(_BINS)
        self.others = np.zeros(_BINS)
        self.expected = 0.0

    def add(self, score: np.ndarray, is_won: np.ndarray) -> None:
        """Count some rows; scores lie between 0 and 1."""
        place = np.clip((np.log(np.maximum(score, 1e-9)) + 21) / 21 * (_BINS - 1), 0, _BINS - 1)
        place = place.astype(np.int64)
        self.wins += np.bincount(place[is_won], minlength=_BINS)
        self.others += np.bincount(place[~is_won], minlength=_BINS)
        self.expected += float(score.sum())

    @property
    def rows(self) -> int:
        """Number of rows counted."""
        return int(self.wins.sum() + self.others.sum())

    def auc(self) -> float | None:
        """Area under the curve; None without both outcomes."""
        below = self.others.cumsum() - self.others / 2
        pairs = self.wins.sum() * self.others.sum()
        return float((below * self.wins).sum() / pairs) if pairs else None

    def lift(self, share: float = 0.1) -> float | None:
        """Rate of wins in the best tenth over the rate in all."""
        rows = (self.wins + self.others)[::-1].cumsum()
        wins = self.wins[::-1].cumsum()
        if not wins[-1]:
            return None
        return float(np.interp(share * rows[-1], rows, wins) / wins[-1] / share)


assert LEAD > NOBODYS_LEAD
