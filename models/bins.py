"""Cuts a feature into segments that people would name: round numbers, kinds, and what is not on record.

Belongs here: where segments begin, which row falls into which, how one is said. Does not belong here: outcomes, and what is
counted in a segment (segments.py, icp.py).

Segments are found without a look at outcomes: cut where rates differ most, a segment's rate would flatter itself, and its
interval would not hold what it promises (docs/decisions/0013-learnt-weights.md).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from models.encoding import numbers
from models.feature import Feature
from models.settings import DealWords
from models.wording import format_range, one_or_several

# Fewer accounts than this are no segment of their own.
LEAST_IN_SEGMENT = 30
# Where numbers are cut, as shares of the rows; where the lowest value (mostly: none) is that usual, it stands apart and the
# others are cut in three.
CUTS, CUTS_OF_OTHERS, USUAL = (0.2, 0.4, 0.6, 0.8), (0.0, 1 / 3, 2 / 3), 0.3
# A cut may move so far to reach a round number.
SLACK = 0.06
MOST_LEVELS = 30
DAYS = (3650.0, 1825.0, 365.0, 90.0, 30.0, 7.0, 1.0)
ROUND = tuple(digit * 10.0**power for power in range(12, -3, -1) for digit in (5, 2, 1))
# What the words of a unit can still tell apart; of all others a whole one.
FINEST = {"count": 0.1, "ratio": 0.1, "rate": 0.01, "share": 0.01}
OTHER = "any other"


@dataclass(frozen=True)
class Segmentation:
    """Segments of a feature, numbered from 0.

    Numbers: segment k holds edges[k-1] <= value < edges[k]; `lowest` and `highest` are the ends of what was seen. Categories:
    one a level, then all others. What is not on record comes last, unless its absence must not be learnt from.
    """

    feature: Feature
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    lowest: float = np.nan
    highest: float = np.nan
    is_whole: bool = False

    @property
    def known(self) -> int:
        """Number of segments of known values."""
        return len(self.levels) + 1 if self.feature.kind == "category" else len(self.edges) + 1

    @property
    def count(self) -> int:
        """Number of segments."""
        return self.known + 1

    def is_missing(self, place: int) -> bool:
        """Whether the segment is that of values not on record."""
        return place == self.known

    def is_other(self, place: int) -> bool:
        """Whether the segment holds what is left of rare categories."""
        return self.feature.kind == "category" and place == len(self.levels)

    def kind_of_company(self, place: int) -> str | None:
        """A category of companies ("Financial Services"), which needs no more words; None for all else."""
        is_kind = self.feature.family == "fit" and place < len(self.levels)
        return self.levels[place] if is_kind else None

    def places(self, series: pl.Series) -> np.ndarray:
        """Segment of each row; -1 where a value is absent whose absence must not be learnt from."""
        if self.feature.kind == "category":
            codes = {level: place for place, level in enumerate(self.levels)}
            found = series.cast(pl.String)
            coded = found.replace_strict(codes, default=len(codes), return_dtype=pl.Int64)
            absent, place = found.is_null().to_numpy(), coded.fill_null(-1).to_numpy()
        else:
            values = numbers(series)
            absent, place = np.isnan(values), np.searchsorted(self.edges, values, side="right")
        nothing_said = -1 if self.feature.source_kind == "snapshot" else self.known
        return np.where(absent, nothing_said, place)

    def ends(self, first: int, last: int | None = None) -> tuple[float | None, float | None]:
        """From which value on (inclusive) and below which (exclusive) these segments of numbers hold; None is no end."""
        last = first if last is None else last
        if self.feature.kind == "category" or self.is_missing(first):
            return None, None
        low = self.edges[first - 1] if first > 0 else None
        return low, self.edges[last] if last < len(self.edges) else None

    def say(self, words: DealWords, first: int, last: int | None = None) -> str:
        """A segment in the feature's words; with `last` all segments of numbers from `first` to `last` as one."""
        feature, deals = self.feature, words.plural
        if self.is_missing(first):
            return feature.say(None, words.singular, deals)
        if feature.kind == "category":
            level = OTHER if self.is_other(first) else self.levels[first]
            return feature.words.format(value=level, deal=words.singular, deals=deals)
        low, high = self.ends(first, last)
        least = self.lowest if low is None else low
        most = self.highest if high is None else high - self.is_whole
        if least == most:
            return feature.say(least, words.singular, deals)
        if low is None and high is None:
            low, high = least, most
        is_counted = (
            self.is_whole and feature.unit != "days" and low is not None and high is not None
        )
        text = format_range(low, most if is_counted else high, feature.unit)
        return one_or_several(feature.words, 2).format(value=text, deal=words.singular, deals=deals)


def find_bins(rows: pl.DataFrame, features: Iterable[Feature]) -> list[Segmentation]:
    """Segments of each feature that `rows` (account_id, features) fall into; a feature with one segment alone has none."""
    accounts = rows["account_id"].rank("dense").to_numpy()
    cut = [_bins_of(rows[feature.name], accounts, feature) for feature in features]
    # -1 is no segment
    held = (np.unique(bins.places(rows[bins.feature.name])) for bins in cut)
    return [bins for bins, places in zip(cut, held, strict=True) if (places >= 0).sum() > 1]


def _bins_of(series: pl.Series, accounts: np.ndarray, feature: Feature) -> Segmentation:
    if feature.kind == "category":
        return Segmentation(feature, levels=_levels(series, accounts))
    values = numbers(series)
    known = np.isfinite(values)
    values, accounts = values[known], accounts[known]
    if not len(values):
        return Segmentation(feature)
    is_whole = bool((values == np.round(values)).all())
    edges = _cut(values, feature.unit, is_whole)
    edges = _of_enough_accounts(edges, values, accounts)
    return Segmentation(feature, edges, (), float(values.min()), float(values.max()), is_whole)


def _levels(series: pl.Series, accounts: np.ndarray) -> tuple[str, ...]:
    """Categories of enough accounts, the most frequent ones, by name."""
    table = pl.DataFrame({"level": series.cast(pl.String), "account": accounts}).drop_nulls()
    counted = table.group_by("level").agg(pl.col("account").n_unique())
    kept = counted.filter(pl.col("account") >= LEAST_IN_SEGMENT)
    return tuple(sorted(kept.sort("account", "level")["level"].tail(MOST_LEVELS).to_list()))


def _cut(values: np.ndarray, unit: str, is_whole: bool) -> tuple[float, ...]:
    """Round numbers at which to cut, rising, each above the lowest value."""
    finest = 1.0 if is_whole else FINEST.get(unit, 1.0)
    steps = [step for step in (DAYS if unit == "days" else ROUND) if step >= finest]
    lowest, shares = values.min(), CUTS
    if np.mean(values == lowest) > USUAL:
        values, shares = values[values > lowest], CUTS_OF_OTHERS
    if not len(values):
        return ()
    near = [np.clip((share - SLACK, share + SLACK), 0, 1) for share in shares]
    ends = np.quantile(values, near, method="inverted_cdf")
    found = {round_number(max(low, lowest + finest), high, steps) for low, high in ends}
    return tuple(sorted(found - {None}))


def round_number(low: float, high: float, steps: Iterable[float]) -> float | None:
    """The roundest number from low to high: the least multiple of the largest step that has one there; None without one."""
    for step in steps:
        # divided and multiplied, 0.1 leaves a rest in the last digits
        multiple = float(f"{np.ceil(round(low / step, 9)) * step + 0.0:.12g}")
        if low <= multiple <= high:
            return multiple
    return None


def _of_enough_accounts(edges, values: np.ndarray, accounts: np.ndarray) -> tuple[float, ...]:
    """The edges without those that part off too few accounts."""
    edges, size = list(edges), int(accounts.max()) + 1
    while edges:
        pairs = np.unique(np.searchsorted(edges, values, side="right") * size + accounts)
        held = np.bincount(pairs // size, minlength=len(edges) + 1)
        smallest = int(held.argmin())
        if held[smallest] >= LEAST_IN_SEGMENT:
            break
        del edges[min(smallest, len(edges) - 1)]
    return tuple(edges)
