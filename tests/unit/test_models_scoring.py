import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.encoding import Encoder
from models.feature import OF_THE_MARKET
from models.feature_contract import ContractError
from models.grades import Grades
from models.model_files import MODEL_FILE, ModelFormatError
from models.reference import fix_reference
from models.scoring import (
    LITTLE_DATA,
    OUT_OF_DISTRIBUTION,
    ScoringModel,
    flags,
)
from models.training import train
from tests.factories import training_rows, training_settings, year_ends

COLUMNS = [
    "as_of_date", "account_id", "raw_probability", "win_probability_365d", "expected_days_to_close", "score", "band",
    "expected_deal_usd", "expected_value_usd", "fit_score", "engagement_score", "intent_score", "readiness_score",
    "grade", "tier", "segment", "flags", "feature_digest",
]  # fmt: skip


@pytest.fixture(scope="module")
def rows():
    return training_rows(accounts=500)


@pytest.fixture(scope="module")
def model(rows):
    return train(rows, training_settings(rows, snapshot_attributes=("industry",))).model


@pytest.fixture(scope="module")
def today():
    return training_rows(accounts=300, days=year_ends(2009, 2009), seed=11)


def test_columns_and_ranges(model, today):
    scores = model.score(today)
    assert scores.columns == COLUMNS
    assert scores.height == today.height
    assert scores["score"].is_between(0, 100).all()
    assert scores["win_probability_365d"].is_between(0, 1).all()
    assert set(scores["band"]) == {"hot", "warm", "cold"}


def test_a_row_is_scored_the_same_alone_in_any_order_and_in_any_batch(model, today):
    whole = model.score(today)
    alone = pl.concat([model.score(today[i : i + 1]) for i in range(25)])
    assert alone.equals(whole[:25])
    assert model.score(today.reverse()).reverse().equals(whole)


def test_wider_types_of_the_same_values_change_nothing(model, today):
    wider = today.with_columns(pl.col(pl.Int64).cast(pl.Float64))
    assert model.score(wider).equals(model.score(today))


def test_saved_and_loaded_it_scores_the_same(model, today, tmp_path):
    model.save(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "fit_score.ubj",
        "horizon_365d.ubj",
        "readiness_score.ubj",
        MODEL_FILE,
    ]
    again = ScoringModel.load(tmp_path)
    assert again.score(today).equals(model.score(today))
    assert again.digest() == model.digest()


def test_files_that_cannot_be_trusted_are_refused(model, tmp_path):
    with pytest.raises(ModelFormatError, match="no scoring model"):
        ScoringModel.load(tmp_path)
    model.save(tmp_path)
    booster = tmp_path / "horizon_365d.ubj"
    whole = booster.read_bytes()
    booster.write_bytes(whole[:-1] + b"x")
    with pytest.raises(ModelFormatError, match="SHA-256"):
        ScoringModel.load(tmp_path)
    booster.write_bytes(whole)
    content = json.loads((tmp_path / MODEL_FILE).read_text())
    (tmp_path / MODEL_FILE).write_text(json.dumps(content | {"format": 99}))
    with pytest.raises(ModelFormatError, match="format 99"):
        ScoringModel.load(tmp_path)
    for damage in ('{"format": 2}', "[]", "{"):
        (tmp_path / MODEL_FILE).write_text(damage)
        with pytest.raises(ModelFormatError, match="damaged|cannot be read"):
            ScoringModel.load(tmp_path)


def test_an_absent_feature_is_named(model, today):
    with pytest.raises(ContractError, match="won_deals_730d"):
        model.score(today.drop("won_deals_730d"))


def test_no_accounts_give_no_rows(model, today):
    assert model.score(today[:0]).columns == COLUMNS


def test_flags_tell_what_the_model_has_not_seen(model, today):
    one = today[:1].with_columns(days_since_last_won=pl.lit(90_000))
    assert model.score(one)["flags"].to_list() == [[OUT_OF_DISTRIBUTION]]
    # What all accounts have alike is no account's strangeness, however far it has moved.
    (won,) = [c for c in model.encoder.columns if c.feature.name == "days_since_last_won"]
    alike = replace(won, feature=replace(won.feature, topic=OF_THE_MARKET))
    ungraded = Grades().of(*[pl.Series([None], dtype=pl.Float64)] * 2)
    said = [flags(Encoder((column,)), one, 0.0, ungraded).to_list() for column in (won, alike)]
    assert said == [[[OUT_OF_DISTRIBUTION]], [[]]]
    names = set(model.encoder.names) - {"won_deals_total"}
    empty = today[:1].with_columns(pl.lit(None).cast(today.schema[n]).alias(n) for n in names)
    assert LITTLE_DATA in model.score(empty)["flags"].to_list()[0]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.001, 0.999), min_size=1, max_size=300))
def test_the_scale_rises_strictly_with_the_probability(values):
    reference = fix_reference(np.array(values))
    points = np.unique(np.r_[values, np.linspace(0, 1, 50)])
    points = points[np.r_[True, np.diff(points) > 1e-6]]
    scores = reference.scale(points)
    assert np.all(np.diff(scores) > 0)
    assert scores.min() >= 0 and scores.max() <= 100


def test_a_score_is_the_middle_rank_in_the_reference():
    reference = fix_reference(np.array([0.1, 0.2, 0.2, 0.2, 0.4]))
    assert reference.scale(np.array([0.1, 0.2, 0.4])).tolist() == [10, 50, 90]
