"""Values of a column that stand beside one outcome alone, as what is written down once the outcome is known does.

Belongs here: which values are looked at, and when that many beside one outcome are no chance and no mere kind. Does not belong
here: the other rules about columns, and what follows from a suspicion (guards.py, promotion.py).

The outcome that is missing beside a value is held against how often it is there otherwise: where 98 of 100 renew, nearly all rows
of any region do. And a value that is something (a sum, a reason, a flag that is set) is told from one that is nothing (0, "-",
false): that nobody without a meeting buys is a fact, that everyone with a reason for the loss was lost is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

# Rows of a value before it is said of it that it stands beside one outcome only, and how far it may miss that.
LEAST_ROWS, ONE_OUTCOME = 20, 0.98
# How rare it may be by chance that so few of these have the other outcome, and which part of the usual that may be at most.
CHANCE, PART_OF_USUAL = 1e-6, 0.1
# A kind (a level, a flag) may well lack an outcome that fewer have, and may well never buy; but it is hardly half of all losses.
RARE_OUTCOME, MOST_OF_ALL = 0.1, 0.5
MOST_LEVELS = 200
# Texts that stand for no value at all, and those that stand for nothing or for no.
PLACEHOLDERS = frozenset({"", "-", "--", "—", "–", ".", "?", "n/a", "#n/a", "null", "nan"})
NOTHING = PLACEHOLDERS | {"0", "0.0", "false", "no", "n", "none", "na", "unknown", "not set"}
# A number or flag that is set beside this share of conversions at least, and for this share of them.
NEARLY_ALL, NEARLY_PRESENCE = 0.9, 0.65


@dataclass(frozen=True)
class _Value:
    """Rows with a value, its words, whether it is a kind, and whether it is something where else there is mostly nothing."""

    here: np.ndarray
    words: str
    is_kind: bool = False
    is_set: bool = True


def present(values: pl.Series) -> np.ndarray:
    """Which rows have a value: neither null nor a text that stands for none."""
    known = values.is_not_null()
    if values.dtype == pl.String:
        known &= ~values.str.strip_chars().str.to_lowercase().is_in(list(PLACEHOLDERS)).fill_null(
            False
        )
    return known.to_numpy()


def beside_one_outcome(values: pl.Series, y: np.ndarray, group: np.ndarray) -> str | None:
    """In words, values that hardly any row has but those of one outcome; rows of one `group` count once."""
    for value in _unusual(values):
        rows, hits = int(value.here.sum()), float(y[value.here].sum())
        different = len(np.unique(group[value.here])) if rows >= LEAST_ROWS else 0
        if different < LEAST_ROWS:
            continue
        if _has_hardly(rows - hits, 1 - y.mean(), rows, different, value.is_kind):
            return f"{value.words} appears beside conversions alone: {int(hits):,} of {rows:,} rows, {y.mean():.1%} of all"
        # a kind of companies may well never buy; a date or a number is not a kind
        if value.is_kind and not (value.is_set and rows - hits >= MOST_OF_ALL * (1 - y).sum()):
            continue
        if hits <= (1 - ONE_OUTCOME) * y.mean() * rows and y.mean() * different >= LEAST_ROWS:
            return f"{value.words} hardly ever appears beside a conversion: {int(hits):,} of {rows:,} rows, {y.mean():.1%} of all"
    return None


def nearly_beside_conversions(values: pl.Series, y: np.ndarray, group: np.ndarray) -> str | None:
    """In words, a number or flag whose being set nearly says that it converted: written down afterwards, or an honest sign
    that is strong. Which of both the rows do not tell, so that it refuses nothing.
    """
    if not (values.dtype.is_numeric() or values.dtype == pl.Boolean) or y.mean() > 0.5:
        return None
    some = (values.cast(pl.Float64).fill_null(0.0) != 0).to_numpy()
    rows = int(some.sum())
    if len(np.unique(group[some])) < LEAST_ROWS or y[some].mean() < NEARLY_ALL:
        return None
    if (1 + some[y > 0].mean() - some[y == 0].mean()) / 2 < NEARLY_PRESENCE:
        return None
    return (
        f"a value other than 0 nearly says that it converted: {int(y[some].sum()):,} of {rows:,} rows, "
        f"{y[~some].mean():.1%} of the others"
    )


def _has_hardly(seen: float, share: float, rows: int, different: int, is_kind: bool) -> bool:
    """Whether an outcome that `share` of all rows have is missing beside a value but for `seen` rows, and not by chance."""
    if is_kind and share < RARE_OUTCOME:
        return False
    # what is rare anyway is seldom beside any good sign: of that hardly any may be left
    part = PART_OF_USUAL if share >= RARE_OUTCOME else 1 - ONE_OUTCOME
    if seen > min(1 - ONE_OUTCOME, part * share) * rows:
        return False
    # only trainings need it
    from scipy.special import bdtr

    return bool(bdtr(np.floor(seen * different / rows), different, share) < CHANCE)


def _unusual(values: pl.Series) -> Iterator[_Value]:
    """What is not the usual: a value at all, one other than the most frequent, each level of a text."""
    known = present(values)
    if not known.any():
        return
    if known.sum() <= len(values) / 2:
        yield _Value(known, "a value")
    if values.dtype.is_numeric() or values.dtype == pl.Boolean:
        yield from _other_than_usual(values.cast(pl.Float64).to_numpy(), known)
    if values.dtype == pl.String and values.n_unique() <= MOST_LEVELS:
        counts = values.drop_nulls().value_counts(name="rows").rows()
        most = max(rows for _, rows in counts)
        for level, rows in sorted(counts):
            is_set = rows < most and level.strip().lower() not in NOTHING
            here = (values == level).fill_null(False).to_numpy()
            yield _Value(here, repr(level), is_kind=True, is_set=is_set)


def _other_than_usual(numbers: np.ndarray, known: np.ndarray) -> Iterator[_Value]:
    different, rows = np.unique(numbers[known], return_counts=True)
    usual = different[rows.argmax()]
    if rows.max() > known.sum() / 2:
        # of two values the other is a kind, like a level
        is_kind, is_set = len(different) == 2, usual == 0
        yield _Value(known & (numbers != usual), f"a value other than {usual:g}", is_kind, is_set)
