"""Cuts history into parts by time, with an embargo of the horizon between them.

Belongs here: pure functions of dates. Does not belong here: rows, labels, models.

An as-of date t may stand before a part that starts at s only if t + horizon <= s: then every
window of the earlier part had closed by the first day of the later one. What was known of it by then is for
training_rows.as_known_on to say.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from models.settings import SplitSettings

LATER_PARTS = ("validation", "calibration", "test")
# What is given up first where history is short: calibration, then validation, then the test.
PLANS = (LATER_PARTS, ("validation", "test"), ("test",), ())
VALIDATION_ONLY = (("validation",), ())


@dataclass(frozen=True)
class Split:
    """As-of dates of each part, oldest first, and in words what could not be had."""

    train: tuple[date, ...]
    validation: tuple[date, ...] = ()
    calibration: tuple[date, ...] = ()
    test: tuple[date, ...] = ()
    horizon_days: int = 0
    missing: tuple[str, ...] = ()

    def part(self, name: str) -> tuple[date, ...]:
        """Dates of the part with this name; empty if it could not be had."""
        return getattr(self, name)

    def describe(self) -> dict:
        """Parts with first date, last date and number of dates, ready for JSON."""
        named = {name: self.part(name) for name in ("train", *LATER_PARTS)}
        spans = {
            name: {"from": str(days[0]), "to": str(days[-1]), "dates": len(days)}
            for name, days in named.items()
            if days
        }
        return {"horizon_days": self.horizon_days, "parts": spans, "missing": list(self.missing)}


def matured_before(dates: Iterable[date], horizon_days: int, start: date) -> tuple[date, ...]:
    """Dates whose whole label window closes on or before `start`, oldest first."""
    embargo = timedelta(days=horizon_days)
    return tuple(sorted(day for day in set(dates) if day + embargo <= start))


def split_dates(
    dates: Iterable[date], horizon_days: int, settings: SplitSettings, plans=PLANS
) -> Split:
    """Split as-of dates into train, validation, calibration and test.

    Parts are laid from the newest date backwards. Where history is too short a part is left
    out and named in `missing`; the embargo is never shortened. `plans` are the sets of later parts
    to try, the fullest first. Raises ValueError without dates.
    """
    days = tuple(sorted(set(dates)))
    if not days:
        raise ValueError("no as-of dates to split: the training set is empty")
    for plan in plans:
        parts = _lay_parts(days, horizon_days, settings, plan)
        if parts is not None:
            gone = tuple(_why(name, horizon_days) for name in plans[0] if name not in plan)
            return Split(**parts, horizon_days=horizon_days, missing=gone)
    raise ValueError(
        f"{len(days)} as-of dates are fewer than split.min_train_dates={settings.min_train_dates}"
    )


def rolling_folds(
    dates: Iterable[date], horizon_days: int, settings: SplitSettings, most: int
) -> tuple[Split, ...]:
    """Train and validation parts, newest first: each fold's validation ends where the one after it starts, and its train part
    is all that had matured by then. At most `most` folds; fewer, or none, where history is too short.
    """
    left, folds = tuple(sorted(set(dates))), []
    while len(folds) < most:
        parts = _lay_parts(left, horizon_days, settings, ("validation",))
        if parts is None:
            break
        folds.append(Split(**parts, horizon_days=horizon_days))
        left = tuple(day for day in left if day < parts["validation"][0])
    return tuple(folds)


def _lay_parts(days, horizon_days, settings, plan) -> dict | None:
    left, parts = days, {}
    for name in reversed(plan):
        if not left:
            return None
        width = timedelta(days=getattr(settings, f"{name}_days"))
        parts[name] = tuple(day for day in left if day > left[-1] - width)
        left = matured_before(left, horizon_days, parts[name][0])
    if len(left) < settings.min_train_dates:
        return None
    return {"train": left, **parts}


def _why(name: str, horizon_days: int) -> str:
    return f"{name}: history is too short to keep {horizon_days} days between parts"
