"""`scoring status`: in what state is the home?

Here: what is published beside what lies in the folders, and sizes. Not here: the folders themselves (landed.py), printing
(terminal/status.py).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.command.landed import feeds, landed_twice, refused_groups
from dagster_project.command.query_rows import rows_of
from dagster_project.drift_seen import drift_seen
from dagster_project.home import Home
from dagster_project.landing.inbox import waiting_days
from dagster_project.landing.replacement import replaced
from dagster_project.publisher import connect_published, rests_on
from models.registry_store import MODEL_NAME, RegistryError, read_versions


def home_status(home: Home) -> dict[str, Any]:
    """What is stored and published, feed by feed, with sizes in bytes. Feeds and quarantine: as their folders are now."""
    groups = refused_groups(home)
    answer: dict[str, Any] = {
        "home": str(home.root),
        "settings": str(home.settings_file),
        "published": None,
        "feeds": feeds(home, groups),
        "waiting_days": waiting_days(home),
        "landed_twice": landed_twice(home),
        "replaced": replaced(home.replaced),
        "quarantined": groups[:10],
        "quarantined_kinds": len(groups),
        "rows_in_quarantine": sum(group["rows"] for group in groups),
    }
    try:
        connection = connect_published(home)
    except FileNotFoundError:
        return {**answer, "sizes_bytes": _sizes(home)}
    try:
        _add_published(answer, home, connection)
    finally:
        connection.close()
    return {**answer, "sizes_bytes": _sizes(home)}


def _add_published(
    answer: dict[str, Any], home: Home, connection: duckdb.DuckDBPyConnection
) -> None:
    answer["published"] = rows_of(
        connection,
        "select as_of_date, count(*) as accounts, count(*) filter (where band = 'hot') as hot, "
        "min(scoring_model_version) as scoring_model_version, min(score_basis) as score_basis, max(scored_at) as scored_at "
        "from scores.account_scores group by as_of_date",
    )[0]
    answer["days"] = rows_of(
        connection,
        "select count(distinct as_of_date) as stored, min(as_of_date) as first, max(as_of_date) as last "
        "from scores.account_scores_daily",
    )[0]
    answer["stale_days"] = stale_days(home)
    health = {
        (row["vendor"], row["table_name"]): row
        for row in rows_of(connection, "select * from scores.feed_health")
    }
    for feed in answer["feeds"]:
        seen = health.get((feed["vendor"], feed["table_name"]), {})
        feed["days_since_last_arrival"] = seen.get("days_since_last_arrival")
        feed["rows_at_last_refresh"] = seen.get("rows_landed", 0)
    (answer["rows_in_quarantine_published"],) = connection.execute(
        "select count(*) from scores.quarantined_rows"
    ).fetchone()
    answer["drift"] = _drift(home)
    try:
        answer["unpublished_models"] = _unpublished(home, connection)
    except RegistryError as problem:
        # What is published is still to be told, and this with it.
        answer["registry_problem"] = str(problem)
    answer["models"] = rows_of(
        connection, "select * from scores.model_versions order by trained_as_of desc limit 5"
    )


def _unpublished(home: Home, connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Trainings that no refresh has shown yet. Raises RegistryError on a damaged file."""
    published = rows_of(connection, "select scoring_model_version from scores.model_versions")
    shown = {row["scoring_model_version"] for row in published}
    return [
        {
            "scoring_model_version": str(v.version),
            "trained_as_of": v.trained_as_of,
            "verdict": v.tags.get("verdict"),
        }
        for v in read_versions(home.mlflow_database, MODEL_NAME)
        if str(v.version) not in shown
    ]


def _drift(home: Home) -> dict[str, Any] | None:
    """What is seen of the scoring model that scored the newest day, and whether it asks for a training; None if nothing is."""
    from models.early_training import decide

    seen = drift_seen(home)
    if seen is None:
        return None
    limits = home.settings().monitoring.drift
    decision = decide(seen, limits)
    newest = [row for row in seen.population if row["as_of_date"] == seen.as_of_date]
    return {
        "as_of_date": seen.as_of_date,
        "scoring_model_version": seen.scoring_model_version,
        "population": newest,
        "features": seen.features,
        "calibration": seen.calibration,
        "outcomes": seen.outcomes,
        "asks_for_training": decision.is_asked,
        "why": decision.why if decision.cause else None,
    }


def stale_days(home: Home) -> list[date]:
    """Published days of which landing would give something else now: what they rest on has been replaced, or more came."""
    from dagster_project.standing import digests_of_data

    noted, files = rests_on(home)
    now = digests_of_data(home, noted, files)
    return [day for day in sorted(noted) if now[day] != noted[day]]


def _sizes(home: Home) -> dict[str, int]:
    places = {
        "landing": home.landing,
        "quarantine": home.quarantine,
        "warehouse": home.warehouse.parent,
        "published": home.published,
        "mlflow": home.mlflow_database.parent,
        "expectations": home.expectations,
        "dagster": home.dagster,
    }
    return {name: _size(path) for name, path in places.items()}


def _size(folder: Path) -> int:
    return (
        sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        if folder.exists()
        else 0
    )
