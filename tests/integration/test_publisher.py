"""What is published from a small warehouse, read back as analysts read it."""

from contextlib import closing
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
    connection.execute(
        "create table marts.feature_drift as select date '2025-12-31' + n::integer as as_of_date, kind, 'f' as name "
        "from range(5) t(n), (values ('feature'), ('score')) k(kind)"
    )
    connection.execute("comment on column marts.feature_drift.kind is 'What it is.'")
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


def drift_of(home):
    with closing(duckdb.connect(str(home.published_database), read_only=True)) as connection:
        (kind,) = connection.execute(
            "select comment from duckdb_columns() where table_name = 'feature_drift' and column_name = 'kind'"
        ).fetchone()
        rows = connection.execute(
            "select as_of_date, count(*), count(distinct kind) from scores.feature_drift group by 1 order by 1"
        ).fetchall()
        names = [row[0] for row in connection.execute("describe scores.feature_drift").fetchall()]
    assert (kind, names) == ("What it is.", ["as_of_date", "kind", "name"])
    return rows


def test_drift_is_published_by_year_and_only_years_of_the_days_are_written(home):
    days = [FIRST + timedelta(days=n) for n in range(2)]
    pass_days(home, days[:1])
    publish(home, days[:1])
    before = date(2025, 12, 31)
    assert drift_of(home) == [(day, 2, 2) for day in (before, days[0])]
    year = {
        n: home.published / "feature_drift" / f"year={n}" / "rows.parquet" for n in (2025, 2026)
    }
    stood = {n: path.stat().st_mtime_ns for n, path in year.items()}
    with closing(warehouse.connect(home)) as connection:
        connection.execute(
            "delete from marts.feature_drift where kind = 'score' and as_of_date < '2026-01-02'"
        )
    pass_days(home, days)
    publish(home, days[1:])
    assert [path.stat().st_mtime_ns > stood[n] for n, path in year.items()] == [False, True]
    assert drift_of(home) == [(before, 2, 2), (days[0], 1, 1), (days[1], 2, 2)]
    # what an earlier version published otherwise is written once
    year[2025].unlink()
    publish(home, days[1:])
    assert drift_of(home)[0] == (before, 1, 1)


def test_a_moved_home_shows_its_drift_with_what_its_columns_mean(home, tmp_path):
    pass_days(home, [FIRST])
    publish(home, [FIRST])
    found = drift_of(home)
    moved = tmp_path.with_name(f"{tmp_path.name} moved")
    home.root.rename(moved)
    assert drift_of(open_home(moved)) == found


def test_a_moved_home_of_an_earlier_version_keeps_the_drift_that_it_published(home):
    pass_days(home, [FIRST])
    publish(home, [FIRST])
    with closing(duckdb.connect(str(home.published_database))) as connection:
        connection.execute("create table kept as from feature_drift; drop view feature_drift")
        connection.execute("alter table kept rename to feature_drift")
        connection.execute("comment on column feature_drift.kind is 'What it is.'")
    found = drift_of(home)
    publisher.republish_views(home)
    assert drift_of(home) == found
