"""A person's own table from a file: CSV with any delimiter, gzipped or not, or Parquet.

Here: what kind of file it is, reading Parquet, and saying what is wrong. Not here: reading CSV (flat_csv.py), vendors' files,
which land (feeds/), and what the columns mean (models/table_roles.py).
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from dagster_project.flat_csv import LITERALLY, FlatFileError, read_csv

# How other kinds of files begin, what they are, and what to do.
OTHERS = {
    b"PK\x03\x04": "it is an Excel file (or another zip archive); save the sheet as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "it is an old Excel file; save the sheet as CSV (UTF-8)",
    b"\xff\xfe": "it is UTF-16 text; save it as CSV in UTF-8",
    b"\xfe\xff": "it is UTF-16 text; save it as CSV in UTF-8",
}
GZIP, PARQUET = b"\x1f\x8b", b"PAR1"
# polars has no type for these.
FOREIGN = ("INTERVAL",)


def read_flat_file(path: Path) -> tuple[pl.DataFrame, list[str]]:
    """All rows of a CSV (.csv, .tsv, .txt, each also .gz) or Parquet file (.parquet, .pq), and notes on how it was read.

    Raises FlatFileError.
    """
    if path.is_dir():
        raise FlatFileError(f"{path} is a folder; name one file in it")
    if not path.is_file():
        raise FlatFileError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise FlatFileError(f"{path}: the file is empty (0 bytes); export it again")
    is_parquet = path.suffix.lower() in (".parquet", ".pq")
    _check_kind(path, is_parquet)
    try:
        frame, notes = _read_parquet(path) if is_parquet else read_csv(path)
    except (duckdb.Error, pl.exceptions.PolarsError, EOFError) as problem:
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
    return frame, notes


def _check_kind(path: Path, is_parquet: bool) -> None:
    """Raise FlatFileError where a file is not what its name says."""
    with path.open("rb") as file:
        begins = file.read(4)
    is_gzip_name = path.suffix.lower() == ".gz"
    what = next((what for start, what in OTHERS.items() if begins.startswith(start)), None)
    if begins == PARQUET and not is_parquet:
        what = "it is a Parquet file; rename it to end in .parquet"
    elif begins.startswith(GZIP) and not is_gzip_name:
        what = "it is compressed with gzip; rename it to end in .gz, or unpack it"
    elif is_gzip_name and not begins.startswith(GZIP):
        what = "it is named .gz but not compressed with gzip; rename it without .gz"
    elif is_parquet and begins != PARQUET:
        what = "it is named as Parquet but is none; is it a CSV file? Rename it to end in .csv"
    if what:
        raise FlatFileError(f"{path} cannot be read as a table: {what}")


def _read_parquet(path: Path) -> tuple[pl.DataFrame, list[str]]:
    source = "from read_parquet($path, hive_partitioning = false)"
    given = {"path": LITERALLY.sub(r"[\1]", str(path))}
    with duckdb.connect() as connection:
        columns = connection.execute(f"describe {source}", given).fetchall()
        kept = [name for name, kind, *_ in columns if kind not in FOREIGN]
        notes = [
            f"{n} is not learnt from: values of type {k}" for n, k, *_ in columns if k in FOREIGN
        ]
        if not kept:
            raise FlatFileError(
                f"{path} holds no column that can be learnt from. {'. '.join(notes)}"
            )
        names = ", ".join('"' + name.replace('"', '""') + '"' for name in kept)
        return connection.execute(f"select {names} {source}", given).pl(), notes
