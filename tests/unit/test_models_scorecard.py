"""The scorecard: points, its scale, what it says of an account, and its baseline."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from models.baselines import baseline_from_dict, fit_scorecard
from models.components import COMPONENTS
from models.feature_contract import FEATURES, ContractError
from models.scorecard import Scorecard, attainable, scorecard_of
from models.scorecard_check import problems_of
from models.scoring import LITTLE_DATA
from models.settings import ScorecardLine, ScorecardSettings, TrainingSettings
from models.training import train
from tests.factories import feature_named, training_rows, training_settings

DEALS = ScorecardLine(feature="won_deals_365d", at_least=1, points=20)
MORE_DEALS = ScorecardLine(feature="won_deals_365d", at_least=3, points=10)
FADING = ScorecardLine(
    feature="last_won_amount_usd",
    at_least=1000,
    points=30,
    decay={"days_since": "days_since_last_won", "half_life_days": 100},
)
SOFTWARE = ScorecardLine(feature="industry", one_of=["software", "hardware"], points=15)
BIOTECH = ScorecardLine(feature="industry", one_of=["biotech"], points=-25)
YOUNG = ScorecardLine(feature="company_age_days", at_most=2000, points=5)
LINES = (DEALS, MORE_DEALS, FADING, SOFTWARE, BIOTECH, YOUNG)
COLUMNS = {
    "won_deals_365d": pl.Int64,
    "last_won_amount_usd": pl.Float64,
    "days_since_last_won": pl.Int64,
    "industry": pl.String,
    "company_age_days": pl.Int64,
}


def card(*lines, **settings) -> Scorecard:
    return Scorecard(ScorecardSettings(lines=lines or LINES, **settings))


def accounts(*rows: dict) -> pl.DataFrame:
    keys = [
        {"account_id": f"a{n}", "as_of_date": date(2026, 1, 31)} | row for n, row in enumerate(rows)
    ]
    schema = {"account_id": pl.String, "as_of_date": pl.Date} | COLUMNS
    return pl.DataFrame(keys, schema=schema)


def points_of(*rows: dict) -> list[float]:
    return card().points(accounts(*rows)).sum(axis=1).tolist()


def test_each_kind_of_condition_gives_its_points():
    assert points_of(
        {},
        {"won_deals_365d": 0},
        {"won_deals_365d": 1},
        {"won_deals_365d": 3},
        {"industry": "hardware"},
        {"industry": "biotech"},
        {"industry": "mining"},
        {"company_age_days": 2000},
        {"company_age_days": 2001},
    ) == [0, 0, 20, 30, 15, -25, 0, 5, 0]


def test_points_fade_by_half_each_half_life_and_without_an_event_nothing_is_left():
    rows = [{"last_won_amount_usd": 5e4, "days_since_last_won": days} for days in (0, 100, 200)]
    assert points_of(*rows, {"last_won_amount_usd": 5e4}) == [30, 15, 7.5, 0]


def test_a_present_value_may_be_enough():
    line = ScorecardLine(feature="industry", present=True, points=3)
    number = ScorecardLine(feature="won_deals_365d", present=True, points=2)
    frame = accounts({"industry": "x"}, {"won_deals_365d": 0}, {})
    assert card(line, number).points(frame).sum(axis=1).tolist() == [3, 2, 0]


def test_the_scale_runs_from_the_least_to_the_most_that_the_lines_can_give():
    # 30 for deals, 30 faded by nothing, 15 for the industry, 5 for the age; at worst biotech
    best = {"won_deals_365d": 3, "last_won_amount_usd": 5e4, "days_since_last_won": 0}
    best |= {"industry": "software", "company_age_days": 10}
    scores = card().score(accounts(best, {"industry": "biotech"}, {}))["score"].to_list()
    assert scores == pytest.approx([100, 0, 100 * 25 / 105])


@pytest.mark.parametrize(
    ("lines", "bounds"),
    [
        ([DEALS], (0, 20)),
        ([DEALS, MORE_DEALS], (0, 30)),
        ([SOFTWARE, BIOTECH], (-25, 15)),
        ([FADING], (0, 30)),
        # both can never be met: the better one counts
        ([DEALS, ScorecardLine(feature="won_deals_365d", at_most=0, points=-7)], (-7, 20)),
        # fades between nothing and its points, beside one that does not
        ([FADING, ScorecardLine(feature="last_won_amount_usd", at_least=9, points=-8)], (-8, 22)),
        ([ScorecardLine(feature="x", present=True, points=4)], (0, 4)),
        (
            [
                ScorecardLine(feature="x", present=True, points=4),
                ScorecardLine(feature="x", one_of=["a"], points=6),
            ],
            (0, 10),
        ),
    ],
)
def test_bounds_of_lines_on_one_feature(lines, bounds):
    assert attainable(lines) == bounds


def test_bands_come_from_fixed_thresholds():
    found = card(DEALS, hot_from=90, warm_from=10).score(accounts({"won_deals_365d": 1}, {}))
    assert found["band"].to_list() == ["hot", "cold"]


def test_families_are_scored_apart_and_null_without_a_line_or_a_value():
    scores = card().score(accounts({"won_deals_365d": 3}, {"industry": "biotech"}))
    assert scores["fit_score"].to_list() == [None, 0]
    assert scores["engagement_score"].to_list() == scores["intent_score"].to_list() == [None, None]
    assert set(COMPONENTS.values()) <= set(scores.columns)


def test_rows_say_no_probability_and_when_little_is_known():
    scores = card().score(accounts({"won_deals_365d": 3}, {"industry": "x", "won_deals_365d": 1}))
    assert scores["raw_probability"].to_list() == [None, None]
    assert scores["flags"].to_list() == [[LITTLE_DATA], []]
    assert scores["feature_digest"].str.len_chars().to_list() == [16, 16]


def test_a_row_is_scored_the_same_alone_and_in_any_order():
    rows = training_rows(accounts=60).with_columns(company_age_days=pl.lit(900))
    whole = card().score(rows)
    assert card().score(rows.reverse()).reverse().equals(whole)
    assert pl.concat([card().score(rows[n : n + 1]) for n in range(20)]).equals(whole[:20])


def test_reasons_are_words_with_points_strongest_first():
    row = {"won_deals_365d": 3, "industry": "biotech", "last_won_amount_usd": 5e4}
    frame = accounts(row | {"days_since_last_won": 1000}, {"company_age_days": 365})
    one = card(*LINES, ScorecardLine(feature="won_deals_365d", at_least=9, points=1))
    factors = one.factors(frame)
    assert factors.filter(account_id="a0")["contribution"].sum() == pytest.approx(5 + 30 / 1024)
    assert factors["factor_rank"].to_list() == [1, 2, 3, 4] * 2
    assert one.explained(frame, 3)["reasons"].to_list() == [
        ["+ 3 won deals in the last year (30 points)", "- industry: biotech (-25 points)"],
        ["+ founded 12 months ago (5 points)"],
    ]


def test_one_point_is_singular():
    line = ScorecardLine(feature="company_age_days", at_most=2000, points=1)
    reasons = card(line).explained(accounts({"company_age_days": 9}), 3)["reasons"]
    assert reasons.to_list() == [["+ founded 9 days ago (1 point)"]]


def test_the_version_follows_what_scores():
    assert card().version == card().version
    assert card().version.startswith("scorecard-")
    others = [
        card(*LINES[1:]),
        card(hot_from=70),
        card(*LINES[:-1], YOUNG.model_copy(update={"points": 6})),
    ]
    assert len({one.version for one in [card(), *others]}) == 4


def test_an_absent_column_is_named_and_no_lines_are_no_scorecard():
    with pytest.raises(ContractError, match="days_since_last_won"):
        card().score(accounts({}).drop("days_since_last_won"))
    assert scorecard_of(TrainingSettings()) is None


def test_an_outcome_in_disguise_earns_no_points():
    status = replace(feature_named("last_won_type"), name="status", source_kind="unsafe")
    line = ScorecardLine(feature="status", one_of=["won"], points=90)
    (problem,) = problems_of(line, (*FEATURES, status))
    assert "changes with the outcome" in problem
    assert problems_of(DEALS) == problems_of(FADING) == []


def test_the_baseline_orders_by_points_and_predicts_training_rates():
    rows = training_rows(accounts=500)
    y = rows["is_converted"].cast(float).to_numpy()
    settings = ScorecardSettings(lines=(DEALS, FADING))
    baseline = fit_scorecard(rows, y, settings)
    found = baseline.predict(rows)
    assert found.order == pytest.approx(Scorecard(settings).points(rows).sum(axis=1))
    assert found.probability.mean() == pytest.approx(y.mean(), abs=0.005)
    assert len(set(found.probability)) <= 10
    again = baseline_from_dict(json.loads(json.dumps(baseline.to_dict()))).predict(rows)
    assert np.array_equal(again.probability, found.probability)
    assert np.array_equal(again.order, found.order)


def test_every_training_reports_the_scorecard_and_keeps_it_to_what_the_model_may_use():
    rows = training_rows(accounts=300)
    lines = ScorecardSettings(lines=(DEALS, SOFTWARE))
    result = train(rows, training_settings(rows, scorecard=lines))
    assert result.baseline_metrics["scorecard"]["auc"] > 0.5
    assert "auc_low" in result.comparisons["scorecard"]
    # industry is known only as it is today
    assert result.baselines["scorecard"].settings.lines == (DEALS,)
    named = train(rows, training_settings(rows, scorecard=lines, snapshot_attributes=("industry",)))
    assert named.baselines["scorecard"].settings.lines == (DEALS, SOFTWARE)
