"""Which rows of a day are explained: the best, and any other on demand, by nothing but the day itself."""

import polars as pl
import pytest

from dagster_project.config import DEFAULT_SETTINGS_FILE
from dagster_project.scored_rows import KEY, scored_rows
from dagster_project.settings_file import load_settings
from models.training import train
from tests.factories import training_rows, training_settings

EXPLAINED = 5
SAID = ["reasons", "contribution_base", "contribution_fit"]


@pytest.fixture(scope="module")
def world():
    """A model, a day's rows, and settings that explain its best five."""
    rows = training_rows(accounts=200)
    model = train(rows, training_settings(rows)).model
    today = rows.filter(pl.col("as_of_date") == pl.col("as_of_date").max())
    settings = load_settings(DEFAULT_SETTINGS_FILE)
    asked = settings.explanation.model_copy(update={"max_accounts_per_day": EXPLAINED})
    return model, today, settings.model_copy(update={"explanation": asked})


def scored(world, frame):
    model, _, settings = world
    return scored_rows(frame, model, settings, dict.fromkeys(frame["as_of_date"], 1))


def test_the_best_are_explained_and_of_all_others_nothing_is_said(world):
    found, factors = scored(world, world[1])
    ranked = found.sort("raw_probability", "account_id", descending=[True, False])
    assert ranked.head(EXPLAINED).select(SAID).null_count().sum_horizontal()[0] == 0
    rest = ranked.tail(-EXPLAINED)
    assert rest.height == 195
    assert rest.select(SAID).null_count().row(0) == (195,) * len(SAID)
    assert rest["score"].null_count() == 0
    assert factors["account_id"].unique().to_list() == ranked["account_id"].head(1).to_list()


def test_any_other_account_is_explained_when_it_is_asked_for_alone(world):
    """As `scoring explain` asks: the same score, and now its reasons and factors."""
    found, _ = scored(world, world[1])
    unsaid = found.filter(pl.col("reasons").is_null()).head(1)
    alone, factors = scored(world, world[1].join(unsaid, on=KEY, how="semi"))
    assert (
        alone.drop(SAID)
        .select("score", "feature_digest")
        .equals(unsaid.select("score", "feature_digest"))
    )
    assert alone["reasons"][0].len() > 0 and factors.height > 5
