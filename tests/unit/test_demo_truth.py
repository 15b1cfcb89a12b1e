"""The hidden chain: probabilities follow from the matrices alone and agree with what is simulated."""

import numpy as np
import pytest
from pydantic import ValidationError

from dagster_project.demo.calendar import HORIZONS, Calendar
from dagster_project.demo.hidden_state import (
    CLASSES,
    IDLE,
    STATES,
    WON,
    build_chain,
    simulate,
    win_probabilities,
)
from dagster_project.demo.ids import record_ids
from dagster_project.demo.names import COMPANY_NAMES, company_words
from dagster_project.demo.settings import ChainSettings, WorldSettings
from dagster_project.demo.truth import Ranking
from dagster_project.feeds.salesforce_columns import long_id

SETTINGS = WorldSettings(accounts=500, months=6, daily_truth_days=0, later_days=0)
CALENDAR = Calendar(SETTINGS)
CHAIN = build_chain(SETTINGS.chain, CALENDAR)


def test_rows_of_all_transition_matrices_sum_to_one():
    assert CHAIN.base.shape == (CLASSES, STATES, STATES)
    assert (CHAIN.base >= 0).all()
    assert np.allclose(CHAIN.base.sum(axis=2), 1)


def test_probabilities_rise_with_the_horizon_and_stay_between_zero_and_one():
    table = win_probabilities(CHAIN, CALENDAR)
    assert table.shape == (len(HORIZONS), len(CALENDAR.as_of_days), CLASSES, STATES)
    assert (table >= 0).all() and (table <= 1 + 1e-12).all()
    assert (np.diff(table, axis=0) >= -1e-12).all()
    assert np.allclose(table[:, :, :, WON], 1)


def test_simulated_shares_of_wins_agree_with_the_probabilities():
    table = win_probabilities(CHAIN, CALENDAR)
    rng = np.random.default_rng(1)
    classes = rng.integers(0, CLASSES, 6000)
    path = simulate(CHAIN, classes, rng)
    for place, day in enumerate(CALENDAR.as_of_days):
        now = path[day - CALENDAR.start]
        still = now != WON
        expected = table[1, place, classes[still], now[still]]
        happened = path[day - CALENDAR.start + 90][still] == WON
        error = np.sqrt((expected * (1 - expected)).sum())
        assert abs(happened.sum() - expected.sum()) < 4 * error


def test_without_projects_nobody_wins_from_idle():
    rare = build_chain(ChainSettings(projects_per_year=1e-9), CALENDAR)
    assert win_probabilities(rare, CALENDAR)[:, :, :, IDLE].max() < 1e-8


def test_auc_by_bins_agrees_with_all_pairs():
    rng = np.random.default_rng(3)
    score = rng.beta(1, 20, 3000)
    is_won = rng.random(3000) < score
    ranking = Ranking()
    ranking.add(score, is_won)
    pairs = score[is_won][:, None] > score[~is_won][None, :]
    assert ranking.auc() == pytest.approx(pairs.mean(), abs=2e-3)
    assert ranking.lift() > 1.5


def test_record_ids_are_the_long_form_of_their_own_first_fifteen_letters():
    ids = record_ids("contact", np.array([0, 61, 62, 123_456_789_012, -1])).to_list()
    assert ids[-1] is None
    assert len(set(ids)) == 5
    assert all(len(i) == 18 and i.startswith("003") and long_id(i[:15]) == i for i in ids[:-1])


def test_no_two_of_a_million_companies_share_a_name():
    import polars as pl

    words = company_words(pl.int_range(0, 1_000_000, eager=True))
    assert COMPANY_NAMES >= 1_000_000
    assert words["name"].n_unique() == words["domain"].n_unique() == 1_000_000
    assert words["domain"].str.ends_with(".example").all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"accounts": 0},
        {"accounts": 2_000_000},
        {"months": 1},
        {"seed": -1},
        {"last_day": "2026-06-15"},
        {"later_days": -3},
        {"chain": {"stage_days": 0}},
        {"web": {"company_resolved_rate": 1.5}},
        {"pollution": {"bots": 0.1}},
    ],
)
def test_nonsense_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        WorldSettings(**wrong)
