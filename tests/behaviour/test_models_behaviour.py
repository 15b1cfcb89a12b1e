"""How a trained model must behave, whatever its numbers."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from models.boosting import dmatrix, fit_booster, raw_log_odds
from models.encoding import fit_encoder
from models.feature_contract import FEATURES
from models.settings import BoosterSettings, PromotionSettings
from models.training import train
from models.training_record import training_record
from tests.factories import feature_named, training_rows, training_settings


@pytest.fixture(scope="module")
def rows():
    return training_rows(accounts=800)


@pytest.fixture(scope="module")
def result(rows):
    return train(rows, training_settings(rows))


def test_a_real_signal_is_promoted(result):
    assert result.verdict.verdict == "promote", result.verdict.why
    assert result.metrics["auc"] > 0.64
    assert result.metrics["lift_low"] > 1


def test_shuffled_labels_show_no_signal(rows):
    shuffled = rows.with_columns(pl.col("is_converted").shuffle(seed=5).over("as_of_date"))
    result = train(shuffled, training_settings(rows))
    assert result.metrics["auc_low"] <= 0.5 <= result.metrics["auc_high"]
    assert result.verdict.verdict == "no_signal"


def test_a_planted_leak_is_refused_and_named(rows):
    noise = np.random.default_rng(1).random(rows.height) < 0.01
    told = pl.col("is_converted") ^ pl.Series(noise)
    leaking = rows.with_columns(
        last_won_type=pl.when(told).then(pl.lit("signed")).otherwise(pl.lit("open"))
    )
    result = train(leaking, training_settings(rows))
    assert result.verdict.verdict == "leakage"
    assert "last_won_type" in result.verdict.why


def leaking_rows(rows, name: str) -> pl.DataFrame:
    """The feature knows the outcome, though not so well that the model as a whole would be too good to be true."""
    noise = np.random.default_rng(2).normal(size=rows.height)
    return rows.with_columns((pl.Series(noise) + 1.6 * pl.col("is_converted")).alias(name))


@pytest.mark.parametrize(
    "name", ["technologies_owned", "visits_30d", "topics_surging", "won_deals_180d"]
)
def test_a_leak_in_any_family_is_refused_and_named(rows, name):
    leaking = leaking_rows(rows, name)
    result = train(leaking, training_settings(leaking))
    assert (result.verdict.verdict, set(result.leak_suspects)) == ("leakage", {name})
    assert f"{name}: it alone tells the outcome" in result.verdict.why
    assert result.metrics["auc"] < 0.95


def test_one_feature_of_each_family_was_leaked_above():
    named = ["technologies_owned", "visits_30d", "topics_surging", "won_deals_180d"]
    assert {feature_named(name).family for name in named} == {f.family for f in FEATURES}


def test_a_person_may_vouch_for_a_feature_by_name_and_that_is_on_record(rows):
    leaking = leaking_rows(rows, "visits_30d")
    vouched = training_settings(leaking, promotion=PromotionSettings(allow=("visits_30d",)))
    result = train(leaking, vouched)
    assert result.verdict.verdict == "promote", result.verdict.why
    assert (set(result.allowed), result.leak_suspects) == ({"visits_30d"}, {})
    assert "visits_30d" in training_record(result, vouched)["allowed"]
    assert "a person vouches for visits_30d" in result.verdict.why


def test_a_person_who_lifts_the_limit_of_the_whole_is_on_record_too(rows):
    leaking = leaking_rows(rows, "visits_30d")
    # no column is suspected by itself, but the model as a whole
    limits = PromotionSettings(suspicious_auc=0.7, suspicious_alone_auc=1.0)
    refused = train(leaking, training_settings(leaking, promotion=limits))
    assert (refused.verdict.verdict, refused.leak_suspects) == ("leakage", {})
    assert "look at visits_30d first" in refused.verdict.why and refused.allowed == {}
    vouched = limits.model_copy(update={"allow": ("visits_30d",)})
    lifted = train(leaking, training_settings(leaking, promotion=vouched))
    assert lifted.verdict.verdict == "promote", lifted.verdict.why
    assert "as a whole, limit 0.70" in lifted.allowed["visits_30d"]
    assert "below suspicion" not in lifted.verdict.why
    assert "a person vouches for visits_30d" in lifted.verdict.why


def test_an_attribute_that_is_filled_in_for_winners_is_refused_but_a_fact_that_is_missing_is_none(
    rows,
):
    filled = pl.col("is_converted") | (
        pl.Series(np.random.default_rng(3).random(rows.height)) < 0.4
    )
    late = rows.with_columns(pl.when(filled).then("industry").alias("industry"))
    named = training_settings(late, snapshot_attributes=("industry",))
    result = train(late, named)
    assert (result.verdict.verdict, set(result.leak_suspects)) == ("leakage", {"industry"})
    # known for every second winner's account on the day, and that is no secret
    fact = rows.with_columns(pl.when(filled).then(pl.lit(5.0)).alias("won_overdue_ratio"))
    assert train(fact, training_settings(fact)).leak_suspects == {}


def test_two_conversions_among_the_later_accounts_are_too_few_to_measure_by(rows):
    last = rows["as_of_date"].max()
    won = rows.filter(pl.col("as_of_date") == last, pl.col("is_converted"))["account_id"][:2]
    kept = (pl.col("as_of_date") < last) | pl.col("account_id").is_in(won.implode())
    few = rows.with_columns(is_converted=pl.col("is_converted") & kept)
    result = train(few, training_settings(few))
    assert result.verdict.verdict == "too_little_data"
    assert "on later data there are 2 accounts that converted" in result.verdict.why
    assert result.window["converting_accounts"] > 100 and result.metrics["auc_low"] is not None


def test_a_base_rate_that_triples_is_drift_and_its_probabilities_are_refused(rows):
    last = rows["as_of_date"].max()
    kept = pl.Series(np.random.default_rng(4).random(rows.height) < 0.2)
    moved = rows.filter((pl.col("as_of_date") == last) | ~pl.col("is_converted") | kept)
    result = train(moved, training_settings(rows))
    assert result.verdict.verdict == "drift", result.verdict
    assert "were predicted" in result.verdict.why


def test_thirty_conversions_are_too_few(rows):
    wins = rows.filter("is_converted").unique("account_id", maintain_order=True).head(30)
    few = pl.concat([rows.filter(~pl.col("is_converted")), wins])
    result = train(few, training_settings(rows))
    assert result.verdict.verdict == "too_little_data"
    assert result.metrics is not None


def test_the_same_rows_in_any_order_give_the_same_model(rows, result):
    again = train(rows, training_settings(rows))
    shuffled = train(rows.sample(fraction=1.0, shuffle=True, seed=9), training_settings(rows))
    assert again.model.digest() == result.model.digest() == shuffled.model.digest()
    assert shuffled.metrics == result.metrics
    assert shuffled.test_rows.equals(result.test_rows)


@pytest.mark.parametrize("direction", [1, -1])
def test_more_of_a_monotone_feature_never_lowers_the_score(direction, rows):
    name = "won_deals_730d"
    monotone = replace(feature_named(name), monotone=direction)
    others = [feature_named(n) for n in ("days_since_last_won", "last_won_type")]
    encoder = fit_encoder(rows, [monotone, *others], 5)
    y = rows["is_converted"].cast(float).to_numpy()
    settings = BoosterSettings(min_child_weight=1, nthread=1)
    booster = fit_booster(
        encoder, dmatrix(encoder, encoder.matrix(rows), 1, label=y), settings, 7, 80
    )
    sample = rows.sample(200, seed=1)
    steps = [
        raw_log_odds(
            booster, encoder, encoder.matrix(sample.with_columns(pl.lit(v).alias(name))), 1
        )
        for v in range(12)
    ]
    assert np.all(direction * np.diff(np.array(steps), axis=0) >= -1e-6)


def test_constraints_of_the_contract_reach_every_model(rows):
    strict = tuple(
        replace(f, monotone=-1) if f.name == "days_since_last_won" else f for f in FEATURES
    )
    model = train(rows, training_settings(rows), contract=strict).model
    sample = rows.sample(100, seed=2)
    scores = [
        model.score(sample.with_columns(days_since_last_won=pl.lit(days)))["score"].to_numpy()
        for days in range(0, 2000, 100)
    ]
    assert np.all(np.diff(np.array(scores), axis=0) <= 1e-6)


def test_ranking_is_not_changed_by_calibration(rows):
    generator = np.random.default_rng(3)
    fewer = rows.filter(
        pl.Series(generator.random(rows.height) < 0.4) | ~pl.col("is_converted")
        | (pl.col("as_of_date").dt.year() < 2006)
    )  # fmt: skip
    result = train(fewer, training_settings(rows))
    scores = result.model.score(rows).sort("raw_probability")
    assert np.all(np.diff(scores["win_probability_365d"].to_numpy()) >= 0)
    assert np.all(np.diff(scores["score"].to_numpy()) >= 0)


def test_whether_an_attribute_was_filled_in_does_not_move_the_score(rows):
    told = rows.with_columns(
        industry=pl.when(pl.col("is_converted")).then("industry").otherwise(None)
    )
    plain, tempted = (
        train(frame, training_settings(frame, snapshot_attributes=attributes)).metrics["auc"]
        for frame, attributes in ((rows, ()), (told, ("industry",)))
    )
    assert tempted < plain + 0.02
