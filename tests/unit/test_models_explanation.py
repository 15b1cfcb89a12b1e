import numpy as np
import polars as pl
import pytest

from models.boosting import raw_log_odds
from models.explanation import BASE, contributions, explained, factor_contributions
from models.feature_contract import FEATURES
from models.reasons import FAMILIES, MIN_CONTRIBUTION
from models.settings import DealWords
from models.training import train
from tests.factories import training_rows, training_settings, year_ends

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
    return raw_log_odds(model.parts[0].booster, model.encoder, matrix, model.nthread)


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


def test_reasons_are_the_strongest_factors_of_the_table(model, today, factors):
    said = today.select(KEYS).with_columns(explained(model, today, most_for=1)["reasons"])
    topics = {feature.name: feature.topic for feature in FEATURES}
    for account, texts in said.select("account_id", "reasons").iter_rows():
        mine = factors.filter(pl.col("account_id") == account, pl.col("feature") != BASE)
        weight = {}
        for name, amount in mine.select("feature", "contribution").iter_rows():
            weight[topics[name]] = weight.get(topics[name], 0) + amount
        best = max((topic for topic in weight if topic != "market"), key=weight.get)
        if weight[best] < MIN_CONTRIBUTION:
            assert not any(text.startswith("+ ") for text in texts)
            continue
        of_topic = mine.filter(pl.col("feature").replace_strict(topics) == best)
        strongest = of_topic.filter(pl.col("contribution") > 0).sort("factor_rank")["reason"][0]
        assert texts[0] == f"+ {strongest}"


def test_what_the_families_contribute_is_all_of_the_log_odds(model, today, factors):
    said = today.select(KEYS).with_columns(explained(model, today))
    names = [name for name in said.columns if name.startswith("contribution_")]
    assert names == [f"contribution_{one}" for one in ("base", *FAMILIES)]
    raw = model.score(today)["raw_probability"]
    log_odds = (raw / (1 - raw)).log()
    assert said.select(pl.sum_horizontal(names)).to_series().to_list() == pytest.approx(
        log_odds.to_list(), abs=1e-4
    )
    by_family = factors.group_by(*KEYS, "family").agg(pl.col("contribution").sum())
    for family in FAMILIES:
        mine = said.join(by_family.filter(pl.col("family") == family), on=KEYS, how="left")
        alone = mine["contribution"].fill_null(0.0).to_list()
        assert mine[f"contribution_{family}"].to_list() == pytest.approx(alone, abs=1e-9)


def test_no_accounts_give_an_empty_table(model, today, factors):
    empty = factor_contributions(model, today[:0])
    assert empty.columns == factors.columns
    assert explained(model, today[:0])["reasons"].to_list() == []
