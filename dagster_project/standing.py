"""What stands: made by an earlier build as this project, these settings and what has landed would make it again.

Here: which relations and which days of features need not be made. Not here: building (dbt_runner.py), which tables belong to
a step (assets/transform.py).

Views and seeds hold no data of their own; making all of them again would be most of a refresh's dbt nodes. Tables up to
core, and the features of a day, follow from what has landed: the days that a training learns from are not computed a
second time to be scored, and a quarter's second training computes none again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from contextlib import closing
from datetime import date

import polars as pl

from dagster_project import dbt_runner, warehouse
from dagster_project.home import Home

# Folders under dbt/models whose tables say what has landed, and nothing of the days that are asked for.
FROM_LANDING = ("staging", "core")


def standing(home: Home, names: set[str]) -> set[str]:
    """Those of the names that stand. The others are forgotten: a build that dies half-way has changed some of them."""
    wanted = _digests(home, names)
    with closing(warehouse.connect(home)) as connection:
        made = connection.execute(
            "select name, digest from scoring.standing_relations where name in "
            "(select view_name from duckdb_views() union all select table_name from duckdb_tables())"
        ).fetchall()
        stand = names & {name for name, digest in made if wanted.get(name) == digest}
        connection.execute(
            "delete from scoring.standing_relations where name in (select unnest(?::varchar[]))",
            [sorted(names - stand)],
        )
    return stand


def remember(home: Home, built: Collection[str]) -> None:
    """Have what can stand of what was built stand."""
    made = _digests(home, set(built))
    if not made:
        return
    frame = pl.DataFrame({"name": list(made), "digest": list(made.values())})
    with closing(warehouse.connect(home)) as connection:
        warehouse.replace_rows(connection, "standing_relations", frame, "name", list(made))


def days_to_build(home: Home, days: Collection[date]) -> list[date]:
    """Those of the days whose features do not stand; they are forgotten until `remember_days`."""
    with closing(warehouse.connect(home)) as connection:
        stand = connection.execute(
            "select as_of_date from scoring.standing_days where digest = ?", [_data_digest(home)]
        ).fetchall()
        left = sorted(set(days) - {day for (day,) in stand})
        connection.execute(
            "delete from scoring.standing_days where as_of_date in (select unnest(?::date[]))",
            [left],
        )
    return left


def remember_days(home: Home, days: Collection[date]) -> None:
    """Have the features of these days, which have just been built, stand."""
    if not days:
        return
    frame = pl.DataFrame({"as_of_date": sorted(days)}).with_columns(
        digest=pl.lit(_data_digest(home))
    )
    with closing(warehouse.connect(home)) as connection:
        warehouse.replace_rows(connection, "standing_days", frame, "as_of_date", sorted(days))


def forget_all(home: Home) -> None:
    """Have everything made again by the next build that wants it: somebody else may change it."""
    with closing(warehouse.connect(home)) as connection:
        connection.execute("delete from scoring.standing_relations")
        connection.execute("delete from scoring.standing_days")


def _digests(home: Home, names: set[str]) -> dict[str, str]:
    """What each of the names that can stand follows from."""
    rules, data = dbt_runner.project_digest(home), _data_digest(home)
    dataless = dbt_runner.dataless(home) & names
    tables = (dbt_runner.names_of(home, FROM_LANDING) & names) - dataless
    return dict.fromkeys(sorted(dataless), rules) | dict.fromkeys(sorted(tables), data)


def _data_digest(home: Home) -> str:
    """Project, settings, and every landed file by place, size and time of writing."""
    digest = hashlib.sha256(dbt_runner.project_digest(home).encode())
    for file in sorted(home.landing.glob("*/*/ds=*/*.parquet")):
        seen = file.stat()
        place = file.relative_to(home.landing)
        digest.update(f"\0{place} {seen.st_size} {seen.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]
