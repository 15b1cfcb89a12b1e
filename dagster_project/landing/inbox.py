"""Which days of the inbox wait: files that have neither landed nor been refused.

Belongs here: telling them from what has been through the door. Does not belong here: landing them (door.py).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from dagster_project.feeds import VENDORS
from dagster_project.home import Home
from dagster_project.landing.door import data_files, file_identity


def waiting_days(
    home: Home, after: date | None = date.min, before: date | None = date.max
) -> list[date]:
    """Days of which a file lies in the inbox that no run has taken, in order; folders that are no vendor's day are passed over.

    after, before: only days between; none where one is None (nothing has been published yet).
    """
    if after is None or before is None:
        return []
    found = set()
    for vendor in home.settings().feeds:
        for folder in home.inbox.glob(f"{vendor}/*"):
            day = _day(folder)
            if (
                day
                and after < day < before
                and day not in found
                and _waits(home, vendor, day, folder)
            ):
                found.add(day)
    return sorted(found)


def _waits(home: Home, vendor: str, day: date, folder: Path) -> bool:
    files = data_files(folder)
    roots = (home.landing, home.quarantine, home.held, home.replaced)
    taken = {file.stem for root in roots for file in root.glob(f"{vendor}/*/ds={day}/*.parquet")}
    if not taken:
        return bool(files)
    # Only where files outnumber what was taken can one be left: nothing else is read for it.
    return len(files) > len(taken) and any(
        file_identity(file, VENDORS[vendor])[:16] not in taken for file in files
    )


def _day(folder: Path) -> date | None:
    try:
        return date.fromisoformat(folder.name) if folder.is_dir() else None
    except ValueError:
        return None
