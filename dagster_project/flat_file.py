"""A person's own table from a file: CSV with any delimiter, gzipped or not, or Parquet.

Here: reading it whole, as DuckDB finds its delimiter and types, or saying what is wrong with it. Not here: vendors' files, which
land (feeds/), and what the columns mean (models/table_roles.py).
"""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import polars as pl

# What exports write where there is nothing.
NOTHING = ("", "NA", "N/A", "NULL", "null", "NaN", "nan", "None")
READERS = {
    ".parquet": "read_parquet($path, hive_partitioning = false)",
    ".csv": "read_csv($path, header = true, sample_size = -1, nullstr = $nothing, hive_partitioning = false)",
}


# What would otherwise match other files beside this one.
_LITERALLY = re.compile(r"([*?\[\]])")


class FlatFileError(ValueError):
    """A file that cannot be read as one table; the message says what to change."""


def read_flat_file(path: Path) -> pl.DataFrame:
    """All rows of a CSV (.csv, .tsv, .txt, each also .gz) or Parquet file (.parquet, .pq). Raises FlatFileError."""
    if not path.is_file():
        raise FlatFileError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise FlatFileError(f"{path}: the file is empty (0 bytes); export it again")
    is_parquet = path.suffix.lower() in (".parquet", ".pq")
    reader = READERS[".parquet" if is_parquet else ".csv"]
    given = {"path": _LITERALLY.sub(r"[\1]", str(path))} | (
        {} if is_parquet else {"nothing": list(NOTHING)}
    )
    try:
        with duckdb.connect() as connection:
            frame = connection.execute(f"from {reader}", given).pl()
    except duckdb.Error as problem:
        said = " ".join(str(problem).split("\n\n")[0].split("\nPossible")[0].split())
        raise FlatFileError(
            f"{path} cannot be read as a table: {said}"
            + (
                ""
                if is_parquet
                else ". A CSV file needs a header line, UTF-8 text and one delimiter throughout"
            )
        ) from problem
    if len(frame.columns) < 2:
        raise FlatFileError(
            f"{path} holds one column ({frame.columns[0]!r}); a table has an outcome and something to learn it from. Are all "
            "rows as long as the header, and separated by commas, semicolons, tabs or bars?"
        )
    return frame
