"""datasets.training_set and lead_training_set → the rows that a training holds.

Here: reading them from the warehouse, no more than scoring.yaml allows. Not here: which rows are kept (models/thinning.py)
and what is learnt from them (models/training.py).
"""

from __future__ import annotations

import duckdb
import polars as pl

from models.settings import TrainingSettings
from models.thinning import Thinning, thin, whole_days

KEPT = """
    where as_of_date in (select unnest($days::date[]))
        or account_id in (select account_id from kept_accounts)
"""


def read_training_set(
    connection: duckdb.DuckDBPyConnection, settings: TrainingSettings
) -> tuple[pl.DataFrame, Thinning | None]:
    """All rows, or those that are kept where there are more than training.max_training_rows."""
    return _read(connection, "training_set", "account_id", settings.max_training_rows, settings)


def read_lead_training_set(
    connection: duckdb.DuckDBPyConnection, settings: TrainingSettings
) -> tuple[pl.DataFrame, Thinning | None]:
    """The same of people, and training.max_lead_rows: an account's people are kept or left out together."""
    return _read(connection, "lead_training_set", "lead_id", settings.max_lead_rows, settings)


def _read(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    key: str,
    most: int,
    settings: TrainingSettings,
) -> tuple[pl.DataFrame, Thinning | None]:
    table, order = f"datasets.{name}", f"order by as_of_date, {key}"
    by_day = dict(
        connection.execute(f"select as_of_date, count(*) from {table} group by all").fetchall()
    )
    if sum(by_day.values()) <= most:
        return connection.execute(f"from {table} {order}").pl(), None
    days = whole_days(by_day, most)
    by_account = connection.execute(
        f"select account_id, count(*)::bigint as rows from {table} "
        "where as_of_date not in (select unnest($days::date[])) group by all",
        {"days": list(days)},
    ).pl()
    kept = thin(by_day, days, by_account, most, settings.seed)
    connection.register("kept_accounts", pl.DataFrame({"account_id": kept.accounts}).to_arrow())
    try:
        rows = connection.execute(f"from {table} {KEPT} {order}", {"days": list(kept.whole_days)})
        return rows.pl(), kept
    finally:
        connection.unregister("kept_accounts")
