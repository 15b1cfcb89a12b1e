import pytest

from models.guards import Suspect
from models.promotion import drifted, judge, vouched_for
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
