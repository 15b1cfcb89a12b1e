"""Views and seeds that stand: made by an earlier build as this project and these settings would make them again.

Here: which of them need not be made. Not here: building (dbt_runner.py), which tables belong to a step (assets/transform.py).

They hold no data of their own; making all of them again would be most of a refresh's dbt nodes.
"""

from __future__ import annotations

from contextlib import closing

import polars as pl

from dagster_project import dbt_runner, warehouse
from dagster_project.home import Home


def standing(home: Home, names: set[str]) -> set[str]:
    """Those of the names that stand. The others are forgotten: a build that dies half-way has changed some of them."""
    with closing(warehouse.connect(home)) as connection:
        made = connection.execute(
            "select name from scoring.standing_views where digest = ? and name in "
            "(select view_name from duckdb_views() union all select table_name from duckdb_tables())",
            [dbt_runner.project_digest(home)],
        ).fetchall()
        stand = names & {name for (name,) in made}
        connection.execute(
            "delete from scoring.standing_views where name in (select unnest(?::varchar[]))",
            [sorted(names - stand)],
        )
    return stand


def remember(home: Home, built: list[str]) -> None:
    """Have the views and seeds among what was built stand."""
    made = sorted(dbt_runner.dataless(home) & set(built))
    if not made:
        return
    digest = dbt_runner.project_digest(home)
    frame = pl.DataFrame({"name": made, "digest": [digest] * len(made)})
    with closing(warehouse.connect(home)) as connection:
        warehouse.replace_rows(connection, "standing_views", frame, "name", made)


def forget_all(home: Home) -> None:
    """Have every view and seed made again by the next build that wants it: somebody else may change them."""
    with closing(warehouse.connect(home)) as connection:
        connection.execute("delete from scoring.standing_views")
