"""Component scores: who has one, what it rests on, its files."""

import json
import shutil
from dataclasses import replace

import polars as pl
import pytest

from dagster_project import warehouse
from expectations.suites import account_scores
from models.components import COMPONENTS
from models.feature_contract import Feature
from models.model_files import MODEL_FILE
from models.scoring import ScoringModel
from models.training import train
from tests.factories import feature_named, training_rows, training_settings

HISTORY = feature_named("won_deals_365d")


def feature(name: str, family: str) -> Feature:
    return Feature(name, family, name, "number", "count", "{value}", "none")


VISITS, TOPICS = feature("visits_30d", "engagement"), feature("topics_surging", "intent")
SIZE, HEAT = feature("employees", "fit"), feature("market_heat", "fit")
CONTRACT = (HISTORY, VISITS, TOPICS, SIZE, HEAT)


@pytest.fixture(scope="module")
def rows():
    """Visits tell something, size nothing; intent has no feed; heat is the market's, not an account's."""
    base = training_rows(accounts=400)
    told = pl.col("won_deals_730d") * 10 + pl.int_range(pl.len()) % 7
    return base.with_columns(
        visits_30d=pl.when(pl.int_range(pl.len()) % 4 > 0).then(told),
        topics_surging=pl.lit(None, dtype=pl.Int64),
        employees=(pl.int_range(pl.len()) * 37) % 101,
        market_heat=pl.col("as_of_date").dt.year() - 2000,
    )


def settings_for(rows, **changes):
    return training_settings(rows, left_out_features=(), **changes)


@pytest.fixture(scope="module")
def result(rows):
    return train(rows, settings_for(rows), contract=CONTRACT)


def test_families_with_data_have_a_component_and_no_other(result):
    names = ["fit_score", "engagement_score", "readiness_score"]
    assert [one.name for one in result.model.components] == names
    by_family = {one.family: one.encoder.names for one in result.model.components}
    # readiness is all that moves
    assert by_family.pop("readiness") == [
        column.feature.name
        for column in result.model.encoder.columns
        if column.feature.family != "fit" and column.feature.name != "market_heat"
    ]
    assert by_family == {"fit": ["employees"], "engagement": ["visits_30d"]}


def test_no_data_is_null_and_never_zero(result, rows):
    scores = result.model.score(rows)
    assert scores["intent_score"].null_count() == rows.height
    assert scores["fit_score"].null_count() == 0
    missing = rows["visits_30d"].is_null()
    assert scores["engagement_score"].is_null().equals(missing, check_names=False)
    assert scores["engagement_score"].drop_nulls().is_between(0, 100).all()


def test_the_newest_days_accounts_with_data_set_the_scale(result, rows):
    newest = rows.filter(pl.col("as_of_date") == pl.col("as_of_date").max())
    assert result.model.score(newest)["engagement_score"].mean() == pytest.approx(50, abs=0.5)


def test_components_are_measured_on_the_later_part(result):
    measured = result.component_metrics
    assert set(measured) == {"fit_score", "engagement_score", "readiness_score"}
    assert measured["engagement_score"]["auc_low"] > 0.5
    assert measured["fit_score"]["auc_low"] <= 0.5 <= measured["fit_score"]["auc_high"]
    # a quarter of the accounts has no visits to be judged by
    assert measured["engagement_score"]["n"] < measured["fit_score"]["n"] == result.metrics["n"]


def test_features_without_data_are_left_out_and_named(result, rows):
    assert result.without_data == {"topics_surging": "no row has a value"}
    assert "topics_surging" not in result.model.encoder.names
    # what holds for the whole market is left to the whole model
    assert "market_heat" in result.model.encoder.names
    constant = rows.with_columns(employees=pl.lit(3))
    again = train(constant, settings_for(rows), contract=CONTRACT)
    assert again.without_data["employees"] == "all rows have the same value"
    assert [one.family for one in again.model.components] == ["engagement", "readiness"]


def test_a_feature_that_says_the_same_as_another_is_left_out_and_one_that_nearly_does_is_not(rows):
    twin = replace(VISITS, name="visits_again")
    contract = (*CONTRACT, twin)
    same = rows.with_columns(pl.col(VISITS.name).alias(twin.name))
    result = train(same, settings_for(rows), contract=contract)
    assert result.without_data[twin.name] == f"the same as {VISITS.name} in all rows"
    other = pl.when(pl.int_range(pl.len()) == 7).then(99).otherwise(pl.col(VISITS.name))
    nearly = train(rows.with_columns(other.alias(twin.name)), settings_for(rows), contract=contract)
    assert twin.name not in nearly.without_data


def test_a_feature_without_data_changes_nothing_but_the_contract(result, rows):
    without = tuple(one for one in CONTRACT if one is not TOPICS)
    again = train(rows.drop("topics_surging"), settings_for(rows), contract=without)
    assert again.metrics == result.metrics
    assert again.model.score(rows).equals(result.model.score(rows))


def test_nothing_to_learn_from_is_said(rows):
    empty = rows.with_columns(visits_30d=pl.lit(1))
    with pytest.raises(ValueError, match="nothing to learn from"):
        train(empty, settings_for(rows), contract=(VISITS, TOPICS))


def test_files_hold_the_components_in_xgboosts_own_format(result, rows, tmp_path):
    result.model.save(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {
        "engagement_score.ubj",
        "fit_score.ubj",
        "horizon_365d.ubj",
        "readiness_score.ubj",
        MODEL_FILE,
    }
    again = ScoringModel.load(tmp_path)
    assert again.score(rows).equals(result.model.score(rows))
    assert again.digest() == result.model.digest()


def test_a_model_written_before_there_were_components_still_scores(result, rows, tmp_path):
    result.model.save(tmp_path / "new")
    shutil.copytree(tmp_path / "new", tmp_path / "old")
    path = tmp_path / "old" / MODEL_FILE
    content = json.loads(path.read_text())
    del content["components"], content["grades"]
    path.write_text(json.dumps(content | {"format": 1}))
    scores = ScoringModel.load(tmp_path / "old").score(rows)
    assert scores["score"].equals(result.model.score(rows)["score"])
    assert scores["fit_score"].null_count() == scores["grade"].null_count() == rows.height


def test_without_refit_the_measured_components_score(rows):
    kept = train(rows, settings_for(rows, refit=False), contract=CONTRACT)
    assert kept.component_metrics["engagement_score"]["auc"] > 0.5
    assert len(kept.model.components) == 3


def test_the_lists_of_components_agree():
    names = tuple(COMPONENTS.values())
    assert account_scores.COMPONENTS == names
    assert set(names) <= set(warehouse.columns_of("account_predictions"))
