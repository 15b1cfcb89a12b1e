"""How lines reach a terminal or a pipe.

Here: the stream's width, colours and encoding. Not here: tables (tables.py), what is said (messages.py and its siblings).

Colours only on a terminal and without NO_COLOR. rich is imported late: most commands start without printing a table.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from dagster_project.command.terminal.text import as_text, filled, harmless

WIDTH = 100  # where nobody says how wide it is


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
    if not is_terminal and not named_width():
        console.width = WIDTH
    return console


def named_width() -> int:
    """The width that the environment names, 0 if none."""
    given = os.environ.get("COLUMNS", "")
    return int(given) if given.isdecimal() else 0


def print_lines(*lines: str, console: Any = None, style: str | None = None) -> None:
    """Print lines as they are, wrapped at the console's width."""
    console = console or make_console()
    for line in lines:
        console.print(as_text(line), style=style)


def print_whole(*lines: str) -> None:
    """Print lines that nothing may break, such as a command to copy."""
    from rich.text import Text

    console = make_console()
    for line in lines:
        console.print(Text(harmless(line)), soft_wrap=True)


def print_filled(console: Any, line: str, style: str | None = None) -> None:
    """Print a line, filled between words to a terminal's width; code is never broken."""
    from rich.text import Text

    line = harmless(line)
    # Leading blanks stay: a caret below a line of SQL points at its place.
    is_code = line[:1].isspace() or line.startswith("LINE ")
    for part in [line] if is_code or not console.is_terminal else filled(line, console.width):
        console.print(Text(part), style=style, soft_wrap=True)
