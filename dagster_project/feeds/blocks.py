"""Lines of a file, many at a time: blocks of whole lines that can be looked at all at once.

Belongs here: physical lines with their numbers, one by one or as a column. Does not belong here: what stands
in a line (csv_rows.py, jsonl_rows.py), opening files (sources.py).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cached_property
from typing import BinaryIO

import polars as pl

from dagster_project.feeds.contract import BadFile
from dagster_project.feeds.sources import ADVICE, damage_is_bad_file

BLOCK_BYTES = 8 << 20
MAX_LINE_BYTES = 4 << 20


class Block:
    """Some whole lines of a file, from line `number` on. CR, LF and CRLF all end a line."""

    def __init__(self, number: int, data: bytes):
        self.number, self.data = number, data

    @cached_property
    def column(self) -> pl.Series | None:
        """The lines as text without their ends, or None if they are not plain enough to be looked at together.

        Plain are UTF-8 without NUL, and LF or CRLF at the ends of lines only.
        """
        if b"\x00" in self.data or self.data.count(b"\r") != self.data.count(b"\r\n"):
            return None
        try:
            text = self.data.decode("utf-8")
        except UnicodeDecodeError:
            return None
        lines = pl.Series("line", [text]).str.split("\n").explode()
        if text.endswith("\n"):
            lines = lines.head(lines.len() - 1)
        return lines.str.strip_suffix("\r")

    @cached_property
    def lines(self) -> list[str]:
        """The lines with their ends as Latin-1, one character a byte.

        Latin-1 keeps structure and undecodable bytes apart: `decoded` makes text of a record, so that one
        bad byte costs one row.
        """
        text = io.TextIOWrapper(io.BytesIO(self.data), encoding="latin-1", newline="")
        return text.readlines()

    def __len__(self) -> int:
        return len(self.lines) if self.column is None else self.column.len()


def blocks(stream: BinaryIO) -> Iterator[Block]:
    """The stream in blocks of about BLOCK_BYTES; raises BadFile for damage and lines without end."""
    number = 1
    with damage_is_bad_file():
        rest = stream.read(3).removeprefix(b"\xef\xbb\xbf")
        while True:
            read = stream.read(BLOCK_BYTES)
            data = rest + read
            if not data:
                return
            _refuse_long_lines(data, number)
            end = _last_line_end(data) if read else len(data)
            rest = data[end:]
            if end:
                block = Block(number, data[:end])
                yield block
                number += len(block)


def _last_line_end(data: bytes) -> int:
    """How much of the data is whole lines. A CR at the very end may be half of a line end."""
    end = data.rfind(b"\n") + 1
    return end or data.rfind(b"\r", 0, len(data) - 1) + 1


def _refuse_long_lines(data: bytes, number: int) -> None:
    start = 0
    while len(data) - start >= MAX_LINE_BYTES:
        end = max(data.rfind(mark, start, start + MAX_LINE_BYTES) for mark in (b"\n", b"\r")) + 1
        if not end:
            before = data[:start]
            line = number + max(before.count(b"\n"), before.count(b"\r"))
            limit = MAX_LINE_BYTES >> 20
            raise BadFile(f"line {line} is longer than {limit} MB, so no table; {ADVICE}")
        start = end


class LineFeed:
    """Lines one after the other, with a view of the block in which the next one stands."""

    def __init__(self, stream: BinaryIO):
        self._blocks = blocks(stream)
        self._block: Block | None = next(self._blocks, None)
        self.at = 0

    @property
    def block(self) -> Block | None:
        """The block of the next line, or None at the end of the file."""
        while self._block is not None and self.at >= len(self._block):
            self._block, self.at = next(self._blocks, None), 0
        return self._block

    def __iter__(self) -> LineFeed:
        return self

    def __next__(self) -> tuple[int, str]:
        block = self.block
        if block is None:
            raise StopIteration
        self.at += 1
        return block.number + self.at - 1, block.lines[self.at - 1]
