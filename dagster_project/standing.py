"""What stands: made by an earlier build as this project, these settings and what has landed would make it again.

Here: which relations and which days of features need not be made. Not here: building (dbt_runner.py), which tables belong to
a step (assets/transform.py).

Views and seeds hold no data of their own; making all of them again would be most of a refresh's dbt nodes. Tables up to
core follow from what has landed, the features of a day from what had become known by it: the days that a training learns
from are not computed a second time to be scored, a back-fill computes none that stands, and what lands of later days leaves
them standing (that it changes nothing of them is the first promise, which tests/integration/test_*_no_future.py prove).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from datetime import date
from typing import NamedTuple

import duckdb
import polars as pl

from dagster_project import dbt_runner, warehouse
from dagster_project.home import Home
from dagster_project.landing.store import first_known_on, identity, seal_all

# Folders under dbt/models whose tables say what has landed, and nothing of the days that are asked for.
FROM_LANDING = ("staging", "core")
# What is kept of features, of accounts and of their people.
KEPT_BY_DAY = (
    *("datasets.scoring_set", "spine.spine_account_day"),
    *("datasets.lead_scoring_set", "spine.spine_lead_day"),
)


class Standing(NamedTuple):
    """What of that which a build is asked for stands, and which of its days are left to build."""

    names: set[str]
    days: list[date]


def standing(home: Home, names: set[str], days: Collection[date] = ()) -> Standing:
    """What need not be built. All else is forgotten: a build that dies half-way has changed some of it."""
    seal_all(home.landing)
    wanted = _digests(home, names)
    with closing(warehouse.connect(home)) as connection:
        made = connection.execute(
            "select name, digest from scoring.standing_relations where name in "
            "(select view_name from duckdb_views() union all select table_name from duckdb_tables())"
        ).fetchall()
        built = connection.execute(
            "select as_of_date, digest from scoring.standing_days"
        ).fetchall()
        now, _ = _digests_of_days(home, connection, days)
        stand = names & {name for name, digest in made if wanted.get(name) == digest}
        left = sorted(set(days) - {day for day, digest in built if now.get(day) == digest})
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
    made = _digests(home, set(built))
    names = pl.DataFrame({"name": list(made), "digest": list(made.values())})
    with closing(warehouse.connect(home)) as connection:
        now, data = _digests_of_days(home, connection, days)
        dated = pl.DataFrame(
            {
                "as_of_date": list(now),
                "digest": list(now.values()),
                "data_digest": [data[day] for day in now],
            },
            schema={"as_of_date": pl.Date, "digest": pl.String, "data_digest": pl.String},
        )
        warehouse.replace_rows(connection, "standing_relations", names, "name", list(made))
        warehouse.replace_rows(connection, "standing_days", dated, "as_of_date", list(days))


def forget_days(home: Home, days: Collection[date]) -> None:
    """Have the features of these days made again: a part of them is made alone."""
    with closing(warehouse.connect(home)) as connection:
        connection.execute(
            "delete from scoring.standing_days where as_of_date in (select unnest(?::date[]))",
            [list(days)],
        )


def let_go(home: Home, before: date) -> None:
    """Delete the features of all days before this one: they can be derived again from landing, which costs no disk."""
    with closing(warehouse.connect(home)) as connection:
        # First what says that they are there: a run that dies here leaves features that nobody counts on.
        connection.execute("delete from scoring.standing_days where as_of_date < ?", [before])
        for table in KEPT_BY_DAY:
            connection.execute(f"delete from {table} where as_of_date < ?", [before])


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
    files = landed_files(home) if tables else {}
    rules = dbt_runner.project_digest(home)
    # Views read landing by its path: those of a home that was moved or copied are made again.
    return dict.fromkeys(dataless, f"{rules} {home.root}") | {
        name: _digest(rules, {table: files.get(table, ()) for table in made_of[name]})
        for name in tables
    }


def digests_of_data(
    home: Home, days: Collection[date], noted: Mapping[str, date | None]
) -> dict[date, str]:
    """Of each day, a digest of all landed files that had become known by it. noted: as in scoring.landed_files."""
    known = _first_known(home, noted) if days else {}
    return {
        day: _digest("", {"": [text for text, first in known.items() if first <= day]})
        for day in sorted(days)
    }


def data_of_days(
    connection: duckdb.DuckDBPyConnection, days: Collection[date]
) -> dict[date, str | None]:
    """Of each day, the digest of the landed files that its features were made of; None where they do not stand."""
    found = connection.execute("select as_of_date, data_digest from scoring.standing_days")
    made_of = dict(found.fetchall())
    return {day: made_of.get(day) for day in days}


def _digests_of_days(
    home: Home, connection: duckdb.DuckDBPyConnection, days: Collection[date]
) -> tuple[dict[date, str], dict[date, str]]:
    """What the features of each day follow from: project, settings, and all that had become known by it; and the last alone."""
    rules = dbt_runner.project_digest(home)
    data = digests_of_data(home, days, _note_files(home, connection) if days else {})
    return {day: _digest(f"{rules} {digest}", {}) for day, digest in data.items()}, data


def _first_known(home: Home, noted: Mapping[str, date | None]) -> dict[str, date]:
    """Each landed file as it is now (table, place, identity), and the first day on which a row of it was known.

    One without rows says nothing of any day.
    """
    first = {}
    for table, texts in landed_files(home).items():
        for text in texts:
            name = f"{table} {text}"
            if name not in noted:
                place = home.landing.joinpath(*table.split("__", 1), text.split(" ")[0])
                first[name] = first_known_on(place)
            else:
                first[name] = noted[name]
    return {name: first[name] or date.max for name in sorted(first)}


def _note_files(home: Home, connection: duckdb.DuckDBPyConnection) -> dict[str, date | None]:
    """What is known of landed files, with those that are new: a file is opened once."""
    noted = dict(connection.execute("from scoring.landed_files").fetchall())
    known = _first_known(home, noted)
    new = {
        name: None if day == date.max else day for name, day in known.items() if name not in noted
    }
    if new:
        rows = pl.DataFrame(
            {"file": list(new), "first_known_on": list(new.values())},
            schema={"file": pl.String, "first_known_on": pl.Date},
        )
        warehouse.replace_rows(connection, "landed_files", rows, "file", list(new))
    return noted | new


def _digest(rules: str, files: Mapping[str, Sequence[str]]) -> str:
    digest = hashlib.sha256(rules.encode())
    for table in sorted(files):
        digest.update("\0".join([table, *files[table]]).encode())
    return digest.hexdigest()[:16]


def landed_files(home: Home) -> dict[str, list[str]]:
    """By landed table (`salesforce__account`): each file's place and what says that it is the same, in order."""
    found: dict[str, list[str]] = {}
    for file in sorted(home.landing.glob("*/*/ds=*/*.parquet")):
        vendor, table, *place = file.relative_to(home.landing).parts
        if said := identity(file):
            found.setdefault(f"{vendor}__{table}", []).append(f"{'/'.join(place)} {said}")
    return found
