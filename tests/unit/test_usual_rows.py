"""How many rows a file of a whole day or week usually holds."""

from datetime import date, timedelta

import polars as pl
import pytest

from dagster_project.feed_checks import _usual_rows
from dagster_project.home import Home

DAY = date(2026, 3, 1)


def land(home, rows, day, name, vendor="ga4", table="event"):
    folder = home.landing / vendor / table / f"ds={day}"
    folder.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({"source_file": [name] * rows}).write_parquet(folder / f"{name}.parquet")


@pytest.fixture
def home(tmp_path):
    """A month in one file, then days; the day itself and later ones are not asked."""
    home = Home(tmp_path)
    land(home, 9000, DAY - timedelta(9), "events_202601.jsonl")
    for ago, rows in [(4, 100), (3, 120), (2, 80), (0, 1), (-1, 1)]:
        day = DAY - timedelta(ago)
        land(home, rows, day, f"events_{day:%Y%m%d}.jsonl")
    return home


def test_few_files_say_nothing_and_a_month_is_no_day(home):
    assert _usual_rows(home, "ga4", "event", DAY) is None
    land(home, 90, DAY - timedelta(1), "events_20260228.jsonl")
    assert _usual_rows(home, "ga4", "event", DAY) == 95


def test_a_table_whose_files_hold_what_changed_has_no_usual_number(home):
    for ago in range(1, 9):
        land(home, 50, DAY - timedelta(ago), "Account_20260101.csv", "salesforce", "account")
    assert _usual_rows(home, "salesforce", "account", DAY) is None
