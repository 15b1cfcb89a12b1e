"""Nested rows as JSON lines, to the flat text columns that a table declares.

Belongs here: reading many nested lines at once, and one by one those that do not parse as declared. Does
not belong here: what is nested where (a vendor's `Nested`), Parquet (nested_parquet.py), types (casting.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple

import polars as pl

from dagster_project.feeds.blocks import Block, LineFeed
from dagster_project.feeds.contract import BadFile, BadRow, Header, Nested, Table
from dagster_project.feeds.json_block import parsed
from dagster_project.feeds.jsonl_rows import as_text, parse
from dagster_project.feeds.raw import RawChunk
from dagster_project.feeds.sources import shown

# Lines among which one does not parse are halved until so few are left; these are read one by one.
_FEW = 32
# Half a surrogate pair can stand in escapes; such lines are looked at one by one.
_SURROGATES = ("\\ud", "\\uD")


class _Rows(NamedTuple):
    """Some lines as rows in the nested shape, with the places of the lines they come from."""

    frame: pl.DataFrame
    at: list[int]
    bad: list[BadRow]


def read_nested_jsonl(
    stream: BinaryIO, table: Table, chunk_rows: int
) -> Iterator[Header | RawChunk]:
    """Yield the Header, then the rows in chunks; raises BadFile where no row has a required key."""
    nested, feed = table.nested, LineFeed(stream)
    header = None
    while (block := feed.block) is not None:
        feed.at = len(block)
        for start in range(0, len(block), chunk_rows):
            frame, at, bad = _rows(block, start, min(start + chunk_rows, len(block)), nested)
            if header is None and frame.height:
                first, _ = parse(block.lines[at[0] - block.number])
                header = nested_header(table, _present(frame), list(first))
                yield header
            yield RawChunk(nested.flatten(frame), at, _texts(block, at), bad)
    if header is None:
        yield RawChunk(nested.flatten(pl.DataFrame(schema=nested.schema)), [], lambda i: "", [])


def nested_header(table: Table, present: set[str], names: list[str]) -> Header:
    """The Header of a nested file, or BadFile naming what is required and nowhere there."""
    missing = [name for name in table.nested.required if name not in present]
    if missing:
        raise BadFile(
            f"required {'column' if len(missing) == 1 else 'columns'} {', '.join(missing)} of "
            f"{table.vendor} {table.name} missing; the file has: {', '.join(names[:12])}. Export the "
            "rows as BigQuery nests them and land the file again",
            column=missing[0],
        )
    ignored = tuple(name for name in names if name not in table.nested.schema)
    return Header({c.name: i for i, c in enumerate(table.columns)}, ignored, (), None)


def _present(frame: pl.DataFrame) -> set[str]:
    return {name for name in frame.columns if frame[name].null_count() < frame.height}


def _texts(block: Block, at: list[int]) -> Callable[[int], str]:
    return lambda i: shown(block.lines[at[i] - block.number])


def _rows(block: Block, start: int, stop: int, nested: Nested) -> _Rows:
    """The rows of some lines of the block."""
    frame = _at_once(block, start, stop, nested)
    if frame is not None:
        return _Rows(frame, list(range(block.number + start, block.number + stop)), [])
    if stop - start <= _FEW:
        return _one_by_one(block, start, stop, nested)
    half = (start + stop) // 2
    first, second = _rows(block, start, half, nested), _rows(block, half, stop, nested)
    return _Rows(
        pl.concat([first.frame, second.frame]), first.at + second.at, first.bad + second.bad
    )


def _at_once(block: Block, start: int, stop: int, nested: Nested) -> pl.DataFrame | None:
    """The lines as rows, or None if there is one among them that is not as declared."""
    if block.column is None or start == stop:
        return None
    lines = block.column[start:stop]
    if not (lines.str.starts_with("{") & lines.str.ends_with("}")).all():
        return None
    text = lines.str.join("\n").item()
    if any(escape in text for escape in _SURROGATES):
        return None
    rows = parsed(text.encode(), nested)
    return rows if rows is not None and rows.height == stop - start else None


def _one_by_one(block: Block, start: int, stop: int, nested: Nested) -> _Rows:
    rows, at, bad = [], [], []
    for place, line in enumerate(block.lines[start:stop], block.number + start):
        if not line.strip():
            continue
        row, reason = parse(line)
        found = nested.fault(row) if row is not None else (None, reason or "")
        if found:
            bad.append(BadRow(place, *found, shown(line)))
        else:
            rows.append(
                {
                    name: _shaped(row.get(name), of, name in nested.fractions, nested)
                    for name, of in nested.schema.items()
                }
            )
            at.append(place)
    return _Rows(pl.DataFrame(rows, schema=nested.schema), at, bad)


def _shaped(value: Any, dtype: pl.DataType, fraction: bool, nested: Nested) -> Any:
    """A value as JSON reads it in the declared shape, its leaves as text."""
    if value is None:
        return None
    if isinstance(dtype, pl.List):
        return [_shaped(item, dtype.inner, fraction, nested) for item in value]
    if isinstance(dtype, pl.Struct):
        return {
            f.name: _shaped(value.get(f.name), f.dtype, f.name in nested.fractions, nested)
            for f in dtype.fields
        }
    if fraction and isinstance(value, int | float) and not isinstance(value, bool):
        # 2 and 2.0 are one number there: written as lines read together have it, by polars.
        return pl.Series([value], dtype=pl.Float64).cast(pl.String).item()
    return as_text(value)
