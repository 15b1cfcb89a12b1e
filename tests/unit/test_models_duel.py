"""A new model against the champion, on later rows that the champion has not learnt from."""

from datetime import date, timedelta

import polars as pl
import pytest

from models.duel import Champion, rivals
from models.promotion import KEEP, PROMOTE, beats, judge
from models.training import train
from tests.factories import training_rows, training_settings, year_ends


@pytest.fixture(scope="module")
def rows():
    return training_rows(accounts=1200)


@pytest.fixture(scope="module")
def settings(rows):
    return training_settings(rows)


@pytest.fixture(scope="module")
def good(rows, settings):
    """Trained on what was settled a year before: it has not seen the outcomes of the last day."""
    earlier = rows.filter(pl.col("as_of_date") < date(2008, 1, 1))
    return Champion("1", train(earlier, settings).model, date(2008, 3, 31))


@pytest.fixture(scope="module")
def poor(rows, settings):
    """A model of the same features that learnt from other companies, whose wins had nothing to do with them."""
    noise = training_rows(accounts=1200, signal=0.0, seed=99, days=year_ends(2003, 2007))
    return Champion("1", train(noise, settings).model, date(2008, 3, 31))


def test_as_good_is_not_better_so_the_champion_stays(rows, settings, good):
    result = train(rows, settings, champion=good)
    assert result.verdict.verdict == KEEP
    assert "scoring model 1 stays" in result.verdict.why
    assert result.duel["n"] == 1200 and result.metrics["auc"] > 0.6
    assert result.duel["accounts"] == 1200 and 0 <= result.duel["accounts_that_change_band"] < 600


def test_a_champion_that_is_beaten_gives_way(rows, settings, poor):
    result = train(rows, settings, champion=poor)
    assert result.verdict.verdict == PROMOTE, result.verdict
    assert result.duel["auc_low"] > 0 and "beats scoring model 1" in result.verdict.why


def test_an_older_but_better_champion_is_kept_though_the_new_model_has_signal(rows, settings, good):
    """The new one may use nothing but a feature or two."""
    kept = {"days_since_last_won", "won_deals_730d"}
    weak = settings.model_copy(
        update={"left_out_features": tuple(
            {*settings.left_out_features, *(c for c in rows.columns if c in kept)}
        )}
    )  # fmt: skip
    result = train(rows, weak, champion=good)
    assert result.metrics["auc_low"] > 0.5
    assert result.verdict.verdict == KEEP
    assert result.duel["auc"] < 0


def test_a_person_may_say_that_the_champion_need_not_be_beaten(rows, settings, good):
    free = settings.model_copy(
        update={"promotion": settings.promotion.model_copy(update={"must_beat": ()})}
    )
    result = train(rows, free, champion=good)
    assert result.verdict.verdict == PROMOTE and result.duel["champion"] == "1"


def test_where_nothing_can_be_compared_being_newer_is_no_reason(rows, settings, good):
    """Rows that the champion has learnt from are no ground, nor are days on which nobody converted."""
    knowing = Champion("1", good.model, date(2009, 3, 31))
    result = train(rows, settings, champion=knowing)
    assert result.duel["n"] == 0 and result.verdict.verdict == KEEP
    assert "could not be compared: there is no row among the later rows from 2009-03-31" in (
        result.verdict.why
    )
    free = settings.model_copy(
        update={"promotion": settings.promotion.model_copy(update={"must_beat": ()})}
    )
    assert train(rows, free, champion=knowing).verdict.verdict == PROMOTE


def test_windows_that_run_into_what_the_champion_learnt_are_no_ground(rows, settings, good):
    """It knows outcomes up to the day of its training: a window that began before holds some of them."""
    later = rows["as_of_date"].max()
    day_before = Champion("1", good.model, later + timedelta(days=1))
    assert train(rows, settings, champion=day_before).duel["n"] == 0
    of_the_day = Champion("1", good.model, later)
    assert train(rows, settings, champion=of_the_day).duel["n"] == 1200


def test_a_champion_stands_as_it_was_before_its_own_later_part(rows, settings):
    """Not as it scores, which has learnt the outcomes of the rows compared on. Two trainings of one day: the second, which may
    use less, does not take the first one's place.
    """
    first = train(rows, settings)
    knowing = Champion("1", first.model, date(2009, 3, 31), first.tester)
    again = train(rows, settings, champion=knowing)
    assert (again.duel["n"], again.duel["auc"], again.duel["log_loss"]) == (1200, 0.0, 0.0)
    assert again.verdict.verdict == KEEP
    less = (*settings.left_out_features, "days_since_last_won", "won_deals_730d")
    weak = train(rows, settings.model_copy(update={"left_out_features": less}), champion=knowing)
    assert weak.verdict.verdict == KEEP and weak.duel["auc"] < 0


def test_a_champion_of_another_horizon_or_of_features_that_are_gone_is_none(rows, settings, good):
    other = rows.with_columns(horizon_days=pl.lit(300))
    short = train(other, settings.model_copy(update={"horizon_days": 300}), champion=good)
    assert short.duel is None
    fewer = rows.drop("won_deals_730d")
    left = (*settings.left_out_features, "won_deals_730d")
    assert train(fewer, settings.model_copy(update={"left_out_features": left}), champion=good).duel is None  # fmt: skip


@pytest.mark.parametrize(
    ("change", "is_beaten"),
    [
        ({}, False),
        ({"auc_low": 0.001}, True),
        ({"lift_top_decile_low": 0.1}, True),
        ({"log_loss_high": -0.001}, True),
        ({"auc_low": 0.001, "log_loss_low": 0.001}, False),
        ({"log_loss_high": -0.001, "auc_high": -0.001}, False),
        ({"auc_low": 0.001, "lift_top_decile_high": -0.1}, False),
    ],
)
def test_better_in_one_and_worse_in_none(change, is_beaten):
    level = {f"{name}{end}": 0.0 for name in ("auc", "lift_top_decile", "log_loss") for end in ("_low", "_high")}  # fmt: skip
    assert beats(level | change) is is_beaten


def test_a_scorecard_stays_only_where_it_is_shown_to_rank_better(settings):
    level = {f"{name}{end}": 0.0 for name in ("auc", "lift_top_decile", "log_loss") for end in ("", "_low", "_high")}  # fmt: skip
    (even,) = rivals(None, {"scorecard": level}, settings)
    assert even.is_beaten and even.name == "the scorecard"
    (ahead,) = rivals(None, {"scorecard": level | {"auc": -0.03, "auc_high": -0.01}}, settings)
    assert not ahead.is_beaten
    found = {"auc": 0.7, "auc_low": 0.65, "auc_high": 0.75, "n": 900, "positives": 90}
    kept = judge(100, 400, found, settings.promotion, rivals=[ahead])
    assert kept.verdict == KEEP and "the scorecard stays" in kept.why and "AUC -0.030" in kept.why
    assert judge(100, 400, found, settings.promotion, rivals=[even]).verdict == PROMOTE
