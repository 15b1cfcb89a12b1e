"""Which rows a training holds where there are more than it may."""

from datetime import date

import duckdb
import polars as pl
import pytest

from dagster_project.training_set import read_training_set
from models.settings import TrainingSettings
from models.thinning import thin, thinned, whole_days

DAYS = [date(2025, month, 1) for month in range(1, 11)]


def counts(accounts: int) -> tuple[dict, pl.DataFrame]:
    names = [f"salesforce:{n}" for n in range(accounts)]
    return dict.fromkeys(DAYS, accounts), pl.DataFrame({"account_id": names, "rows": 9})


def test_the_newest_days_stay_whole_up_to_a_quarter():
    by_day, _ = counts(100)
    assert whole_days(by_day, 800) == (DAYS[9], DAYS[8])
    assert whole_days(by_day, 399) == ()
    assert whole_days(by_day, 10_000) == tuple(reversed(DAYS))


@pytest.mark.parametrize("most", [1, 100, 305, 999])
def test_there_are_never_more_rows_than_allowed_and_nearly_as_many(most):
    by_day, by_account = counts(100)
    days = whole_days(by_day, most)
    left = by_account.with_columns(rows=pl.lit(10 - len(days)))
    kept = thin(by_day, days, left, most, seed=7)
    assert kept.rows_kept <= most
    assert most - kept.rows_kept < 10
    assert kept.rows_available == 1000


def test_the_draw_depends_on_seed_and_account_alone():
    by_day, by_account = counts(300)
    one = thin(by_day, (), by_account, 900, seed=7)
    shuffled = by_account.sample(fraction=1.0, shuffle=True, seed=1)
    assert thin(by_day, (), shuffled, 900, seed=7).accounts.equals(one.accounts)
    assert not thin(by_day, (), by_account, 900, seed=8).accounts.equals(one.accounts)
    # a few accounts more do not draw another sample
    wider = thin(by_day, (), by_account[:-3], 900, seed=7)
    assert len(set(wider.accounts) & set(one.accounts)) > 90


@pytest.fixture
def connection():
    with duckdb.connect() as made:
        made.execute("create schema datasets")
        made.execute(
            "create table datasets.training_set as select 'a' || n as account_id, "
            "date '2025-01-01' + (30 * m)::integer as as_of_date, m % 2 = 0 as is_converted "
            "from range(300) as a(n), range(10) as b(m)"
        )
        yield made


def test_few_rows_are_read_whole(connection):
    rows, thinning = read_training_set(connection, TrainingSettings(max_training_rows=3000))
    assert (rows.height, thinning) == (3000, None)
    assert rows.equals(rows.sort("as_of_date", "account_id"))


def test_many_rows_are_thinned_by_account_and_said(connection):
    rows, thinning = read_training_set(connection, TrainingSettings(max_training_rows=1300))
    assert rows.height == thinning.rows_kept <= 1300
    per_day = rows.group_by("as_of_date").len().sort("as_of_date")["len"].to_list()
    assert per_day == [len(thinning.accounts)] * 9 + [300]
    earlier = rows.filter(pl.col("as_of_date") < rows["as_of_date"].max())
    assert earlier.group_by("account_id").len()["len"].unique().to_list() == [9]
    assert thinning.describe() == {
        "rows_available": 3000,
        "rows_kept": rows.height,
        "whole_from": "2025-09-28",
        "accounts_of_earlier_days": len(thinning.accounts),
    }
    again, _ = read_training_set(connection, TrainingSettings(max_training_rows=1300))
    assert again.equals(rows)


def test_a_thinned_frame_holds_the_same_accounts_on_every_day():
    names = [f"salesforce:{n}" for n in range(50)]
    rows = pl.DataFrame({"as_of_date": DAYS}).join(pl.DataFrame({"account_id": names}), how="cross")
    assert thinned(rows, 500, seed=7).equals(rows)
    fewer = thinned(rows, 299, seed=7)
    kept = [set(day["account_id"]) for day in fewer.partition_by("as_of_date")]
    assert len(kept) == len(DAYS) and all(one == kept[0] for one in kept)
    assert len(kept[0]) == 29
