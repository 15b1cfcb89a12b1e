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

WIDTH = 100  # where nobody says how wide it is
NOTHING = "–"
BULLETS = ("+ ", "- ")
CELL_WIDTH = 32
# A column of text is not wrapped to less than this; rows that need less become blocks.
LEAST_WIDTH = 24
NO_LIMIT = 1 << 20
ROWS_ON_SCREEN = 200
CODE_OR_WORD = re.compile(r"[^\s`]*`[^`]*`\S*|\S+")
ESCAPE_SEQUENCE = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07)")


@dataclass(frozen=True)
class Column:
    """A table column: header, alignment, and the width in terminal cells beyond which text is
    shortened with an ellipsis (None: it wraps, but to no less than `least` cells). style: a rich
    style name, for colour only."""

    header: str
    right: bool = False
    width: int | None = None
    style: str | None = None
    least: int | None = None


def make_console(stream: Any = None) -> Any:
    """Return a rich console on the stream (default: standard output), as wide as the terminal or COLUMNS say."""
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
    if not is_terminal and not _columns():
        console.width = WIDTH
    return console


def _columns() -> int:
    """The width that the environment names, 0 if none."""
    given = os.environ.get("COLUMNS", "")
    return int(given) if given.isdecimal() else 0


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
    """Print rows under headers within the console's width; a list in a cell becomes bullet lines."""
    from rich import box
    from rich.table import Table

    console = console or make_console()
    table = Table(
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
            min_width=column.least,
            vertical="top",
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(_cell(column, value) for column, value in zip(known, row, strict=True)))
    if title:
        # Not the table's own title, which would be wrapped at the width of a narrow table.
        console.print(as_text(title), style="italic")
    if console.is_terminal:
        return console.print(table)
    with console.capture() as captured:
        console.print(table)
    # No blanks at the ends of lines for programs that read them.
    lines = [line.rstrip() for line in captured.get().rstrip("\n").split("\n")]
    console.file.write("\n".join(lines) + "\n")


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
    """Print any rows, with nothing cut: as a table, its long texts wrapped, or as one block a row where that is too narrow.

    On a terminal at most ROWS_ON_SCREEN; a pipe gets all of them, and without COLUMNS one line a row.
    """
    if not rows:
        return print_lines("No rows.")
    console = make_console()
    shown = rows[:ROWS_ON_SCREEN] if console.is_terminal else rows
    if not console.is_terminal and not _columns():
        console.width = NO_LIMIT
        shown = [{name: _on_one_line(value) for name, value in row.items()} for row in rows]
    columns = [_column(shown, name) for name in rows[0]]
    if sum((column.least or 0) + 2 for column in columns) <= console.width:
        print_table("", columns, [list(row.values()) for row in shown], console)
    else:
        for place, row in enumerate(shown, start=1):
            print_pairs(f"row {place}", row, console)
    if len(shown) < len(rows):
        print_lines(f"… and {len(rows) - len(shown):,} more rows; `--json` prints all of them.")


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> Column:
    """A column that keeps the width of its numbers and short texts, and may wrap longer ones."""
    from rich.cells import cell_len

    items = [item for row in rows for item in _lines_of(row[name])]
    widest = max([cell_len(name), *(cell_len(item) for item in items)])
    is_number = _is_number(rows, name)
    least = widest if is_number else min(widest, max(LEAST_WIDTH, cell_len(name)))
    return Column(name, right=is_number, least=least)


def _lines_of(value: Any) -> list[str]:
    """A cell's lines before anything is wrapped; those of a list have a bullet before them."""
    if isinstance(value, (list, tuple)):
        return [f"• {literal(item).removeprefix('+ ').removeprefix('- ')}" for item in value]
    return [literal(value)]


def _on_one_line(value: Any) -> Any:
    """A list as one text; its items may hold commas."""
    if isinstance(value, (list, tuple)):
        return "; ".join(literal(item) for item in value) or None
    return value


def print_lines(*lines: str, console: Any = None, style: str | None = None) -> None:
    """Print lines as they are, wrapped at the console's width."""
    console = console or make_console()
    for line in lines:
        console.print(as_text(line), style=style)


def print_error(message: str, hint: str | None = None) -> None:
    """Print what went wrong, where, and (hint) what to do, on standard error.

    A terminal's width wraps lines between words; a path or a command is never broken, so that it can be copied whole.
    """
    console = make_console(sys.stderr)
    lines = str(message).splitlines() or ["?"]
    _print_whole(console, f"error: {lines[0].strip()}", style="bold red")
    for line in lines[1:]:
        _print_whole(console, line)
    if hint:
        _print_whole(console, f"what to do: {hint}")


def print_warning(message: str) -> None:
    """Print what may not be meant, on standard error."""
    _print_whole(make_console(sys.stderr), f"warning: {message}", style="yellow")


def print_whole(*lines: str) -> None:
    """Print lines that nothing may break, such as a command to copy."""
    from rich.text import Text

    console = make_console()
    for line in lines:
        console.print(Text(_harmless(line)), soft_wrap=True)


def _print_whole(console: Any, line: str, style: str | None = None) -> None:
    from rich.text import Text

    line = _harmless(line)
    # Leading blanks stay: a caret below a line of SQL points at its place.
    is_code = line[:1].isspace() or line.startswith("LINE ")
    for part in [line] if is_code or not console.is_terminal else filled(line, console.width):
        console.print(Text(part), style=style, soft_wrap=True)


def filled(line: str, width: int) -> list[str]:
    """Return a line as lines of at most `width` cells, broken between words but not within `commands`."""
    from rich.cells import cell_len

    lines = [""]
    for word in CODE_OR_WORD.findall(line):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and cell_len(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


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


def _is_number(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    value = next((row[name] for row in rows if row[name] is not None), None)
    return isinstance(value, (int, float)) and not isinstance(value, bool)
