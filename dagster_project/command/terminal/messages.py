"""What the command says beside its answers: errors, warnings, notes, and commands to copy.

Here: their words and stream, and how a command is named so that it can be typed again. Not here: layout (console.py).
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

from dagster_project.command.terminal.console import make_console, print_filled, print_whole
from dagster_project.command.terminal.text import literal
from dagster_project.home import home_path

# How messages name a command, wherever they are written.
COMMAND = re.compile(
    r"(?<![\w./-])scoring"
    r"(?= (top|explain|segments|query|feeds|status|land|refresh|backfill|retrain|rollback|evaluate|verify|table|data-docs|dbt"
    r"|doctor|ui)\b)"
)


def started_as() -> str:
    """The `scoring` command as it was started: what to type to start it again from here, on the same home."""
    script = Path(sys.argv[0])
    if script.name != "scoring":
        # Started as a module, or by the example: the command beside this interpreter.
        script = Path(sys.executable).with_name("scoring")
        script = script.relative_to(Path.cwd()) if script.is_relative_to(Path.cwd()) else script
    on_path = shutil.which("scoring")
    is_on_path = on_path is not None and Path(on_path).resolve() == script.resolve()
    command = "scoring" if is_on_path else shlex.quote(str(script))
    if home_path() == home_path(".scoring"):
        return command
    return f"SCORING_HOME={shlex.quote(os.environ['SCORING_HOME'])} {command}"


def runnable(text: str) -> str:
    """A text whose commands run as they are printed."""
    return COMMAND.sub(lambda _: started_as(), text)


def print_error(message: str) -> None:
    """Print what went wrong, where, and what to do, on standard error.

    A terminal's width wraps lines between words; a path or a command is never broken, so that it can be copied whole.
    """
    console = make_console(sys.stderr)
    lines = runnable(str(message)).splitlines() or ["?"]
    print_filled(console, f"error: {lines[0].strip()}", style="bold red")
    for line in lines[1:]:
        print_filled(console, line)


def print_warning(message: str) -> None:
    """Print what may not be meant, on standard error."""
    print_filled(make_console(sys.stderr), f"warning: {runnable(message)}", style="yellow")


def print_note(text: str) -> None:
    """Print a line of progress on standard error."""
    print(literal(text), file=sys.stderr, flush=True)


def print_commands(*commands: str) -> None:
    """Print commands to copy, one a line."""
    print_whole(*(f"  {runnable(command)}" for command in commands))
