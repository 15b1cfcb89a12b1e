"""Which days a training learns from, and which quarter a day belongs to."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.assets.training import training_dates
from dagster_project.automation import last_day_of_quarter, quarter_of
from dagster_project.config import Settings


def settings(spacing: str = "month", recording: date = date(2010, 1, 1)) -> Settings:
    return Settings.model_validate(
        {
            "version": 1,
            "feeds": ["salesforce"],
            "history_starts": date(2005, 1, 1),
            "conversion": {
                "horizons_days": [90],
                "primary_horizon_days": 90,
                "recording_starts": recording,
            },
            "training": {"spacing": spacing},
        }
    )


def test_the_newest_day_is_the_last_whose_outcomes_have_matured():
    days = training_dates(settings(), date(2011, 3, 31))
    assert days[-1] == date(2010, 12, 31)
    assert days[0] >= date(2010, 1, 1)


def test_month_ends_stay_month_ends():
    days = training_dates(settings(), date(2011, 3, 31))
    assert days[-4:] == [
        date(2010, 9, 30),
        date(2010, 10, 31),
        date(2010, 11, 30),
        date(2010, 12, 31),
    ]


@pytest.mark.parametrize(("spacing", "months"), [("quarter", 3), ("half_year", 6), ("year", 12)])
def test_spacing_is_as_set(spacing, months):
    days = training_dates(settings(spacing), date(2014, 3, 31))
    steps = {
        (b.year - a.year) * 12 + b.month - a.month for a, b in zip(days, days[1:], strict=False)
    }
    assert steps == {months}


def test_history_that_is_too_short_gives_no_day():
    assert training_dates(settings(), date(2010, 3, 1)) == []


@given(
    as_of=st.dates(date(2010, 1, 1), date(2030, 12, 31)),
    recording=st.dates(date(2005, 1, 1), date(2029, 12, 31)),
    spacing=st.sampled_from(["month", "quarter", "half_year", "year"]),
)
def test_every_label_has_matured_and_none_stands_before_recording(as_of, recording, spacing):
    days = training_dates(settings(spacing, recording), as_of)
    assert days == sorted(set(days))
    for day in days:
        assert recording <= day <= as_of - timedelta(days=90)


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_a_day_lies_in_its_quarter(day):
    key = quarter_of(day)
    assert date.fromisoformat(key) <= day <= last_day_of_quarter(key)
    assert quarter_of(last_day_of_quarter(key)) == key
    assert quarter_of(last_day_of_quarter(key) + timedelta(days=1)) != key
