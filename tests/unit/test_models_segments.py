"""Conversion by segment: round cuts, intervals that know accounts, evidence by hand, statements only of what is so.

Belongs here: models/bins.py, clustered.py and segments.py on rows with known rates. Not here: published tables.
"""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.bins import DAYS, LEAST_IN_SEGMENT, ROUND, find_bins, round_number
from models.clustered import design_effect, effective_rows, interval, ratio_interval
from models.feature_contract import FEATURES, usable_features
from models.segments import information_value, segment_conversion, weight_of_evidence
from models.settings import DealWords

KEPT = ("industry", "employee_count")
CONTRACT = {f.name: f for f in usable_features((), (), FEATURES, KEPT)}
OF_TODAY = {f.name: f for f in usable_features(KEPT, (), FEATURES)}


def rows_of(accounts, converted, **columns):
    """Rows of one day; accounts are numbers."""
    ids = [f"salesforce:{number:05d}" for number in accounts]
    days = {"account_id": ids, "as_of_date": [date(2026, 1, 31)] * len(ids)}
    return pl.DataFrame({**days, **columns, "is_converted": np.asarray(converted, dtype=bool)})


def said(rows, *names, contract=CONTRACT):
    features = [contract[name] for name in names]
    return segment_conversion(rows, find_bins(rows, features), 90, DealWords())


def industries():
    """125 accounts of financial services of which 50 convert, and 800 others of which 80 do."""
    kinds = [("Financial Services", 50, 125), ("Retail", 40, 400), ("Energy", 40, 400)]
    names = [name for name, _, n in kinds for _ in range(n)]
    converted = [place < won for _, won, n in kinds for place in range(n)]
    return rows_of(range(len(names)), converted, industry=names)


def test_financial_services_convert_at_40_per_cent_others_at_10():
    table = said(industries(), "industry")
    assert table.filter(segment="industry: Financial Services")["statement"].to_list() == [
        "Financial Services convert at 40 % (31-49 %) within 90 days, others at 10 % (8-12 %)"
    ]
    row = table.filter(segment="industry: Financial Services").to_dicts()[0]
    assert row["lift"] == pytest.approx(4) and row["lift_low"] > 2.8 and row["is_sure"]
    assert row["accounts"] == 125 and row["converted_accounts"] == 50


def test_a_behaviour_is_said_in_the_words_of_its_feature():
    n = 400
    rows = rows_of(
        range(n),
        [k % 4 == 0 or k >= 350 for k in range(n)],
        demo_requests_90d=[0] * 300 + [1] * 100,
    )
    last = said(rows, "demo_requests_90d").to_dicts()[-1]
    assert last["statement"].startswith("1 demo request in 90 days: ")
    assert " convert within 90 days, of others 25 % (" in last["statement"]


def test_evidence_and_information_by_hand():
    converted, others = np.array([40.0, 10.0]), np.array([60.0, 90.0])
    by_hand = [np.log(40.5 / 51) - np.log(60.5 / 151), np.log(10.5 / 51) - np.log(90.5 / 151)]
    assert weight_of_evidence(converted, others) == pytest.approx(by_hand)
    shares = [40.5 / 51 - 60.5 / 151, 10.5 / 51 - 90.5 / 151]
    assert information_value(converted, others) == pytest.approx(np.dot(shares, by_hand))
    assert weight_of_evidence(converted, others)[0] > 0 > weight_of_evidence(converted, others)[1]
    assert information_value(converted, converted) == 0


def test_an_interval_of_independent_rows_is_the_exact_one():
    # Clopper and Pearson 1934 for 8 of 10
    low, high = interval(np.array([0.8]), np.array([10.0]))
    assert (low[0], high[0]) == pytest.approx((0.4439, 0.9748), abs=1e-4)
    low, high = interval(np.array([0.0, 1.0, 0.0]), np.array([10.0, 10.0, 0.0]))
    assert low.tolist() == pytest.approx([0, 0.6915, 0], abs=1e-4)
    assert high.tolist() == pytest.approx([0.3085, 1, 1], abs=1e-4)


def test_repeated_rows_of_an_account_say_no_more_than_one():
    once = np.ones((50, 1))
    hits = (np.arange(50) < 20).astype(float)[:, None]
    assert effective_rows(12 * once, 12 * hits) == pytest.approx(
        effective_rows(once, hits), rel=0.03
    )
    assert design_effect(12 * once[:, 0], 12 * hits[:, 0]) == pytest.approx(12, rel=0.03)


@pytest.mark.parametrize("rate", [0.03, 0.4])
def test_intervals_hold_the_rate_95_times_of_100_when_accounts_stand_in_many_rows(rate):
    draw, rounds, accounts = np.random.default_rng(5), 600, 300
    own = draw.beta(2 * rate, 2 * (1 - rate), (accounts, rounds))
    rows = np.broadcast_to(draw.integers(1, 13, (accounts, 1)).astype(float), own.shape)
    hits = draw.binomial(rows.astype(int), own).astype(float)
    low, high = interval(hits.sum(axis=0) / rows.sum(axis=0), effective_rows(rows, hits))
    assert 0.93 <= np.mean((low <= rate) & (rate <= high)) <= 0.99
    # rows taken for independent would not hold it
    low, high = interval(hits.sum(axis=0) / rows.sum(axis=0), rows.sum(axis=0))
    assert np.mean((low <= rate) & (rate <= high)) < 0.85


def test_the_interval_of_a_ratio_holds_it_and_knows_its_ends():
    draw, rounds = np.random.default_rng(6), 4000
    here, there = (draw.binomial(n, rate, rounds) / n for n, rate in ((200, 0.3), (900, 0.1)))
    ends = [interval(rate, np.full(rounds, n)) for rate, n in ((here, 200), (there, 900))]
    low, high = ratio_interval(here, *ends[0], there, *ends[1])
    assert 0.94 <= np.mean((low <= 3) & (high >= 3)) <= 0.99
    low, high = ratio_interval(*(np.array([v]) for v in (0.0, 0.0, 0.2, 0.1, 0.0, 0.3)))
    assert low[0] == 0 and high[0] == np.inf


@pytest.mark.parametrize("seed", range(5))
def test_outcomes_without_signal_give_no_statement(seed):
    draw = np.random.default_rng(seed)
    accounts = np.repeat(np.arange(400), 8)
    columns = {
        "industry": np.repeat(draw.choice(["Retail", "Energy", "Media"], 400), 8),
        "visits_30d": draw.poisson(2, 3200),
        "employee_count": np.repeat(draw.lognormal(5, 1.5, 400).astype(int), 8),
    }
    table = said(rows_of(accounts, np.repeat(draw.random(400) < 0.2, 8), **columns), *columns)
    assert table.height > 8 and table["statement"].null_count() == table.height


def test_what_is_not_on_record_is_a_segment_unless_its_absence_tells_the_outcome():
    rows = industries().with_columns(
        pl.when(pl.int_range(pl.len()) % 5 > 0).then("industry").alias("industry")
    )
    kept = said(rows, "industry")["segment"].to_list()
    assert kept[-1] == "no industry on record"
    today = said(rows, "industry", contract=OF_TODAY)
    assert "no industry on record" not in today["segment"].to_list()
    # nor are these rows among the others
    fin = today.filter(segment="industry: Financial Services").to_dicts()[0]
    assert fin["others_rate"] == pytest.approx(0.1)


def test_rare_categories_stand_together_and_make_no_statement():
    rows = pl.concat(
        [industries(), rows_of(range(2000, 2020), [True] * 20, industry=["Rare"] * 20)]
    )
    other = said(rows, "industry").filter(segment="industry: any other").to_dicts()[0]
    assert other["conversion_rate"] == 1 and other["statement"] is None and not other["is_sure"]


@given(st.lists(st.integers(0, 2000), min_size=80, max_size=300))
@settings(max_examples=60, deadline=None)
def test_every_row_falls_into_the_one_segment_whose_ends_hold_it(values):
    rows = rows_of(range(len(values)), [False] * len(values), employee_count=values)
    for bins in find_bins(rows, [CONTRACT["employee_count"]]):
        places = bins.places(rows["employee_count"])
        assert list(bins.edges) == sorted(set(bins.edges))
        for value, place in zip(values, places.tolist(), strict=True):
            low, high = bins.ends(place)
            assert (low is None or value >= low) and (high is None or value < high)
        assert min(np.bincount(places)) >= LEAST_IN_SEGMENT


def test_cuts_are_numbers_that_people_say():
    assert [round_number(*ends, ROUND) for ends in ((180, 260), (45, 70), (0.83, 1.2))] == [
        200,
        50,
        1,
    ]
    assert [round_number(*ends, DAYS) for ends in ((20, 45), (150, 210), (9, 13), (6, 8))] == [
        30,
        180,
        9,
        7,
    ]
    assert round_number(0.31, 0.39, [1.0]) is None
    n = np.arange(1, 1001)
    rows = rows_of(n, n > 900, employee_count=n, days_since_last_visit=n % 170)
    table = said(rows, "employee_count", "days_since_last_visit")
    assert table["segment"].to_list()[:3] == [
        "under 200 employees",
        "200 to 399 employees",
        "400 to 599 employees",
    ]
    assert "last website visit 30 days to 2 months ago" in table["segment"].to_list()


def test_without_conversions_rates_are_none_and_nothing_is_said():
    table = said(industries().with_columns(is_converted=pl.lit(False)), "industry")
    assert table["conversion_rate"].to_list() == [0.0] * 3 and table["conversion_high"].min() > 0
    assert table["lift"].null_count() == table["statement"].null_count() == 3


def test_a_feature_with_one_segment_has_none():
    one = industries().with_columns(
        industry=pl.when(pl.int_range(pl.len()) % 5 > 0).then(pl.lit("Retail"))
    )
    assert said(one, "industry", contract=OF_TODAY).height == 0
    assert said(one, "industry").height == 2
    assert said(one.with_columns(industry=pl.lit("Retail")), "industry").height == 0


def test_numbers_of_too_few_accounts_to_cut_are_one_segment_beside_those_not_on_record():
    rows = rows_of(
        range(90), [k < 9 for k in range(90)], employee_count=[*range(10, 50), *[None] * 50]
    )
    words = ["10 to 49 employees", "number of employees not on record"]
    assert said(rows, "employee_count")["segment"].to_list() == words
