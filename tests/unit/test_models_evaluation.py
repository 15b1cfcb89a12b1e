import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from models.evaluation import calibration_error, compare, evaluate, reliability, wilson
from models.ranking import Order, lift_top

KEYS = {
    "n", "positives", "auc", "auc_low", "auc_high", "pr_auc", "brier", "brier_base", "log_loss",
    "lift_top_decile", "lift_low", "lift_high", "ece",
    "calibration_slope", "calibration_intercept",
    "observed_over_predicted", "observed_over_predicted_low", "observed_over_predicted_high",
    "brier_over_base", "brier_over_base_low", "brier_over_base_high",
}  # fmt: skip


def sample(n=800, seed=1, decimals=2):
    generator = np.random.default_rng(seed)
    p = np.round(generator.beta(2, 5, n), decimals)
    return (generator.random(n) < p).astype(float), p, generator.integers(0, n // 2, n)


def test_measures_agree_with_scikit_learn_with_many_ties():
    y, p, groups = sample(decimals=1)
    found = evaluate(y, p, groups, seed=1, n_boot=20)
    assert set(found) == KEYS
    assert found["auc"] == pytest.approx(roc_auc_score(y, p), abs=1e-12)
    assert found["pr_auc"] == pytest.approx(average_precision_score(y, p), abs=1e-12)
    assert found["brier"] == pytest.approx(np.mean((y - p) ** 2))
    assert found["brier_base"] == pytest.approx(np.mean((y - y.mean()) ** 2))
    assert found["auc_low"] <= found["auc"] <= found["auc_high"]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_row_order_changes_nothing(seed):
    y, p, groups = sample(n=120, seed=2, decimals=1)
    places = np.random.default_rng(seed).permutation(len(y))
    whole = evaluate(y, p, groups, 1, 20)
    shuffled = evaluate(y[places], p[places], groups[places], 1, 20)
    assert whole == pytest.approx(shuffled)


def test_lift_of_equal_scores_is_one():
    y = np.array([1, 0] * 50, dtype=float)
    grouped = Order.of(y, np.full(100, 0.3)).grouped(np.ones(100))
    assert lift_top(*grouped)[0] == pytest.approx(1.0)


def test_lift_counts_the_expected_rate_where_the_edge_cuts_a_tie():
    # the tenth row of 100 falls into a tie of 10 rows with 5 positives
    scores = np.r_[np.full(5, 0.9), np.full(10, 0.8), np.full(85, 0.1)]
    y = np.r_[np.ones(5), np.tile([1.0, 0.0], 5), np.zeros(85)]
    grouped = Order.of(y, scores).grouped(np.ones(100))
    assert lift_top(*grouped)[0] == pytest.approx((5 + 2.5) / 10 / 0.10)


def test_weights_count_rows_several_times():
    y, p, _ = sample(n=60)
    weights = np.random.default_rng(3).integers(0, 4, 60).astype(float)
    repeated = np.repeat(np.arange(60), weights.astype(int))
    weighted = lift_top(*Order.of(y, p).grouped(weights))[0]
    longhand = Order.of(y[repeated], p[repeated])
    assert weighted == pytest.approx(lift_top(*longhand.grouped(np.ones(len(repeated))))[0])


def test_intervals_are_wider_when_rows_repeat_an_account():
    y, p, _ = sample(n=400)
    alone = evaluate(y, p, np.arange(400), 1, 300)
    five = [np.tile(values, 5) for values in (y, p, np.arange(400))]
    repeated = evaluate(*five, 1, 300)
    width = [found["auc_high"] - found["auc_low"] for found in (alone, repeated)]
    assert width[1] == pytest.approx(width[0], rel=0.15)


def test_perfect_calibration_error_is_zero_and_a_shift_is_its_size():
    p = np.repeat(np.linspace(0.05, 0.95, 10), 100)
    y = np.concatenate([np.r_[np.ones(k), np.zeros(100 - k)] for k in range(5, 100, 10)])
    assert calibration_error(y, p) == pytest.approx(0, abs=1e-12)
    assert calibration_error(y, p - 0.03) == pytest.approx(0.03)


def test_reliability_bins_hold_equal_counts_and_their_intervals_the_rate():
    y, p, _ = sample()
    table = reliability(y, p)
    assert [row["n"] for row in table] == [80] * 10
    assert all(row["observed_low"] <= row["observed_rate"] <= row["observed_high"] for row in table)


def test_wilson_known_value_and_no_trials():
    assert wilson(0.5, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)
    assert wilson(0.0, 0) == (0.0, 1.0)


def test_comparison_of_a_model_with_itself_is_nothing_and_better_is_above():
    y, p, groups = sample()
    noise = np.random.default_rng(5).random(len(p))
    assert compare(y, p, p, groups, 1, 50)["auc_high"] == 0
    assert compare(y, p, noise, groups, 1, 100)["auc_low"] > 0


def test_one_class_gives_no_auc_but_no_error():
    found = evaluate(np.zeros(20), np.full(20, 0.2), np.arange(20), 1, 20)
    assert found["auc"] is None and found["lift_top_decile"] is None
    assert found["brier"] == pytest.approx(0.04)


def test_no_rows_gives_the_same_keys():
    assert set(evaluate([], [], [], 1)) == KEYS


@pytest.mark.parametrize("p", [[0.5, 1.2], [0.5, float("nan")], [0.5]])
def test_what_is_no_probability_is_refused(p):
    with pytest.raises(ValueError, match="predictions"):
        evaluate([0, 1], p, [1, 2], 1)


def test_eight_thousand_rows_take_seconds_at_most():
    y, p, groups = sample(n=8000, decimals=6)
    started = time.perf_counter()
    evaluate(y, p, groups, 1, 500)
    assert time.perf_counter() - started < 5
