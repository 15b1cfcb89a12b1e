"""How component scores and the scorecard must behave, whatever their numbers."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.components import COMPONENTS
from models.feature_contract import Feature
from models.scorecard import Scorecard
from models.settings import ScorecardLine, ScorecardSettings
from models.training import train
from tests.factories import feature_named, training_rows, training_settings

VISITS = Feature("visits_30d", "engagement", "web", "number", "count", "{value}", "none")
SIZE = Feature("employees", "fit", "size", "number", "count", "{value}", "none")
CONTRACT = (feature_named("won_deals_730d"), feature_named("days_since_last_won"), VISITS, SIZE)
# an engagement feature counts how often, so that more is never worse
MORE_IS_BETTER = tuple(replace(f, monotone=1) if f is VISITS else f for f in CONTRACT)


@pytest.fixture(scope="module")
def rows():
    base = training_rows(accounts=600)
    noise = pl.Series(np.random.default_rng(3).integers(0, 6, base.height))
    return base.with_columns(
        visits_30d=2 * pl.col("won_deals_730d") + noise, employees=pl.int_range(pl.len()) % 83
    )


def trained(rows, contract=CONTRACT):
    return train(rows, training_settings(rows, left_out_features=()), contract=contract)


@pytest.fixture(scope="module")
def result(rows):
    return trained(rows)


@pytest.mark.parametrize(("family", "own"), [("engagement", "visits_30d"), ("fit", "employees")])
def test_a_component_ignores_the_features_of_other_families(family, own, result, rows):
    name = COMPONENTS[family]
    others = [feature.name for feature in CONTRACT if feature.name != own]
    mixed = rows.with_columns(pl.col(column).shuffle(seed=4) for column in others)
    before, after = result.model.score(rows), result.model.score(mixed)
    assert after[name].equals(before[name])
    assert not after["score"].equals(before["score"])


def test_a_component_is_trained_without_the_features_of_other_families(result, rows):
    others = [feature.name for feature in CONTRACT if feature.family == "relationship"]
    mixed = rows.with_columns(pl.col(column).shuffle(seed=4) for column in others)
    again = trained(mixed)
    assert again.model.score(rows)["engagement_score"].equals(
        result.model.score(rows)["engagement_score"]
    )


def test_taking_a_familys_data_away_takes_its_score_and_no_other(result, rows):
    without = rows.with_columns(visits_30d=pl.lit(None, dtype=pl.Int64))
    scores = result.model.score(without)
    assert scores["engagement_score"].null_count() == rows.height
    assert scores["fit_score"].equals(result.model.score(rows)["fit_score"])
    assert scores["score"].null_count() == 0
    never = trained(without)
    # readiness is what is left of all that moves
    assert [one.family for one in never.model.components] == ["fit", "readiness"]
    assert "engagement_score" not in never.component_metrics


@pytest.mark.parametrize("seed", [6, 8])
def test_components_of_permuted_labels_tell_nobody_apart(seed, rows):
    shuffled = rows.with_columns(pl.col("is_converted").shuffle(seed=seed).over("as_of_date"))
    for measured in trained(shuffled).component_metrics.values():
        assert measured["auc_low"] <= 0.5 <= measured["auc_high"]


def test_more_of_a_monotone_feature_never_lowers_its_component(rows):
    model = trained(rows, MORE_IS_BETTER).model
    sample = rows.sample(50, seed=2)
    steps = [
        model.score(sample.with_columns(visits_30d=pl.lit(visits)))["engagement_score"].to_numpy()
        for visits in range(0, 40, 4)
    ]
    assert np.all(np.diff(np.array(steps), axis=0) >= 0)


@st.composite
def lines(draw):
    kind = draw(st.sampled_from(["at_least", "at_most", "present"]))
    value = True if kind == "present" else draw(st.integers(0, 6))
    decay = {"days_since": "days_since_last_won", "half_life_days": draw(st.integers(1, 400))}
    return ScorecardLine(
        feature=draw(st.sampled_from(["won_deals_total", "won_deals_730d", "won_deals_365d"])),
        **{kind: value},
        points=draw(st.integers(-50, 50).filter(bool)),
        decay=draw(st.sampled_from([None, decay])),
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(lines(), min_size=1, max_size=6))
def test_the_score_follows_the_points_and_stays_between_0_and_100(written):
    frame = training_rows(accounts=80)
    card = Scorecard(ScorecardSettings(lines=tuple(written)))
    points = card.points(frame).sum(axis=1)
    score = card.score(frame)["score"].to_numpy()
    assert score.min() >= 0 and score.max() <= 100
    higher = points[:, None] > points[None, :] + 1e-4
    assert not np.any(higher & (score[:, None] <= score[None, :]))
    bands = np.array(["cold", "warm", "hot"])
    place = np.searchsorted([40, 60], score, side="right")
    assert card.score(frame)["band"].to_list() == bands[place].tolist()


@settings(max_examples=60, deadline=None)
@given(st.lists(lines(), min_size=1, max_size=6), st.integers(0, 10))
def test_a_line_that_is_met_never_moves_the_points_against_its_sign(written, deals):
    """Meeting one condition more, all else equal, adds exactly its points."""
    frame = training_rows(accounts=30).with_columns(won_deals_total=pl.lit(deals))
    extra = ScorecardLine(feature="won_deals_total", at_least=deals, points=7)
    unmet = ScorecardLine(feature="won_deals_total", at_least=deals + 1, points=7)
    met_by, unmet_by = (
        Scorecard(ScorecardSettings(lines=(*written, line))).points(frame).sum(axis=1)
        for line in (extra, unmet)
    )
    assert met_by - unmet_by == pytest.approx(np.full(frame.height, 7.0))


def test_no_value_earns_no_points_for_or_against():
    frame = training_rows(accounts=20).with_columns(won_deals_total=pl.lit(None, dtype=pl.Int64))
    for points in (9, -9):
        line = ScorecardLine(feature="won_deals_total", at_most=99, points=points)
        assert not Scorecard(ScorecardSettings(lines=(line,))).points(frame).any()
