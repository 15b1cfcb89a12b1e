"""Tables of large feeds, built in parts: an import of years would not fit into memory in one statement.

Here: which tables that are, and in how many parts they are built. Not here: how a table is built file by file and period by
period (dbt/macros/landing_files.sql), building (dbt_runner.py).

A build that says how many new files or periods it may take at most makes a part of a table; the next one goes on. The build
without parts that follows takes what is left, so what stands at the end never depends on the parts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing

import polars as pl

from dagster_project import dbt_runner, warehouse
from dagster_project.home import Home

# Landed rows that are built together; of the demo's web events about four months of 100,000 accounts.
ROWS_TOGETHER = 5_000_000


def parts(home: Home, names: set[str]) -> Iterator[tuple[set[str], int]]:
    """What is built and how many new files or periods it takes at most, once a part; nothing for what fits into one."""
    core_of = {staged: core for core, staged in dbt_runner.configured(home, "staged").items()}
    periods = dbt_runner.configured(home, "period")
    rules = dbt_runner.configured(home, "rules")
    for staged, (vendor, table) in sorted(dbt_runner.configured(home, "feed").items()):
        if staged not in names:
            continue
        new = _new_files(home, staged, vendor, table)
        if sum(new) <= ROWS_TOGETHER:
            continue
        yield from _evenly({staged}, len(new), sum(new))
        core = core_of[staged]
        if core in names:
            # With the seed that it reads, which may not be there yet.
            wanted = {core} | ({rules[core]} & names if core in rules else set())
            yield from _evenly(wanted, *_size(home, staged, periods[core]))


def _evenly(wanted: set[str], pieces: int, rows: int) -> Iterator[tuple[set[str], int]]:
    together = max(1, pieces * ROWS_TOGETHER // max(1, rows))
    for _ in range(math.ceil(pieces / together)):
        yield wanted, together


def _new_files(home: Home, staged: str, vendor: str, table: str) -> list[int]:
    """Rows of each landed file that the staging table does not hold."""
    files = {
        f"{file.parent.name}/{file.stem}": file
        for file in (home.landing / vendor / table).glob("ds=*/*.parquet")
    }
    with closing(warehouse.connect(home)) as connection:
        (is_there,) = connection.execute(
            "select count(*) from duckdb_tables() where schema_name = 'staging' and table_name = ?",
            [staged],
        ).fetchone()
        held = (
            connection.execute(
                f"select distinct split_part(landing_file, '@', 1) from staging.{staged}"
            ).fetchall()
            if is_there
            else []
        )
    for (landing_file,) in held:
        files.pop(landing_file, None)
    return [pl.scan_parquet(file).select(pl.len()).collect().item() for file in files.values()]


def _size(home: Home, staged: str, period: str) -> tuple[int, int]:
    """Number of periods and of rows of a staging table."""
    with closing(warehouse.connect(home)) as connection:
        return connection.execute(
            f"select count(distinct {period}), count(*) from staging.{staged}"
        ).fetchone()
