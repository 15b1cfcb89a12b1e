import hashlib
import struct
from datetime import date

import numpy as np
import polars as pl
import pytest
import xgboost as xgb
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from models.encoding import Encoder, feature_digests, fit_encoder
from models.feature_contract import ContractError
from tests.factories import feature_named

NUMBER, KIND = feature_named("won_deals_total"), feature_named("last_won_type")
INDUSTRY, AGE = feature_named("industry"), feature_named("company_age_days")


def frame(**columns) -> pl.DataFrame:
    n = len(next(iter(columns.values())))
    keys = {"account_id": [f"a{i}" for i in range(n)], "as_of_date": [date(2010, 1, 1)] * n}
    return pl.DataFrame(keys | columns)


def test_levels_are_fixed_at_training_and_unseen_or_rare_ones_are_missing():
    seen = frame(last_won_type=["b"] * 5 + ["a"] * 5 + ["rare"])
    encoder = fit_encoder(seen, [KIND], min_level_rows=2)
    assert encoder.columns[0].levels == ("a", "b")
    later = frame(last_won_type=["b", "new", "rare", None, "a"])
    assert np.array_equal(
        encoder.matrix(later)[:, 0], [1, np.nan, np.nan, np.nan, 0], equal_nan=True
    )


def test_missing_numbers_of_versioned_features_stay_missing():
    rows = frame(won_deals_total=[1, None, 3])
    encoder = fit_encoder(rows, [NUMBER], 1)
    for for_training in (True, False):
        matrix = encoder.matrix(rows, for_training)
        assert matrix.dtype == np.float32
        assert np.isnan(matrix[1, 0])


def test_absence_of_a_snapshot_attribute_cannot_be_learnt():
    generator = np.random.default_rng(1)
    known = generator.random(20_000) < 0.7
    ages = generator.integers(0, 5000, 20_000)
    rows = frame(company_age_days=[int(a) if k else None for a, k in zip(ages, known, strict=True)])
    encoder = fit_encoder(rows, [AGE], 1)
    drawn = encoder.matrix(rows, for_training=True)[:, 0]
    assert not np.isnan(drawn).any()
    cuts = np.linspace(0, 5000, 20)
    share = [np.histogram(drawn[part], cuts, density=True)[0] for part in (known, ~known)]
    assert np.max(np.abs(share[0] - share[1])) * 5000 < 0.15


@pytest.mark.parametrize("highest", [7, 400, 20_000])
def test_a_booster_cannot_tell_filled_whole_numbers_from_values(highest):
    generator = np.random.default_rng(2)
    n = 20_000
    known = generator.random(n) < 0.6
    ages = np.floor(highest * generator.random(n) ** 2).astype(int)
    rows = frame(company_age_days=[int(a) if k else None for a, k in zip(ages, known, strict=True)])
    filled = fit_encoder(rows, [AGE], 1).matrix(rows, for_training=True)
    assert set(filled[~known, 0]) <= set(filled[known, 0])
    apart = np.arange(n) % 2 == 0
    learnt = xgb.train(
        {"objective": "binary:logistic", "max_depth": 3, "eta": 0.1, "nthread": 1},
        xgb.DMatrix(filled[apart], known[apart]),
        num_boost_round=100,
    )
    told = learnt.predict(xgb.DMatrix(filled[~apart]))
    # a standard error is 0.006
    assert roc_auc_score(known[~apart], told) < 0.52


def test_the_typical_number_is_one_that_occurs():
    rows = frame(company_age_days=[1, 2, 7, 8, None])
    assert fit_encoder(rows, [AGE], 1).matrix(rows)[4, 0] in (2, 7)


def test_scoring_gives_an_absent_snapshot_attribute_its_typical_value():
    rows = frame(company_age_days=[100, 200, 300, None], industry=["x", "y", "y", None])
    encoder = fit_encoder(rows, [AGE, INDUSTRY], 1)
    assert encoder.matrix(rows)[3].tolist() == [200, 1]


def test_the_draw_does_not_depend_on_row_order():
    rows = frame(industry=["x", "y", None, None, "x", None])
    encoder = fit_encoder(rows, [INDUSTRY], 1)
    turned = encoder.matrix(rows.reverse(), for_training=True)
    assert np.array_equal(encoder.matrix(rows, for_training=True), turned[::-1])


def test_json_and_back_encodes_the_same():
    rows = frame(last_won_type=["a", "b", None], won_deals_total=[1, 2, None])
    encoder = fit_encoder(rows, [KIND, NUMBER], 1)
    again = Encoder.from_dict(encoder.to_dict())
    assert np.array_equal(again.matrix(rows), encoder.matrix(rows), equal_nan=True)


def test_an_absent_column_is_named():
    encoder = fit_encoder(frame(won_deals_total=[1]), [NUMBER], 1)
    with pytest.raises(ContractError, match="won_deals_total"):
        encoder.matrix(frame(other=[1]))


def test_digest_is_the_documented_one_for_all_time():
    rows = frame(won_deals_total=[3, None], last_won_type=["pilot", None])
    header = hashlib.sha256(b'["won_deals_total", "last_won_type"]').digest()
    pilot = hashlib.sha256(b"pilot").digest()[:8]
    there = hashlib.sha256(header + struct.pack("<d", 3.0) + pilot).hexdigest()[:16]
    missing = hashlib.sha256(header + struct.pack("<QQ", 0x7FF8 << 48, 0)).hexdigest()[:16]
    assert [there, missing] == ["2a9d1003c58d958d", "64c096c7c6944e9f"]
    assert feature_digests(rows, [NUMBER, KIND]).to_list() == [there, missing]


def test_digest_tells_values_apart_but_not_their_storage():
    whole = feature_digests(frame(won_deals_total=[0, 1, 2]), [NUMBER]).to_list()
    decimal = feature_digests(frame(won_deals_total=[-0.0, 1.0, 2.0]), [NUMBER]).to_list()
    assert whole == decimal
    assert len(set(whole)) == 3
    empty = frame(won_deals_total=[None, float("nan")])
    assert feature_digests(empty, [NUMBER]).n_unique() == 1


@given(st.lists(st.one_of(st.none(), st.text(max_size=5)), min_size=1, max_size=20))
def test_equal_categories_and_only_they_have_equal_digests(values):
    rows = frame(last_won_type=pl.Series(values, dtype=pl.String))
    digests = feature_digests(rows, [KIND]).to_list()
    assert len(set(digests)) == len(set(values))
    assert len(set(zip(values, digests, strict=True))) == len(set(values))
