"""Grades and tiers: limits by conversion on later data."""

import numpy as np
import polars as pl
import pytest

from models.grades import GRADES, TIERS, Grades, Limits, fix_grades
from models.settings import BandSettings

SETTINGS = BandSettings()


def later(chance, n=4000, seed=1) -> pl.DataFrame:
    """Rows whose conversion follows fit_score by `chance`, and does not follow readiness_score."""
    rng = np.random.default_rng(seed)
    score = rng.uniform(0, 100, n)
    return pl.DataFrame(
        {
            "fit_score": score,
            "readiness_score": rng.uniform(0, 100, n),
            "is_converted": rng.random(n) < chance(score / 100),
        }
    )


def test_limits_lie_where_conversion_is_a_multiple_of_the_base_rate():
    """Chances rise from 0 to 0.4, on average 0.2: one and a half times that at 75, once at 50, half at 25."""
    found = fix_grades(later(lambda x: 0.4 * x, n=20_000), SETTINGS)
    assert found.grade.starts == pytest.approx((75, 50, 25), abs=8)
    # what says nothing has one class, near the average
    tiers = set(found.tier.of(pl.Series(np.arange(101.0)), TIERS).to_list())
    assert 1 not in tiers and tiers <= {2, 3}


def test_classes_fall_with_the_score_and_are_null_where_it_is():
    grades = Grades(Limits((80.0, 50.0, 20.0)), Limits((90.0, None, 30.0)))
    found = grades.of(
        pl.Series([99.0, 80.0, 79.9, 20.0, 0.0, None]),
        pl.Series([95.0, 89.0, 30.0, 29.0, None, 1.0]),
    )
    assert found["grade"].to_list() == ["A", "A", "B", "C", "D", None]
    assert found["tier"].to_list() == [1, 3, 3, 4, None, 4]
    assert found["segment"].to_list() == ["A1", "A3", "B3", "C4", None, None]


def test_nobody_has_a_grade_that_no_score_earns():
    found = fix_grades(later(lambda x: 0.18 + 0.04 * x), SETTINGS)
    assert found.grade.starts[0] is None
    assert "A" not in found.grade.of(pl.Series([100.0, 0.0]), GRADES).to_list()


def test_a_handful_of_lucky_accounts_at_the_top_make_no_grade():
    rows = later(lambda x: np.full(len(x), 0.2))
    lucky = pl.col("fit_score").rank("ordinal", descending=True) <= 5
    rows = rows.with_columns(is_converted=pl.col("is_converted") | lucky)
    start = fix_grades(rows, SETTINGS).grade.starts[0]
    assert start is None or start < 95


def test_too_little_to_tell_says_nothing():
    few = later(lambda x: 0.4 * x, n=90)
    assert fix_grades(few, SETTINGS) == Grades()
    assert fix_grades(few.drop("fit_score", "readiness_score"), SETTINGS) == Grades()
    none = later(lambda x: np.zeros(len(x)))
    assert fix_grades(none, SETTINGS).of(pl.Series([1.0]), pl.Series([1.0])).row(0) == (
        None, None, None,
    )  # fmt: skip


def test_lifts_must_fall():
    with pytest.raises(ValueError, match="must fall"):
        BandSettings(grade_lifts=(1.0, 2.0, 0.5))
