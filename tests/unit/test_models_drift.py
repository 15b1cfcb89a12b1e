"""Population stability, outcomes against predictions as windows close, and what asks for an early training.

Belongs here: measures by hand, by simulation and as promises. Does not belong here: where rows come from (integration).
"""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from models.calibration_drift import (
    byar_interval,
    calibration_level,
    closed_day,
    looks,
    so_far,
    windows_apart,
)
from models.drift import drift_of_day
from models.drift_reference import DriftReference, fix_drift_reference
from models.early_training import Seen, decide
from models.feature import Feature
from models.psi import psi, psi_limit_by_chance
from models.settings import DriftSettings

LIMITS = DriftSettings()
DAY = date(2026, 3, 31)
FEATURES = {
    "visits": Feature("visits", "engagement", "visits", "number", "count", "", ""),
    "size": Feature("size", "fit", "size", "number", "count", "", ""),
    "industry": Feature("industry", "fit", "industry", "category", "text", "", ""),
    "heat": Feature("heat", "fit", "market", "number", "rate", "", ""),
}
WEIGHTS = {"visits": 0.7, "industry": 0.3}


def population(n=2000, seed=1, day=DAY, visits=2.0, missing=0.1):
    generator = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "as_of_date": [day] * n,
            "score": generator.uniform(0, 100, n),
            "visits": generator.poisson(visits, n),
            "size": np.where(
                generator.random(n) < missing, np.nan, np.exp(generator.normal(4, 1, n))
            ),
            "industry": generator.choice(["software", "hardware", "biotech"], n, p=[0.5, 0.3, 0.2]),
            "heat": [0.02] * n,
        }
    )


def reference(*days):
    return fix_drift_reference(pl.concat(days or [population()]), FEATURES, WEIGHTS)


def said(day, against=None):
    return {
        row["name"]: row for row in drift_of_day(day, against or reference(), LIMITS).to_dicts()
    }


def test_psi_by_hand():
    """Of 1,000 and 1,000 rows in two bins, 500:500 against 700:300; half a row more in each."""
    r, a = [700.5 / 1001, 300.5 / 1001], [0.5, 0.5]
    expected = sum((x - y) * np.log(x / y) for x, y in zip(a, r, strict=True))
    assert psi(np.array([500, 500]), np.array([700, 300])) == pytest.approx(expected, rel=1e-12)
    assert expected == pytest.approx(0.17, abs=0.005)
    assert np.isfinite(psi(np.array([0, 10]), np.array([10, 0])))


def test_a_shift_of_d_standard_deviations_is_about_d_squared():
    generator = np.random.default_rng(3)
    before, after = generator.normal(size=100_000), generator.normal(0.5, 1, 100_000)
    edges = np.quantile(before, np.linspace(0, 1, 41)[1:-1])
    counts = [np.bincount(np.searchsorted(edges, x), minlength=40) for x in (after, before)]
    assert psi(*counts) == pytest.approx(0.25, rel=0.05)


@pytest.mark.parametrize("bins", [2, 3, 6, 11])
def test_the_limit_by_chance_is_the_percentile_of_chi_squared(bins):
    counts = np.full(bins, 100)
    exact = stats.chi2.ppf(0.95, bins - 1) * 2 / (100 * bins)
    assert psi_limit_by_chance(counts, counts) == pytest.approx(exact, rel=0.03)
    # what is empty in both tells nothing
    empty = np.append(counts, 0)
    assert psi_limit_by_chance(empty, empty) == psi_limit_by_chance(counts, counts)


@pytest.mark.parametrize("n", [60, 300, 2000])
def test_of_samples_of_one_population_about_one_in_twenty_exceeds_the_limit(n):
    generator = np.random.default_rng(11)
    shares = np.array([0.3, 0.2, 0.15, 0.1, 0.1, 0.05, 0.05, 0.05])
    pairs = [generator.multinomial(n, shares, 2) for _ in range(2000)]
    beyond = np.mean([psi(a, b) > psi_limit_by_chance(a, b) for a, b in pairs])
    assert 0.02 <= beyond <= 0.075


@pytest.mark.parametrize("n", [100, 2000, 20_000])
def test_another_sample_is_steady_whatever_its_size(n):
    against = reference()
    days = [said(population(n, seed), against) for seed in range(100, 200)]
    beyond = [day["score"]["psi"] > day["score"]["psi_limit_by_chance"] for day in days]
    assert sum(beyond) <= 12
    assert sum(day["score"]["level"] != "steady" for day in days) <= (12 if n == 100 else 0)
    assert sum(day["all features"]["level"] != "steady" for day in days) <= (5 if n == 100 else 0)


def test_what_tripled_is_found_and_named():
    found = said(population(seed=2, visits=6.0))
    assert (found["visits"]["level"], found["all features"]["level"]) == ("drift", "drift")
    assert found["all features"]["words"] == "most by visits"
    assert (
        "of accounts" in found["visits"]["words"] and "in the reference" in found["visits"]["words"]
    )
    assert {found[name]["level"] for name in ("score", "size", "industry")} == {"steady"}
    assert found["industry"]["words"] is None


def test_few_accounts_that_come_far_more_often_are_seen_behind_many_that_never_come():
    def day(seed, factor=1):
        generator = np.random.default_rng(seed)
        visits = (generator.random(2000) < 0.15) * generator.geometric(0.2, 2000) * factor
        return population(seed=seed).with_columns(pl.Series("visits", visits))

    against = reference(day(1))
    assert len(against.bins[1].counts) > 5
    assert [
        said(day(2), against)["visits"]["level"],
        said(day(2, 3), against)["visits"]["level"],
    ] == ["steady", "drift"]
    rows = [said(day(seed), against)["visits"] for seed in range(100, 200)]
    assert sum(row["psi"] > row["psi_limit_by_chance"] for row in rows) <= 12


def test_a_feature_that_the_model_does_not_ask_for_alarms_nobody():
    moved = population(seed=2).with_columns(pl.col("size") * 50)
    found = said(moved)
    assert (found["size"]["level"], found["all features"]["level"]) == ("drift", "steady")
    # one with little weight counts in full at most, however empty its bins got
    gone = population(seed=2).with_columns(pl.lit("other").alias("industry"))
    assert said(gone)["industry"]["psi"] > 5
    assert said(gone)["all features"]["psi"] == pytest.approx(0.3, abs=0.02)


def test_values_that_no_longer_come_are_said_so():
    found = said(population(seed=2, missing=0.6))["size"]
    assert found["level"] == "drift" and found["words"].startswith("without a value: 6")
    assert found["share_missing"] == pytest.approx(0.6, abs=0.05)
    assert found["share_missing_reference"] == pytest.approx(0.1, abs=0.03)


def test_what_moved_as_far_while_it_was_learnt_from_is_its_own_course():
    """Visits have doubled and come back within the year; of the year before that nothing is asked."""
    earlier = population(seed=4, day=DAY - timedelta(days=90), visits=4.0)
    assert said(population(seed=2, visits=4.0))["visits"]["level"] == "drift"
    used = said(population(seed=2, visits=3.8), reference(population(), earlier))["visits"]
    assert used["level"] == "steady" and used["psi"] < used["psi_own_course"]
    long_ago = population(seed=4, day=DAY - timedelta(days=400), visits=4.0)
    again = said(population(seed=2, visits=4.0), reference(population(), long_ago))["visits"]
    assert (again["level"], again["psi_own_course"]) == ("drift", None)


def test_what_all_accounts_have_alike_is_left_out():
    assert "heat" not in said(population())


def test_a_reference_is_read_as_it_was_written():
    whole = reference(population(), population(seed=4, day=DAY - timedelta(days=90)))
    assert DriftReference.from_json(whole.to_json()) == whole


def test_days_are_held_against_it_one_by_one():
    with pytest.raises(ValueError, match="one day"):
        drift_of_day(
            pl.concat([population(), population(day=DAY + timedelta(days=1))]), reference(), LIMITS
        )


COUNTS = st.lists(st.integers(0, 500), min_size=2, max_size=12).filter(lambda one: sum(one) > 0)


@given(st.data())
def test_psi_is_never_negative_and_nothing_where_shares_are_equal(data):
    a = np.array(data.draw(COUNTS))
    b = np.array(
        data.draw(st.lists(st.integers(0, 500), min_size=len(a), max_size=len(a)).filter(any))
    )
    assert psi(a, b) >= -1e-12
    assert psi(a, a) == pytest.approx(0, abs=1e-12)
    assert psi_limit_by_chance(a, b) >= 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 300))
def test_a_day_says_the_same_in_any_order_of_its_rows(seed, n):
    day, against = population(n, seed), reference()
    shuffled = day.sample(fraction=1.0, shuffle=True, seed=seed)
    assert drift_of_day(shuffled, against, LIMITS).equals(drift_of_day(day, against, LIMITS))


def days_in_a_row(n, converted=12, predicted=10.0, first=DAY):
    rows = [
        {
            "scored_on": first + timedelta(days=k),
            "accounts": 1000,
            "converted": converted,
            "predicted": predicted,
        }
        for k in range(n)
    ]
    return pl.DataFrame(rows)


def test_days_that_share_their_windows_are_worth_less():
    quarters = [DAY + timedelta(days=90 * k) for k in range(4)]
    assert windows_apart(quarters, 90) == pytest.approx([1, 2, 3, 4])
    month = [DAY + timedelta(days=k) for k in range(30)]
    assert windows_apart(month, 90)[-1] == pytest.approx(1.124, abs=0.001)
    # two days that share half their windows: 4 / (1 + 1 + 2 * 0.5)
    assert windows_apart([DAY, DAY + timedelta(days=45)], 90)[-1] == pytest.approx(4 / 3)


def test_as_many_windows_as_their_counts_scatter_like():
    """Wins at a steady rate, counted in overlapping windows: the variance of the mean count is that of so many windows apart."""
    generator, horizon, days = np.random.default_rng(5), 30, 40
    wins = generator.poisson(0.5, size=(20_000, horizon + days))
    counts = np.stack([wins[:, k : k + horizon].sum(axis=1) for k in range(days)])
    dates = [DAY + timedelta(days=k) for k in range(days)]
    assert 15 / counts.mean(axis=0).var() == pytest.approx(
        windows_apart(dates, horizon)[-1], rel=0.05
    )


@pytest.mark.parametrize("count", [0, 1, 5, 39, 400])
def test_the_interval_is_that_of_a_poisson_count(count):
    """Byar's approximation of the exact one (Garwood 1936)."""
    low, high = byar_interval(count, 10.0)
    exact = stats.chi2.ppf(0.025, 2 * count) / 20 if count else 0.0
    assert low == pytest.approx(exact, abs=0.006)
    assert high == pytest.approx(stats.chi2.ppf(0.975, 2 * count + 2) / 20, abs=0.006)


def test_what_is_said_of_a_day_rests_on_it_and_those_before():
    whole, part = so_far(days_in_a_row(40), 90, LIMITS), so_far(days_in_a_row(25), 90, LIMITS)
    assert whole.head(25).equals(part)
    last = whole.row(-1, named=True)
    assert (last["days_so_far"], last["observed_rate"], last["predicted_rate"]) == (40, 0.012, 0.01)
    assert last["ratio"] == pytest.approx(1.2) and last["level"] == "steady"


def test_outcomes_that_leave_the_predictions_are_found_and_few_are_not():
    levels = [
        so_far(days_in_a_row(n, converted, 10.0), 90, LIMITS)["level"][-1]
        for n, converted in ((1, 16), (1, 19), (1, 30), (90, 19), (1, 2), (1, 1))
    ]
    assert levels == ["steady", "watch", "drift", "drift", "drift", "drift"]
    nothing = so_far(days_in_a_row(1, 0, 0.0), 90, LIMITS).row(0, named=True)
    assert (nothing["ratio"], nothing["level"]) == (None, None)
    assert calibration_level(0.9, 1.1, 1.25) == "steady"


def after_right_days(newest, converted, right=300):
    """Days of 30 predicted conversions: as many came, and then for some days so many."""
    start = DAY + timedelta(days=right)
    before, after = days_in_a_row(right, 30, 30.0), days_in_a_row(newest, converted, 30.0, start)
    return pl.concat([before, after]) if newest else before


@pytest.mark.parametrize(("converted", "within"), [(60, 30), (90, 20), (9, 30)])
def test_a_change_after_many_right_days_is_found_by_a_look_at_the_newest(converted, within):
    """What all days say together calls a rate that doubled drift after more than a hundred days."""
    days = after_right_days(within, converted)
    whole, newest = looks(days, 90, LIMITS)
    assert (whole["level"] == "drift", newest["level"]) == (False, "drift")
    assert so_far(days, 90, LIMITS)["level"][-1] != "drift"
    assert (
        newest["scored_on"] - newest["scored_from"] == timedelta(days=29) and newest["days"] == 30
    )
    first = decide(seen(outcomes=[whole, newest]), LIMITS)
    assert first.is_asked and first.cause == "calibration"
    assert "on its newest days" in first.why and "97.5 % interval" in first.why
    assert "over 30 scored days" in first.why and "on all its days" not in first.why


@pytest.mark.parametrize("converted", [24, 30, 37])
def test_newest_days_that_keep_to_the_predictions_are_silent(converted):
    found = looks(after_right_days(60, converted), 90, LIMITS)
    assert [look["which"] for look in found] == ["all its days", "its newest days"]
    assert not decide(seen(outcomes=found), LIMITS).is_asked


def test_looking_each_day_at_the_newest_seldom_calls_what_is_right():
    """300 days of wins at a steady rate, each seen in all windows that hold it; looked at once a week."""
    generator, called = np.random.default_rng(6), 0
    for _ in range(60):
        wins = generator.poisson(30 / 90, 300 + 90)
        counts = np.convolve(wins, np.ones(90), "valid")[:300]
        days = days_in_a_row(300, 0, 30.0).with_columns(converted=pl.Series(counts))
        called += any(
            look["level"] == "drift"
            for n in range(30, 300, 7)
            for look in looks(days.head(n), 90, LIMITS)
        )
    assert called <= 2


def test_while_all_days_are_new_there_is_one_look_and_it_is_what_is_published():
    for n in (1, 7, 30):
        (look,) = looks(days_in_a_row(n, 19, 10.0), 90, LIMITS)
        row = so_far(days_in_a_row(n, 19, 10.0), 90, LIMITS).row(-1, named=True)
        assert look["share_held"] == 0.95 and look["days"] == row["days_so_far"]
        for name in ("ratio", "ratio_low", "ratio_high", "level", "observed_rate"):
            assert look[name] == row[name]
    both = looks(days_in_a_row(31, 19, 10.0), 90, LIMITS)
    assert [look["days"] for look in both] == [31, 30]
    assert {look["share_held"] for look in both} == {0.975}
    assert looks(days_in_a_row(1)[:0], 90, LIMITS) == []


def test_the_order_of_days_does_not_change_a_look():
    days = days_in_a_row(50, 19, 10.0)
    assert looks(days.sample(fraction=1.0, shuffle=True, seed=1), 90, LIMITS) == looks(
        days, 90, LIMITS
    )


def test_one_of_two_looks_has_the_interval_of_half_the_error():
    low, high = byar_interval(39, 10.0, looks=2)
    assert low == pytest.approx(stats.chi2.ppf(0.0125, 78) / 20, abs=0.006)
    assert high == pytest.approx(stats.chi2.ppf(0.9875, 80) / 20, abs=0.006)


def test_a_slope_wants_enough_of_both_outcomes():
    generator = np.random.default_rng(2)
    p = generator.uniform(0.05, 0.4, 4000)
    day = closed_day(generator.random(4000) < p, p)
    assert day["slope"] == pytest.approx(1, abs=0.2) and day["predicted"] == pytest.approx(p.sum())
    assert closed_day([True] * 9 + [False] * 50, [0.1] * 59)["slope"] is None


def row(name, days_ago, level="drift"):
    return {
        "name": name,
        "as_of_date": DAY - timedelta(days=days_ago),
        "level": level,
        "psi": 0.4,
        "words": "most by visits",
    }


def look(level, which="all its days"):
    told = {"observed_rate": 0.09, "predicted_rate": 0.03, "horizon_days": 90, "days": 1}
    told |= {"ratio": 3.0, "ratio_low": 2.0, "ratio_high": 4.5, "share_held": 0.95}
    return told | {"level": level, "which": which, "scored_on": date(2025, 12, 31)}


def seen(population=(), **more):
    return Seen(DAY, "3", population, **more)


LASTING = [row(name, ago) for ago in range(5) for name in ("score", "all features")]


def test_drift_that_lasts_asks_for_a_training_and_says_why():
    found = decide(seen(LASTING), LIMITS)
    assert found.is_asked and found.cause == "score and all features"
    assert "score drifted on 5 scored days in a row up to 2026-03-31: PSI 0.40" in found.why
    assert "most by visits" in found.why


@pytest.mark.parametrize(
    "rows",
    [
        [],
        LASTING[:8],
        [row("score", ago, "watch" if ago == 3 else "drift") for ago in range(6)],
        [row("all features", ago, "watch") for ago in range(5)],
        # each drifts on some of the days, none on all
        [row("score", ago, "drift" if ago % 2 else "steady") for ago in range(5)]
        + [row("all features", ago, "steady" if ago % 2 else "drift") for ago in range(5)],
    ],
)
def test_what_does_not_last_asks_for_none(rows):
    found = decide(seen(rows), LIMITS)
    assert (found.is_asked, found.cause) == (False, None)


def test_outcomes_that_left_the_predictions_ask_for_one():
    found = decide(seen(outcomes=[look("drift")]), LIMITS)
    assert found.is_asked and found.cause == "calibration"
    assert "9.0% converted within 90 days where 3.0% were predicted, ratio 3.00" in found.why
    assert "95 % interval 2.00 to 4.50" in found.why
    for level in ("watch", "steady", None):
        assert not decide(seen(outcomes=[look(level)]), LIMITS).is_asked
    both = decide(seen(outcomes=[look("drift"), look("drift", "its newest days")]), LIMITS)
    assert "on all its days 9.0%" in both.why and "and on its newest days 9.0%" in both.why


def test_it_is_not_asked_again_before_some_days_whoever_trained():
    recent, before = DAY - timedelta(days=29), DAY - timedelta(days=30)
    for known in ({"asked_on": recent}, {"asked_on": before}):
        assert decide(seen(LASTING), LIMITS, **known).is_asked == (known["asked_on"] == before)
    kept = decide(seen(LASTING, trained_as_of=recent), LIMITS)
    assert not kept.is_asked and "none before 2026-04-01" in kept.why and kept.cause
    assert decide(seen(LASTING, trained_as_of=before), LIMITS).is_asked
