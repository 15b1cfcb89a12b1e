"""Population stability: how far the accounts of a day have moved from those that the scoring model's scores compare with.

Belongs here: the reference that is fixed with a scoring model, the population stability index (PSI) of a day's features and
scores against it, and how far it moves by itself. Does not belong here: outcomes (calibration_drift.py), what follows
(early_training.py).

PSI is the sum over bins of (a - r) ln(a / r), a and r the shares of a bin's accounts now and in the reference: the divergence
of Jeffreys (1946), in credit scoring since Lewis (1994), where 0.1 and 0.25 are the customary limits. A normal distribution
shifted by d standard deviations has d squared: 0.25 is half of one, 1 a whole one. Two things move it that are no drift:

- Chance. For two samples of n and m rows of one population PSI is about (1/n + 1/m) times chi-squared with (bins - 1) degrees
  of freedom (Yurdakul and Naranjo 2020), so its mean is (bins - 1)(1/n + 1/m); what is below its 95th percentile says nothing.
- A feature's own course: days since something only grow, markets have seasons. How far each feature moved between the days
  that the model learnt from is known: what stays within the widest of these moves is nothing that the model has not met.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

import numpy as np
import polars as pl

from models.encoding import numbers
from models.feature import Feature
from models.settings import DriftSettings

SCORE, ALL_FEATURES = "score", "all features"
STEADY, WATCH, DRIFT = "steady", "watch", "drift"
# Bins of a number (tenths of the reference), and most levels of a category that have one of their own.
BINS = 10
# Days that the model learnt from are asked so far back how much a feature moves by itself: a year holds each season.
OWN_COURSE = timedelta(days=366)
# A feature whose values have moved by a standard deviation (PSI 1) counts in full: the rest would only say how empty a bin got.
COUNTS_IN_FULL = 1.0
NAMED = 3
COLUMNS = {
    "as_of_date": pl.Date, "name": pl.String, "kind": pl.String, "family": pl.String, "weight": pl.Float64, "psi": pl.Float64,
    "psi_limit_by_chance": pl.Float64, "psi_own_course": pl.Float64, "share_missing": pl.Float64,
    "share_missing_reference": pl.Float64, "level": pl.String, "words": pl.String,
}  # fmt: skip


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


def drift_of_day(
    day: pl.DataFrame, reference: DriftReference, settings: DriftSettings
) -> pl.DataFrame:
    """How far one day's accounts (as_of_date, score, features) are from the reference: columns as in COLUMNS.

    One row the score, one all features together (their PSI weighted by the model's gain), one each feature. The level is `watch`
    or `drift` where PSI reaches that limit of the settings and lies beyond chance and the own course. Raises ValueError unless
    the rows are of one day.
    """
    if day["as_of_date"].n_unique() != 1:
        raise ValueError(f"drift is said of one day, not of {day['as_of_date'].n_unique()}")
    said = [_said(one, one.count(day[one.name]), settings) for one in reference.bins]
    score, features = said[0], said[1:]
    whole = [_together(features, reference, settings)] if features else []
    rows = [row | {"as_of_date": day["as_of_date"][0]} for row in (score, *whole, *features)]
    return pl.DataFrame(rows, schema=COLUMNS)


def psi(counts: np.ndarray, reference: np.ndarray) -> float:
    """Population stability index of counts by bin. Half a row is added to each bin, so that an empty one has a logarithm."""
    a = (counts + 0.5) / (np.sum(counts) + 0.5 * len(counts))
    r = (reference + 0.5) / (np.sum(reference) + 0.5 * len(reference))
    return float(np.sum((a - r) * np.log(a / r)))


def psi_limit_by_chance(counts: np.ndarray, reference: np.ndarray) -> float:
    """95th percentile of PSI between two samples of one population, as large as these. Bins that are empty in both do not count.

    Chi-squared by Wilson and Hilferty (1931).
    """
    free = int(np.sum((np.asarray(counts) + np.asarray(reference)) > 0)) - 1
    if free < 1:
        return 0.0
    step = 2 / (9 * free)
    chi_squared = free * (1 - step + 1.644854 * np.sqrt(step)) ** 3
    return float(chi_squared * (1 / np.sum(counts) + 1 / np.sum(reference)))


def level_of(
    value: float, by_chance: float, own_course: float | None, settings: DriftSettings
) -> str:
    """steady, watch or drift."""
    if value <= max(by_chance, own_course or 0.0) or value < settings.watch_psi:
        return STEADY
    return DRIFT if value >= settings.drift_psi else WATCH


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


def _said(bins: Bins, counts: np.ndarray, settings: DriftSettings) -> dict:
    before = np.array(bins.counts)
    value, by_chance = psi(counts, before), psi_limit_by_chance(counts, before)
    level = level_of(value, by_chance, bins.own_course, settings)
    shares, shares_before = counts / counts.sum(), before / before.sum()
    # the bin that adds most
    place = int(
        np.argmax(
            (shares - shares_before)
            * np.log((counts + 0.5) / (before + 0.5) * before.sum() / counts.sum())
        )
    )
    moved = f"{bins.say(place)}: {shares[place]:.0%} of accounts, {shares_before[place]:.0%} in the reference"
    return {
        "name": bins.name,
        "kind": "score" if bins.family is None else "feature",
        "family": bins.family,
        "weight": None if bins.family is None else bins.weight,
        "psi": value,
        "psi_limit_by_chance": by_chance,
        "psi_own_course": bins.own_course,
        "share_missing": float(shares[-1]),
        "share_missing_reference": float(shares_before[-1]),
        "level": level,
        "words": None if level == STEADY else moved,
    }


def _together(features: list[dict], reference: DriftReference, settings: DriftSettings) -> dict:
    def weighted(column: str) -> float:
        return sum(row["weight"] * min(row[column], COUNTS_IN_FULL) for row in features)

    # If all features moved as one, their limits would add up like this; as they do not, it is rather too wide.
    value, by_chance = weighted("psi"), weighted("psi_limit_by_chance")
    level = level_of(value, by_chance, reference.own_course, settings)
    return {
        "name": ALL_FEATURES,
        "kind": "features",
        "weight": sum(row["weight"] for row in features),
        "psi": value,
        "psi_limit_by_chance": by_chance,
        "psi_own_course": reference.own_course,
        "level": level,
        "words": None if level == STEADY else f"most by {', '.join(strongest(features))}",
    }


def strongest(features: list[dict]) -> Iterator[str]:
    """Names of the features that move the whole most, of those that are not steady; rows as of `drift_of_day`."""
    moved = [row for row in features if row["level"] != STEADY and row["weight"]]
    moved.sort(key=lambda row: (-row["weight"] * min(row["psi"], COUNTS_IN_FULL), row["name"]))
    return (row["name"] for row in moved[:NAMED])
