import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.calibration import (
    Identity,
    calibration_line,
    calibrator_from_dict,
    expit,
    fit_calibrator,
    log_loss,
    log_odds,
)
from tests.factories import too_sure

KINDS = ["identity", "platt", "beta", "isotonic"]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(KINDS), st.integers(0, 1000), st.integers(20, 200))
def test_calibrators_keep_the_order_and_stay_probabilities(kind, seed, n):
    generator = np.random.default_rng(seed)
    raw, y = generator.random(n), (generator.random(n) < 0.3).astype(float)
    calibrated = fit_calibrator(kind, y, raw).apply(np.sort(raw))
    assert np.all(np.diff(calibrated) >= -1e-12)
    assert np.all((calibrated >= 0) & (calibrated <= 1))


@pytest.mark.parametrize("kind", KINDS)
def test_json_and_back_gives_the_same_numbers(kind):
    y, raw = too_sure(n=500)
    calibrator = fit_calibrator(kind, y, raw)
    again = calibrator_from_dict(json.loads(json.dumps(calibrator.to_dict())))
    assert np.array_equal(again.apply(raw), calibrator.apply(raw))


@pytest.mark.parametrize("kind", KINDS)
def test_one_class_alone_teaches_nothing(kind):
    assert isinstance(fit_calibrator(kind, np.zeros(10), np.full(10, 0.3)), Identity)


def test_a_reversed_slice_does_not_turn_the_order_round():
    raw = np.linspace(0.1, 0.9, 200)
    y = (raw < 0.5).astype(float)
    assert isinstance(fit_calibrator("platt", y, raw), Identity)


def test_beta_bends_each_end_by_itself():
    """Chances that are right where they are small and too high where they are large: no line on the log-odds says that."""
    raw = np.random.default_rng(8).uniform(0.01, 0.99, 20_000)
    y = (np.random.default_rng(9).random(len(raw)) < raw * (1 - 0.5 * raw)).astype(float)
    found = fit_calibrator("beta", y, raw)
    assert found.a > 0 and found.b >= 0
    truth = raw * (1 - 0.5 * raw)
    line = fit_calibrator("platt", y, raw)
    assert np.mean(np.abs(found.apply(raw) - truth)) < 0.01
    assert log_loss(y, found.apply(raw)) < log_loss(y, line.apply(raw))


def test_beta_drops_an_end_that_would_turn_the_order_round():
    raw = np.random.default_rng(8).uniform(0.01, 0.99, 5_000)
    y = (np.random.default_rng(9).random(len(raw)) < 0.3 + 0.2 * (raw - 0.7) ** 2).astype(float)
    found = fit_calibrator("beta", y, raw)
    if not isinstance(found, Identity):
        assert found.a >= 0 and found.b >= 0 and found.a + found.b > 0


def test_the_line_of_calibrated_probabilities_has_slope_one():
    y, raw = too_sure()
    slope, intercept = calibration_line(y, raw)
    assert slope == pytest.approx(0.5, abs=0.05) and intercept == pytest.approx(0, abs=0.1)
    assert calibration_line(np.zeros(9), np.full(9, 0.2)) == (None, None)


def test_isotonic_pools_what_is_out_of_order():
    raw = np.array([0.1, 0.2, 0.3, 0.4])
    fitted = fit_calibrator("isotonic", np.array([0.0, 1.0, 0.0, 1.0]), raw)
    assert fitted.apply(np.array([0.25]))[0] == pytest.approx(0.5)


def test_log_odds_and_expit_undo_each_other():
    p = np.array([0.001, 0.2, 0.999])
    assert expit(log_odds(p)) == pytest.approx(p)
    assert expit(np.array([-1e4, 1e4])).tolist() == [0.0, 1.0]


def test_unknown_kinds_are_refused():
    with pytest.raises(ValueError, match="unknown calibrator"):
        fit_calibrator("magic", np.array([0.0, 1.0]), np.array([0.1, 0.2]))
    with pytest.raises(ValueError, match="unknown calibrator"):
        calibrator_from_dict({"kind": "magic"})
