"""Whether outcomes keep to what was predicted, day by day as they become known.

Belongs here: predicted against observed of a day whose window has just closed, and of all such days of a scoring model so far,
with an interval. Does not belong here: which outcomes are known when (dbt, label_when_closed), ranking (evaluation.py).

The windows of neighbouring days overlap: one win is seen in up to `horizon_days` of them. If wins come at a steady rate, the
counts of two days correlate by the share of days that their windows have in common, so k days tell as much as

    k squared / sum over all pairs i, j (also i = j) of max(0, 1 - |day_i - day_j| / horizon)

windows apart from each other (the design effect of a sum of correlated terms, Kish 1965): 30 days in a row of 90 tell as much
as 1.1. Observed over predicted is a count over its expectation, the standardised ratio of epidemiology, with Byar's interval
for a Poisson count (Breslow and Day 1987, p. 69); the count is the observed one of so many windows. Wins of accounts are
rather less spread than Poisson's, so the interval is rather too wide.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from models.calibration import calibration_line
from models.drift import DRIFT, STEADY, WATCH
from models.settings import DriftSettings

Z = 1.959964
# Converted and not converted accounts that a day needs for a slope to be said.
ENOUGH_FOR_A_SLOPE = 10
SO_FAR = {
    "days_so_far": pl.Int64, "windows_so_far": pl.Float64, "predicted_rate": pl.Float64, "observed_rate": pl.Float64,
    "ratio": pl.Float64, "ratio_low": pl.Float64, "ratio_high": pl.Float64, "level": pl.String,
}  # fmt: skip


def closed_day(is_converted: np.ndarray, probability: np.ndarray) -> dict:
    """Of the accounts of one scored day: accounts, converted (count), predicted (sum of probabilities), and the slope of
    outcomes' log-odds on the predicted ones (1 is right, below it is overconfident; None with fewer than ten of a kind).
    """
    y, p = np.asarray(is_converted, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    converted = int(y.sum())
    is_enough = min(converted, len(y) - converted) >= ENOUGH_FOR_A_SLOPE
    slope = calibration_line(y, p)[0] if is_enough else None
    return {"accounts": len(y), "converted": converted, "predicted": float(p.sum()), "slope": slope}


def so_far(days: pl.DataFrame, horizon_days: int, settings: DriftSettings) -> pl.DataFrame:
    """Days of one scoring model (scored_on, accounts, converted, predicted), by scored_on; with what all so far say.

    Adds days_so_far, windows_so_far (so many windows apart they are worth), predicted_rate and observed_rate (shares of 0-1),
    ratio (observed over predicted) with ratio_low and ratio_high (95 %), level. The ratio is null where nothing was predicted.
    """
    days = days.sort("scored_on")
    windows = windows_apart(days["scored_on"].to_list(), horizon_days)
    sums = (days[name].cum_sum().to_list() for name in ("accounts", "converted", "predicted"))
    said = [
        _said(*row, place, settings)
        for place, row in enumerate(zip(*sums, windows, strict=True), 1)
    ]
    return days.hstack(pl.DataFrame(said, schema=SO_FAR))


def windows_apart(dates: Sequence[date], horizon_days: int) -> list[float]:
    """Of the first day, the first two days, and so on: how many windows apart from each other their windows are worth."""
    place = np.array([day.toordinal() for day in dates], dtype=np.float64)
    shared = np.maximum(0.0, 1.0 - np.abs(place[:, None] - place[None, :]) / horizon_days)
    with_earlier = 1.0 + 2.0 * np.tril(shared, -1).sum(axis=1)
    return (np.arange(1, len(place) + 1) ** 2 / np.cumsum(with_earlier)).tolist()


def byar_interval(observed: float, predicted: float) -> tuple[float, float]:
    """95 % interval of a Poisson count over its expectation, by Byar. Raises ValueError where nothing was expected."""
    if predicted <= 0:
        raise ValueError(f"expected {predicted}: no ratio can be said")
    more = observed + 1
    low = (
        observed * (1 - 1 / (9 * observed) - Z / (3 * np.sqrt(observed))) ** 3 if observed else 0.0
    )
    high = more * (1 - 1 / (9 * more) + Z / (3 * np.sqrt(more))) ** 3
    return max(0.0, float(low / predicted)), float(high / predicted)


def calibration_level(low: float | None, high: float | None, factor: float) -> str | None:
    """drift where the interval lies beyond the factor either way, watch where it only leaves out 1; None where none is said."""
    if low is None or high is None:
        return None
    if low > factor or high < 1 / factor:
        return DRIFT
    return STEADY if low <= 1 <= high else WATCH


def _said(
    accounts: int, observed: int, predicted: float, windows: float, days: int, settings
) -> dict:
    share = windows / days
    low, high = (
        byar_interval(observed * share, predicted * share) if predicted > 0 else (None, None)
    )
    return {
        "days_so_far": days,
        "windows_so_far": windows,
        "predicted_rate": predicted / accounts,
        "observed_rate": observed / accounts,
        "ratio": observed / predicted if predicted > 0 else None,
        "ratio_low": low,
        "ratio_high": high,
        "level": calibration_level(low, high, settings.calibration_factor),
    }
