"""A day that a vendor sends again in the place of what it sent before: allowed on purpose, and on record.

Belongs here: what gives way to what, where it is kept, and the record of it. Does not belong here: landing (door.py), which
stored scores no longer match (command/home_status.py).

What gives way is moved, never deleted, to a folder laid out as landing, where it stays known by its content: should the inbox
bring it again, it is not landed again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

import polars as pl

from dagster_project.feeds import VENDORS
from dagster_project.landing.receipt import Receipt
from dagster_project.landing.store import day_file, first_known_on, hold_arrival

RECORD = "replaced.jsonl"


def replace_arrivals(
    receipts: Iterable[Receipt],
    landing_dir: Path,
    replaced_dir: Path,
    when: datetime,
    is_by_name: bool = False,
) -> list[dict]:
    """Move what landed before of the receipts' tables and days out of landing; returns what was written down of it.

    All earlier files of the table and day give way; of a table whose files say their own day, only those of the same name, and
    with is_by_name of every table (a file was corrected where it lay). Refused files, and files of which no row landed, replace
    nothing.
    """
    landed = [receipt for receipt in receipts if not receipt.error and receipt.rows_landed]
    keep = {_landed(landing_dir, receipt) for receipt in landed}
    records = {}
    for receipt in landed:
        for earlier in sorted(_landed(landing_dir, receipt).parent.glob("*.parquet")):
            if earlier not in keep and _gives_way(earlier, receipt, is_by_name):
                records[earlier] = _record(earlier, receipt, when)
    _write_down(replaced_dir, list(records.values()))
    for record in records.values():
        day, of = date.fromisoformat(record["day"]), (record["vendor"], record["table"])
        hold_arrival(landing_dir, replaced_dir, *of, day, [record["sha256"]])
    return list(records.values())


def restore(held: Path, landing_dir: Path, replaced_dir: Path) -> None:
    """Move back what gave way to files that have been held back since.

    held: the folder of one table and day in which they stand, laid out as landing.
    """
    vendor, table, day = held.parts[-3:]
    refused = {file.stem for file in held.glob("*.parquet")}
    for record in replaced(replaced_dir):
        is_meant = (record["vendor"], record["table"], f"ds={record['day']}") == (
            vendor,
            table,
            day,
        )
        if is_meant and record["by_sha256"][:16] in refused:
            on = date.fromisoformat(record["day"])
            hold_arrival(replaced_dir, landing_dir, vendor, table, on, [record["sha256"]])
            # Else it would come back once more when the same file is refused again, whatever has taken its place by then.
            _write_down(replaced_dir, [record | {"is_undone": True}])


def replaced(replaced_dir: Path) -> list[dict]:
    """All that was replaced and did not come back, oldest first."""
    record = replaced_dir / RECORD
    text = record.read_text() if record.exists() else ""
    found: list[dict] = []
    # What a killed landing left after the last whole line: nothing had moved yet.
    for line in text[: text.rfind("\n") + 1].splitlines():
        one = json.loads(line)
        if one.pop("is_undone", False):
            found = [other for other in found if _of(other) != _of(one)]
        else:
            found.append(one)
    return found


def _of(record: dict) -> tuple:
    """Which file gave way to which."""
    return tuple(record[name] for name in ("vendor", "table", "day", "sha256", "by_sha256"))


def _landed(landing_dir: Path, receipt: Receipt) -> Path:
    return day_file(landing_dir, receipt.vendor, receipt.table, receipt.ds, receipt.sha256)


def _gives_way(earlier: Path, receipt: Receipt, is_by_name: bool) -> bool:
    table = next(one for one in VENDORS[receipt.vendor] if one.name == receipt.table)
    return (
        not (table.day_in_name or is_by_name)
        or _source(earlier)["source_file"] == receipt.source_file
    )


def _source(landed: Path) -> dict:
    """Name and SHA-256 of the vendor's file, and the first day that it tells of; of one without rows, or that cannot be read
    any more, its own name says the digest's beginning.
    """
    nothing = {"source_file": None, "source_sha256": landed.stem, "known_from": None}
    try:
        rows = pl.scan_parquet(landed).select("source_file", "source_sha256").head(1).collect()
        known_from = first_known_on(landed)
    except (pl.exceptions.ComputeError, pl.exceptions.ColumnNotFoundError):
        return nothing
    return nothing | (rows.to_dicts()[0] | {"known_from": known_from} if rows.height else {})


def _record(earlier: Path, receipt: Receipt, when: datetime) -> dict:
    source = _source(earlier)
    first = source["known_from"]
    return {
        "replaced_at": when.isoformat(timespec="seconds"),
        "vendor": receipt.vendor,
        "table": receipt.table,
        "day": receipt.ds.isoformat(),
        "file": source["source_file"],
        "sha256": source["source_sha256"],
        "by": receipt.source_file,
        "by_sha256": receipt.sha256,
        "known_from": first.isoformat() if first else None,
    }


def _write_down(replaced_dir: Path, records: list[dict]) -> None:
    """Before anything moves: a killed landing may write it down twice, and never not at all."""
    if not records:
        return
    replaced_dir.mkdir(parents=True, exist_ok=True)
    with open(replaced_dir / RECORD, "a+b") as record:
        _cut_half_a_line(record)
        record.writelines((json.dumps(one, sort_keys=True) + "\n").encode() for one in records)
        record.flush()
        os.fsync(record.fileno())


def _cut_half_a_line(record: BinaryIO) -> None:
    """What a killed landing may have left at the end."""
    record.seek(0)
    record.truncate(record.read().rfind(b"\n") + 1)
