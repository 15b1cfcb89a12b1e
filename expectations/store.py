"""Stored validation results: JSON files that Great Expectations reads back for Data Docs.

Belongs here: where a result lies, writing it atomically, reading it, how many are kept.
Does not belong here: running suites (runner.py), pages (data_docs.py).

One file a suite, partition and name:
    results/<suite>/<partition>/<partition's day>/<name>.json
so a repeated run replaces its own result instead of adding one, and a home grows with the days
it covers and not with how often they were computed. Of each suite the newest KEEP_PARTITIONS
partitions are kept, and always the one just written (a back-fill of older days shows its last
result too).
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from expectations.engine import RESULTS_FOLDER

KEEP_PARTITIONS = 90
GX_STAMP = "%Y%m%dT%H%M%S.%fZ"
UNDATED = datetime(1970, 1, 1, tzinfo=UTC)


def partition_day(partition: str) -> datetime:
    """Return the day a partition key begins with (midnight UTC), or 1970-01-01 if it has none.

    It stands in for GX's run time, so that nothing stored depends on the clock.
    """
    try:
        day = date.fromisoformat(partition[:10])
    except ValueError:
        return UNDATED
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def safe(part: str) -> str:
    """Return the text as one file-name part; dots would split GX's suite names."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", part).strip("-") or "none"


def result_path(suite: str, partition: str, name: str) -> Path:
    """Return the path of a result relative to the store folder, as GX's own key would give it."""
    stamp = partition_day(partition).strftime(GX_STAMP)
    return Path(RESULTS_FOLDER) / safe(suite) / safe(partition) / stamp / f"{safe(name)}.json"


def write_result(store_dir: Path, relative: Path, text: str) -> None:
    """Write one serialised result atomically, then drop what is beyond KEEP_PARTITIONS."""
    target = store_dir / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(f".{os.getpid()}.tmp")
    unfinished.write_text(text, encoding="utf-8")
    os.replace(unfinished, target)
    _prune(target.parents[2], keep=target.parents[1].name)


def stored_results(store_dir: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield (path relative to the store folder, content) of all results, newest partition first.

    A file that is not JSON (damaged from outside) is skipped: it cannot be shown.
    """
    found = sorted((store_dir / RESULTS_FOLDER).glob("*/*/*/*.json"))
    for path in sorted(found, key=lambda path: path.parts[-2], reverse=True):
        try:
            yield path.relative_to(store_dir), json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, OSError):
            continue


def _prune(suite_folder: Path, keep: str) -> None:
    names = sorted((folder.name for folder in suite_folder.iterdir()), reverse=True)
    for name in names[KEEP_PARTITIONS:]:
        if name != keep:
            shutil.rmtree(suite_folder / name, ignore_errors=True)
