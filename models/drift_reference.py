"""The population that later days are held against, fixed with the scoring model.

Belongs here: bins of its score and features, and how far each moved by itself while the model learnt. Does not belong here:
the formula (psi.py), what is said of a later day (drift.py).

A feature has a course of its own: days since something only grow, markets have seasons. How far each moved between the days that
the model learnt from is known; what stays within the widest of these moves is nothing that the model has not met.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

import numpy as np
import polars as pl

from models.encoding import numbers
from models.feature import Feature
from models.psi import psi

SCORE = "score"
# Bins of a number (tenths of the reference), and most levels of a category that have one of their own.
BINS = 10
# Days that the model learnt from are asked so far back how much a feature moves by itself: a year holds each season.
OWN_COURSE = timedelta(days=366)
# A feature whose values have moved by a standard deviation (PSI 1) counts in full: the rest would only say how empty a bin got.
COUNTS_IN_FULL = 1.0


@dataclass(frozen=True)
class Bins:
    """One feature, or the score: its bins and how many accounts of the reference were in each, the last one without a value.

    A number is in the first bin whose edge it does not exceed, else in the last; a category has a bin a level and one for all
    others. `weight` is the feature's share of the model's gain, `own_course` the widest PSI among the days learnt from (None
    with a single day).
    """

    name: str
    family: str | None
    weight: float
    edges: tuple[float, ...]
    levels: tuple[str, ...]
    counts: tuple[int, ...] = ()
    own_course: float | None = None

    def count(self, values: pl.Series) -> np.ndarray:
        """How many of these values are in each bin."""
        if self.levels:
            others = len(self.levels)
            codes = {level: place for place, level in enumerate(self.levels)}
            place = (
                values.cast(pl.String)
                .replace_strict(codes, default=others, return_dtype=pl.Int64)
                .to_numpy()
            )
            place = np.where(values.is_null().to_numpy(), others + 1, place)
            return np.bincount(place, minlength=others + 2)
        found = numbers(values)
        place = np.searchsorted(self.edges, found, side="left")
        place[np.isnan(found)] = len(self.edges) + 1
        return np.bincount(place, minlength=len(self.edges) + 2)

    def say(self, place: int) -> str:
        """The accounts of a bin in words."""
        if place == len(self.counts) - 1:
            return "without a value"
        if self.levels:
            return f"{self.levels[place]}" if place < len(self.levels) else "other values"
        if place == 0:
            return f"up to {self.edges[0]:,.4g}"
        low = f"above {self.edges[place - 1]:,.4g}"
        return low if place == len(self.edges) else f"{low} up to {self.edges[place]:,.4g}"


@dataclass(frozen=True)
class DriftReference:
    """The accounts of the newest day that a model learnt from, binned: the score first, then each feature.

    `own_course` is the widest weighted PSI of all features among the days learnt from.
    """

    bins: tuple[Bins, ...]
    own_course: float | None = None

    @property
    def names(self) -> list[str]:
        """Columns that a day must have: score and features."""
        return [one.name for one in self.bins]

    def to_json(self) -> str:
        """As it is stored beside the scoring model."""
        return json.dumps(asdict(self), indent=1)

    @staticmethod
    def from_json(text: str) -> DriftReference:
        """What `to_json` wrote."""
        content = json.loads(text)
        bins = [
            {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
            for row in content["bins"]
        ]
        return DriftReference(tuple(Bins(**row) for row in bins), content["own_course"])


def fix_drift_reference(
    rows: pl.DataFrame, features: Mapping[str, Feature], importance: Mapping[str, float]
) -> DriftReference:
    """The reference: bins and counts of the newest as-of day of `rows` (as_of_date, score, features), own course by earlier days.

    What all accounts have alike on that day (the heat of the market) is left out: it says nothing of how accounts are spread.
    `importance` are shares of the model's gain by feature.
    """
    day = rows["as_of_date"].max()
    population = rows.filter(pl.col("as_of_date") == day)
    bins = [_fit(population[SCORE], SCORE, None, 0.0)]
    for name, feature in features.items():
        if population[name].drop_nulls().n_unique() > 1:
            is_category = feature.kind == "category"
            bins.append(
                _fit(population[name], name, feature.family, importance.get(name, 0.0), is_category)
            )
    earlier = rows.filter((pl.col("as_of_date") < day) & (pl.col("as_of_date") >= day - OWN_COURSE))
    moved = [_psi_of(bins, part) for part in earlier.partition_by("as_of_date")]
    if not moved:
        return DriftReference(tuple(bins))
    known = tuple(
        replace(one, own_course=float(widest))
        for one, widest in zip(bins, np.max(moved, axis=0), strict=True)
    )
    return DriftReference(known, max(_weighted(known, values) for values in moved))


def _fit(
    values: pl.Series, name: str, family: str | None, weight: float, is_category: bool = False
) -> Bins:
    edges, levels = (), ()
    if is_category:
        counted = values.drop_nulls().cast(pl.String).value_counts().rows()
        levels = tuple(
            level for level, _ in sorted(counted, key=lambda one: (-one[1], one[0]))[:BINS]
        )
    else:
        known = numbers(values)
        edges = _edges(known[~np.isnan(known)])
    bins = Bins(name, family, weight, edges, levels)
    return replace(bins, counts=tuple(bins.count(values).tolist()))


def _edges(values: np.ndarray) -> tuple[float, ...]:
    """Upper ends of all bins but the last. Values that more than a tenth of accounts have (most often 0) are bins of their own,
    else what happens to the others, however few they are, would not be seen; the others are cut into equal parts.
    """
    distinct, counts = np.unique(values, return_counts=True)
    is_heavy = counts > len(values) / BINS
    heavy, others = distinct[is_heavy], values[~np.isin(values, distinct[is_heavy])]
    below = distinct[np.flatnonzero(is_heavy) - 1][np.flatnonzero(is_heavy) > 0]
    parts = max(2, BINS - len(heavy))
    shares = np.linspace(0, 1, parts + 1)[1:-1]
    cuts = np.quantile(others, shares, method="inverted_cdf") if len(others) else []
    return tuple(np.unique(np.concatenate([heavy, below, cuts])).tolist())


def _psi_of(bins: list[Bins], day: pl.DataFrame) -> np.ndarray:
    return np.array([psi(one.count(day[one.name]), np.array(one.counts)) for one in bins])


def _weighted(bins: tuple[Bins, ...], values: np.ndarray) -> float:
    return float(
        sum(
            one.weight * min(value, COUNTS_IN_FULL) for one, value in zip(bins, values, strict=True)
        )
    )
