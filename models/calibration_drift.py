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

Summed up since a model's first day, a change weighs the less the longer all went well before it. So its newest days are looked at
by themselves too, those of a third of the horizon: days nearer to each other than that tell little more than one (30 of 90: 1.1
windows), and more of them would only be later to tell. Either look may find drift, so each interval is wider (Bonferroni).
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl

from models.calibration import calibration_line
from models.drift import DRIFT, STEADY, WATCH
from models.evaluation import z_of
from models.settings import DriftSettings

# Newest days are those scored within this part of the horizon.
NEWEST_PART = 3
ALL_DAYS, NEWEST_DAYS = "all its days", "its newest days"
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
        {"days_so_far": place, "windows_so_far": apart, **_ratio(*row, apart / place, settings)}
        for place, (*row, apart) in enumerate(zip(*sums, windows, strict=True), 1)
    ]
    return days.hstack(pl.DataFrame(said, schema=SO_FAR))


def looks(days: pl.DataFrame, horizon_days: int, settings: DriftSettings) -> list[dict]:
    """What all days of one scoring model (as for `so_far`) say together, and by themselves its newest, unless these are all.

    Each look: which, horizon_days, scored_from, scored_on, days, windows, predicted_rate, observed_rate, ratio, ratio_low and
    ratio_high (they hold `share_held`), level. With a single look it is what `so_far` says of the last day.
    """
    if days.height == 0:
        return []
    start = days["scored_on"].max() - timedelta(days=max(1, horizon_days // NEWEST_PART))
    newest = days.filter(pl.col("scored_on") > start)
    chosen = {ALL_DAYS: days} | ({NEWEST_DAYS: newest} if newest.height < days.height else {})
    return [
        {"which": which, **_look(some.sort("scored_on"), horizon_days, settings, len(chosen))}
        for which, some in chosen.items()
    ]


def left_the_predictions(found: Sequence[Mapping], settings: DriftSettings) -> str | None:
    """In words, what those of `looks` say that found drift; None where none did."""
    said = [_of_look(look) for look in found if look["level"] == DRIFT]
    if not said:
        return None
    return f"outcomes left the predictions: {' and '.join(said)}, beyond a factor of {settings.calibration_factor:g}"


def _of_look(look: Mapping) -> str:
    return (
        f"on {look['which']} {look['observed_rate']:.1%} converted within {look['horizon_days']} days where "
        f"{look['predicted_rate']:.1%} were predicted, ratio {look['ratio']:.2f} ({100 * look['share_held']:g} % interval "
        f"{look['ratio_low']:.2f} to {look['ratio_high']:.2f}) over {look['days']} scored "
        f"{'day' if look['days'] == 1 else 'days'} up to {look['scored_on']}"
    )


def windows_apart(dates: Sequence[date], horizon_days: int) -> list[float]:
    """Of the first day, the first two days, and so on: how many windows apart from each other their windows are worth."""
    place = np.array([day.toordinal() for day in dates], dtype=np.float64)
    shared = np.maximum(0.0, 1.0 - np.abs(place[:, None] - place[None, :]) / horizon_days)
    with_earlier = 1.0 + 2.0 * np.tril(shared, -1).sum(axis=1)
    return (np.arange(1, len(place) + 1) ** 2 / np.cumsum(with_earlier)).tolist()


def byar_interval(observed: float, predicted: float, looks: int = 1) -> tuple[float, float]:
    """95 % interval of a Poisson count over its expectation, by Byar; wider where it is one of several looks. Raises ValueError
    where nothing was expected.
    """
    if predicted <= 0:
        raise ValueError(f"expected {predicted}: no ratio can be said")
    more, z = observed + 1, z_of(looks)
    low = (
        observed * (1 - 1 / (9 * observed) - z / (3 * np.sqrt(observed))) ** 3 if observed else 0.0
    )
    high = more * (1 - 1 / (9 * more) + z / (3 * np.sqrt(more))) ** 3
    return max(0.0, float(low / predicted)), float(high / predicted)


def calibration_level(low: float | None, high: float | None, factor: float) -> str | None:
    """drift where the interval lies beyond the factor either way, watch where it only leaves out 1; None where none is said."""
    if low is None or high is None:
        return None
    if low > factor or high < 1 / factor:
        return DRIFT
    return STEADY if low <= 1 <= high else WATCH


def _look(days: pl.DataFrame, horizon_days: int, settings: DriftSettings, looks: int) -> dict:
    """What some days say together, one of so many looks."""
    scored_on = days["scored_on"].to_list()
    windows = windows_apart(scored_on, horizon_days)[-1]
    sums = (days[name].sum() for name in ("accounts", "converted", "predicted"))
    return {
        "horizon_days": horizon_days,
        "scored_from": scored_on[0],
        "scored_on": scored_on[-1],
        "days": days.height,
        "windows": windows,
        "share_held": 1 - 0.05 / looks,
        **_ratio(*sums, windows / days.height, settings, looks),
    }


def _ratio(
    accounts: int, observed: int, predicted: float, share: float, settings, looks: int = 1
) -> dict:
    """Observed over predicted, its interval that of this share of the counts."""
    low, high = None, None
    if predicted > 0:
        low, high = byar_interval(observed * share, predicted * share, looks)
    return {
        "predicted_rate": predicted / accounts,
        "observed_rate": observed / accounts,
        "ratio": observed / predicted if predicted > 0 else None,
        "ratio_low": low,
        "ratio_high": high,
        "level": calibration_level(low, high, settings.calibration_factor),
    }
