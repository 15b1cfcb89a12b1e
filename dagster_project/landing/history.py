"""The first version of each record, which a history import has to know.

Belongs here: finding the lowest change stamp of each record over a file, the other files of the
same import and what has landed before: a later version must never pass for a first one, or it would
be known from the day the record was created. Does not belong here: the clocks (known_at.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from dagster_project.feeds.contract import STAMP, BadFile, Table, change_stamp
from dagster_project.feeds.reader import TableReader
from dagster_project.landing.store import damage, landing_schema, sealed


def first_stamps_in_files(files: Sequence[Path], table: Table) -> pl.DataFrame:
    """First stamps over several files; a file that turns out bad is reported when it is landed.

    Returns one row a record: the table's key and `first_stamp`.
    """
    frames = [pl.LazyFrame(schema=dict.fromkeys(table.key, pl.String) | {"change_stamp": STAMP})]
    for file in files:
        try:
            frames += [
                chunk.good.lazy().select(*table.key, "change_stamp")
                for chunk in TableReader(file, table, needs_stamp=True)
            ]
        except BadFile:
            continue
    return _first_stamps(frames, table)


def first_stamps_with_landed(
    good: pl.LazyFrame, table: Table, place: Path, siblings: pl.DataFrame | None
) -> pl.DataFrame:
    """First stamps over a file's rows, those of its sibling files and all that landed before.

    place: where the file will stand. What stands there already, or is damaged, is not asked.
    """
    frames = [good]
    if siblings is not None:
        frames.append(siblings.lazy().rename({"first_stamp": "change_stamp"}))
    landed = sorted(file for file in place.parents[1].glob("ds=*/*.parquet") if file != place)
    if sealed(place):
        # It is made anew, and others may be damaged too.
        landed = [file for file in landed if not damage(file)]
    if landed:
        stamps = [s for s in table.stamps if s in landing_schema(table)]
        rows = pl.scan_parquet(
            # columns that were declared later are not in older files
            landed,
            schema=landing_schema(table),
            hive_partitioning=False,
            missing_columns="insert",
            extra_columns="ignore",
        )
        frames.append(rows.with_columns(change_stamp(stamps)))
    return _first_stamps(frames, table)


def _first_stamps(frames: list[pl.LazyFrame], table: Table) -> pl.DataFrame:
    both = pl.concat([f.select(*table.key, "change_stamp") for f in frames])
    return both.group_by(table.key).agg(pl.col("change_stamp").min().alias("first_stamp")).collect()
