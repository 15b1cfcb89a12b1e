"""Rows of a DuckDB query as plain dicts.

Here: rows of any query, and of one on Parquet files. Not here: what is asked (answers.py, landed.py, home_status.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb


def rows_of(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: list | None = None
) -> list[dict[str, Any]]:
    """The rows of a query, a dict each."""
    cursor = connection.execute(sql, parameters or [])
    names = _once_each([column[0] for column in cursor.description])
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _once_each(names: list[str]) -> list[str]:
    """Column names of an answer; of two alike the second gets a number, so that neither is lost."""
    return [
        f"{name}_{names[:place].count(name)}" if name in names[:place] else name
        for place, name in enumerate(names)
    ]


def rows_in_parquet(place: Path, sql: str) -> list[dict[str, Any]]:
    """Rows of a query on the Parquet files below a folder, or on one file: {files} in the SQL. None without a file."""
    files = (
        [str(path) for path in sorted(place.rglob("*.parquet"))] if place.is_dir() else [str(place)]
    )
    if not files:
        return []
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    source = f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
    with duckdb.connect() as connection:
        return rows_of(connection, sql.format(files=source))
