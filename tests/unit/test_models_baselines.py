import json

import numpy as np
import polars as pl
import pytest

from models.baselines import (
    UntunedBaseline,
    baseline_from_dict,
    fit_logistic,
    fit_rule,
    fit_untuned,
)
from models.encoding import fit_encoder
from models.evaluation import evaluate
from models.feature_contract import usable_features
from models.settings import RuleColumn, TrainingSettings
from tests.factories import training_rows, unused_features

RULE = TrainingSettings().rule


@pytest.fixture(scope="module")
def rows():
    return training_rows(accounts=400)


@pytest.fixture(scope="module")
def fitted(rows):
    y = rows["is_converted"].cast(float).to_numpy()
    encoder = fit_encoder(
        rows, usable_features(["industry"], [name for name in unused_features(rows)]), 5
    )
    untuned = fit_untuned(rows, y, encoder, seed=7, nthread=2)
    return [fit_logistic(rows, y, encoder), fit_rule(rows, y, RULE), untuned], y


def test_all_find_the_signal(rows, fitted):
    baselines, y = fitted
    for baseline in baselines:
        p, order = baseline.predict(rows)
        found = evaluate(y, p, rows["account_id"], 1, 50, order)
        assert found["auc_low"] > 0.6
        # XGBoost as it comes learns these very rows by heart
        assert isinstance(baseline, UntunedBaseline) or found["ece"] < 0.05


def test_json_and_back_predicts_the_same(rows, fitted):
    for baseline in fitted[0]:
        again = baseline_from_dict(json.loads(json.dumps(baseline.to_dict())))
        assert np.array_equal(again.predict(rows).probability, baseline.predict(rows).probability)


def test_a_row_is_predicted_the_same_alone(rows, fitted):
    for baseline in fitted[0]:
        alone = np.concatenate([baseline.predict(rows[i : i + 1]).probability for i in range(20)])
        assert np.array_equal(alone, baseline.predict(rows[:20]).probability)


def test_the_rule_orders_by_the_first_column_then_by_the_next():
    frame = pl.DataFrame(
        {"account_id": list("abcd"), "deals": [1, 2, 2, None], "days": [5, 9, 3, 1]}
    )
    columns = (RuleColumn(name="deals"), RuleColumn(name="days", better="low"))
    order = fit_rule(frame, np.array([0.0, 1, 1, 0]), columns).predict(frame).order
    assert np.argsort(-order).tolist() == [2, 1, 0, 3]


def test_equal_rows_are_equal_in_the_rule():
    frame = pl.DataFrame({"account_id": ["a", "b"], "deals": [2, 2]})
    rule = fit_rule(frame, np.array([0.0, 1.0]), (RuleColumn(name="deals"),))
    assert rule.predict(frame).order.tolist() == [0, 0]


def test_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="unknown baseline"):
        baseline_from_dict({"kind": "magic"})
