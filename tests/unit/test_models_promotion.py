import pytest

from models.promotion import drifted, judge
from models.settings import PromotionSettings

SETTINGS = PromotionSettings()


def measured(auc, low, high):
    return {"auc": auc, "auc_low": low, "auc_high": high, "n": 500, "positives": 100}


@pytest.mark.parametrize(
    ("metrics", "verdict", "word"),
    [
        (measured(0.70, 0.66, 0.74), "promote", "0.660 to 0.740"),
        (measured(0.52, 0.48, 0.56), "no_signal", "holds 0.5"),
        (measured(0.40, 0.36, 0.44), "no_signal", "backwards"),
        (measured(0.96, 0.95, 0.97), "leakage", "look at last_won_type first"),
        (measured(None, None, None), "too_little_data", "history is too short"),
        (None, "too_little_data", "history is too short"),
    ],
)
def test_verdict_and_reason(metrics, verdict, word):
    found = judge(100, 400, metrics, SETTINGS, "last_won_type")
    assert found.verdict == verdict
    assert word in found.why


@pytest.mark.parametrize(("positives", "negatives"), [(39, 400), (400, 39)])
def test_too_little_data_goes_before_leakage(positives, negatives):
    found = judge(positives, negatives, measured(0.99, 0.98, 1.0), SETTINGS)
    assert found.verdict == "too_little_data"
    assert "39 " in found.why


@pytest.mark.parametrize(
    ("rate", "predicted", "groups", "is_drift"),
    [
        (0.30, 0.10, 500, True),
        (0.10, 0.30, 500, True),
        (0.90, 0.65, 500, True),
        (0.12, 0.10, 5000, False),
        (0.30, 0.15, 10, False),
        (0.62, 0.60, 500, False),
    ],
)
def test_drift_is_an_outcome_off_by_half_and_beyond_chance(rate, predicted, groups, is_drift):
    said = drifted(rate, predicted, 0.2, groups, SETTINGS)
    assert (said is not None) == is_drift


def test_drift_goes_after_no_signal():
    metrics = measured(0.52, 0.48, 0.56)
    assert judge(100, 400, metrics, SETTINGS, drift="moved").verdict == "no_signal"
    assert judge(100, 400, measured(0.7, 0.66, 0.74), SETTINGS, drift="moved").verdict == "drift"


def test_only_promote_may_score():
    assert judge(40, 40, measured(0.70, 0.66, 0.74), SETTINGS).is_promoted
    assert not judge(40, 40, None, SETTINGS).is_promoted
