"""What is published from a small warehouse, read back as analysts read it."""

from datetime import date, timedelta

import duckdb
import polars as pl
import pytest

from dagster_project import publisher, warehouse
from dagster_project.home_layout import open_home

FIRST = date(2026, 1, 1)


@pytest.fixture
def home(tmp_path):
    """A home whose warehouse holds four scored days in the shape of the marts that publishing reads."""
    home = open_home(tmp_path)
    connection = warehouse.connect(home)
    connection.execute("create schema marts")
    connection.execute(
        "create table marts.account_scores_daily as select 'a' || n as account_id, 'A' as account_name, "
        "'a.example' as domain, 'o' as owner_id, date '2026-01-01' + d::integer as as_of_date, n::double as score, "
        "map {90: 0.5::double} as win_probabilities, n::integer as rank from range(3) t(n), range(4) u(d)"
    )
    connection.execute(
        "create table marts.score_reasons_daily as select account_id, as_of_date, 1 as factor_rank, 'r' as reason "
        "from marts.account_scores_daily"
    )
    connection.execute(
        "create view marts.account_scores as select * from marts.account_scores_daily "
        "where as_of_date = (select max(as_of_date) from scoring.passed_days)"
    )
    for table in publisher.TABLES[1:]:
        connection.execute(f"create table marts.{table} as select 1 as one")
    connection.close()
    return home


def pass_days(home, days):
    connection = warehouse.connect(home)
    frame = pl.DataFrame({"as_of_date": days, "run_id": ["r"] * len(days)})
    warehouse.replace_rows(connection, "passed_days", frame, "as_of_date", days)
    connection.close()


def publish(home, days):
    publisher.publish_days(home, publisher.days_touched(home, days))
    publisher.publish_tables(home)
    connection = duckdb.connect(str(home.published_database), read_only=True)
    found = connection.execute(
        "select as_of_date, count(*), max(score) from scores.account_scores_daily group by 1 order by 1"
    ).fetchall()
    connection.close()
    return found


@pytest.mark.parametrize("days", [1, 2, 3])
def test_history_of_any_length_can_be_asked(home, days):
    wanted = [FIRST + timedelta(days=n) for n in range(days)]
    pass_days(home, wanted)
    assert publish(home, wanted) == [(day, 3, 2.0) for day in wanted]
    connection = duckdb.connect(str(home.published_database), read_only=True)
    for table in publisher.HISTORY:
        asked = (
            f"select min(as_of_date), max(as_of_date), typeof(max(as_of_date)) from scores.{table}"
        )
        assert connection.execute(asked).fetchone() == (wanted[0], wanted[-1], "DATE")
    plan = connection.execute(
        "explain analyze select sum(score) from scores.account_scores_daily where as_of_date = date '2026-01-01'"
    ).fetchone()[1]
    connection.close()
    assert f"Scanning Files: 1/{days}" in plan or days == 1


def test_a_day_whose_run_died_before_publishing_is_published_by_the_next(home):
    second = FIRST + timedelta(days=1)
    pass_days(home, [FIRST, second])
    half_written = home.published / "account_scores_daily" / "as_of_date=2026-01-01"
    half_written.mkdir(parents=True)
    (half_written / ".rows.parquet.1.tmp").write_text("left by a killed run")
    assert [day for day, *_ in publish(home, [second])] == [FIRST, second]
    assert not list(home.published.rglob(".*.tmp"))


def test_a_day_that_did_not_pass_is_not_published(home):
    pass_days(home, [FIRST])
    assert [day for day, *_ in publish(home, [FIRST, FIRST + timedelta(days=1)])] == [FIRST]
