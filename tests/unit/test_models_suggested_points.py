"""Suggested points and the profile of winners: worlds in which it is known what counts.

Belongs here: models/suggested_points.py and icp.py. Not here: conversion by segment (test_models_segments.py).
"""

from datetime import date

import numpy as np
import polars as pl
import pytest

from dagster_project.config import Scorecard as Section
from models.bins import find_bins
from models.feature_contract import FEATURES, usable_features
from models.icp import icp_profile
from models.ranking import Order, auc
from models.scorecard import Scorecard, added
from models.settings import DealWords, TrainingSettings
from models.suggested_points import MOST_LINES, suggest_points

SETTINGS = TrainingSettings(horizon_days=90)
CONTRACT = {f.name: f for f in usable_features((), (), FEATURES, ("industry", "employee_count"))}
DAYS = [date(2025, month, 28) for month in (1, 3, 5, 7, 9, 11)]


def world(seed=3, accounts=800, demo=np.log(4), signal=1.0):
    """Demo requests multiply the odds by four, financial services by three; visits are requests seen through noise."""
    draw, frames = np.random.default_rng(seed), []
    industry = draw.choice(["Financial Services", "Retail", "Energy"], accounts)
    for day in DAYS:
        asked = draw.random(accounts) < 0.3
        visits = asked * draw.integers(0, 9, accounts) + draw.poisson(0.5, accounts)
        odds = -3 + signal * (demo * asked + np.log(3) * (industry == "Financial Services"))
        columns = {
            "account_id": [f"a{n:04d}" for n in range(accounts)],
            "as_of_date": [day] * accounts,
            "industry": industry,
            "demo_requests_90d": asked.astype(int),
            "visits_30d": visits,
            "visits_90d": visits + 1,
            "contacts": draw.poisson(4, accounts),
            "is_converted": draw.random(accounts) < 1 / (1 + np.exp(-odds)),
        }
        frames.append(pl.DataFrame(columns))
    return pl.concat(frames)


def suggested(rows):
    names = [name for name in CONTRACT if name in rows.columns]
    return suggest_points(rows, [CONTRACT[name] for name in names], SETTINGS)


def test_points_are_lines_of_scoring_yaml_and_double_the_odds_by_ten():
    card = suggested(world())
    section = Section.model_validate(card.model_dump())
    given = {line.feature: line.points for line in section.lines}
    assert given["demo_requests_90d"] == pytest.approx(20, abs=4)
    assert given["industry"] == pytest.approx(10 * np.log2(3), abs=4)
    assert {line.one_of for line in section.lines if line.feature == "industry"} == {
        ("Financial Services",)
    }
    assert not {"visits_90d", "contacts"} & set(given) and len(section.lines) <= MOST_LINES
    assert 0 < card.warm_from <= card.hot_from <= 100


def test_suggested_points_rank_accounts_that_they_were_not_learnt_from():
    card, later = suggested(world(3)), world(4)
    order = Order.of(
        later["is_converted"].cast(float).to_numpy(), added(Scorecard(card).points(later))
    )
    assert auc(*order.grouped(np.ones(later.height)))[0] > 0.65


@pytest.mark.parametrize("seed", range(5))
def test_history_without_signal_suggests_nothing(seed):
    assert suggested(world(seed, signal=0.0)) is None


def test_windows_that_overlap_count_once():
    rows = world()
    twice = rows.with_columns(pl.col("as_of_date").dt.offset_by("-1d"))
    assert suggested(pl.concat([rows, twice])) == suggested(rows)


def test_without_conversions_nothing_is_suggested():
    assert suggested(world().with_columns(is_converted=pl.lit(False))) is None


def profile(rows, *names):
    found = find_bins(rows, [CONTRACT[name] for name in names])
    return {row["feature"]: row for row in icp_profile(rows, found, DealWords()).to_dicts()}


def test_winners_are_looked_at_as_they_were_before_their_win():
    first = pl.DataFrame(
        {
            "account_id": [f"a{n:03d}" for n in range(200)],
            "as_of_date": [DAYS[0]] * 200,
            "employee_count": [300 if n < 60 else 20 for n in range(200)],
            "is_converted": [n < 80 for n in range(200)],
        }
    )
    # grown by the day after: too late to be typical of winners
    grown = first.with_columns(as_of_date=pl.lit(DAYS[1]), employee_count=pl.lit(5000, pl.Int64))
    said = profile(pl.concat([first, grown]), "employee_count")["employee_count"]
    assert said["winners"] == 80 and said["winners_median"] == 300
    assert said["winners_share"] == pytest.approx(60 / 80) and said["all_share"] == pytest.approx(
        0.3
    )
    assert said["over_representation"] == pytest.approx(2.5) and said["is_sure"]
    assert said["over_representation_low"] < 2.5 < said["over_representation_high"]


def test_winners_count_with_what_they_were_worth_and_a_giant_with_no_more_than_five():
    rows = pl.DataFrame(
        {
            "account_id": [f"a{n:03d}" for n in range(200)],
            "as_of_date": [DAYS[0]] * 200,
            "industry": ["Retail"] * 100 + ["Energy"] * 100,
            "is_converted": ([True] * 10 + [False] * 90) * 2,
            "won_amount_usd": [30.0]
            + [10.0] * 9
            + [None] * 90
            + [1000.0]
            + [10.0] * 8
            + [None] * 91,
        }
    )
    said = profile(rows, "industry")["industry"]
    assert said["weighted_by"] == "won amount" and said["winners_most_common"] == "Energy"
    assert said["winners_share"] == pytest.approx((50 + 90) / (50 + 90 + 30 + 90))
    alone = profile(rows.drop("won_amount_usd"), "industry")["industry"]
    assert alone["weighted_by"] == "accounts" and alone["segment"] is None and not alone["is_sure"]


def test_what_all_companies_were_like_in_a_good_year_is_not_typical_of_winners():
    draw = np.random.default_rng(1)
    frames = [
        pl.DataFrame(
            {
                "account_id": [f"{place}-{n:03d}" for n in range(400)],
                "as_of_date": [day] * 400,
                "technologies_added_180d": (draw.random(400) < share).astype(int),
                "is_converted": draw.random(400) < rate,
            }
        )
        for place, (day, share, rate) in enumerate(
            zip(DAYS[:2], (0.8, 0.1), (0.4, 0.05), strict=True)
        )
    ]
    said = profile(pl.concat(frames), "technologies_added_180d")["technologies_added_180d"]
    assert not said["is_sure"]
    assert said["winners_share"] == pytest.approx(said["all_share"], abs=0.06)


def test_without_winners_there_is_no_profile():
    assert profile(world().with_columns(is_converted=pl.lit(False)), "industry") == {}
