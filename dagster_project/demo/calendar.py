"""Days of the demo world: from its warm-up to the end of the outcomes that only the truth knows.

Here: day numbers (days since 1970-01-01) and the as-of days. Not here: the clock on the wall; the
world ends on a fixed day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np

from dagster_project.demo.settings import WorldSettings

HORIZONS = (30, 90, 180)
WARM_UP_DAYS = 365
_EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def day_of(number: int) -> date:
    """The date of a day number."""
    return _EPOCH + timedelta(days=int(number))


@dataclass(frozen=True)
class Calendar:
    """The days of one world, as day numbers.

    CRM records begin with the warm-up, other feeds on `first`; files end on `end`; hidden states go on
    for the longest horizon more, so that the truth knows outcomes that no file holds.
    """

    settings: WorldSettings

    @cached_property
    def first(self) -> int:
        """First day of the history."""
        return day_number(self.settings.first_day)

    @cached_property
    def last(self) -> int:
        """Last day of the history import."""
        return day_number(self.settings.last_day)

    @cached_property
    def end(self) -> int:
        """Last of the later days."""
        return self.last + self.settings.later_days

    @cached_property
    def start(self) -> int:
        """First day of the hidden states."""
        return self.first - WARM_UP_DAYS

    @cached_property
    def steps(self) -> int:
        """Number of simulated days."""
        return self.end + max(HORIZONS) + 1 - self.start

    @cached_property
    def days(self) -> np.ndarray:
        """All simulated days."""
        return np.arange(self.start, self.start + self.steps)

    @cached_property
    def as_of_days(self) -> np.ndarray:
        """Month-ends of the history, its last days, and the later days."""
        daily = range(max(self.first, self.last - self.settings.daily_truth_days + 1), self.end + 1)
        ends = [d for d in range(self.first, self.last + 1) if day_of(d + 1).day == 1]
        return np.array(sorted({*daily, *ends}))
