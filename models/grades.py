"""Grade A-D by fit and tier 1-4 by readiness: the matrix that sales and marketing know ("A1").

Belongs here: from which component score on a grade or tier is given, and giving it; from which score on accounts convert at a
multiple of the base rate. Does not belong here: the component scores (components.py), hot, warm and cold (bands.py).

The limits are found by conversion and fixed with the scoring model: on later data, from which score on do accounts convert at a
multiple of the base rate? The rate by score is an isotonic curve over equal-count bins, so that a handful of lucky accounts at
the top makes no grade. Where accounts of no score convert that often, nobody has that grade.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from models.settings import BandSettings

GRADES = ("A", "B", "C", "D")
TIERS = (1, 2, 3, 4)
# Fewer rows in a bin tell chance and not a rate.
LEAST_ROWS_A_BIN = 50
MOST_BINS = 20
STEPS = np.arange(0.0, 100.05, 0.1)


@dataclass(frozen=True)
class Limits:
    """Component score from which each class but the last is given, best first; None: nobody has it. Empty: nothing is known."""

    starts: tuple[float | None, ...] = ()

    def of(self, score: pl.Series, classes: tuple) -> pl.Series:
        """Class of each score; null where the score is, or where nothing can be said."""
        kind = pl.Series(classes).dtype
        if not self.starts:
            return pl.Series([None] * len(score), dtype=kind)
        found = pl.when(pl.col("score").is_null()).then(None)
        for start, name in zip(self.starts, classes, strict=False):
            if start is not None:
                found = found.when(pl.col("score") >= start).then(pl.lit(name))
        return pl.DataFrame({"score": score}).select(
            found.otherwise(pl.lit(classes[-1])).cast(kind)
        )[:, 0]


@dataclass(frozen=True)
class Grades:
    """Limits of both sides of the matrix."""

    grade: Limits = Limits()
    tier: Limits = Limits()

    def of(self, fit_score: pl.Series, readiness_score: pl.Series) -> pl.DataFrame:
        """grade (text), tier (number) and segment ("A1"); null where either cannot be said."""
        return pl.DataFrame(
            {
                "grade": self.grade.of(fit_score, GRADES),
                "tier": self.tier.of(readiness_score, TIERS).cast(pl.Int32),
            }
        ).with_columns(pl.concat_str("grade", pl.col("tier").cast(pl.String)).alias("segment"))


def fix_grades(later: pl.DataFrame, settings: BandSettings) -> Grades:
    """Limits found on later rows with is_converted, fit_score and readiness_score (either may be absent)."""
    return Grades(
        _limits(later, "fit_score", settings.grade_lifts),
        _limits(later, "readiness_score", settings.tier_lifts),
    )


def _limits(later: pl.DataFrame, name: str, lifts: tuple[float, ...]) -> Limits:
    if name not in later.columns:
        return Limits()
    known = later.filter(pl.col(name).is_not_null())
    y = known["is_converted"].cast(pl.Float64).to_numpy()
    return Limits(starts_by_conversion(known[name].to_numpy(), y, lifts))


def starts_by_conversion(
    score: np.ndarray, y: np.ndarray, lifts: tuple[float, ...]
) -> tuple[float | None, ...]:
    """Of each lift the score (0-100) from which on outcomes `y` are that multiple of their mean; None: they never are.

    Empty where they are too few, or all alike.
    """
    bins = min(MOST_BINS, len(y) // LEAST_ROWS_A_BIN)
    if bins < 2 or y.min() == y.max():
        return ()
    means = np.empty(len(score))
    for part in np.array_split(np.argsort(score, kind="stable"), bins):
        means[part] = score[part].mean()
    # takes seconds to import and only training needs it
    from sklearn.isotonic import IsotonicRegression

    curve = IsotonicRegression(out_of_bounds="clip").fit(means, y)
    steps = STEPS[(STEPS >= means.min()) & (STEPS <= means.max())]
    rates = curve.predict(steps)
    # a flat curve is the mean, which its sums may miss by a last digit
    least = (1 - 1e-9) * y.mean()
    return tuple(_first(steps, rates >= lift * least) for lift in lifts)


def _first(steps: np.ndarray, is_enough: np.ndarray) -> float | None:
    """The first step from which on it is enough; 0 where it is from the start, None where it never is."""
    if not is_enough.any():
        return None
    place = int(is_enough.argmax())
    return 0.0 if place == 0 else round(float(steps[place]), 1)
