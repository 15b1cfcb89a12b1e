"""Nested rows as Parquet, to the flat text columns that a table declares.

Belongs here: batches of nested rows. Does not belong here: their shape (nested_shape.py), what is nested where
(a vendor's `Nested`), flat Parquet (parquet_rows.py), casting.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import polars as pl

from dagster_project.feeds.contract import Header, Table
from dagster_project.feeds.nested_jsonl import nested_header
from dagster_project.feeds.nested_shape import shaped
from dagster_project.feeds.parquet_rows import scanned
from dagster_project.feeds.raw import RawChunk
from dagster_project.feeds.sources import MAX_RAW_CHARS, Opened


def read_nested_parquet(
    opened: Opened, table: Table, chunk_rows: int
) -> Iterator[Header | RawChunk]:
    """Yield the Header, then rows in batches; a row's line is its number from 1 on."""
    nested = table.nested
    with scanned(opened) as lazy:
        schema = lazy.collect_schema()
        yield nested_header(table, set(schema), list(schema))
        wanted = shaped(lazy, nested)
        total = lazy.select(pl.len()).collect().item()
        for offset in range(0, max(total, 1), chunk_rows):
            rows = wanted.slice(offset, chunk_rows).collect()
            lines = list(range(offset + 1, offset + rows.height + 1))
            yield RawChunk(nested.flatten(rows), lines, _texts(rows), [])


def _texts(rows: pl.DataFrame):
    return lambda i: json.dumps(rows.row(i, named=True), default=str, ensure_ascii=False)[
        :MAX_RAW_CHARS
    ]
