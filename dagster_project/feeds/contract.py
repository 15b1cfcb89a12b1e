"""What a vendor table is: the declared columns, keys and stamps that every reader is held to.

Belongs here: the vocabulary (Column, Table, Variant), the result types of reading (BadRow, BadFile,
Chunk) and how a header's spelling is matched to a declared column. Does not belong here: any one
vendor's columns, file access, casting, or where landed files go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

STAMP = pl.Datetime("us")


@dataclass(frozen=True)
class Column:
    """One declared column.

    `aliases` are further spellings, used in order when `name` itself is not in the file. A column
    that is not `landed` is only read (a stamp of last resort); its damage never costs a row.
    `clean` maps the typed values, for example to one spelling of record ids. A vendor's own way of
    writing a value is read by `parse` (stripped text to values, null where it does not fit), and
    `expects` tells people how it is written.
    """

    name: str
    dtype: pl.DataType = field(default_factory=pl.String)
    required: bool = False
    aliases: tuple[str, ...] = ()
    landed: bool = True
    clean: Callable[[pl.Series], pl.Series] | None = None
    parse: Callable[[pl.Series], pl.Series] | None = None
    expects: str = ""


@dataclass(frozen=True)
class Variant:
    """Another shape of a table, known by the columns `when` and the absence of `unless`.

    `sources` says which file column feeds a declared one; `joined` columns are made after typing,
    from two declared columns, joined by '@' (stamps written as ISO text to the microsecond). A
    shape that cannot be read as this table is `refused` with this advice.
    """

    when: tuple[str, ...]
    unless: tuple[str, ...]
    sources: dict[str, str] = field(default_factory=dict)
    joined: dict[str, tuple[str, str]] = field(default_factory=dict)
    refused: str = ""


@dataclass(frozen=True, eq=False)
class Nested:
    """Rows that are nested in the file: `schema` is what is read of them, as text in its shape.

    `flatten` makes one flat text column a declared column of frames in that schema; `fault` says in
    words why one row, as JSON reads it, is not of that shape (None: it is). Leaves named in `whole`
    and `fractions` are usually written as numbers.
    """

    schema: pl.Schema
    flatten: Callable[[pl.DataFrame], pl.DataFrame]
    fault: Callable[[dict[str, object]], tuple[str, str] | None]
    required: tuple[str, ...]
    whole: tuple[str, ...] = ()
    fractions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One vendor table.

    `stamps` are the columns that say when a row last changed, best first. `state` are the columns
    that change with what happens to a record: a value at its last change tells nothing of the value
    at its creation. For rows that never change, `known` is the column with the day on which a
    history import takes them as known.

    `is_headerless` files hold the declared columns in order; `day_in_name` is the column that the
    date in the file's name fills, `day_of_file` one whose rows are all of that date; rows that a vendor
    `repeats` on purpose all land.
    """

    vendor: str
    name: str
    columns: tuple[Column, ...]
    stamps: tuple[str, ...]
    file_names: tuple[str, ...]
    key: tuple[str, ...] = ("id",)
    created: str = "created_date"
    state: tuple[str, ...] = ()
    known: str = ""
    variants: tuple[Variant, ...] = ()
    is_headerless: bool = False
    day_in_name: str = ""
    day_of_file: str = ""
    repeats: bool = False
    nested: Nested | None = None

    @property
    def landed_columns(self) -> tuple[Column, ...]:
        """The columns that land, in declared order."""
        return tuple(c for c in self.columns if c.landed)


def change_stamp(stamps: Sequence[str]) -> pl.Expr:
    """The moment of a row's last change: the first of the stamps that is there."""
    return pl.coalesce(pl.col(name).cast(STAMP) for name in stamps).alias("change_stamp")


@dataclass(frozen=True)
class BadRow:
    """A row that did not land: where it stands, why, and its text."""

    line: int | None
    column: str | None
    reason: str
    raw: str | None


@dataclass(frozen=True)
class Chunk:
    """Some rows of a file: `good` has the declared columns, `source_line` and `change_stamp`."""

    good: pl.DataFrame
    bad: list[BadRow]


class BadFile(Exception):
    """The whole file cannot be used; the message says why and what to do."""

    def __init__(self, reason: str, column: str | None = None):
        super().__init__(reason)
        self.reason, self.column = reason, column


def header_key(name: str) -> str:
    """One spelling for 'NumberOfEmployees', 'number_of_employees' and 'Number of employees'."""
    return re.sub(r"[\s_]+", "", name).lower()


@dataclass(frozen=True)
class Header:
    """How a file's columns serve a table: `index` by declared name, and what is left over."""

    index: dict[str, int]
    ignored: tuple[str, ...]
    missing_optional: tuple[str, ...]
    variant: Variant | None


def match_header(names: Sequence[str], table: Table) -> Header:
    """Match the file's column names to the table's, or raise BadFile naming the column at fault."""
    keys = [header_key(n) for n in names]
    variant = _variant(set(keys), table)
    if variant and variant.refused:
        raise BadFile(variant.refused)
    index: dict[str, int] = {}
    for column in table.columns:
        spellings = _spellings(column, variant)
        found = next((k for k in map(header_key, spellings) if k in keys), None)
        if found is None:
            continue
        _refuse_twice(names, keys, found)
        index[column.name] = keys.index(found)
    made = set(variant.joined) if variant else set()
    made.add(table.day_in_name)
    absent = [c for c in table.columns if c.name not in index and c.name not in made]
    # A row without a header may hold a word that is also a column's name (LeadSource: Website).
    is_header = 2 * len(index) >= len(names) or len(index) > 2
    _refuse_missing([c.name for c in absent if c.required], names, table, is_header)
    used = set(index.values())
    return Header(
        index,
        tuple(n for i, n in enumerate(names) if i not in used),
        tuple(c.name for c in absent if c.landed and not c.required),
        variant,
    )


def _variant(keys: set[str], table: Table) -> Variant | None:
    for variant in table.variants:
        if {header_key(n) for n in variant.when} <= keys and not (
            {header_key(n) for n in variant.unless} & keys
        ):
            return variant
    return None


def _spellings(column: Column, variant: Variant | None) -> tuple[str, ...]:
    if variant and column.name in variant.joined:
        return ()
    if variant and column.name in variant.sources:
        return (variant.sources[column.name],)
    return (column.name, *column.aliases)


def _refuse_twice(names: Sequence[str], keys: Sequence[str], key: str) -> None:
    places = [i for i, k in enumerate(keys) if k == key]
    if len(places) > 1:
        where = " and ".join(str(i + 1) for i in places)
        raise BadFile(
            f"the header names column '{names[places[0]]}' {len(places)} times (columns {where}); "
            "leave one of them in the export",
            column=names[places[0]],
        )


def _refuse_missing(
    missing: Sequence[str], names: Sequence[str], table: Table, is_header: bool
) -> None:
    if missing and not is_header:
        # Not shown: without a header the first line is a row, which may name a person.
        raise BadFile(
            f"the first line ({len(names)} values) holds next to no column name of {table.vendor} {table.name}; "
            f"export the file with a header line that names at least {', '.join(missing)}",
            column=missing[0],
        )
    if missing:
        shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
        word = "column" if len(missing) == 1 else "columns"
        raise BadFile(
            f"required {word} {', '.join(missing)} of {table.vendor} {table.name} missing; "
            f"the file has: {shown}. Add the {word} to the export and land it again",
            column=missing[0],
        )
