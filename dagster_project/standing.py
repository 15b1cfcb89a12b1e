"""What stands: made by an earlier build as this project, these settings and what has landed would make it again.

Here: which relations and which days of features need not be made. Not here: building (dbt_runner.py), which tables belong to
a step (assets/transform.py).

Views and seeds hold no data of their own; making all of them again would be most of a refresh's dbt nodes. Tables up to
core, and the features of a day, follow from what has landed: the days that a training learns from are not computed a
second time to be scored, and a quarter's second training computes none again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from datetime import date
from typing import NamedTuple

import polars as pl

from dagster_project import dbt_runner, warehouse
from dagster_project.home import Home

# Folders under dbt/models whose tables say what has landed, and nothing of the days that are asked for.
FROM_LANDING = ("staging", "core")


class Standing(NamedTuple):
    """What of that which a build is asked for stands, and which of its days are left to build."""

    names: set[str]
    days: list[date]


def standing(home: Home, names: set[str], days: Collection[date] = ()) -> Standing:
    """What need not be built. All else is forgotten: a build that dies half-way has changed some of it."""
    wanted = _digests(home, names)
    with closing(warehouse.connect(home)) as connection:
        made = connection.execute(
            "select name, digest from scoring.standing_relations where name in "
            "(select view_name from duckdb_views() union all select table_name from duckdb_tables())"
        ).fetchall()
        built = connection.execute(
            "select as_of_date from scoring.standing_days where digest = ?", [_data_digest(home)]
        ).fetchall()
        stand = names & {name for name, digest in made if wanted.get(name) == digest}
        left = sorted(set(days) - {day for (day,) in built})
        connection.execute(
            "delete from scoring.standing_relations where name in (select unnest(?::varchar[]))",
            [sorted(names - stand)],
        )
        connection.execute(
            "delete from scoring.standing_days where as_of_date in (select unnest(?::date[]))",
            [left],
        )
    return Standing(stand, left)


def remember(home: Home, built: Collection[str], days: Collection[date] = ()) -> None:
    """Have what can stand of what was built stand, and the features of these days, which have just been built."""
    made, digest = _digests(home, set(built)), _data_digest(home)
    names = pl.DataFrame({"name": list(made), "digest": list(made.values())})
    dated = pl.DataFrame(
        {"as_of_date": list(days), "digest": [digest] * len(days)},
        schema={"as_of_date": pl.Date, "digest": pl.String},
    )
    with closing(warehouse.connect(home)) as connection:
        warehouse.replace_rows(connection, "standing_relations", names, "name", list(made))
        warehouse.replace_rows(connection, "standing_days", dated, "as_of_date", list(days))


def forget_days(home: Home, days: Collection[date]) -> None:
    """Have the features of these days made again: a part of them is made alone."""
    with closing(warehouse.connect(home)) as connection:
        connection.execute(
            "delete from scoring.standing_days where as_of_date in (select unnest(?::date[]))",
            [list(days)],
        )


def forget_all(home: Home) -> None:
    """Have everything made again by the next build that wants it: somebody else may change it."""
    with closing(warehouse.connect(home)) as connection:
        connection.execute("delete from scoring.standing_relations")
        connection.execute("delete from scoring.standing_days")


def _digests(home: Home, names: set[str]) -> dict[str, str]:
    """What each of the names that can stand follows from: a table, from the landed tables that it is made of."""
    dataless = dbt_runner.dataless(home) & names
    tables = (dbt_runner.names_of(home, FROM_LANDING) & names) - dataless
    made_of = dbt_runner.landed_tables_of(home, tables)
    files = _landed_files(home) if tables else {}
    rules = dbt_runner.project_digest(home)
    return dict.fromkeys(dataless, rules) | {
        name: _digest(rules, {table: files.get(table, ()) for table in made_of[name]})
        for name in tables
    }


def _data_digest(home: Home) -> str:
    """What the features of a day follow from: project, settings, and all that has landed."""
    return _digest(dbt_runner.project_digest(home), _landed_files(home))


def _digest(rules: str, files: Mapping[str, Sequence[str]]) -> str:
    digest = hashlib.sha256(rules.encode())
    for table in sorted(files):
        digest.update("\0".join([table, *files[table]]).encode())
    return digest.hexdigest()[:16]


def _landed_files(home: Home) -> dict[str, list[str]]:
    """By landed table (`salesforce__account`): each file's place, size and time of writing, in order."""
    found: dict[str, list[str]] = {}
    for file in sorted(home.landing.glob("*/*/ds=*/*.parquet")):
        vendor, table, *place = file.relative_to(home.landing).parts
        seen = file.stat()
        text = f"{'/'.join(place)} {seen.st_size} {seen.st_mtime_ns}"
        found.setdefault(f"{vendor}__{table}", []).append(text)
    return found
