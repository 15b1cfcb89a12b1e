"""Outcomes at several horizons, and probabilities that hang together."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calibration import expit
from models.encoding import ContractError
from models.horizons import (
    at_risk,
    chained_contributions,
    coherent,
    cumulative,
    expected_days_to_close,
    labelled,
    previous,
)

# horizon_days, is_converted, days_to_conversion of five accounts
ROWS = pl.DataFrame(
    {
        "account_id": ["soon", "later", "last", "never", "fresh"],
        "as_of_date": [date(2020, 1, 1)] * 5,
        "horizon_days": [180, 180, 180, 180, 30],
        "is_converted": [True, True, True, False, False],
        "days_to_conversion": [30, 31, 180, None, None],
    }
)
chances = st.lists(st.floats(1e-5, 1 - 1e-5), min_size=4, max_size=4).map(np.array)


def won(rows) -> list[str]:
    return rows.filter(pl.col("is_converted"))["account_id"].to_list()


def test_a_row_says_what_happened_within_each_horizon_that_has_closed():
    assert labelled(ROWS, 30)["account_id"].to_list() == ROWS["account_id"].to_list()
    assert [won(labelled(ROWS, h)) for h in (30, 90, 180)] == [
        ["soon"], ["soon", "later"], ["soon", "later", "last"],
    ]  # fmt: skip
    assert "fresh" not in labelled(ROWS, 90)["account_id"]
    assert set(labelled(ROWS, 90)["horizon_days"]) == {90}


def test_at_risk_are_those_that_had_not_converted_before():
    assert at_risk(ROWS, 30, 0).equals(labelled(ROWS, 30))
    assert at_risk(ROWS, 90, 30)["account_id"].to_list() == ["later", "last", "never"]
    assert won(at_risk(ROWS, 90, 30)) == ["later"]
    assert won(at_risk(ROWS, 180, 90)) == ["last"]
    assert [previous([30, 90, 180], h) for h in (30, 90, 180)] == [0, 30, 90]


def test_rows_of_one_horizon_need_no_day_of_conversion():
    plain = ROWS.filter(pl.col("horizon_days") == 180).drop("days_to_conversion")
    assert labelled(plain, 180).equals(plain)
    with pytest.raises(ContractError, match="days_to_conversion"):
        labelled(plain, 90)


@given(chances, chances, chances)
def test_what_a_chain_gives_never_falls_with_the_horizon(a, b, c):
    found = cumulative({180: c, 30: a, 90: b})
    assert list(found) == [30, 90, 180]
    assert np.all(found[30] <= found[90]) and np.all(found[90] <= found[180])
    assert found[180] == pytest.approx(1 - (1 - a) * (1 - b) * (1 - c))
    assert np.array_equal(found[30], a)


@given(chances, chances, chances)
def test_calibrated_horizons_are_held_together_and_the_primary_never_moves(a, b, c):
    found = coherent({30: a, 90: b, 180: c}, primary=90)
    assert np.array_equal(found[90], b)
    assert np.array_equal(found[30], np.minimum(a, b))
    assert np.array_equal(found[180], np.maximum(c, b))


def test_days_to_close_lie_between_the_middles_of_the_horizons():
    p = {30: np.array([0.2, 0.0, 0.1]), 90: np.array([0.2, 0.3, 0.2])}
    assert expected_days_to_close(p) == pytest.approx([15, 60, 37.5])
    assert expected_days_to_close({90: np.array([0.2])}) is None


@given(st.integers(1, 4), st.integers(0, 2**31))
def test_contributions_of_a_chain_sum_to_its_log_odds(parts, seed):
    generator = np.random.default_rng(seed)
    made = [generator.normal(-1, 1, (5, 4)) for _ in range(parts)]
    found = chained_contributions(made)
    q = {place: expit(part.sum(axis=1)) for place, part in enumerate(made)}
    whole = cumulative(q)[parts - 1]
    # not log_odds(), which keeps probabilities away from 0 and 1
    assert found.sum(axis=1) == pytest.approx(np.log(whole) - np.log1p(-whole), abs=1e-6)


def test_the_base_of_a_chain_is_where_an_account_without_contributions_stands():
    base = np.array([-3.0, -2.0])
    made = [np.column_stack([np.array([0.0, 1.5]), np.array([0.0, -0.5]), [b, b]]) for b in base]
    found = chained_contributions(made)
    assert found[0, -1] == pytest.approx(found[1, -1], abs=1e-9)
    assert found[0, :2].tolist() == [0.0, 0.0]
    assert found[1, 0] > 0 > found[1, 1]


def test_what_one_part_alone_says_counts_with_its_weight():
    """A part with next to no chance adds next to nothing to the whole."""
    rare = np.array([[2.0, -12.0]])
    common = np.array([[0.0, -1.0]])
    assert chained_contributions([rare, common])[0, 0] < 1e-3
    assert chained_contributions([common, np.array([[2.0, -1.0]])])[0, 0] > 0.5
