from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.settings import SplitSettings
from models.splits import LATER_PARTS, matured_before, rolling_folds, split_dates
from tests.factories import year_ends

dates = st.lists(st.dates(date(2000, 1, 1), date(2012, 12, 31)), min_size=1, max_size=60)
horizons = st.integers(1, 700)
widths = st.integers(1, 400)


@given(dates, horizons, widths, widths, widths)
def test_no_label_window_of_an_earlier_part_reaches_into_a_later_part(days, horizon, v, c, t):
    settings = SplitSettings(validation_days=v, calibration_days=c, test_days=t)
    split = split_dates(days, horizon, settings)
    parts = [split.part(name) for name in ("train", *LATER_PARTS) if split.part(name)]
    for earlier, later in zip(parts, parts[1:], strict=False):
        assert max(earlier) + timedelta(days=horizon) <= min(later)


@given(dates, horizons)
def test_parts_share_no_date_and_train_is_never_empty(days, horizon):
    split = split_dates(days, horizon, SplitSettings())
    used = [day for name in ("train", *LATER_PARTS) for day in split.part(name)]
    assert split.train
    assert len(used) == len(set(used))
    assert set(used) <= set(days)


@given(dates, horizons)
def test_a_part_is_either_there_or_named_as_missing(days, horizon):
    split = split_dates(days, horizon, SplitSettings())
    named = {text.split(":")[0] for text in split.missing}
    assert named == {name for name in LATER_PARTS if not split.part(name)}


def test_four_parts_of_yearly_dates():
    split = split_dates(year_ends(2005, 2010), 365, SplitSettings())
    assert split.train == tuple(year_ends(2005, 2007))
    assert split.validation == (date(2008, 3, 31),)
    assert split.calibration == (date(2009, 3, 31),)
    assert split.test == (date(2010, 3, 31),)
    assert split.missing == ()


@pytest.mark.parametrize(
    ("years", "missing"),
    [
        (3, ["calibration"]),
        (2, ["validation", "calibration"]),
        (1, ["validation", "calibration", "test"]),
    ],
)
def test_short_history_gives_up_parts_and_says_which(years, missing):
    split = split_dates(year_ends(2011 - years, 2010), 365, SplitSettings())
    assert [text.split(":")[0] for text in split.missing] == missing


def test_a_day_short_of_the_horizon_is_too_near():
    days = [date(2009, 4, 1), date(2010, 3, 31)]
    assert matured_before(days, 365, date(2010, 3, 31)) == ()
    assert matured_before(days, 364, date(2010, 3, 31)) == (date(2009, 4, 1),)


def test_no_dates_is_an_error():
    with pytest.raises(ValueError, match="no as-of dates"):
        split_dates([], 365, SplitSettings())


@given(dates, horizons, widths, st.integers(1, 4))
def test_each_fold_learns_from_what_had_matured_and_no_day_is_predicted_twice(
    days, horizon, v, most
):
    folds = rolling_folds(days, horizon, SplitSettings(validation_days=v), most)
    assert len(folds) <= most
    for fold in folds:
        start = fold.validation[0]
        assert fold.train == matured_before(days, horizon, start)
        assert fold.validation[-1] - start < timedelta(days=v)
    for newer, older in zip(folds, folds[1:], strict=False):
        assert older.validation[-1] < newer.validation[0]


def test_folds_go_back_from_the_newest_days_as_far_as_there_is_something_to_learn():
    folds = rolling_folds(year_ends(2003, 2008), 365, SplitSettings(), 9)
    assert [fold.validation for fold in folds] == [
        (day,) for day in reversed(year_ends(2004, 2008))
    ]
    assert folds[0].train == tuple(year_ends(2003, 2007))
    assert rolling_folds([], 365, SplitSettings(), 9) == ()
    assert rolling_folds(year_ends(2008, 2008), 365, SplitSettings(), 9) == ()
