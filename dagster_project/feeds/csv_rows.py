"""CSV: from lines to rows of raw text, each with the line it starts on.

Belongs here: the header row (or the declared order, where a vendor's files have none), and bringing rows
that were read together (csv_block.py) and one by one (csv_split.py) into one frame. Does not belong here:
types (casting.py), gzip and whole files (sources.py).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import polars as pl

from dagster_project.feeds.blocks import LineFeed
from dagster_project.feeds.contract import BadFile, BadRow, Header, Table, header_key, match_header
from dagster_project.feeds.csv_block import plain_rows, rows_of
from dagster_project.feeds.csv_split import Record, RowSplitter
from dagster_project.feeds.raw import RawChunk
from dagster_project.feeds.sources import shown

_OTHER_DELIMITERS = {";": "semicolons (;)", "\t": "tabs", "|": "bars (|)"}
_LINES_LOOKED_AT = 20


def read_csv(stream: BinaryIO, table: Table, chunk_rows: int) -> Iterator[Header | RawChunk]:
    """Yield the matched Header, then the rows in chunks; raises BadFile (delimiter, columns)."""
    feed = LineFeed(stream)
    splitter = RowSplitter(feed)
    if table.is_headerless and not _has_header(feed, table):
        header, width = _declared_order(feed, table)
    else:
        names = _header_names(splitter, table)
        header, width = match_header(names, table), len(names)
    yield header
    splitter.width = width
    empty = True
    while feed.block is not None or splitter.is_waiting:
        for chunk in _chunks(feed, splitter, header, chunk_rows):
            empty = False
            yield chunk
    if empty:
        yield RawChunk(_frame([], header), [], lambda i: "", [])


def _chunks(
    feed: LineFeed, splitter: RowSplitter, header: Header, chunk_rows: int
) -> Iterator[RawChunk]:
    """The rows of the block in which the feed stands, in chunks."""
    block, start = feed.block, feed.at
    lines, plain = plain_rows(block, splitter.width)
    odd = np.flatnonzero(~plain[start:]) + start
    taken = np.zeros(len(block), dtype=bool)
    records: list[Record] = []
    while feed.block is block or splitter.is_waiting:
        if not splitter.is_waiting:
            ahead = np.searchsorted(odd, feed.at)
            stop = odd[ahead] if ahead < len(odd) else len(block)
            taken[feed.at : stop] = True
            feed.at = stop
            if stop == len(block):
                break
        record = next(splitter, None)
        if record is not None:
            records.append(record)
    yield from _merged(block.number, lines, taken, records, header, chunk_rows)


def _merged(
    number: int,
    lines: pl.Series | None,
    taken: np.ndarray,
    records: list[Record],
    header: Header,
    chunk_rows: int,
) -> Iterator[RawChunk]:
    """Rows read together and rows read one by one, in the order of their lines."""
    good = [record for record in records if not record.reason]
    at = [record.line for record in good]
    frame = _frame(good, header)
    texts = {record.line: record.text for record in records}
    if taken.any():
        together = rows_of(lines.filter(pl.Series(taken)), header)
        frame = pl.concat([together, frame]) if good else together
        at = [*(np.flatnonzero(taken) + number).tolist(), *at]
    if good and taken.any():
        order = np.argsort(np.array(at), kind="stable")
        frame, at = frame[order], np.array(at)[order].tolist()
    bad = [BadRow(r.line, None, r.reason, shown(r.text)) for r in records if r.reason]

    def text(line: int) -> str:
        found = texts.get(line)
        return shown(
            found if found is not None else lines[line - number].encode().decode("latin-1")
        )

    for start in range(0, max(len(at), 1), chunk_rows):
        part = at[start : start + chunk_rows]
        last = start + chunk_rows >= len(at)
        mine = bad if last else [b for b in bad if b.line <= part[-1]]
        bad = bad[len(mine) :]
        if part or mine:
            rows = frame[start : start + chunk_rows]
            yield RawChunk(rows, part, lambda i, part=part: text(part[i]), mine, has_no_nul=True)


def _frame(good: list[Record], header: Header) -> pl.DataFrame:
    return pl.DataFrame(
        {name: [r.fields[i] for r in good] for name, i in header.index.items()},
        schema=dict.fromkeys(header.index, pl.String),
    )


def _in_file(table: Table) -> list[str]:
    return [c.name for c in table.columns if c.name != table.day_in_name]


def _has_header(feed: LineFeed, table: Table) -> bool:
    """Whether the first row names the declared columns: at least every required one."""
    first = next(iter(_first_rows(feed)), [])
    keys = {header_key(value) for value in first}
    columns = [c for c in table.columns if c.required and c.name != table.day_in_name]
    return all(keys & {header_key(n) for n in (c.name, *c.aliases)} for c in columns)


def _declared_order(feed: LineFeed, table: Table) -> tuple[Header, int]:
    names = _in_file(table)
    rows = _first_rows(feed)
    if not rows:
        raise BadFile("the file holds only blank lines; export it again")
    if all(len(row) != len(names) for row in rows):
        for delimiter, words in _OTHER_DELIMITERS.items():
            if len(next(iter(_first_rows(feed, delimiter)))) == len(names):
                raise _other_delimiter(words)
        known = {header_key(name) for c in table.columns for name in (c.name, *c.aliases)}
        if any(header_key(value) in known for value in rows[0]):
            needed = [c.name for c in table.columns if c.required and c.name != table.day_in_name]
            raise BadFile(
                f"its header does not name all of {', '.join(needed)}; `scoring feeds {table.name}` says the spellings "
                "that are read"
            )
        raise BadFile(
            f"its rows have {len(rows[0])} values; {table.vendor} {table.name} has {len(names)} "
            f"columns ({', '.join(names)}). Export all of them in this order, or with a header line"
        )
    return Header({name: i for i, name in enumerate(names)}, (), (), None), len(names)


def _first_rows(feed: LineFeed, delimiter: str = ",") -> list[list[str]]:
    """The first rows as they are at a glance, without taking them."""
    if feed.block is None:
        return []
    lines = [line for line in feed.block.lines[:_LINES_LOOKED_AT] if line.strip()]
    return list(csv.reader(lines, delimiter=delimiter)) if lines else []


def _header_names(splitter: RowSplitter, table: Table) -> list[str]:
    first = next(splitter, None)
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
        raise _other_delimiter(_OTHER_DELIMITERS[best])


def _other_delimiter(words: str) -> BadFile:
    return BadFile(
        f"the columns seem to be separated by {words}; "
        "export the file with commas and land it again"
    )
