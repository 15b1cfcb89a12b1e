"""Which table a file holds, and of which day, from its name.

Belongs here: taking names apart. A name must say one table and nothing else but dates, numbers and
words such as 'export': ContactHistory.csv is not a contact file. Does not belong here: contents.
"""

from __future__ import annotations

import re
from datetime import date

from dagster_project.feeds.contract import Table

_NOISE = frozenset(
    "part parts export exports extract full delta incremental all data file dump backup report "
    "result results prod production sandbox sf sfdc query object new latest final snapshot daily "
    "weekly batch chunk csv txt tsv json jsonl ndjson parquet gz gzip snappy utf".split()
)
_DAY = re.compile(r"(?<!\d)((?:19|20)\d{2})([-_.]?)(\d{2})\2(\d{2})(?!\d)")


def table_of(file_name: str, tables: tuple[Table, ...]) -> Table | None:
    """The table that a file name speaks of, or None.

    Account.csv, accounts.csv.gz, sf_account_2024-01-01.jsonl and OpportunityHistory-part1.parquet
    are all understood; letters' case and the order of further words do not matter.
    """
    by_name = {n.replace("_", ""): t for t in tables for n in t.file_names}
    noise = _NOISE | {t.vendor for t in tables}
    return by_name.get("".join(w for w in _words(file_name) if w not in noise))


def days_in(file_name: str) -> list[date]:
    """The days that a file name speaks of: 20240107, 2024-01-07 or 2024_01_07; each once, in order."""
    days: dict[date, None] = {}
    for year, _, month, day in _DAY.findall(file_name):
        try:
            days[date(int(year), int(month), int(day))] = None
        except ValueError:
            continue
    return list(days)


def _words(file_name: str) -> list[str]:
    words: list[str] = []
    for piece in re.split(r"[^A-Za-z0-9]+", file_name):
        numbered = re.fullmatch(r"([A-Za-z]+)\d+", piece)
        letters = numbered[1] if numbered else piece
        if letters.isalpha():
            words += re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", letters)
    return [w.lower() for w in words if len(w) > 1]
