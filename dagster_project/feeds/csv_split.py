"""CSV with care: rows one by one, whatever stands in them.

Belongs here: quoting, embedded newlines, ragged rows, re-synchronising after a stray quote. Does not
belong here: rows that can be read many at a time (csv_block.py), the header (csv_rows.py).
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from dagster_project.feeds.sources import NOT_UTF8, decoded

# A quoted value may run over lines (addresses, descriptions), but a quote that nobody closes must
# not swallow the file: after this many lines it counts as stray.
MAX_LINES_IN_ROW = 500


class Record(NamedTuple):
    """One row as it stands in the file, or why it cannot be taken apart."""

    line: int
    text: str
    fields: list[str]
    reason: str | None = None


class RowSplitter:
    """Iterates over the non-blank rows of the lines; once `width` is set, rows must have it."""

    def __init__(self, lines: Iterator[tuple[int, str]]):
        self._lines = lines
        self._waiting: deque[tuple[int, str]] = deque()
        self.width: int | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether lines were taken that no row has used yet."""
        return bool(self._waiting)

    def __iter__(self) -> RowSplitter:
        return self

    def __next__(self) -> Record:
        while (head := self._take()) is not None:
            number, line = head
            if not line.strip():
                continue
            if "\x00" in line:
                return Record(number, line, [], "NUL bytes in the row; export the file again")
            if '"' in line:
                return self._quoted(number, line)
            return self._checked(number, line, line.rstrip("\r\n").split(","))
        raise StopIteration

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
