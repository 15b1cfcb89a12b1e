"""Outcomes count from the day on which they were known: a later known win measures no model that could not know it.

Belongs here: what a training makes of label_known_at. Does not belong here: where that day comes from (dbt, label_conversion).
"""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models.leads import train_leads
from models.settings import BoosterSettings, PromotionSettings, SplitSettings, TrainingSettings
from models.training import train
from models.training_rows import as_known_on, silence
from tests.factories import people_rows, training_rows, training_settings, with_days

DAY = date(2020, 3, 1)
KEPT = ("calibration", "metrics", "baseline_metrics", "component_metrics", "other_horizons")
ALL = PromotionSettings(min_positives_a_horizon=1)
YEAR = SplitSettings(validation_days=365, calibration_days=365, test_days=365, min_train_dates=1)


def test_a_win_known_later_was_none_yet():
    rows = pl.DataFrame(
        {
            "label_known_at": [date(2020, 3, 1), date(2020, 3, 2), date(2020, 3, 2)],
            "is_converted": [True, True, False],
            "days_to_conversion": [3, 4, None],
            "won_amount_usd": [10.0, 20.0, None],
        }
    )
    known = as_known_on(rows, DAY)
    assert known["is_converted"].to_list() == [True, False, False]
    assert known["days_to_conversion"].to_list() == [3, None, None]
    assert known["won_amount_usd"].to_list() == [10.0, None, None]
    assert known.columns == rows.columns and known["label_known_at"].equals(rows["label_known_at"])


def test_rows_that_do_not_say_are_taken_to_have_been_known_in_time():
    rows = pl.DataFrame({"is_converted": [True]})
    assert as_known_on(rows, DAY) is rows


def known_late(
    rows: pl.DataFrame, start: date, after: date, share: float = 1 / 8
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of which one in eight of the wins whose window closed by `start` came to be known on `after`; and the same rows as
    they stood on the day before that.
    """
    drawn = pl.Series(np.random.default_rng(4).random(rows.height) < share)
    late = drawn & rows["is_converted"] & (rows["matured_on"] <= start)
    stamped = rows.with_columns(
        label_known_at=pl.when(late).then(pl.lit(after)).otherwise("matured_on")
    )
    return stamped, stamped.with_columns(
        is_converted=pl.col("is_converted") & ~late,
        days_to_conversion=pl.when(~late).then("days_to_conversion"),
        label_known_at=pl.col("matured_on"),
    )


@pytest.fixture(scope="module")
def accounts():
    rows = with_days(training_rows(accounts=400, horizon_days=360))
    late, as_it_stood = known_late(rows, date(2007, 3, 31), date(2009, 3, 31))
    in_time = rows.with_columns(label_known_at=pl.col("matured_on"))
    return [trained(one) for one in (late, as_it_stood, in_time)]


def trained(rows):
    return train(
        rows,
        training_settings(
            rows, horizon_days=240, horizons_days=(120, 360), split=YEAR, promotion=ALL
        ),
    )


@pytest.mark.parametrize("name", KEPT)
def test_what_was_not_known_yet_does_not_reach_what_measures_a_model(accounts, name):
    late, as_it_stood, _ = accounts
    assert getattr(late, name) == getattr(as_it_stood, name)


def test_wins_known_in_time_do_reach_it(accounts):
    """The test above is one that can fail."""
    late, _, in_time = accounts
    assert late.metrics["log_loss"] != in_time.metrics["log_loss"]
    assert late.window == in_time.window, "the model that scores learns from all that is known now"


def test_stamps_of_an_import_do_not_make_losses_of_wins(accounts):
    """Where half of the wins are first provable years later, it is the stamps that say little."""
    _, _, in_time = accounts
    rows = with_days(training_rows(accounts=400, horizon_days=360))
    late, _ = known_late(rows, date(2007, 3, 31), date(2009, 3, 31), share=0.5)
    found = trained(late)
    assert found.metrics == in_time.metrics and found.verdict == in_time.verdict
    assert "stamped as known only after it" in found.stamps_left_out
    assert all(one.stamps_left_out is None for one in accounts)


def test_the_same_holds_of_people():
    people = people_rows(accounts=60).with_columns(days_to_conversion=pl.lit(None, pl.Int32))
    settings = TrainingSettings(
        horizon_days=90, booster=BoosterSettings(default_trees=20, min_child_weight=5, nthread=1)
    )
    start = date(2021, 8, 23)
    records = [
        train_leads(one.drop("days_to_conversion"), settings).record
        for one in (*known_late(people, start, date(2022, 4, 1)), people)
    ]
    assert records[0]["split"]["parts"]["test"]["from"] >= str(start)
    assert records[0]["log_loss"] == records[1]["log_loss"] != records[2]["log_loss"]


def weekly_wins(weeks: int, closed_after_days: int) -> pl.DataFrame:
    """A win a week, known on its day; windows closed so many days after the last of them."""
    known = [DAY + timedelta(days=7 * week) for week in range(weeks)]
    last = known[-1] + timedelta(days=closed_after_days)
    return pl.DataFrame(
        {
            "is_converted": [True] * weeks + [False],
            "label_known_at": [*known, last],
            "matured_on": [*known, last],
        }
    )


def test_wins_that_stop_for_far_longer_than_before_are_told_of():
    said = silence(weekly_wins(30, 31))
    last = DAY + timedelta(days=29 * 7)
    assert f"the 31 days after {last}" in said and "before was 7 days" in said
    assert f"train as of {last}" in said


def test_a_gap_of_years_ago_hides_no_silence():
    rows = weekly_wins(130, 31)
    long_ago = pl.col("label_known_at") == DAY
    moved = pl.when(long_ago).then(pl.col("label_known_at") - pl.duration(days=246))
    rows = rows.with_columns(label_known_at=moved.otherwise("label_known_at"))
    assert "before was 7 days" in silence(rows)


def test_wins_that_go_on_or_are_few_are_not():
    assert silence(weekly_wins(30, 30)) is None
    assert silence(weekly_wins(19, 400)) is None
