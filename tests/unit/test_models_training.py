import numpy as np
import polars as pl
import pytest

from models.feature_contract import ContractError
from models.settings import BoosterSettings
from models.training import train
from models.training_rows import recency_weights, training_digest
from tests.factories import training_rows, training_settings, year_ends


@pytest.fixture(scope="module")
def rows():
    return training_rows(accounts=400)


@pytest.fixture(scope="module")
def result(rows):
    return train(rows, training_settings(rows), metadata={"trained_as_of": "2009-03-31"})


def test_a_result_says_all_there_is_to_say(result, rows):
    assert result.metrics["n"] == 400
    assert set(result.baselines) == set(result.baseline_metrics) == {"logistic_regression", "rule"}
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
        training_digest(rows, training_settings(rows, seed=8), "a"),
        training_digest(rows, settings, "b"),
    ]
    assert len({one, *others}) == 5


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
