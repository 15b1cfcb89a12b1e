"""Warehouse marts → published/: what analysts query.

Here: how the published files come to be: a new file, fsync, atomic rename, so that readers never wait and never see half a
refresh. Not here: what the columns mean (dbt/models/marts) or when to publish (assets/publishing.py).

Layout: scores.duckdb holds the latest day, small tables and views on history, all in its default schema (DuckDB names a
database after its file, so `scores.account_scores` reads them; docs/decisions/0002). History is one Parquet folder a day,
<table>/as_of_date=D/, so that no refresh rewrites it. feature_drift, some 75 rows a day, is one Parquet file a year: a refresh
writes no more than a year of it, and `scoring status`, which asks for many of its days, opens few files (a thousand would take it
a second).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import duckdb

from dagster_project import warehouse
from dagster_project.config import Settings
from dagster_project.home import Home, HomeError

# Tables copied whole: one row an account of the latest day, or small.
TABLES = (
    "account_scores",
    "lead_scores",
    "score_reasons",
    "excluded_accounts",
    "model_versions",
    "model_reliability",
    "model_groups",
    "challenger_scores",
    "segment_conversion",
    "icp_profile",
    "suggested_points",
    "score_evaluation",
    "calibration_drift",
    "feed_health",
    "quarantined_rows",
)
# Days written at a time: one day's rows are sorted and compressed on one core, and wait for the disk.
TOGETHER = 4
RESTS_ON = "rests_on.digest"
# All landed files and the first day of which each says anything, so that `scoring status` opens none of them.
LANDED_FILES = "landed_files.parquet"
# Tables with a folder a day, and the view that reads them.
HISTORY = ("account_scores_daily", "score_reasons_daily")
# The table with a file a year, and the view that reads it.
DRIFT = "feature_drift"


def days_touched(home: Home, days: Iterable[date]) -> list[date]:
    """What is to be written: the given days, and later ones whose score_change_1d or _7d rests on them, that passed their
    check; and every other day that passed and has no folder yet, because its run died before it was published.
    """
    connection = warehouse.connect(home)
    try:
        rows = connection.execute("select as_of_date from scoring.passed_days").fetchall()
    finally:
        connection.close()
    touched = {day + timedelta(days=lag) for day in days for lag in (0, 1, 7)}
    return sorted(
        day
        for (day,) in rows
        if day in touched or not _history_file(home, HISTORY[0], day).exists()
    )


def _history_file(home: Home, table: str, day: date) -> Path:
    return home.published / table / f"as_of_date={day.isoformat()}" / "rows.parquet"


def publish_days(home: Home, days: Iterable[date]) -> dict[date, int]:
    """Write the history folders of these days; returns rows of account_scores_daily by day.

    A new day becomes visible to readers only with `publish_tables`, a rewritten one at once.
    """
    with closing(warehouse.connect(home)) as connection, ThreadPoolExecutor(TOGETHER) as pool:
        rows = dict(pool.map(partial(_publish_day, connection, home), days))
        _publish_drift(connection, home, rows)
        temporary = home.published / f".{LANDED_FILES}.{os.getpid()}.tmp"
        connection.execute(f"copy scoring.landed_files to '{_quoted(temporary)}' (format parquet)")
        move_into_place(temporary, home.published / LANDED_FILES)
        return rows


def _publish_day(connection: duckdb.DuckDBPyConnection, home: Home, day: date) -> tuple[date, int]:
    with closing(connection.cursor()) as own:
        _publish(own, home, "score_reasons_daily", day)
        rows = _publish(own, home, "account_scores_daily", day)
        _note_what_it_rests_on(own, home, day)
        return day, rows


def _note_what_it_rests_on(connection: duckdb.DuckDBPyConnection, home: Home, day: date) -> None:
    """Beside a day's scores a digest of the landed files that they rest on: `scoring status` sees when those change."""
    found = connection.execute("select digest from scoring.scored_days where as_of_date = ?", [day])
    note = _history_file(home, HISTORY[0], day).with_name(RESTS_ON)
    temporary = note.with_name(f".{note.name}.{os.getpid()}.tmp")
    temporary.write_text("".join(digest or "" for (digest,) in found.fetchall()))
    os.replace(temporary, note)


def rests_on(home: Home) -> tuple[dict[date, str], dict[str, date | None]]:
    """Of each published day, the digest of the landed files that its scores rest on, where it is known; and those files."""
    notes = (home.published / HISTORY[0]).glob(f"as_of_date=*/{RESTS_ON}")
    said = {n.parent.name.removeprefix("as_of_date="): n.read_text() for n in notes}
    place = home.published / LANDED_FILES
    files = (
        duckdb.execute("from read_parquet(?)", [str(place)]).fetchall() if place.exists() else []
    )
    return {date.fromisoformat(day): digest for day, digest in said.items() if digest}, dict(files)


def _publish_drift(connection: duckdb.DuckDBPyConnection, home: Home, days: Iterable[date]) -> None:
    """The years of these days, and those that have no file yet (an earlier version published them otherwise)."""
    touched = {day.year for day in days}
    known = connection.execute(f"select distinct year(as_of_date) from marts.{DRIFT}").fetchall()
    for year in sorted(touched.union(*known)):
        target = home.published / DRIFT / f"year={year}" / "rows.parquet"
        if year in touched or not target.exists():
            rows = f"from marts.{DRIFT} where year(as_of_date) = {year} order by as_of_date, kind, name"
            _copy(connection, rows, target)


def _publish(connection: duckdb.DuckDBPyConnection, home: Home, table: str, day: date) -> int:
    horizons = horizon_columns(home.settings()) if table == "account_scores_daily" else "*"
    columns = f"* exclude (as_of_date) from (select {horizons} from marts.{table} where as_of_date = date '{day.isoformat()}')"
    order = "rank" if table == "account_scores_daily" else "account_id, factor_rank"
    return _copy(connection, f"select {columns} order by {order}", _history_file(home, table, day))


def _copy(connection: duckdb.DuckDBPyConnection, rows: str, target: Path) -> int:
    """Rows of a query into a Parquet file, which a reader sees whole or not at all; returns how many."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for left_by_a_killed_run in target.parent.glob(".*.tmp"):
        left_by_a_killed_run.unlink()
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    (count,) = connection.execute(
        f"copy ({rows}) to '{_quoted(temporary)}' (format parquet, compression zstd)"
    ).fetchone()
    move_into_place(temporary, target)
    return count


def publish_tables(home: Home) -> Path:
    """Make scores.duckdb anew from the marts; returns its path."""
    home.published.mkdir(parents=True, exist_ok=True)
    temporary = home.published / f".scores.duckdb.{os.getpid()}.tmp"
    for left_by_a_killed_run in home.published.glob(".scores.duckdb.*"):
        left_by_a_killed_run.unlink()
    with closing(warehouse.connect(home)) as connection, _attached(connection, temporary):
        for table in TABLES:
            columns = horizon_columns(home.settings()) if table == "account_scores" else "*"
            connection.execute(
                f"create table {table} as select {columns} from warehouse.marts.{table}"
            )
            # dbt keeps the columns' descriptions in the warehouse; those of horizons are the published table's own.
            known = _comments(connection, table, "warehouse")
            _describe(connection, table, known | _horizon_descriptions(home.settings()))
        _create_views(connection, home)
    move_into_place(temporary, home.published_database)
    return home.published_database


@contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[None]:
    """A new database file beside the warehouse, which a run keeps open: names without a catalog are the new file's."""
    connection.execute(f"attach '{_quoted(path)}' as published")
    connection.execute("use published")
    yield
    # Only a file that is let go is whole. After an error it is left to the connection's end, and to the next publishing.
    connection.execute("use warehouse")
    connection.execute("detach published")


def last_published(home: Home) -> date | None:
    """The latest day with scores, None before the first."""
    try:
        connection = connect_published(home)
    except FileNotFoundError:
        return None
    try:
        return connection.execute("select max(as_of_date) from scores.account_scores").fetchone()[0]
    finally:
        connection.close()


def republish_views(home: Home) -> None:
    """Point the history views at the folder's present place (they hold absolute paths). Raises HomeError on damaged files."""
    if not home.published_database.exists():
        return
    import shutil

    temporary = home.published / f".scores.duckdb.{os.getpid()}.tmp"
    shutil.copyfile(home.published_database, temporary)
    connection = duckdb.connect(str(temporary))
    try:
        _create_views(connection, home)
        connection.execute("checkpoint")
    except duckdb.Error as problem:
        temporary.unlink()
        said = str(problem).splitlines()[0]
        raise HomeError(
            f"{home.published} cannot be read: {said}. Put it back from a copy"
        ) from problem
    finally:
        connection.close()
    move_into_place(temporary, home.published_database)


def _create_views(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """History up to the latest published day: a day whose refresh died half-way is not shown."""
    (latest,) = connection.execute("select max(as_of_date) from account_scores").fetchone()
    for table in HISTORY:
        if latest is None or not any((home.published / table).glob("as_of_date=*/*.parquet")):
            continue
        files = _quoted(home.published / table / "as_of_date=*" / "*.parquet")
        connection.execute(
            # Cast here and not by hive_types: with a single file DuckDB 1.5.5 would look for the folder's column in the
            # file's statistics and fail. Folders are still left out by the date that is asked for.
            f"create or replace view {table} as select as_of_date::date as as_of_date, * exclude (as_of_date) "
            f"from read_parquet('{files}', hive_partitioning = true, hive_types = {{'as_of_date': varchar}}, "
            f"union_by_name = true) where as_of_date <= '{latest.isoformat()}'"
        )
        # The latest day's table has the same columns.
        _describe(connection, table, _comments(connection, table.removesuffix("_daily")))
    _create_drift_view(connection, home, latest)


def _create_drift_view(
    connection: duckdb.DuckDBPyConnection, home: Home, latest: date | None
) -> None:
    is_table = connection.execute(
        "select 1 from duckdb_tables() where database_name = current_database() and table_name = ?",
        [DRIFT],
    ).fetchall()
    # A file that an earlier version published holds the rows themselves.
    if is_table or latest is None or not any((home.published / DRIFT).glob("year=*/*.parquet")):
        return
    # Of a moved home only the view that was there knows what its columns mean.
    known = _comments(connection, DRIFT) | _comments(connection, DRIFT, "warehouse")
    files = _quoted(home.published / DRIFT / "year=*" / "*.parquet")
    connection.execute(
        f"create or replace view {DRIFT} as from read_parquet('{files}', hive_partitioning = false, union_by_name = true) "
        f"where as_of_date <= '{latest.isoformat()}'"
    )
    _describe(connection, DRIFT, known)


def horizon_columns(settings: Settings) -> str:
    """All columns, the map of probabilities spread into win_probability_<h>d."""
    spread = ", ".join(
        f"win_probabilities[{days}] as win_probability_{days}d"
        for days in settings.conversion.horizons_days
    )
    head = "account_id, account_name, domain, owner_id, as_of_date, score"
    return f"{head}, {spread}, * exclude ({head}, win_probabilities)"


def _horizon_descriptions(settings: Settings) -> dict[str, str]:
    return {
        f"win_probability_{days}d": f"Calibrated probability of conversion within {days} days."
        for days in settings.conversion.horizons_days
    }


def _comments(
    connection: duckdb.DuckDBPyConnection, table: str, catalog: str | None = None
) -> dict[str, str]:
    """The descriptions of a relation's columns, of this file's or of an attached one's."""
    return dict(
        connection.execute(
            "select column_name, comment from duckdb_columns() where comment is not null and table_name = ? "
            "and database_name = coalesce(?, current_database())",
            [table, catalog],
        ).fetchall()
    )


def _describe(connection: duckdb.DuckDBPyConnection, table: str, known: Mapping[str, str]) -> None:
    """Give the columns of a published relation the descriptions that are known of them by name."""
    own = connection.execute(
        "select column_name from duckdb_columns() where database_name = current_database() and table_name = ?",
        [table],
    ).fetchall()
    for (column,) in own:
        if text := known.get(column):
            connection.execute(
                f'comment on column {table}."{column}" is ' + "'" + text.replace("'", "''") + "'"
            )


def move_into_place(temporary: Path, target: Path) -> None:
    """Flush to disk, then rename over the old file: a reader has the old one or the new one, whole."""
    with open(temporary, "rb") as file:
        os.fsync(file.fileno())
    os.replace(temporary, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def connect_published(home: Home) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the published scores.

    Raises FileNotFoundError when nothing has been published.
    """
    if not home.published_database.exists():
        raise FileNotFoundError(home.published_database)
    connection = duckdb.connect(str(home.published_database), read_only=True)
    connection.execute("set timezone = 'UTC'")
    return connection
