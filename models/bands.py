"""Hot, warm or cold: from which score on an account is which, by conversion and by capacity.

Belongs here: the limits of the bands, how they are found, and giving bands. Does not belong here: the score (reference.py),
grades and tiers (grades.py), the limits of a scorecard, which a person sets (settings.py).

A limit is the higher of two, and fixed with the scoring model. Capacity: the score above which stands the share of the reference
population that people can work on. Conversion: the score from which on accounts of later data convert at a multiple of the base
rate, found as the limits of grades are. Of a good model the best tenth converts far above that, and capacity is what binds;
by capacity alone the best tenth of a weak model would be hot at the rate of everybody. Where accounts of no score convert that
often, nobody is in that band.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from models.grades import starts_by_conversion
from models.settings import BandSettings

NO_LATER_ROWS = "history is too short for later data"
TOO_FEW = "later data are too few, or of one outcome, to tell from which score on accounts convert"


@dataclass(frozen=True)
class Bands:
    """Scores from which an account is hot or warm; None: nobody is."""

    hot_from: float | None
    warm_from: float | None

    def of(self, score: np.ndarray) -> np.ndarray:
        """hot, warm or cold for each score."""
        warm_or_cold = np.where(_is_from(score, self.warm_from), "warm", "cold")
        return np.where(_is_from(score, self.hot_from), "hot", warm_or_cold)


@dataclass(frozen=True)
class FixedBands:
    """Bands and the JSON-ready report of how they came about.

    report: of `hot` and `warm` the limit (`from`, None: nobody), what set it (`set_by`), `by_capacity`, and with later data
    `by_conversion`, the `lift` asked for, and of the later rows in the band how many there are and their rate; beside them `rows`
    and `base_rate` of the later data, or `why_capacity_alone`.
    """

    bands: Bands
    report: dict


def fix_bands(settings: BandSettings, later: pl.DataFrame | None = None) -> FixedBands:
    """Limits by capacity, and by conversion on later rows with is_converted and score, where there are any.

    Raises ValueError if nobody is left cold.
    """
    capacity = _by_capacity(settings)
    if later is None:
        return _by_capacity_alone(capacity, NO_LATER_ROWS)
    score, y = later["score"].to_numpy(), later["is_converted"].cast(pl.Float64).to_numpy()
    lifts = (settings.hot_lift, settings.warm_lift)
    starts = starts_by_conversion(score, y, lifts)
    if not starts:
        return _by_capacity_alone(capacity, TOO_FEW)
    bands = Bands(*(_higher(*pair) for pair in zip(capacity, starts, strict=True)))
    report = {"rows": len(y), "base_rate": float(y.mean())}
    band = bands.of(score)
    limits = (bands.hot_from, bands.warm_from)
    for name, limit, cut, start, lift in zip(
        ("hot", "warm"), limits, capacity, starts, lifts, strict=True
    ):
        mine = y[band == name]
        report[name] = {
            "from": limit,
            "set_by": "capacity" if limit == cut else "conversion",
            "by_capacity": cut,
            "by_conversion": start,
            "lift": lift,
            "rows": len(mine),
            "rate": float(mine.mean()) if len(mine) else None,
        }
    return FixedBands(bands, report)


def _by_capacity(settings: BandSettings) -> tuple[float, float]:
    cold = 1.0 - settings.hot_share - settings.warm_share
    if cold <= 0:
        raise ValueError("bands: hot_share + warm_share must leave some accounts cold")
    return round(100 * (1 - settings.hot_share), 6), round(100 * cold, 6)


def _by_capacity_alone(capacity: tuple[float, float], why: str) -> FixedBands:
    said = {
        name: {"from": cut, "set_by": "capacity", "by_capacity": cut}
        for name, cut in zip(("hot", "warm"), capacity, strict=True)
    }
    return FixedBands(Bands(*capacity), said | {"why_capacity_alone": why})


def _higher(cut: float, start: float | None) -> float | None:
    return None if start is None else max(cut, start)


def _is_from(score: np.ndarray, limit: float | None) -> np.ndarray:
    return np.zeros(len(score), dtype=bool) if limit is None else score >= limit
