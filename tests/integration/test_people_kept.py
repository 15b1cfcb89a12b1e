"""Of which days people are kept one by one, whatever the order in which days are scored."""

from contextlib import closing
from datetime import date, timedelta

import polars as pl
import pytest

from dagster_project import warehouse
from dagster_project.home_layout import open_home
from dagster_project.people import DAYS_KEPT, days_with_people, let_people_go

FIRST = date(2026, 1, 1)


def days(first: int, last: int) -> list[date]:
    return [FIRST + timedelta(n) for n in range(first, last + 1)]


@pytest.fixture
def home(tmp_path):
    return open_home(tmp_path / "home")


def score(home, scored: list[date], passes: bool = True) -> None:
    """As a run does: keep the people of some of its days, let go of others, and have its days pass."""
    with closing(warehouse.connect(home)) as connection:
        kept = days_with_people(connection, scored)
        rows = [(day, "p", "a") for day in scored if day in kept]
        names = warehouse.columns_of("lead_predictions")
        frame = pl.DataFrame(rows, ["as_of_date", "lead_id", "account_id"], orient="row")
        frame = frame.with_columns(pl.lit(None).alias(n) for n in names if n not in frame.columns)
        warehouse.replace_rows(connection, "lead_predictions", frame, "as_of_date", scored)
        if passes:
            connection.executemany(
                "insert into scoring.passed_days values (?, 'run')", [[day] for day in scored]
            )
    let_people_go(home, kept)


def kept(home) -> list[date]:
    with closing(warehouse.connect(home)) as connection:
        found = connection.execute("select as_of_date from scoring.lead_predictions order by 1")
        return [day for (day,) in found.fetchall()]


def test_the_newest_days_stay_in_whatever_order_days_are_scored(home, tmp_path):
    score(home, days(0, 20))
    assert kept(home) == days(21 - DAYS_KEPT, 20)
    score(home, days(21, 21))
    score(home, days(3, 5))
    other = open_home(tmp_path / "other")
    score(other, days(3, 5))
    score(other, days(6, 20))
    # the last that stood before the run, in case that none of its days had
    assert kept(other) == [*days(5, 5), *days(21 - DAYS_KEPT, 20)]
    score(other, days(21, 21))
    assert kept(home) == kept(other) == days(22 - DAYS_KEPT, 21)


def test_the_latest_day_that_stood_keeps_its_people_when_later_ones_do_not_stand(home):
    score(home, days(0, 9))
    score(home, days(10, 30), passes=False)
    assert days(9, 9)[0] in kept(home)
