"""What is shown of the tables that can be landed (`scoring feeds`).

Here: which columns, in which order and words. Not here: the declarations themselves (dagster_project/feeds).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from dagster_project.command.terminal.console import print_lines
from dagster_project.command.terminal.tables import Column, print_table
from dagster_project.feeds.contract import Table

# Tables of different vendors may have one name.
MOST_IN_FULL = 2
_TYPES = {pl.String: "text", pl.Float64: "number", pl.Int64: "whole number", pl.Boolean: "yes/no"}


def declared(table: Table) -> dict[str, Any]:
    """One table as plain data: what its files are called, and what is read of them."""
    needed = {column.name for column in table.columns if column.required}
    return {
        "vendor": table.vendor,
        "table_name": table.name,
        "file_names": table.file_names,
        "history_needs_one_of": ()
        if table.known
        else tuple(dict.fromkeys((*table.stamps, table.created))),
        "must_be_there": table.nested.required if table.nested else sorted(needed),
        "columns": [
            {
                "name": column.name,
                "also_read_as": column.aliases,
                "type": column.expects or _TYPES.get(column.dtype, _moment(column.dtype)),
                "is_required": column.required,
            }
            for column in table.columns
        ],
    }


def print_declared(tables: Sequence[dict[str, Any]]) -> None:
    """Print what is read of each table's files; many tables in a line each."""
    if len(tables) > MOST_IN_FULL:
        columns = [Column("Vendor"), Column("Table"), Column("Must be there")]
        rows = [(t["vendor"], t["table_name"], ", ".join(t["must_be_there"])) for t in tables]
        print_table("Tables that can be landed", columns, rows)
        return print_lines("`scoring feeds TABLE` says all columns of one.")
    for table in tables:
        columns = [Column("Column"), Column("Also read as"), Column("Holds"), Column("")]
        rows = [
            (
                one["name"],
                ", ".join(one["also_read_as"]),
                one["type"],
                "required" if one["is_required"] else "",
            )
            for one in table["columns"]
        ]
        print_table(f"{table['vendor']} {table['table_name']}", columns, rows)
        print_lines(
            f"A file's name says the table: {', '.join(table['file_names'])}. Case, blanks and underscores of column names do "
            "not matter; other columns are left out."
        )
        if stamps := table["history_needs_one_of"]:
            print_lines(f"For --history a row needs one of: {', '.join(stamps)}.")
        if (needed := table["must_be_there"]) != sorted(
            one["name"] for one in table["columns"] if one["is_required"]
        ):
            print_lines(
                f"Nested as the vendor exports it; a row holds at least: {', '.join(needed)}."
            )


def _moment(dtype: Any) -> str:
    return "day" if dtype == pl.Date else "moment (UTC unless it says a zone)"
