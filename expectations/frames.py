"""Frames as Great Expectations can read them: pandas, plain columns, not too many rows.

Belongs here: polars to pandas, list columns to their sizes, dates to timestamps, sampling.
Does not belong here: any judgement about the data.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

SIZE_SUFFIX = "__size"


def as_pandas(frame: pd.DataFrame | pl.DataFrame) -> pd.DataFrame:
    """Return a pandas copy of the frame that suites can be run on; the input stays as it is.

    Dates become timestamps without a zone (zoned ones are turned to UTC first). A list column x is
    replaced by x__size, its number of elements (0 where the list is null), since GX cannot hash
    lists.
    """
    import pandas as pd

    table = frame.copy(deep=False) if isinstance(frame, pd.DataFrame) else frame.to_pandas()
    for name in list(table.columns):
        column = table[name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            table[name] = column.dt.tz_convert("UTC").dt.tz_localize(None)
        elif column.dtype == object:
            _plain_objects(table, name)
    return table.reset_index(drop=True)


def sample(table: pd.DataFrame, rows: int, seed: int) -> pd.DataFrame:
    """Return at most `rows` rows in their order, drawn without replacement with the seed."""
    import numpy as np

    if len(table) <= rows:
        return table
    picked = np.random.default_rng(seed).choice(len(table), size=rows, replace=False)
    return table.iloc[np.sort(picked)].reset_index(drop=True)


def _plain_objects(table: pd.DataFrame, name: str) -> None:
    """Give one column of Python objects a type that can be compared and counted, in place."""
    import pandas as pd

    column = table[name]
    first = next((value for value in column if not _is_missing(value)), None)
    if first is None:
        return
    if isinstance(first, bool):
        table[name] = column.astype("boolean")
    elif isinstance(first, (date, datetime)):
        stamps = pd.to_datetime(column, utc=True)
        table[name] = stamps.dt.tz_localize(None)
    elif not isinstance(first, str) and hasattr(first, "__len__"):
        table[name + SIZE_SUFFIX] = [0 if _is_missing(value) else len(value) for value in column]
        del table[name]


def _is_missing(value: Any) -> bool:
    """Null, NaN or NaT; a list never is (asking pandas about a list would give a list)."""
    return value is None or value != value if not hasattr(value, "__len__") else False
