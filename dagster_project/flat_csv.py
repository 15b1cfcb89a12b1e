"""A person's own CSV file: which delimiter and quotes it has, where its header is, and that every row of it is read.

Here: telling the dialect (as DuckDB does; where that fails, by the lengths of rows), counting rows beside DuckDB, and naming the
row that is odd. Not here: other kinds of files (flat_file.py), what the columns mean (models/table_roles.py).
"""

from __future__ import annotations

import csv
import gzip
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import duckdb
import polars as pl

from models.table_numbers import may_hide_thousands

# What exports write where there is nothing; the last are spreadsheets' errors.
NOTHING = (
    *("", "NA", "N/A", "NULL", "null", "NaN", "nan", "None"),
    *("#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!"),
)
# No comments: "#N/A" in the first column is no comment, and rows that begin with it would vanish.
OPTIONS = "header = true, comment = '', sample_size = -1, nullstr = $nothing"
DELIMITERS = (",", ";", "\t", "|")
# So many rows say how long a row is; a title stands within so many lines.
LOOKED_AT, MOST_TITLE_LINES = 1000, 20
SHOWN = 60
# What would otherwise match other files beside this one.
LITERALLY = re.compile(r"([*?\[\]])")


class FlatFileError(ValueError):
    """A file that cannot be read as one table; the message says what to change."""


@dataclass(frozen=True)
class Dialect:
    """How a file separates cells. `quote` and `escape` are empty where it has none."""

    delimiter: str
    quote: str = '"'
    escape: str = '"'

    def rows_of(self, file) -> csv.reader:
        """Rows of an open file, as Python reads them."""
        if not self.quote:
            return csv.reader(file, delimiter=self.delimiter, quoting=csv.QUOTE_NONE)
        other = {} if self.escape in ("", self.quote) else {"escapechar": self.escape}
        return csv.reader(file, delimiter=self.delimiter, quotechar=self.quote, **other)


@dataclass(frozen=True)
class Odd:
    """A row that is not as long as the header: its number among the data, its line, and its cells."""

    row: int
    line: int
    cells: list[str]


@dataclass(frozen=True)
class Outline:
    """What a file holds by Python's count: lines before the header, the header, rows of data, the first odd one and how many."""

    skipped: int
    title: str
    header: list[str]
    rows: int
    odd: Odd | None
    odd_rows: int


def read_csv(path: Path) -> tuple[pl.DataFrame, list[str]]:
    """All rows of a CSV file, plain or gzipped, and what is to be said of how it was read. Raises FlatFileError."""
    with duckdb.connect() as connection, _cells_of_any_length():
        told = _sniffed(connection, path)
        dialect = told or _by_lengths(path)
        outline = _outline(path, dialect)
        is_odd = outline.odd is not None and len(outline.header) > 1
        if is_odd and not told:
            raise FlatFileError(_odd_words(path, outline))
        try:
            frame = _read(connection, path, dialect, outline.skipped)
        except duckdb.Error as problem:
            if is_odd:
                raise FlatFileError(_odd_words(path, outline)) from problem
            frame = _evened(connection, path, dialect, outline.skipped)
            if frame is None:
                raise
    if len(frame.columns) > 1 and frame.height != outline.rows:
        raise FlatFileError(
            f"{path} cannot be read without losing rows: it holds {outline.rows:,} after the header, of which DuckDB reads "
            f"{frame.height:,}. Are quotes closed, and is one delimiter used throughout? Export it again, with all texts in "
            "double quotes"
        )
    return frame, _said_of(outline)


@contextmanager
def _cells_of_any_length() -> Iterator[None]:
    """The limit is one for the whole process, and feeds keep to it (feeds/csv_block.py)."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _given(path: Path, **more: object) -> dict[str, object]:
    return {"path": LITERALLY.sub(r"[\1]", str(path)), "nothing": list(NOTHING), **more}


def _sniffed(connection: duckdb.DuckDBPyConnection, path: Path) -> Dialect | None:
    """What DuckDB takes the file for; None where it finds one column, or would begin further down."""
    asked = (
        f"select Delimiter, Quote, Escape, SkipRows, len(Columns) from sniff_csv($path, {OPTIONS})"
    )
    try:
        *marks, skipped, columns = connection.execute(asked, _given(path)).fetchone()
    except duckdb.Error:
        return None
    if skipped or columns < 2:
        return None
    return Dialect(*("" if mark == "(empty)" else mark for mark in marks))


def _by_lengths(path: Path) -> Dialect:
    """The delimiter by which most rows are equally long, and longer than one."""
    best, most = Dialect(DELIMITERS[0]), (0.0, 0)
    for delimiter in DELIMITERS:
        dialect = Dialect(delimiter)
        with _opened(path) as file:
            lengths = Counter(len(row) for row in islice(dialect.rows_of(file), LOOKED_AT) if row)
        width, rows = max(lengths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        found = (rows / max(1, lengths.total()), width)
        if width > 1 and found > most:
            best, most = dialect, found
    return best


def _outline(path: Path, dialect: Dialect) -> Outline:
    """Go through all rows. Lines before the header hold one cell, or at most half as many as the rows."""
    skipped, title = _title(path, dialect)
    header: list[str] = []
    count, odd, odd_rows = 0, None, 0
    with _opened(path) as file:
        for _ in islice(file, skipped):
            pass
        rows = dialect.rows_of(file)
        for row in rows:
            if not row:
                continue
            if not header:
                header = row
                continue
            count += 1
            # A delimiter at the end of each line adds an empty cell.
            if len(row) != len(header) and row[len(header) :] != [""]:
                odd_rows += 1
                odd = odd or Odd(count, skipped + rows.line_num, row)
    return Outline(skipped, title, header, count, odd, odd_rows)


def _title(path: Path, dialect: Dialect) -> tuple[int, str]:
    """Lines before the header, and the first of them."""
    with _opened(path) as file:
        rows = dialect.rows_of(file)
        read = [(row, rows.line_num) for row in islice(rows, LOOKED_AT)]
    lengths = Counter(len(row) for row, _ in read if row)
    usual = max(lengths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))[0]
    before, title = 0, ""
    for row, line in read[:MOST_TITLE_LINES]:
        filled = sum(bool(cell.strip()) for cell in row)
        if len(row) == usual or usual < 2 or (filled > 1 and len(row) > usual / 2):
            break
        before, title = line, title or dialect.delimiter.join(row)
    else:
        return 0, ""
    return before, title


def _read(connection, path: Path, dialect: Dialect, skipped: int) -> pl.DataFrame:
    marks = "delim = $delimiter, quote = $quote, escape = $escape, skip = $skipped"
    reader = f"from read_csv($path, {OPTIONS}, {marks}, hive_partitioning = false"
    given = _given(path, skipped=skipped, **vars(dialect))
    frame = connection.execute(f"{reader})", given).pl()
    floats = [
        n for n in frame.columns if frame[n].dtype.is_float() and may_hide_thousands(frame[n])
    ]
    if not floats:
        return frame
    # Of 1.500 the number no longer says that it was not 1.5.
    types = {name: "VARCHAR" for name in floats}
    return connection.execute(f"{reader}, types = $types)", given | {"types": types}).pl()


def _said_of(outline: Outline) -> list[str]:
    if not outline.skipped or outline.title.lower().startswith("sep="):
        return []
    lines = "line before the header is" if outline.skipped == 1 else "lines before the header are"
    return [f"{outline.skipped} {lines} not read, the first {outline.title[:SHOWN]!r}"]


def _odd_words(path: Path, outline: Outline) -> str:
    odd, header = outline.odd, outline.header
    cells = "1 cell" if len(odd.cells) == 1 else f"{len(odd.cells)} cells"
    if len(odd.cells) > len(header):
        where = f"{odd.cells[len(header)][:SHOWN]!r} stands beyond the last column, {header[-1] or len(header)}"
    else:
        where = f"it holds nothing for the column {header[len(odd.cells)] or len(odd.cells) + 1}"
    rest = outline.odd_rows - 1
    more = f" {rest:,} more after it {'is' if rest == 1 else 'are'} odd too." if rest else ""
    return (
        f"{path}: data row {odd.row:,} (line {odd.line:,}) has {cells} and the header {len(header)}: {where}; the row begins "
        f"with {odd.cells[0][:SHOWN]!r}.{more} Every row must be as long as the header: take out lines that are none of the "
        "table (totals, footers), or put cells that hold the delimiter in double quotes"
    )


@contextmanager
def _opened(path: Path) -> Iterator:
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as file:
        yield file


def _evened(connection, path: Path, dialect: Dialect, skipped: int) -> pl.DataFrame | None:
    """What a copy holds whose lines all end alike, as DuckDB asks for; None where they do, or where that was not all."""
    with _opened(path) as file:
        if len({line[len(line.rstrip("\r\n")) :] for line in file} - {""}) < 2:
            return None
    with tempfile.TemporaryDirectory() as folder, _opened(path) as file:
        even = Path(folder) / "even.csv"
        with even.open("w", encoding="utf-8", newline="") as copy:
            rows = csv.writer(copy, delimiter=dialect.delimiter, lineterminator="\n")
            rows.writerows(dialect.rows_of(file))
        try:
            return _read(connection, even, Dialect(dialect.delimiter), skipped)
        except duckdb.Error:
            return None
