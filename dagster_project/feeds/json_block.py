"""Nested JSON lines at speed: many lines read at once, where all of them have one shape.

Belongs here: the typed shapes in which exports write their leaves, and reading by them. What is found must be
what reading line by line finds (a test holds the two against each other). Does not belong here: lines of any
other shape (nested_jsonl.py).
"""

from __future__ import annotations

import io
from functools import cache

import polars as pl
import pyarrow as pa
import pyarrow.json as arrow_json

from dagster_project.feeds.blocks import MAX_LINE_BYTES
from dagster_project.feeds.contract import BadFile, Nested
from dagster_project.feeds.nested_shape import shaped

_READ = arrow_json.ReadOptions(block_size=MAX_LINE_BYTES)


def parsed(data: bytes, nested: Nested) -> pl.DataFrame | None:
    """The rows in the nested shape, or None where they are not all alike and as declared.

    Numbers may be written as numbers, or whole ones as text (as BigQuery exports INT64).
    """
    for whole_as_text in (False, True):
        rows = _read(data, _options(nested, whole_as_text))
        if rows is not None:
            try:
                return shaped(rows.lazy(), nested).collect()
            except BadFile:
                return None
    return None


def _read(data: bytes, options: arrow_json.ParseOptions) -> pl.DataFrame | None:
    try:
        return pl.from_arrow(arrow_json.read_json(io.BytesIO(data), _READ, options))
    except (pa.ArrowException, pl.exceptions.PolarsError):
        return None


@cache
def _options(nested: Nested, whole_as_text: bool) -> arrow_json.ParseOptions:
    schema = pa.schema(
        [(name, _arrow(name, of, nested, whole_as_text)) for name, of in nested.schema.items()]
    )
    return arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")


def _arrow(name: str, of: pl.DataType, nested: Nested, whole_as_text: bool) -> pa.DataType:
    if isinstance(of, pl.List):
        return pa.list_(_arrow(name, of.inner, nested, whole_as_text))
    if isinstance(of, pl.Struct):
        return pa.struct(
            [(f.name, _arrow(f.name, f.dtype, nested, whole_as_text)) for f in of.fields]
        )
    if name in nested.whole and not whole_as_text:
        return pa.int64()
    return pa.float64() if name in nested.fractions else pa.string()
