"""Salesforce: what its tables have in common: record ids, stamps, kinds of columns.

Belongs here: the spelling of record ids, and the small builders in which the tables are declared. Does
not belong here: any one table (salesforce.py and its neighbours).
"""

from __future__ import annotations

import re

import polars as pl

from dagster_project.feeds.contract import STAMP, Column

_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHORT_ID = re.compile(r"[A-Za-z0-9]{15}")
# A connector's own time of reading stands in where the export carries no stamp at all.
SYNCED = Column("_fivetran_synced", STAMP, landed=False)
STAMPS = ("system_modstamp", "last_modified_date", "created_date", "_fivetran_synced")


def long_id(record_id: str) -> str:
    """The 18-character form of a 15-character record id; anything else comes back unchanged.

    Reports export 15 characters that differ by case, the API 18: three more that say which letters
    are capitals, one for each block of five.
    """
    if not _SHORT_ID.fullmatch(record_id):
        return record_id
    blocks = (record_id[i : i + 5] for i in (0, 5, 10))
    return record_id + "".join(
        _SUFFIX[sum(1 << i for i, char in enumerate(block) if "A" <= char <= "Z")]
        for block in blocks
    )


def long_ids(ids: pl.Series) -> pl.Series:
    """`long_id` for a column; blanks around ids are dropped, only short ids cost any work."""
    trimmed = ids.str.strip_chars()
    short = trimmed.str.len_bytes() == 15
    if not short.any():
        return trimmed
    return pl.Series(
        ids.name, [long_id(v) if v is not None else None for v in trimmed], dtype=pl.String
    )


def record_id(name: str, *aliases: str, required: bool = False) -> Column:
    """An id of a record, this one's or another's."""
    return Column(name, pl.String(), required, aliases, clean=long_ids)


def text(name: str, *aliases: str, required: bool = False) -> Column:
    """A text as it stands."""
    return Column(name, pl.String(), required, aliases)


def truth(name: str, *aliases: str) -> Column:
    """True, false or empty."""
    return Column(name, pl.Boolean(), aliases=aliases)


def whole(name: str, *aliases: str) -> Column:
    """A whole number."""
    return Column(name, pl.Int64(), aliases=aliases)


def number(name: str, *aliases: str) -> Column:
    """Any number."""
    return Column(name, pl.Float64(), aliases=aliases)


def day(name: str, *aliases: str, required: bool = False) -> Column:
    """A day of the calendar."""
    return Column(name, pl.Date(), required, aliases)


def stamp(name: str, *aliases: str, required: bool = False) -> Column:
    """A moment."""
    return Column(name, STAMP, required, aliases)


def changed() -> tuple[Column, ...]:
    """The columns at the end of every mutable record: deleted or not, created and changed when."""
    return (
        truth("is_deleted"),
        stamp("created_date"),
        stamp("last_modified_date"),
        stamp("system_modstamp"),
        SYNCED,
    )
