"""CRM records as versions: what a record looked like after each change, and which files tell of it.

Here: the frame that all CRM tables share (API columns, `_created`, `_stamp` in seconds, `_day` of
delivery), and its split into history and later days. Not here: what any one table holds.
"""

from __future__ import annotations

import numpy as np
import polars as pl

_KEY = "Id"


def moment(seconds: str | pl.Expr) -> pl.Expr:
    """Seconds since 1970 as a moment."""
    column = pl.col(seconds) if isinstance(seconds, str) else seconds
    return pl.from_epoch(column, time_unit="s")


def date_of(days: np.ndarray) -> pl.Series:
    """Day numbers as dates; those out of all calendars are null."""
    values = pl.Series(np.asarray(days, dtype=np.int64))
    return values.set(values > 100_000, None).cast(pl.Int32).cast(pl.Date)


def moment_of(seconds: np.ndarray) -> pl.Series:
    """Seconds since 1970 as moments; those out of all calendars are null."""
    values = pl.Series(np.asarray(seconds, dtype=np.int64))
    return pl.from_epoch(values.set(values > 100_000 * 86_400, None), time_unit="s")


def versions(columns: dict[str, object], created: np.ndarray, stamp: np.ndarray) -> pl.DataFrame:
    """A frame of record versions, by time; a version is delivered on the day of its stamp."""
    frame = pl.DataFrame(
        {
            **columns,
            "_created": np.asarray(created, np.int64),
            "_stamp": np.asarray(stamp, np.int64),
        }
    )
    return frame.with_columns((pl.col("_stamp") // 86_400).cast(pl.Int32).alias("_day"))


def up_to(frame: pl.DataFrame, last: int, corrected: float, seed: int) -> pl.DataFrame:
    """The records as an export of day `last` holds them; a share with its version before as well."""
    known = frame.filter(pl.col("_day") <= last).sort(_KEY, "_stamp")
    place = pl.col("_stamp").rank("ordinal", descending=True).over(_KEY)
    keep = place == 1
    if corrected > 0:
        lot = (pl.col(_KEY).hash(seed) % 10_000).cast(pl.Float64) / 10_000
        keep = keep | ((place == 2) & (lot < corrected))
    return known.filter(keep)


def of_later_days(frame: pl.DataFrame, last: int) -> pl.DataFrame:
    """What the days after `last` deliver: of a record and day its newest version."""
    rows = frame.filter(pl.col("_day") > last).sort("_day", _KEY, "_stamp")
    return rows.unique(["_day", _KEY], keep="last", maintain_order=True)


def written(frame: pl.DataFrame, has_change_stamps: bool = True) -> pl.DataFrame:
    """The columns of the file: API names only, stamps at the end."""
    own = [name for name in frame.columns if not name.startswith("_")]
    stamps = [moment("_created").alias("CreatedDate")]
    if has_change_stamps:
        stamps += [
            moment("_stamp").alias("LastModifiedDate"),
            moment("_stamp").alias("SystemModstamp"),
        ]
    return frame.select(*own, *stamps)
