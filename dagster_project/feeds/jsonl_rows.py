"""JSON lines: one object a line, to rows of raw text.

Belongs here: parsing lines, matching keys to declared columns. Does not belong here: types
(casting.py), opening files (sources.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

import polars as pl

from dagster_project.feeds.blocks import LineFeed
from dagster_project.feeds.contract import BadRow, Header, Table, match_header
from dagster_project.feeds.raw import RawChunk
from dagster_project.feeds.sources import NOT_UTF8, decoded, shown

_Row = tuple[int, str, dict[str, Any]]


def read_jsonl(stream: BinaryIO, table: Table, chunk_rows: int) -> Iterator[Header | RawChunk]:
    """Yield Header and RawChunk for each stretch of rows; the last Header knows all keys seen."""
    names: dict[str, None] = {}
    rows: list[_Row] = []
    bad: list[BadRow] = []
    for number, line in LineFeed(stream):
        if not line.strip():
            continue
        row, reason = parse(line)
        if row is None:
            bad.append(BadRow(number, None, reason or "", shown(line)))
        else:
            rows.append((number, line, row))
            names.update(dict.fromkeys(row))
        if len(rows) + len(bad) >= chunk_rows:
            yield from _emit(list(names), rows, bad, table)
            rows, bad = [], []
    yield from _emit(list(names), rows, bad, table)


def _emit(
    names: list[str], rows: list[_Row], bad: list[BadRow], table: Table
) -> Iterator[Header | RawChunk]:
    if not names:
        yield RawChunk(pl.DataFrame(), [], lambda i: "", bad)
        return
    header = match_header(names, table)
    yield header
    frame = pl.DataFrame(
        {c: [as_text(r.get(names[i])) for _, _, r in rows] for c, i in header.index.items()},
        schema=dict.fromkeys(header.index, pl.String),
    )
    yield RawChunk(frame, [n for n, _, _ in rows], lambda i: shown(rows[i][1]), bad)


def parse(line: str) -> tuple[dict[str, Any] | None, str | None]:
    """A line (Latin-1) as an object, or None and the reason why it is none."""
    try:
        text = decoded(line)
        row = json.loads(text)
        # Escapes can spell half a surrogate pair, which is not text.
        if "\\u" in text:
            json.dumps(row, ensure_ascii=False).encode()
    except UnicodeError:
        return None, f"{NOT_UTF8}; save the file as UTF-8"
    except (ValueError, RecursionError) as error:
        return None, f"not a JSON object ({error}); write one object a line"
    if not isinstance(row, dict):
        return None, "the line is JSON but not an object; write one object a line"
    return row, None


def as_text(value: Any) -> str | None:
    """A JSON value as the text that casting reads."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else json.dumps(value)
