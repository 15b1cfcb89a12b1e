import numpy as np
import polars as pl
import pytest

from models.calibration import log_odds
from models.explanation import contributions
from models.feature_contract import ContractError
from models.scoring import ScoringModel
from models.settings import BoosterSettings
from models.training import train
from models.training_rows import recency_weights, training_digest
from tests.factories import training_rows, training_settings, with_days, year_ends


@pytest.fixture(scope="module")
def rows():
    return training_rows(accounts=400)


@pytest.fixture(scope="module")
def result(rows):
    return train(rows, training_settings(rows), metadata={"trained_as_of": "2009-03-31"})


def test_a_result_says_all_there_is_to_say(result, rows):
    assert result.metrics["n"] == 400
    beside = {"logistic_regression", "untuned_xgboost", "rule", "suggested_scorecard"}
    assert set(result.baselines) == set(result.baseline_metrics) == beside
    assert set(result.comparisons) == set(result.baselines)
    assert sum(row["n"] for row in result.reliability) == result.test_rows.height == 400
    assert result.split["parts"]["test"]["from"] == "2008-03-31"
    assert result.window["rows"] == rows.height
    assert result.model.metadata["trained_as_of"] == "2009-03-31"
    assert set(result.importance) <= set(result.model.encoder.names)
    assert result.trees >= BoosterSettings().min_trees


def test_the_test_part_is_predicted_by_a_model_that_never_saw_its_years(rows, result):
    later = rows.filter(pl.col("as_of_date") == pl.col("as_of_date").max())
    turned = pl.concat(
        [
            rows.filter(pl.col("as_of_date") < later["as_of_date"][0]),
            later.with_columns(~pl.col("is_converted")),
        ]
    )
    again = train(turned, training_settings(rows))
    assert again.test_rows["raw_probability"].equals(result.test_rows["raw_probability"])
    assert again.model.digest() != result.model.digest()


def test_short_history_trains_without_measures_and_is_not_promoted():
    rows = training_rows(accounts=400, days=year_ends(2008, 2008))
    result = train(rows, training_settings(rows))
    assert result.metrics is None and result.reliability == []
    assert result.verdict.verdict == "too_little_data"
    assert len(result.split["missing"]) == 3
    assert result.model.score(rows).height == 400


def test_without_refit_the_measured_model_is_the_one_that_scores(rows):
    result = train(rows, training_settings(rows, refit=False))
    later = rows.filter(pl.col("as_of_date") == pl.col("as_of_date").max())
    scored = result.model.score(later).sort("account_id")["raw_probability"]
    assert scored.equals(result.test_rows["raw_probability"], check_names=False)


def test_the_accounts_of_the_newest_day_set_the_scale(rows):
    model = train(rows, training_settings(rows)).model
    newest = rows.filter(pl.col("as_of_date") == pl.col("as_of_date").max())
    assert model.score(newest)["score"].mean() == pytest.approx(50, abs=0.5)


def test_recency_weights_halve_every_half_life():
    rows = training_rows(accounts=1, days=year_ends(2006, 2008))
    weights = recency_weights(rows, training_settings(rows, recency_half_life_days=365))
    assert weights == pytest.approx([0.25, 0.5, 1.0], rel=0.01)
    assert recency_weights(rows, training_settings(rows)) is None


def test_the_digest_knows_rows_settings_and_code(rows):
    settings = training_settings(rows)
    one = training_digest(rows, settings, "a")
    shuffled = rows.sample(fraction=1.0, shuffle=True, seed=4)
    assert training_digest(shuffled, settings, "a") == one
    others = [
        training_digest(rows[1:], settings, "a"),
        training_digest(rows.with_columns(~pl.col("is_converted")), settings, "a"),
        training_digest(rows.with_columns(pl.col("horizon_days") + 1), settings, "a"),
        training_digest(rows.with_columns(days_to_conversion=pl.lit(3)), settings, "a"),
        training_digest(rows.with_columns(won_amount_usd=pl.lit(3.0)), settings, "a"),
        training_digest(rows, training_settings(rows, seed=8), "a"),
        training_digest(rows, settings, "b"),
    ]
    assert len({one, *others}) == 8


def test_what_cannot_be_learnt_from_is_refused(rows):
    settings = training_settings(rows)
    with pytest.raises(ValueError, match="empty"):
        train(rows[:0], settings)
    with pytest.raises(ValueError, match="twice"):
        train(pl.concat([rows, rows[:1]]), settings)
    with pytest.raises(ValueError, match="nulls"):
        train(rows.with_columns(is_converted=pl.lit(None, dtype=pl.Boolean)), settings)
    with pytest.raises(ContractError, match="won_deals_total"):
        train(rows.drop("won_deals_total"), settings)


def test_outcomes_of_one_kind_do_not_break_the_training(rows):
    never = rows.with_columns(is_converted=pl.lit(False))
    result = train(never, training_settings(rows))
    assert result.verdict.verdict == "too_little_data"
    assert np.isfinite(result.model.score(never)["score"].to_numpy()).all()


@pytest.fixture(scope="module")
def chained():
    """Yearly rows with windows of 360 days, primary 240; the newest day knows the first 120 days only."""
    rows = with_days(training_rows(accounts=500, horizon_days=360))
    settings = training_settings(rows, horizon_days=240, horizons_days=(120, 240, 360))
    return rows, settings, train(rows, settings)


def test_each_horizon_has_its_own_part_and_measures(chained):
    rows, settings, result = chained
    assert [part.horizon_days for part in result.model.parts] == [120, 240, 360]
    assert set(result.other_horizons) == {120, 360}
    assert result.horizons_left_out == {}
    tested = {h: one["split"]["parts"]["test"] for h, one in result.other_horizons.items()}
    # the shortest is tested on the day that is too fresh for the others
    assert tested[120]["from"] == "2008-03-31"
    assert result.split["parts"]["test"]["to"] == tested[360]["to"] == "2007-03-31"
    for one in (result.metrics, *(one["metrics"] for one in result.other_horizons.values())):
        assert one["auc_low"] > 0.5
        assert one["ece"] < 0.08


def test_probabilities_never_fall_with_the_horizon(chained):
    rows, settings, result = chained
    scored = result.model.score(rows)
    chances = [scored[f"win_probability_{h}d"].to_numpy() for h in (120, 240, 360)]
    assert np.all(chances[0] <= chances[1]) and np.all(chances[1] <= chances[2])
    assert np.mean(chances[2] - chances[0]) > 0.05
    days = scored["expected_days_to_close"]
    assert days.min() >= 60 and days.max() <= 300


def test_the_chain_scores_by_its_primary_horizon_and_survives_its_files(chained, tmp_path):
    rows, settings, result = chained
    scored = result.model.score(rows)
    raw = result.model.raw_probabilities(result.model.encoder.matrix(rows))
    assert np.array_equal(scored["raw_probability"].to_numpy(), raw[240])
    result.model.save(tmp_path)
    again = ScoringModel.load(tmp_path)
    assert again.score(rows).equals(scored) and again.digest() == result.model.digest()


def test_what_a_longer_horizon_learns_from_says_nothing_of_a_shorter_one(chained):
    """Conversions after the primary window turned round: all but the last part stays as it is."""
    rows, settings, result = chained
    late = pl.col("days_to_conversion").fill_null(400) > 240
    turned = rows.with_columns(
        is_converted=pl.when(late & (pl.col("horizon_days") == 360))
        .then(~pl.col("is_converted"))
        .otherwise("is_converted"),
        days_to_conversion=pl.when(late & ~pl.col("is_converted"))
        .then(300)
        .when(late)
        .then(None)
        .otherwise("days_to_conversion"),
    )
    again = train(turned, settings)
    before, after = result.model.score(rows), again.model.score(rows)
    for name in ("win_probability_120d", "win_probability_240d", "score"):
        assert before[name].equals(after[name])
    assert not before["win_probability_360d"].equals(after["win_probability_360d"])


def test_a_horizon_with_too_few_conversions_is_left_out_with_the_reason(chained):
    rows, settings, _ = chained
    rare = rows.with_columns(
        days_to_conversion=pl.when(pl.col("account_id") < "salesforce:00020")
        .then("days_to_conversion")
        .otherwise(pl.when(pl.col("is_converted")).then(200))
    )
    result = train(rare, settings)
    assert [part.horizon_days for part in result.model.parts] == [240]
    assert "at least 100 are needed" in result.horizons_left_out[120]
    assert "after day 240" in result.horizons_left_out[360]
    assert result.model.score(rare)["expected_days_to_close"].null_count() == rare.height


def test_reasons_of_a_chain_sum_to_the_log_odds_of_the_primary_horizon(chained):
    rows, settings, result = chained
    some = rows[:50]
    summed = contributions(result.model, some).sum(axis=1)
    raw = result.model.score(some)["raw_probability"].to_numpy()
    assert np.max(np.abs(summed - log_odds(raw))) < 1e-5


def test_no_window_at_the_primary_horizon_is_refused(chained):
    rows, settings, _ = chained
    fresh = rows.filter(pl.col("horizon_days") == 120)
    with pytest.raises(ValueError, match="240 days"):
        train(fresh, settings)


def test_before_there_is_enough_to_learn_segments_are_counted_all_the_same(rows):
    few = rows.with_columns(
        is_converted=pl.col("is_converted") & (pl.col("account_id") < "salesforce:00040")
    )
    settings = training_settings(few).model_copy(update={"snapshot_attributes": ("industry",)})
    result = train(few, settings)
    assert result.verdict.verdict == "too_little_data"
    assert result.segments["converted_accounts"].max() <= 40 and result.segments.height > 20
    assert result.icp["winners"].max() <= 40
    none = train(few.with_columns(is_converted=pl.lit(False)), settings)
    assert none.segments["conversion_rate"].max() == 0 and none.icp.height == 0
    assert "suggested_scorecard" not in none.baselines


def test_a_feature_that_seems_to_know_the_outcome_is_in_no_segment(rows):
    leaking = rows.with_columns(won_deals_365d=pl.col("is_converted").cast(pl.Int64))
    result = train(leaking, training_settings(leaking))
    assert "won_deals_365d" in result.leak_suspects
    assert "won_deals_365d" not in result.segments["feature"].to_list()
    assert "won_deals_730d" in result.segments["feature"].to_list()
