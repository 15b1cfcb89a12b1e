"""Horizons that outcomes have left: each judged on its own later data, left out of the chain, and nothing else changed.

Belongs here: what a training does when the base rate of one horizon moves. Does not belong here: the rule itself
(promotion.drifted) and the chain (test_models_horizons.py).
"""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models import per_horizon
from models.calibration import Identity
from models.calibrator_choice import CalibrationChoice
from models.chain import LaterPart
from models.per_horizon import Horizon
from models.settings import PromotionSettings, TrainingSettings
from models.splits import Split
from models.training import train
from tests.factories import training_rows, training_settings, with_days

PLACE = pl.col("account_id").str.tail(4).cast(pl.Int64)
NEWEST, LAST_WHOLE = date(2008, 3, 31), date(2007, 3, 31)
IS_NEWEST, IS_LAST_WHOLE = (pl.col("as_of_date") == day for day in (NEWEST, LAST_WHOLE))


@pytest.fixture(scope="module")
def rows():
    """Yearly rows with windows of 360 days; the newest day knows the first 120 days only: it tests that horizon alone."""
    return with_days(training_rows(accounts=500, horizon_days=360))


def trained(rows, primary, *others, **changes):
    settings = training_settings(rows, horizon_days=primary, horizons_days=others, **changes)
    return train(rows, settings)


def won_also(rows, where, day):
    """Accounts that did not convert do, on this day, where the condition holds."""
    turned = where & ~pl.col("is_converted")
    return rows.with_columns(
        is_converted=pl.col("is_converted") | turned,
        days_to_conversion=pl.when(turned).then(day).otherwise("days_to_conversion"),
    )


def horizons_of(result):
    return [part.horizon_days for part in result.model.parts]


def test_outcomes_that_keep_to_the_predictions_leave_out_no_horizon(rows):
    result = trained(rows, 240, 120, 360)
    assert horizons_of(result) == [120, 240, 360] and result.horizons_left_out == {}


def test_a_short_horizon_whose_base_rate_moved_lately_is_left_out_and_the_others_stay(rows):
    """The newest day alone: nothing of it is known yet at the primary horizon, whose measures see no change."""
    some = PLACE % 3 == 0
    result = trained(won_also(rows, IS_NEWEST & some, 60), 240, 120, 360)
    assert horizons_of(result) == [240, 360] and set(result.other_horizons) == {360}
    assert "its probabilities do not hold" in result.horizons_left_out[120]
    assert result.verdict.verdict != "drift"
    scored = result.model.score(rows)
    assert "win_probability_120d" not in scored.columns
    longer = scored["win_probability_360d"].to_numpy() - scored["win_probability_240d"].to_numpy()
    assert np.all(longer >= 0)


def test_a_long_horizon_that_moved_is_left_out_and_the_shorter_ones_stay_as_they_are(rows):
    some = PLACE % 2 == 0
    changed = won_also(rows, IS_LAST_WHOLE & some, 300)
    settings = {"promotion": PromotionSettings(drift_factor=1.4)}
    result = trained(changed, 240, 120, 360, **settings)
    assert horizons_of(result) == [120, 240]
    assert "% converted later where" in result.horizons_left_out[360]
    whole = trained(changed, 240, 120)
    for name in ("win_probability_120d", "win_probability_240d", "score"):
        assert result.model.score(rows)[name].equals(whole.model.score(rows)[name])


def test_a_middle_horizon_that_moved_is_in_no_fit_of_a_longer_one(rows):
    """What converts within 360 days converts within 240 on the day that tests both: the model is the one that never had 240."""
    is_late = IS_LAST_WHOLE & (pl.col("days_to_conversion") > 120)
    changed = rows.with_columns(
        days_to_conversion=pl.when(is_late).then(150).otherwise("days_to_conversion")
    )
    settings = {"promotion": PromotionSettings(drift_factor=1.2)}
    result = trained(changed, 360, 120, 240, **settings)
    assert horizons_of(result) == [120, 360] and set(result.horizons_left_out) == {240}
    without = trained(changed, 360, 120, **settings)
    assert result.model.digest() == without.model.digest()
    assert result.metrics == without.metrics and result.calibration == without.calibration


def test_a_primary_horizon_that_moved_is_a_verdict_and_not_left_out(rows):
    is_late = IS_LAST_WHOLE & (pl.col("days_to_conversion") > 240)
    changed = rows.with_columns(
        days_to_conversion=pl.when(is_late).then(200).otherwise("days_to_conversion")
    )
    settings = {"promotion": PromotionSettings(drift_factor=1.2)}
    result = trained(changed, 240, 120, **settings)
    assert result.verdict.verdict == "drift" and "do not hold" in result.verdict.why
    assert 240 in horizons_of(result) and 240 not in result.horizons_left_out


def test_judging_each_horizon_fits_no_chain_more(rows, monkeypatch):
    chains = []
    fit_chain = per_horizon.fit_chain

    def counted(every, horizons, *more):
        chains.append(tuple(horizons))
        return fit_chain(every, horizons, *more)

    monkeypatch.setattr(per_horizon, "fit_chain", counted)
    trained(rows, 240, 120, 360)
    assert chains == [one for one in ((120,), (120, 240), (120, 240, 360)) for _ in range(2)]
    chains.clear()
    some = PLACE % 3 == 0
    trained(won_also(rows, IS_NEWEST & some, 60), 240, 120, 360)
    assert chains == [one for one in ((120,), (240,), (240, 360)) for _ in range(2)]


def test_without_a_test_part_no_horizon_is_judged(rows):
    result = trained(won_also(rows.filter(IS_LAST_WHOLE), PLACE % 3 == 0, 60), 240, 120)
    assert horizons_of(result) == [120, 240]
    assert result.metrics is None and result.horizons_left_out == {}


def found(won_a_day, horizon_days=30, accounts=1000, told=0.02):
    """What was found out about a horizon on weekly days of its test part: so many of the accounts won, so many were predicted."""
    days = [NEWEST - timedelta(days=7 * week) for week in range(len(won_a_day))][::-1]
    rows = pl.DataFrame(
        {
            "as_of_date": [day for day in days for _ in range(accounts)],
            "account_id": [f"salesforce:{place:05d}" for place in range(accounts)] * len(days),
            "is_converted": [place < won for won in won_a_day for place in range(accounts)],
        }
    )
    y = rows["is_converted"].cast(pl.Float64).to_numpy()
    part = LaterPart(None, rows, rows, y, np.full(len(y), told))
    return Horizon(Split((), horizon_days=horizon_days), part, CalibrationChoice(Identity(), {}))


@pytest.mark.parametrize("newest", [45, 7])
def test_what_moved_within_the_test_part_is_found_on_its_newest_window(newest):
    """The whole part, mostly of before, is off by less than the factor."""
    moved = found([20] * 8 + [newest] * 5)
    assert 0.02 / 1.5 < moved.tested.y.mean() < 0.03
    said = moved.moved(TrainingSettings())
    assert f"{newest / 1000:.1%} converted of those after 2008-03-01 where 2.0% were" in said
    # of a horizon of which the part holds one window there is no newer one
    assert found([20] * 8 + [newest] * 5, horizon_days=90).moved(TrainingSettings()) is None


@pytest.mark.parametrize(
    "won", [[20] * 13, [28] * 9 + [14] * 4, [16] * 9 + [28] * 4, [20] * 12 + [29]]
)
def test_what_stays_within_the_factor_is_silent(won):
    assert found(won).moved(TrainingSettings()) is None


def test_two_looks_by_chance_rarely_leave_out_a_horizon_that_is_right():
    """Wins at a steady rate, each seen in all windows that hold it."""
    generator, left_out = np.random.default_rng(4), 0
    for _ in range(200):
        wins = generator.poisson(20 / 30, 84 + 30)
        left_out += (
            found([wins[7 * k : 7 * k + 30].sum() for k in range(13)]).moved(TrainingSettings())
            is not None
        )
    assert left_out <= 6
