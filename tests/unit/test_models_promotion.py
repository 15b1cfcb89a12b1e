import numpy as np
import pytest

from models.evaluation import evaluate
from models.guards import Suspect
from models.promotion import drifted, judge, off_level, vouched_for
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


def told(learnt_slope, slope, rate=0.3, learnt_rate=0.3, n=2000):
    """Measures of probabilities that were learnt where the log-odds had another slope, or the rate another level."""
    rng = np.random.default_rng(1)
    a = rng.normal(size=n)
    p, true = (
        1 / (1 + np.exp(-(np.log(level / (1 - level)) + by * a)))
        for level, by in ((learnt_rate, learnt_slope), (rate, slope))
    )
    return evaluate((rng.random(n) < true).astype(float), p, np.arange(n), 1, 200)


def test_probabilities_worse_than_the_rate_of_all_are_drift_though_their_mean_holds():
    broken = told(2.0, 0.3)
    assert broken["brier_over_base_low"] > 0
    found = judge(100, 400, broken, SETTINGS)
    assert found.verdict == "drift"
    assert f"Brier score {broken['brier']:.4f}, and {broken['brier_base']:.4f}" in found.why
    # no better than the rate of all, but within chance: weak signal is not refused for it
    for metrics in (told(0.8, 0.8), told(0.3, 0.3), told(0.8, 0.6)):
        assert judge(100, 400, metrics, SETTINGS).is_promoted


@pytest.mark.parametrize(
    ("rate", "learnt_rate", "word"),
    [
        (0.35, 0.50, " times too high"),
        (0.44, 0.30, " times too low"),
        (0.85, 0.78, "too low, and those of no conversion 1."),
        (0.30, 0.30, None),
        (0.31, 0.30, None),
        # this is drift
        (0.60, 0.30, None),
    ],
)
def test_a_level_that_is_off_but_not_as_far_as_drift_is_told(rate, learnt_rate, word):
    said = off_level(told(0.8, 0.8, rate, learnt_rate), SETTINGS.drift_factor)
    assert (said is None) if word is None else (word in said)
    # of few rows it may be chance
    assert off_level(told(0.8, 0.8, rate, learnt_rate, n=30), SETTINGS.drift_factor) is None


@pytest.mark.parametrize(("converted", "others"), [(2, 400), (4, 400), (400, 4)])
def test_an_interval_of_too_few_later_accounts_says_nothing(converted, others):
    # neither a good AUC nor one above suspicion is taken at its word
    for metrics in (measured(0.83, 0.73, 0.92), measured(0.99, 0.98, 1.0)):
        found = judge(45, 400, metrics, SETTINGS, tested=(converted, others))
        assert found.verdict == "too_little_data"
        assert f"{converted} accounts that converted and {others} that did not" in found.why
        assert "at least 5 and 5 are needed" in found.why


def test_few_but_enough_later_accounts_are_judged_by_their_interval():
    metrics = measured(0.83, 0.73, 0.92)
    assert judge(45, 400, metrics, SETTINGS, tested=(5, 5)).is_promoted
    asked = PromotionSettings(min_test_positives=2)
    assert judge(45, 400, metrics, asked, tested=(2, 400)).is_promoted


def test_drift_goes_after_no_signal():
    metrics = measured(0.52, 0.48, 0.56)
    assert judge(100, 400, metrics, SETTINGS, drift="moved").verdict == "no_signal"
    assert judge(100, 400, measured(0.7, 0.66, 0.74), SETTINGS, drift="moved").verdict == "drift"


@pytest.mark.parametrize(
    ("auc", "allow", "alone", "expected"),
    [
        (0.97, ("stage",), (), {"stage": "AUC 0.970 as a whole, limit 0.95, and 62% of the gain"}),
        (0.97, ("stage",), ("stage",), {"stage": "alone, and AUC 0.970 as a whole"}),
        (0.97, ("visits",), ("visits",), {"visits": "alone"}),
        (0.94, ("stage",), (), {}),
        (None, ("stage",), (), {}),
    ],
)
def test_every_suspicion_that_a_person_lifts_is_on_record(auc, allow, alone, expected):
    suspects = [Suspect(name, "alone") for name in alone]
    importance = {"stage": 0.62, "visits": 0.38}
    found = vouched_for(suspects, importance, measured(auc, auc, auc), SETTINGS, allow)
    assert [one.column for one in found] == list(expected)
    assert all(one.why.startswith(expected[one.column]) for one in found)
    assert vouched_for(suspects, importance, None, SETTINGS, allow) == suspects


def test_the_verdict_says_who_lifts_a_suspicion_and_is_silent_where_there_is_none():
    plain, high = measured(0.7, 0.66, 0.74), measured(0.97, 0.96, 0.98)
    stage = [Suspect("stage", "why")]
    assert judge(100, 400, plain, SETTINGS).why.endswith("lies above 0.5 and below suspicion")
    lifted = judge(100, 400, high, SETTINGS, "stage", vouched=stage)
    assert lifted.is_promoted and "below suspicion" not in lifted.why
    assert lifted.why.endswith("suspicious (limit 0.95), but a person vouches for stage")
    # one who vouches for another feature lifts nothing
    assert judge(100, 400, high, SETTINGS, "visits", vouched=stage).verdict == "leakage"
    alone = judge(100, 400, plain, SETTINGS, "visits", vouched=stage).why
    assert "below suspicion; a person vouches for stage" in alone


def test_only_promote_may_score():
    assert judge(40, 40, measured(0.70, 0.66, 0.74), SETTINGS).is_promoted
    assert not judge(40, 40, None, SETTINGS).is_promoted
