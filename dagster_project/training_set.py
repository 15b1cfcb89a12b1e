"""datasets.training_set → the rows that a training holds.

Here: reading them from the warehouse, no more than scoring.yaml allows. Not here: which rows are kept (models/thinning.py)
and what is learnt from them (models/training.py).
"""

from __future__ import annotations

import duckdb
import polars as pl

from models.settings import TrainingSettings
from models.thinning import Thinning, thin, whole_days

KEPT = """
    from datasets.training_set
    where as_of_date in (select unnest($days::date[]))
        or account_id in (select account_id from kept_accounts)
    order by as_of_date, account_id
"""


def read_training_set(
    connection: duckdb.DuckDBPyConnection, settings: TrainingSettings
) -> tuple[pl.DataFrame, Thinning | None]:
    """All rows, or those that are kept where there are more than training.max_training_rows."""
    by_day = dict(
        connection.execute(
            "select as_of_date, count(*) from datasets.training_set group by all"
        ).fetchall()
    )
    if sum(by_day.values()) <= settings.max_training_rows:
        rows = connection.execute("from datasets.training_set order by as_of_date, account_id").pl()
        return rows, None
    kept = _thinned(connection, by_day, settings)
    connection.register("kept_accounts", pl.DataFrame({"account_id": kept.accounts}).to_arrow())
    try:
        return connection.execute(KEPT, {"days": list(kept.whole_days)}).pl(), kept
    finally:
        connection.unregister("kept_accounts")


def _thinned(connection: duckdb.DuckDBPyConnection, by_day, settings: TrainingSettings) -> Thinning:
    days = whole_days(by_day, settings.max_training_rows)
    by_account = connection.execute(
        "select account_id, count(*)::bigint as rows from datasets.training_set "
        "where as_of_date not in (select unnest($days::date[])) group by all",
        {"days": list(days)},
    ).pl()
    return thin(by_day, days, by_account, settings.max_training_rows, settings.seed)
