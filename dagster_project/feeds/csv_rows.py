"""CSV: from lines to rows of raw text, each with the line it starts on.

Belongs here: quoting, embedded newlines, ragged rows, re-synchronising after a stray quote, the
header row. Does not belong here: types (casting.py), gzip and whole files (sources.py).
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import polars as pl

from dagster_project.feeds.contract import BadFile, BadRow, Header, Table, header_key, match_header
from dagster_project.feeds.raw import RawChunk
from dagster_project.feeds.sources import NOT_UTF8, decoded, numbered_lines, shown

# A quoted value may run over lines (addresses, descriptions), but a quote that nobody closes must
# not swallow the file: after this many lines it counts as stray.
MAX_LINES_IN_ROW = 500
_OTHER_DELIMITERS = {";": "semicolons (;)", "\t": "tabs", "|": "bars (|)"}


class Record(NamedTuple):
    """One row as it stands in the file, or why it cannot be taken apart."""

    line: int
    text: str
    fields: list[str]
    reason: str | None = None


def read_csv(stream: BinaryIO, table: Table, chunk_rows: int) -> Iterator[Header | RawChunk]:
    """Yield the matched Header, then the rows in chunks; raises BadFile (delimiter, columns)."""
    splitter = RowSplitter(numbered_lines(stream))
    names = _header_names(splitter, table)
    header = match_header(names, table)
    yield header
    splitter.width = len(names)
    good: list[Record] = []
    bad: list[BadRow] = []
    for record in splitter:
        if record.reason:
            bad.append(BadRow(record.line, None, record.reason, shown(record.text)))
        else:
            good.append(record)
        if len(good) + len(bad) >= chunk_rows:
            yield _chunk(good, bad, header)
            good, bad = [], []
    yield _chunk(good, bad, header)


def _chunk(good: list[Record], bad: list[BadRow], header: Header) -> RawChunk:
    frame = pl.DataFrame(
        {name: [r.fields[i] for r in good] for name, i in header.index.items()},
        schema=dict.fromkeys(header.index, pl.String),
    )
    return RawChunk(frame, [r.line for r in good], lambda i: shown(good[i].text), bad)


def _header_names(splitter: RowSplitter, table: Table) -> list[str]:
    first = next(iter(splitter), None)
    if first is None:
        raise BadFile("the file holds only blank lines; export it again")
    _refuse_other_delimiter(first, table)
    if first.reason:
        raise BadFile(f"the header (line {first.line}) cannot be read: {first.reason}")
    return [name.strip() for name in first.fields]


def _refuse_other_delimiter(first: Record, table: Table) -> None:
    known = {header_key(n) for c in table.columns for n in (c.name, *c.aliases)}

    def hits(delimiter: str) -> int:
        names = first.text.rstrip("\r\n").split(delimiter)
        return len({header_key(n.strip('"')) for n in names} & known)

    best = max(_OTHER_DELIMITERS, key=hits)
    if hits(best) > max(1, hits(",")):
        raise BadFile(
            f"the columns seem to be separated by {_OTHER_DELIMITERS[best]}; "
            "export the file with commas and land it again"
        )


class RowSplitter:
    """Iterates over the non-blank rows of the lines; once `width` is set, rows must have it."""

    def __init__(self, lines: Iterator[tuple[int, str]]):
        self._lines = lines
        self._waiting: deque[tuple[int, str]] = deque()
        self.width: int | None = None

    def __iter__(self) -> Iterator[Record]:
        while (head := self._take()) is not None:
            number, line = head
            if not line.strip():
                continue
            if "\x00" in line:
                yield Record(number, line, [], "NUL bytes in the row; export the file again")
            elif '"' in line:
                yield self._quoted(number, line)
            else:
                yield self._checked(number, line, line.rstrip("\r\n").split(","))

    def _take(self) -> tuple[int, str] | None:
        return self._waiting.popleft() if self._waiting else next(self._lines, None)

    def _quoted(self, number: int, line: str) -> Record:
        taken: list[tuple[int, str]] = []
        try:
            fields = next(csv.reader(self._row_lines(line, taken), strict=True))
            fault = None
        except csv.Error as error:
            fields, fault = [], str(error)
        text = line + "".join(t for _, t in taken)
        record = Record(number, text, fields) if fault else self._checked(number, text, fields)
        if taken and (fault or record.reason):
            # More likely a stray quote than a row of that many lines: only its own line is lost.
            self._waiting.extendleft(reversed(taken))
            fault, text = "a quote that opens in this row is never closed", line
        if fault:
            return Record(number, text, [], f"{_plain(fault)}; double the quotes inside a value")
        return record

    def _row_lines(self, line: str, taken: list[tuple[int, str]]) -> Iterator[str]:
        yield line
        while len(taken) < MAX_LINES_IN_ROW and (more := self._take()) is not None:
            taken.append(more)
            yield more[1]

    def _checked(self, number: int, text: str, fields: list[str]) -> Record:
        if self.width is not None and len(fields) != self.width:
            reason = (
                f"the row has {len(fields)} values, the header {self.width} columns; "
                "quote values that hold commas or line breaks"
            )
            return Record(number, text, [], reason)
        if text.isascii():
            return Record(number, text, fields)
        try:
            return Record(number, text, [decoded(f) for f in fields])
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            reason = f"{NOT_UTF8} (byte 0x{byte:02x}); save the file as UTF-8"
            return Record(number, text, [], reason)


def _plain(fault: str) -> str:
    if "unexpected end of data" in fault:
        return "a quote that opens in this row is never closed"
    if "expected after" in fault:
        return "a quote stands inside a quoted value"
    return fault
