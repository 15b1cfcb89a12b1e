"""What the published scores say of drift, for `scoring status` and the sensor that asks for a training.

Here: reading the published file, so that nobody waits for a run that holds the warehouse. Not here: what follows from it
(models/early_training.py), what is printed (command/terminal/status.py).
"""

from __future__ import annotations

from contextlib import closing
from typing import Any

import duckdb

from dagster_project.home import Home
from dagster_project.publisher import connect_published
from models.calibration_drift import looks
from models.drift_reference import COUNTS_IN_FULL
from models.early_training import Seen
from models.settings import DriftSettings


def drift_seen(home: Home) -> Seen | None:
    """Of the scoring model that scored the newest published day; None where nothing can be said of it: nothing is published, a
    scorecard scores, or model or file are from before drift was measured.
    """
    try:
        connection = connect_published(home)
    except FileNotFoundError:
        return None
    with closing(connection):
        there = connection.execute("select table_name from information_schema.tables").fetchall()
        if ("feature_drift",) not in there:
            return None
        return _seen(connection, home.settings().monitoring.drift)


def _seen(connection: duckdb.DuckDBPyConnection, limits: DriftSettings) -> Seen | None:
    newest = _rows(
        connection,
        "select distinct as_of_date, scoring_model_version as version from scores.feature_drift "
        "where as_of_date = (select max(as_of_date) from scores.account_scores)",
    )
    if not newest:
        return None
    known = newest[0] | {"days": limits.days_in_a_row, "full": COUNTS_IN_FULL}
    (trained_as_of,) = connection.execute(
        "select max(trained_as_of) from scores.model_versions"
    ).fetchone()
    calibration = _rows(
        connection,
        "select * from scores.calibration_drift where scoring_model_version = $version order by as_of_date desc limit 1",
        known,
    )
    return Seen(
        as_of_date=known["as_of_date"],
        scoring_model_version=known["version"],
        population=_rows(
            connection,
            "select * from scores.feature_drift where scoring_model_version = $version and kind <> 'feature' "
            "order by as_of_date desc, kind desc limit 2 * $days",
            known,
        ),
        features=_rows(
            connection,
            "select * from scores.feature_drift where as_of_date = $as_of_date and kind = 'feature' and level <> 'steady' "
            "order by weight * least(psi, $full) desc, name",
            known,
        ),
        calibration=calibration[0] if calibration else None,
        outcomes=_looks(connection, calibration[0], limits) if calibration else (),
        trained_as_of=trained_as_of,
    )


def _looks(
    connection: duckdb.DuckDBPyConnection, newest: dict[str, Any], limits: DriftSettings
) -> list[dict[str, Any]]:
    """What the closed days of the newest row's scoring model say, at that row's horizon."""
    horizon = newest["horizon_days"]
    days = connection.execute(
        "select scored_on, accounts, converted, predicted from scores.calibration_drift "
        "where scoring_model_version = ? and horizon_days = ?",
        [newest["scoring_model_version"], horizon],
    ).pl()
    return looks(days, horizon, limits)


def _rows(
    connection: duckdb.DuckDBPyConnection, sql: str, known: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    asked = {name: value for name, value in (known or {}).items() if f"${name}" in sql}
    return connection.execute(sql, asked).pl().to_dicts()
