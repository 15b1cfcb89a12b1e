"""One reader for all formats: a vendor's file to typed rows and the list of rows that are bad.

Belongs here: bringing formats, casting and duplicates together; nothing here knows where files land
or what time it is. Does not belong here: paths, dates of arrival, Dagster.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl

from dagster_project.feeds.casting import cast, why_wrong
from dagster_project.feeds.contract import (
    BadFile,
    BadRow,
    Chunk,
    Column,
    Header,
    Table,
    change_stamp,
)
from dagster_project.feeds.csv_rows import read_csv
from dagster_project.feeds.file_names import days_in
from dagster_project.feeds.jsonl_rows import read_jsonl
from dagster_project.feeds.nested_jsonl import read_nested_jsonl
from dagster_project.feeds.nested_parquet import read_nested_parquet
from dagster_project.feeds.parquet_rows import read_parquet
from dagster_project.feeds.raw import RawChunk
from dagster_project.feeds.repeats import Repeats
from dagster_project.feeds.sources import NOT_UTF8, Opened, open_source

CHUNK_ROWS = 100_000


class TableReader:
    """Reads one file as one table, chunk by chunk; iterate it once.

    `source` is a path or the bytes, `name` the file's name if bytes are given; `file_day` stands in for
    the date that the name of some tables' files should hold. With `needs_stamp`
    rows that say nothing about when they were true are bad (history imports). Iterating raises
    BadFile when the whole file is unusable, possibly after some chunks; afterwards
    `ignored_columns` and `missing_optional_columns` tell what the header had.
    """

    def __init__(
        self,
        source: Path | bytes,
        table: Table,
        name: str = "",
        needs_stamp: bool = False,
        chunk_rows: int = CHUNK_ROWS,
        file_day: date | None = None,
    ):
        self._source, self._table, self._name = source, table, name
        self._needs_stamp, self._chunk_rows = needs_stamp, chunk_rows
        self._file_day = file_day
        self._repeats = Repeats(table.key)
        self._header: Header | None = None

    @property
    def ignored_columns(self) -> tuple[str, ...]:
        """Columns of the file that no declared column uses."""
        return self._header.ignored if self._header else ()

    @property
    def missing_optional_columns(self) -> tuple[str, ...]:
        """Declared columns that the file does not have."""
        return self._header.missing_optional if self._header else ()

    def __iter__(self) -> Iterator[Chunk]:
        good, reasons = 0, []
        name = self._name or getattr(self._source, "name", "")
        if self._table.day_in_name:
            self._file_day = _day_of(name, self._table, self._file_day)
        elif self._table.day_of_file:
            days = days_in(name)
            self._file_day = days[0] if len(days) == 1 else None
        with open_source(self._source, self._name) as opened:
            for part in _parts(opened, self._table, self._chunk_rows):
                if isinstance(part, Header):
                    self._header = part
                    continue
                chunk = self._typed(part)
                good += chunk.good.height
                # Only a file without one good row is asked whether it is text at all.
                reasons = [*reasons[:1], *(b.reason for b in chunk.bad)] if not good else []
                yield chunk
        if not good and reasons and all(NOT_UTF8 in r for r in reasons):
            raise BadFile(f"no row can be read: {NOT_UTF8}; save the file as UTF-8")

    def _typed(self, raw: RawChunk) -> Chunk:
        frame, reasons = _cast_columns(raw, self._table, self._header, self._file_day)
        if self._needs_stamp:
            for i in frame["change_stamp"].is_null().arg_true():
                reasons.setdefault(i, (self._table.created, _NO_STAMP))
        for i, day in self._of_other_days(frame):
            reasons.setdefault(i, (self._table.day_of_file, _OTHER_DAY.format(day, self._file_day)))
        kept = frame.with_row_index("_row")
        if reasons:
            kept = kept.filter(~pl.col("_row").is_in(list(reasons)))
        if not self._table.repeats:
            kept, repeated = self._repeats.split(kept)
            words = " and ".join(self._table.key)
            for i, line in repeated:
                reasons[i] = (self._table.key[0], _REPEATED.format(words, line))
        bad = [BadRow(raw.lines[i], *reasons[i], raw.text(i)) for i in sorted(reasons)]
        return Chunk(
            kept.drop("_row"),
            sorted([*raw.bad, *bad], key=lambda b: b.line or 0),
        )

    def _of_other_days(self, frame: pl.DataFrame) -> list[tuple[int, date]]:
        """Places and days of rows that are not of the file's day: they would stand for all of their own day."""
        column = self._table.day_of_file
        if not column or self._file_day is None:
            return []
        others = (frame[column] != self._file_day).fill_null(False).arg_true()
        return [(i, frame[column][i]) for i in others]


_NOWHERE = pl.Series(dtype=pl.Boolean)
_ISO = "%Y-%m-%dT%H:%M:%S%.6f"
_REPEATED = "the same {} and change stamp as line {}; the first is kept, remove one of them"
_OTHER_DAY = (
    "the row is of {}, the file's name says {}: put it into the file of its day, with all rows of that day, or take the date out "
    "of the file's name"
)
_NO_STAMP = (
    "a history import needs created_date or a change stamp to tell when the row was known, and the "
    "row has neither; add CreatedDate and SystemModstamp, or land the file with --date"
)


def _day_of(name: str, table: Table, given: date | None) -> date:
    """The day that the file's name says, else the one given."""
    days = days_in(name)
    if len(days) == 1 or (given and not days):
        return days[0] if days else given
    what = "several dates" if days else "no date"
    example = f"{table.name}_2024-01-07.csv.gz"
    raise BadFile(
        f"{table.day_in_name} is read from the file's name, which holds {what}; rename the file, for "
        f"example to {example}, or give its day when landing it: --date 2024-01-07",
        column=table.day_in_name,
    )


def _parts(opened: Opened, table: Table, chunk_rows: int) -> Iterator[Header | RawChunk]:
    if table.nested is not None:
        return _nested_parts(opened, table, chunk_rows)
    if opened.kind == "parquet":
        return read_parquet(opened, table, chunk_rows)
    read = read_jsonl if opened.kind == "jsonl" else read_csv
    return read(opened.stream, table, chunk_rows)


def _nested_parts(opened: Opened, table: Table, chunk_rows: int) -> Iterator[Header | RawChunk]:
    if opened.kind == "parquet":
        return read_nested_parquet(opened, table, chunk_rows)
    if opened.kind == "jsonl":
        return read_nested_jsonl(opened.stream, table, chunk_rows)
    raise BadFile(
        f"{table.vendor} {table.name} has nested rows, which CSV cannot hold; "
        "export JSON lines or Parquet and land the file again"
    )


def _cast_columns(
    raw: RawChunk, table: Table, header: Header | None, file_day: date | None
) -> tuple[pl.DataFrame, dict[int, tuple[str, str]]]:
    """Typed columns in declared order, and for each bad row its first column and all reasons."""
    typed: dict[str, pl.Series] = {}
    faults: dict[int, list[tuple[str, str]]] = {}
    rows = len(raw.lines)
    for column in table.columns:
        if column.name == table.day_in_name:
            typed[column.name] = pl.repeat(file_day, rows, dtype=pl.Date, eager=True)
            continue
        if column.name not in raw.frame.columns:
            typed[column.name] = pl.Series(column.name, [None] * rows, dtype=column.dtype)
            continue
        source = raw.frame[column.name]
        typed[column.name], wrong = _cast(source, column, raw.has_no_nul)
        if not column.landed:
            continue
        for i in wrong.arg_true():
            faults.setdefault(i, []).append((column.name, why_wrong(source[i], column)))
        empty = typed[column.name].is_null() & ~wrong if column.required else _NOWHERE
        for i in empty.arg_true():
            faults.setdefault(i, []).append((column.name, f"{column.name} is empty; fill it in"))
    frame = _joined(pl.DataFrame(typed), header).with_columns(
        change_stamp(table.stamps),
        pl.Series("source_line", raw.lines, dtype=pl.Int64),
    )
    landed = [c.name for c in table.landed_columns]
    return frame.select(*landed, "source_line", "change_stamp"), {
        i: (found[0][0], "; ".join(reason for _, reason in found)) for i, found in faults.items()
    }


def _cast(source: pl.Series, column: Column, has_no_nul: bool) -> tuple[pl.Series, pl.Series]:
    """As `cast`; a type that polars cannot bring to text (a duration, bytes that are no text) makes the file a bad one."""
    try:
        return cast(source, column, has_no_nul)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise BadFile(
            f"column {column.name} holds values of type {source.dtype}, which cannot be read as "
            f"{column.dtype}; export it as text, numbers or dates",
            column=column.name,
        ) from error


def _joined(frame: pl.DataFrame, header: Header | None) -> pl.DataFrame:
    if header is None or header.variant is None:
        return frame
    return frame.with_columns(
        pl.concat_str(left, pl.col(right).dt.strftime(_ISO), separator="@").alias(name)
        for name, (left, right) in header.variant.joined.items()
    )
