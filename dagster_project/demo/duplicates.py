"""Companies that are in the CRM twice: when a second account is made, and when it is merged away.

Here: which companies, on which days, and which of the two accounts people book things to. Not here: the second account's
fields (accounts.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dagster_project.demo.calendar import Calendar
from dagster_project.demo.companies import NEVER, Companies, stream
from dagster_project.demo.lives import Lives
from dagster_project.demo.settings import WorldSettings

DUPLICATE = 2_000_000


@dataclass(frozen=True)
class Duplicates:
    """Days on which a company is entered a second time and on which that is merged away (or NEVER)."""

    made: np.ndarray
    merged: np.ndarray


def plan_duplicates(
    settings: WorldSettings, calendar: Calendar, companies: Companies, lives: Lives
) -> Duplicates:
    """Which companies are in the CRM twice."""
    rng = stream(settings, companies.block, "pollution")
    n = len(companies)
    made = np.maximum(lives.known + 20 + rng.integers(0, 500, n), calendar.start)
    twice = (rng.random(n) < settings.pollution.duplicate_accounts) & (made < calendar.end - 3)
    made = np.where(twice, made, NEVER)
    merged = made + 15 + rng.integers(0, 200, n)
    is_merged = twice & (rng.random(n) < settings.pollution.merged_duplicates)
    return Duplicates(made, np.where(is_merged & (merged <= calendar.end), merged, NEVER))


def account_of(
    duplicates: Duplicates, companies: Companies, row: np.ndarray, day: np.ndarray, lot: np.ndarray
) -> np.ndarray:
    """Account numbers that people book things of a company to: a fifth goes to a living duplicate."""
    strays = (duplicates.made[row] <= day) & (duplicates.merged[row] >= NEVER) & (lot < 0.2)
    return companies.number[row] + np.where(strays, DUPLICATE, 0)
