"""Parquet: batches of rows in the types that the file has.

Belongs here: reading row batches, refusing damaged files and columns that are no values.
Does not belong here: casting to declared types (casting.py), opening (sources.py).
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import polars as pl

from dagster_project.feeds.contract import BadFile, Header, Table, match_header
from dagster_project.feeds.raw import RawChunk
from dagster_project.feeds.sources import MAX_RAW_CHARS, Opened, damage_is_bad_file


def read_parquet(opened: Opened, table: Table, chunk_rows: int) -> Iterator[Header | RawChunk]:
    """Yield the matched Header, then rows in batches; a row's line is its number from 1 on."""
    with scanned(opened) as lazy:
        schema = lazy.collect_schema()
        names = list(schema)
        header = match_header(names, table)
        _refuse_nested(schema, [names[i] for i in header.index.values()])
        yield header
        total = lazy.select(pl.len()).collect().item()
        for offset in range(0, max(total, 1), chunk_rows):
            yield _chunk(lazy.slice(offset, chunk_rows).collect(), offset, header)


@contextmanager
def scanned(opened: Opened) -> Iterator[pl.LazyFrame]:
    """The file as a lazy frame; damage met while it is read is a BadFile."""
    source = opened.path or _whole(opened.stream)
    try:
        yield pl.scan_parquet(source, glob=False, hive_partitioning=False)
    # A damaged page can make the decoder panic, which is no ordinary exception.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        what = str(error).splitlines()[0][:200]
        raise BadFile(f"the Parquet file is damaged ({what}); copy or export it again") from error


def _whole(stream: BinaryIO) -> io.BytesIO:
    with damage_is_bad_file():
        return io.BytesIO(stream.read())


def _chunk(rows: pl.DataFrame, offset: int, header: Header) -> RawChunk:
    names = rows.columns
    frame = rows.select(pl.col(names[i]).alias(c) for c, i in header.index.items())

    def text(i: int) -> str:
        return json.dumps(rows.row(i, named=True), default=str, ensure_ascii=False)[:MAX_RAW_CHARS]

    return RawChunk(frame, list(range(offset + 1, offset + rows.height + 1)), text, [])


def _refuse_nested(schema: pl.Schema, used: list[str]) -> None:
    for name in used:
        if schema[name].is_nested() or schema[name] == pl.Object:
            raise BadFile(
                f"column {name} holds {schema[name]}, not single values; flatten it in the export",
                column=name,
            )
