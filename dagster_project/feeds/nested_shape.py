"""Nested columns in the declared shape, whatever types their leaves have in the file.

Belongs here: structs and lists as declared, leaves as text, what is not there as null. Does not belong here:
reading files (nested_jsonl.py, nested_parquet.py), what is nested where (a vendor's `Nested`).
"""

from __future__ import annotations

import polars as pl

from dagster_project.feeds.contract import BadFile, Nested

# Writers wrap list items in structs of these names; BigQuery does.
_WRAPS = ("list", "element", "item", "array")


def shaped(rows: pl.LazyFrame, nested: Nested) -> pl.LazyFrame:
    """The rows in `nested.schema`; raises BadFile where a column nests in another way."""
    schema = rows.collect_schema()
    return rows.select(
        _one(pl.col(name), schema.get(name), wanted, name).alias(name)
        for name, wanted in nested.schema.items()
    )


def _one(found: pl.Expr, have: pl.DataType | None, wanted: pl.DataType, place: str) -> pl.Expr:
    """The column in the declared shape; what the file does not have is null."""
    if have is None or have == pl.Null:
        return pl.lit(None, dtype=wanted)
    if isinstance(wanted, pl.List):
        return _list(found, have, wanted, place)
    if isinstance(wanted, pl.Struct):
        return _struct(found, have, wanted, place)
    if have.is_nested() or have in (pl.Binary, pl.Object):
        raise _other_shape(place, have, "single values")
    return found.cast(pl.String)


def _list(found: pl.Expr, have: pl.DataType, wanted: pl.List, place: str) -> pl.Expr:
    found, have = _unwrapped(found, have)
    if not isinstance(have, pl.List):
        raise _other_shape(place, have, "a list")
    inner, of = _unwrapped(pl.element(), have.inner)
    return found.list.eval(_one(inner, of, wanted.inner, f"{place}[]"))


def _struct(found: pl.Expr, have: pl.DataType, wanted: pl.Struct, place: str) -> pl.Expr:
    if not isinstance(have, pl.Struct):
        raise _other_shape(place, have, "a struct")
    fields = {field.name: field.dtype for field in have.fields}
    return pl.struct(
        _one(
            found.struct.field(want.name) if want.name in fields else pl.lit(None),
            fields.get(want.name),
            want.dtype,
            f"{place}.{want.name}",
        ).alias(want.name)
        for want in wanted.fields
    )


def _unwrapped(found: pl.Expr, have: pl.DataType) -> tuple[pl.Expr, pl.DataType]:
    """What a struct holds that only wraps it."""
    while isinstance(have, pl.Struct) and len(have.fields) == 1 and have.fields[0].name in _WRAPS:
        found, have = found.struct.field(have.fields[0].name), have.fields[0].dtype
    return found, have


def _other_shape(place: str, have: pl.DataType, wanted: str) -> BadFile:
    shown = str(have)[:80]
    return BadFile(
        f"column {place} holds {shown}, not {wanted}; export the rows as BigQuery nests them",
        column=place.split(".")[0].removesuffix("[]"),
    )
