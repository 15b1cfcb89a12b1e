"""Tables and frames on a terminal or in a pipe.

Here: the layout of any rows and pairs, knowing nothing of what they mean. Not here: plain lines (console.py), which columns of
an answer are shown (scores.py, status.py, run_report.py, measures.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dagster_project.command.terminal.console import make_console, named_width, print_lines
from dagster_project.command.terminal.text import as_text, literal, shorten

BULLETS = ("+ ", "- ")
CELL_WIDTH = 32
# A column of text is not wrapped to less than this; rows that need less become blocks.
LEAST_WIDTH = 24
NO_LIMIT = 1 << 20
ROWS_ON_SCREEN = 200


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
    _print_grid(console, table)


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


def print_bullets(title: str, items: Sequence[str]) -> None:
    """Print texts below each other, wrapped with a hanging indent."""
    console = make_console()
    console.print(as_text(title), style="italic")
    _print_grid(console, _bullets(items))
    console.print()


def print_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print any rows, with nothing cut: as a table, its long texts wrapped, or as one block a row where that is too narrow.

    On a terminal at most ROWS_ON_SCREEN; a pipe gets all of them, and without COLUMNS one line a row.
    """
    if not rows:
        return print_lines("No rows.")
    console = make_console()
    shown = rows[:ROWS_ON_SCREEN] if console.is_terminal else rows
    if not console.is_terminal and not named_width():
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


def _print_grid(console: Any, grid: Any) -> None:
    if console.is_terminal:
        return console.print(grid)
    with console.capture() as captured:
        console.print(grid)
    # No blanks at the ends of lines for programs that read them.
    lines = [line.rstrip() for line in captured.get().rstrip("\n").split("\n")]
    console.file.write("\n".join(lines) + "\n")


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> Column:
    """A column that keeps the width of its numbers and short texts, and may wrap longer ones."""
    from rich.cells import cell_len

    items = [item for row in rows for item in _lines_of(row[name])]
    widest = max([cell_len(name), *(cell_len(item) for item in items)])
    is_number = _is_number(rows, name)
    least = widest if is_number else min(widest, max(LEAST_WIDTH, cell_len(name)))
    return Column(name, right=is_number, least=least)


def _is_number(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    value = next((row[name] for row in rows if row[name] is not None), None)
    return isinstance(value, (int, float)) and not isinstance(value, bool)


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
