"""How text reaches a terminal or a pipe: tables, pairs, errors.

Belongs here: layout and encoding of anything, knowing nothing of what it means.
Does not belong here: what the answers are (answers.py), which of it is shown (terminal.py).

Everything that comes from data is shown literally: no rich markup, no escape sequences, no
characters that turn the reading direction. Colours only on a terminal and without NO_COLOR.
rich is imported late: most commands start without printing a table.
"""

from __future__ import annotations

import math
import os
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

WIDTH = 100
NOTHING = "–"
BULLETS = ("+ ", "- ")
CELL_WIDTH = 32
ROWS_ON_SCREEN = 200
ESCAPE_SEQUENCE = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07)")


@dataclass(frozen=True)
class Column:
    """A table column: header, alignment, and the width in terminal cells beyond which text is
    shortened with an ellipsis (None: it wraps). style: a rich style name, for colour only."""

    header: str
    right: bool = False
    width: int | None = None
    style: str | None = None


def make_console(stream: Any = None) -> Any:
    """Return a rich console on the stream (default: standard output), at most WIDTH wide."""
    from rich.console import Console

    stream = stream or sys.stdout
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")  # a name that the terminal cannot write is no error
    is_terminal = bool(getattr(stream, "isatty", lambda: False)())
    plain = not is_terminal or bool(os.environ.get("NO_COLOR"))
    console = Console(
        file=stream,
        color_system=None if plain else "auto",
        force_terminal=is_terminal,
        markup=False,
        emoji=False,
        highlight=False,
    )
    console.width = min(console.width, WIDTH) if is_terminal else WIDTH
    return console


def literal(value: Any) -> str:
    """Return a value as text for people: one line, nothing a terminal would obey, – for null."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (float, Decimal)):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, Mapping):
        return ", ".join(f"{literal(key)} {literal(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(literal(item) for item in value)
    return _harmless(str(value)).strip()


def shorten(text: str, width: int) -> str:
    """Return the text in at most `width` terminal cells, ending in … if something was cut."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…"


def print_table(
    title: str, columns: Sequence[Column | str], rows: Sequence[Sequence[Any]], console: Any = None
) -> None:
    """Print rows under headers within WIDTH cells; a list in a cell becomes bullet lines."""
    from rich import box
    from rich.table import Table

    console = console or make_console()
    table = Table(
        title=as_text(title) if title else None,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1),
        collapse_padding=True,
    )
    known = [item if isinstance(item, Column) else Column(item) for item in columns]
    for column in known:
        table.add_column(
            as_text(column.header),
            justify="right" if column.right else "left",
            style=column.style,
            no_wrap=column.width is not None or column.right,
            vertical="top",
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(_cell(column, value) for column, value in zip(known, row, strict=True)))
    console.print(table)


def print_pairs(title: str, pairs: Mapping[str, Any], console: Any = None) -> None:
    """Print names and values in a frame; a list becomes bullet lines."""
    from rich import box
    from rich.panel import Panel
    from rich.table import Table

    console = console or make_console()
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in pairs.items():
        grid.add_row(as_text(name), _cell(Column(name), value))
    console.print(
        Panel(grid, title=as_text(title), title_align="left", box=box.ROUNDED, expand=False)
    )


def print_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print any rows: as a table if they fit, else one block a row.

    On a terminal at most ROWS_ON_SCREEN; a pipe gets all of them.
    """
    if not rows:
        return print_lines("No rows.")
    console = make_console()
    shown = rows[:ROWS_ON_SCREEN] if console.is_terminal else rows
    if _natural_width(shown) <= min(console.width, WIDTH):
        columns = [
            Column(name, right=_is_number(shown, name), width=CELL_WIDTH) for name in rows[0]
        ]
        print_table("", columns, [[_short_list(v) for v in row.values()] for row in shown], console)
    else:
        for place, row in enumerate(shown, start=1):
            print_pairs(f"row {place}", row, console)
    if len(shown) < len(rows):
        print_lines(f"… and {len(rows) - len(shown):,} more rows; `--json` prints all of them.")


def print_lines(*lines: str, console: Any = None, style: str | None = None) -> None:
    """Print lines as they are, wrapped at the console's width."""
    console = console or make_console()
    for line in lines:
        console.print(as_text(line), style=style)


def print_error(message: str, hint: str | None = None) -> None:
    """Print what went wrong, where, and (hint) what to do, on standard error.

    Lines are not wrapped, so that a path can be copied whole.
    """
    console = make_console(sys.stderr)
    from rich.text import Text

    lines = str(message).splitlines() or ["?"]
    console.print(as_text(f"error: {lines[0]}"), style="bold red", soft_wrap=True)
    for line in lines[1:]:
        # Leading blanks stay: a caret below a line of SQL points at its place.
        console.print(Text(_harmless(line)), soft_wrap=True)
    if hint:
        console.print(as_text(f"what to do: {hint}"), soft_wrap=True)


def _harmless(text: str) -> str:
    return "".join(_visible(character) for character in ESCAPE_SEQUENCE.sub("", text))


def _visible(character: str) -> str:
    """The character, or a space for controls (escape sequences) and direction switches."""
    is_switch = character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return " " if is_switch or unicodedata.category(character) in ("Cc", "Cs") else character


def as_text(value: Any) -> Any:
    """Return a rich text of a value, without markup."""
    from rich.text import Text

    return Text(literal(value))


def _cell(column: Column, value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return _bullets(value) if value else as_text(None)
    text = literal(value)
    return as_text(shorten(text, column.width) if column.width else text)


def _bullets(items: Sequence[Any]) -> Any:
    """Lines with a hanging indent; a leading sign ("+ ", "- ") serves as the bullet."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for item in items:
        text = literal(item)
        has_sign = text.startswith(BULLETS)
        grid.add_row(as_text(text[0] if has_sign else "•"), as_text(text[2:] if has_sign else text))
    return grid


def _natural_width(rows: Sequence[Mapping[str, Any]]) -> int:
    """Cells a table of these rows takes before anything is wrapped."""
    from rich.cells import cell_len

    widths = [
        max(cell_len(name), *(cell_len(_one_line(row[name])) for row in rows)) for name in rows[0]
    ]
    return sum(widths) + 2 * len(widths)


def _one_line(value: Any) -> str:
    return shorten(literal(value), CELL_WIDTH)


def _short_list(value: Any) -> Any:
    return _one_line(value) if isinstance(value, (list, tuple)) else value


def _is_number(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    value = next((row[name] for row in rows if row[name] is not None), None)
    return isinstance(value, (int, float)) and not isinstance(value, bool)
