import numpy as np
import polars as pl
import pytest

from models.boosting import raw_log_odds
from models.explanation import BASE, contributions, factor_contributions, top_reasons
from models.feature_contract import FEATURES
from models.settings import DealWords
from models.training import train
from tests.factories import feature_named, training_rows, training_settings, year_ends

KEYS = ["as_of_date", "account_id"]


@pytest.fixture(scope="module")
def model():
    rows = training_rows(accounts=500)
    words = DealWords(singular="round", plural="rounds")
    settings = training_settings(rows, snapshot_attributes=("industry",), deal_words=words)
    return train(rows, settings).model


@pytest.fixture(scope="module")
def today():
    return training_rows(accounts=200, days=year_ends(2009, 2009), seed=11)


@pytest.fixture(scope="module")
def factors(model, today):
    return factor_contributions(model, today)


def log_odds(model, frame):
    matrix = model.encoder.matrix(frame)
    return raw_log_odds(model.primary.booster, model.encoder, matrix, model.nthread)


def test_contributions_sum_to_the_log_odds(model, today):
    summed = contributions(model, today).sum(axis=1)
    assert np.max(np.abs(summed - log_odds(model, today))) < 1e-5


def test_the_table_sums_to_the_log_odds_of_each_account(model, today, factors):
    summed = factors.group_by(KEYS).agg(pl.col("contribution").sum()).sort(KEYS)
    expected = log_odds(model, today.sort(KEYS))
    assert np.max(np.abs(summed["contribution"].to_numpy() - expected)) < 1e-5


def test_ranks_follow_the_strength_and_the_base_is_apart(model, factors):
    one = factors.filter(pl.col("account_id") == factors["account_id"][0])
    assert one["factor_rank"].to_list() == list(range(len(model.encoder.names) + 1))
    assert one["feature"][0] == BASE
    strength = one["contribution"].abs()[1:]
    assert strength.equals(strength.sort(descending=True))


def test_values_are_the_accounts_own(today, factors):
    said = factors.filter(pl.col("feature") == "won_deals_730d").sort(KEYS)
    assert said["feature_value"].to_list() == [
        str(value) for value in today.sort(KEYS)["won_deals_730d"]
    ]
    missing = factors.filter(pl.col("feature") == "industry", pl.col("feature_value").is_null())
    assert missing.height > 0
    assert set(missing["reason"]) == {"no industry on record"}


def test_row_order_changes_nothing(model, today, factors):
    assert factor_contributions(model, today.reverse()).equals(factors)


def made_up(*rows) -> pl.DataFrame:
    """factor_contributions of one account from (feature, contribution, value)."""
    keys = {"as_of_date": "2010-01-01", "account_id": "a"}
    ranked = sorted(rows, key=lambda row: -abs(row[1]))
    return pl.DataFrame(
        [
            keys
            | {
                "factor_rank": rank,
                "feature": name,
                "contribution": amount,
                "reason": feature_named(name).say(value, "round", "rounds"),
            }
            for rank, (name, amount, value) in enumerate(ranked, start=1)
        ]
    )


def test_reasons_for_come_first_and_like_features_are_said_once():
    table = made_up(
        ("won_deals_730d", 0.5, 3),
        ("won_deals_total", 0.2, 7),
        ("days_since_last_won", -0.4, 900),
        ("last_won_type", 0.001, "pilot"),
    )
    assert top_reasons(table, FEATURES)["reasons"].to_list() == [
        ["+ 3 rounds in the last 2 years", "- last round 2.5 years ago"]
    ]


def test_features_of_one_topic_that_cancel_out_are_not_said():
    table = made_up(("won_deals_730d", 0.5, 3), ("won_deals_total", -0.5, 7))
    assert top_reasons(table, FEATURES)["reasons"].to_list() == [[]]


def test_what_is_true_of_the_whole_market_is_no_accounts_reason():
    table = made_up(("market_heat_365d", -0.9, 0.17), ("won_deals_730d", 0.5, 3))
    assert top_reasons(table, FEATURES)["reasons"].to_list() == [["+ 3 rounds in the last 2 years"]]


def test_no_more_reasons_than_asked_for(factors):
    found = top_reasons(factors, FEATURES, most_for=1, most_against=1)
    assert found.height == 200
    assert max(len(reasons) for reasons in found["reasons"].to_list()) <= 2


def test_no_accounts_give_an_empty_table(model, today, factors):
    empty = factor_contributions(model, today[:0])
    assert empty.columns == factors.columns
    assert top_reasons(empty, FEATURES).height == 0
