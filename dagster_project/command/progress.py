"""Says on standard error that long work is under way.

Belongs here: the moving line on a terminal, plain lines elsewhere.
Does not belong here: progress of Dagster runs, which is their log (runs.py).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster_project.command.printing import as_text, make_console


@contextmanager
def progress(description: str, stream: Any = None) -> Iterator[Any]:
    """Show that something is under way; yields a function that says what is being done now.

    A moving line on a terminal; elsewhere one plain line at the start, one for each step and one
    at the end. All on standard error, so that standard output stays clean.
    """
    console = make_console(stream or sys.stderr)
    started = time.monotonic()
    outcome = "failed"
    try:
        if console.is_terminal:
            with console.status(as_text(description)) as status:
                yield lambda step: status.update(as_text(f"{description}: {step}"))
        else:
            console.print(as_text(f"{description} …"), soft_wrap=True)
            yield lambda step: console.print(as_text(f"  {step}"), soft_wrap=True)
        outcome = "done"
    finally:
        seconds = time.monotonic() - started
        console.print(as_text(f"{description}: {outcome} in {seconds:.1f} s"), soft_wrap=True)
