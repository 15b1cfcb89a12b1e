"""More meetings never lower a score: what a person would insist on, of a trained model and its components."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from models.feature_contract import FEATURES
from models.lead_contract import LEAD_FEATURES
from models.monotone import DIRECTIONS, DIRECTIONS_OF_PEOPLE
from models.training import train
from tests.factories import training_rows, training_settings, with_days

STEPS = 9
PROBABILITIES = ["win_probability_121d", "win_probability_365d"]
SCORES = [*PROBABILITIES, "score", "engagement_score", "intent_score", "readiness_score"]


@pytest.fixture(scope="module")
def rows():
    """Every feature with a direction, and outcomes that speak against each of them; a fifth of the values are missing."""
    plain = with_days(training_rows(accounts=500))
    generator = np.random.default_rng(11)
    # within the shorter horizon on every day: the newest day knows of no others, and told of all it would be another population
    wins = (
        plain.select((pl.col("days_to_conversion") <= 121).fill_null(False)).to_series().to_numpy()
    )
    told = {
        name: pl.Series(generator.poisson(np.where(wins, 2.0 - way * 0.6, 2.0 + way * 0.6)))
        for name, way in DIRECTIONS.items()
    }
    known = {name: pl.Series(generator.random(plain.height) > 0.2) for name in DIRECTIONS}
    return plain.with_columns(
        pl.when(known[name]).then(values).alias(name) for name, values in told.items()
    )


def moves_against(model, sample: pl.DataFrame, name: str, way: int) -> list[str]:
    """The scores that move against a direction anywhere as one feature alone rises."""
    rising = pl.DataFrame({name: range(STEPS)})
    told = model.score(sample.drop(name).join(rising, how="cross")).with_columns(
        tier=-pl.col("tier").fill_null(4)
    )
    moved = {
        column: np.diff(told[column].to_numpy().reshape(-1, STEPS), axis=1)
        for column in (*SCORES, "tier")
    }
    return [column for column, steps in moved.items() if (way * steps < -1e-9).any()]


def fitted(rows, contract):
    settings = training_settings(rows, horizons_days=(121, 365))
    return train(rows, settings, contract=contract).model


def with_a_meeting_more(rows: pl.DataFrame) -> pl.DataFrame:
    """What a meeting of today with a decision maker who was not active before changes of an account (dbt/models/features)."""
    more = [
        *(
            "meetings_held_30d",
            "meetings_held_90d",
            "responses_decayed_14d",
            "responses_decayed_45d",
        ),
        *("people_active_30d", "people_active_90d", "functions_active_90d"),
        *("senior_people_active_90d", "decision_makers_active_90d"),
    ]
    return rows.with_columns(
        *(pl.col(name) + 1 for name in more),
        days_since_last_meeting=pl.lit(0, rows["days_since_last_meeting"].dtype),
    )


def test_every_direction_is_one_of_a_number_in_the_contract():
    kinds = {feature.name: (feature.kind, feature.monotone) for feature in FEATURES}
    assert {name: kinds[name] for name in DIRECTIONS} == {
        name: ("number", way) for name, way in DIRECTIONS.items()
    }
    assert {name for name, (_, way) in kinds.items() if way} == set(DIRECTIONS)


def test_raising_one_feature_alone_never_moves_a_score_against_its_direction(rows):
    model = fitted(rows, FEATURES)
    sample = rows.sample(80, seed=5)
    found = {name: moves_against(model, sample, name, way) for name, way in DIRECTIONS.items()}
    assert {name: columns for name, columns in found.items() if columns} == {}
    # and scores do move at all: the rows speak against every direction, but not against all of them together
    assert model.score(sample)["score"].n_unique() > 20


def test_a_whole_meeting_more_never_lowers_a_score(rows):
    """Also the first one: no meeting at all is not better than one of today. Touches by sales, which have no direction, are
    other things than meetings (tests in feat_relationship__sales_touches.yml).
    """
    model = fitted(rows, FEATURES)
    before, after = model.score(rows), model.score(with_a_meeting_more(rows))
    assert rows["days_since_last_meeting"].null_count() > 100
    for column in SCORES:
        fell = (after[column] - before[column]).drop_nulls().min()
        assert fell >= -1e-9, column
    # and it does raise some, though these rows speak against it
    assert (after["score"] > before["score"]).sum() > 100
    # XGBoost itself sees no order between an absent time and others
    free = tuple(replace(feature, monotone=0) for feature in FEATURES)
    unheld = fitted(rows, free)
    fell = unheld.score(with_a_meeting_more(rows))["score"] - unheld.score(rows)["score"]
    assert fell.min() < -1


def test_more_of_what_a_person_does_never_lowers_its_chance():
    kinds = {feature.name: feature.monotone for feature in LEAD_FEATURES}
    assert {name: way for name, way in kinds.items() if way} == DIRECTIONS_OF_PEOPLE


def test_without_directions_these_rows_do_lower_a_score_for_more_meetings(rows):
    free = tuple(replace(feature, monotone=0) for feature in FEATURES)
    model = fitted(rows, free)
    sample = rows.sample(80, seed=5)
    found = {name: moves_against(model, sample, name, way) for name, way in DIRECTIONS.items()}
    assert {"score", *PROBABILITIES} <= set(found["meetings_held_90d"])
    assert sum(map(bool, found.values())) > len(DIRECTIONS) / 2
