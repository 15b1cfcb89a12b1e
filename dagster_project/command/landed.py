"""What has landed and what was refused: by one run, and in the home's folders now.

Here: the landing and quarantine folders, whose newest files the published tables know of after the next refresh. Not here:
landing anything (dagster_project/landing), what is published (answers.py), printing (terminal/).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from dagster_project.command.query_rows import rows_in_parquet
from dagster_project.home import Home

# Of a file's refused rows; the quarantine holds all of them.
MOST_ROWS_A_FILE = 1000


def arrivals(assets: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The files that a run brought, from the metadata of its landing assets: a refused file first."""
    found = {
        (file["day"], file["file"], file["sha256"]): file
        for facts in assets.values()
        for file in facts.get("arrivals", [])
    }
    return sorted(found.values(), key=lambda file: (file["is landed"], file["day"], file["file"]))


def refused_rows(home: Home, files: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of these files that stand in quarantine (a file refused as a whole says so itself)."""
    import polars as pl

    found = []
    for file in files:
        if not file["is landed"] or not file["rows quarantined"]:
            continue
        place = f"*/{file['table']}/ds={file['day']}/{file['sha256'][:16]}.parquet"
        for path in home.quarantine.glob(place):
            rows = pl.read_parquet(path).sort("source_line").head(MOST_ROWS_A_FILE)
            found += rows.select("source_file", "source_line", "column_name", "reason").to_dicts()
    return found


def last_known_day(home: Home) -> date | None:
    """The latest day on which anything that has landed was known; None before the first landing."""
    rows = rows_in_parquet(home.landing, "select max(known_at) as last from {files}")
    return rows[0]["last"] if rows else None


def feeds(home: Home, groups: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What lies in landing and quarantine now, table by table; the published tables know of it after the next refresh.

    groups: as of `refused_groups`.
    """
    refused: dict[tuple[str, str], int] = {}
    for group in groups:
        key = group["vendor"], group["table_name"]
        refused[key] = refused.get(key, 0) + group["rows"]
    nothing = {"last_ds": None, "last_known_at": None, "rows_landed": 0, "files": 0}
    found = []
    expected = set(home.settings().feeds)
    for folder in sorted(home.landing.glob("*/*")):
        key = folder.parent.name, folder.name
        # Every declared table has a folder; a vendor that scoring.yaml does not name is not missed.
        if key[0] not in expected and key not in refused and not any(folder.glob("ds=*/*.parquet")):
            continue
        rows = rows_in_parquet(
            folder,
            "select max(ds) as last_ds, max(known_at) as last_known_at, "
            "count(distinct row(ds, source_sha256, source_line)) as rows_landed, "
            "count(distinct source_sha256) as files from {files}",
        )
        facts = rows[0] if rows else nothing
        found.append(_feed(*key, facts, refused.pop(key, 0)))
    return found + [_feed(*key, nothing, rows) for key, rows in refused.items()]


def _feed(vendor: str, table: str, facts: Mapping[str, Any], refused: int) -> dict[str, Any]:
    return {"vendor": vendor, "table_name": table, **facts, "quarantined_rows": refused}


def landed_twice(home: Home) -> list[dict[str, Any]]:
    """Files of the same bytes that landed for more than one day: their rows are known on each of them."""
    places: dict[tuple[Path, str], list[Path]] = {}
    for path in sorted(home.landing.glob("*/*/ds=*/*.parquet")):
        places.setdefault((path.parents[1], path.name), []).append(path)
    return [
        {
            "vendor": folder.parent.name,
            "table_name": folder.name,
            "source_file": _source_file(paths[-1]),
            "days": [date.fromisoformat(path.parent.name.removeprefix("ds=")) for path in paths],
        }
        for (folder, _), paths in places.items()
        if len(paths) > 1
    ]


def _source_file(landed_file: Path) -> str | None:
    rows = rows_in_parquet(landed_file, "select source_file from {files} limit 1")
    return rows[0]["source_file"] if rows else None


def refused_groups(home: Home) -> list[dict[str, Any]]:
    """Rows in quarantine now by file, column and kind of reason, with one of the reasons; whole files first, then most rows.

    A reason may quote what is wrong, so that each row's is its own.
    """
    return rows_in_parquet(
        home.quarantine,
        "select vendor, table_name, source_file, min(reason) as reason, count(*) as rows from {files} "
        "group by vendor, table_name, source_file, column_name, source_line is null, "
        "regexp_replace(reason, '''[^'']*''|[0-9]+', '', 'g') "
        "order by source_line is null desc, rows desc, 1, 2, 3, 4",
    )
