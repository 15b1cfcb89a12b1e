"""What all commands share: options, types of arguments, exit statuses.

Here: `--json`, days, and which mistake ends with which status: 0 done, 1 the answer is no, 2 wrong use or configuration. Not
here: any one command (questions.py, pipeline.py, tools.py).
"""

from __future__ import annotations

import errno
import functools
import sqlite3
import sys
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import click

from dagster_project.command.errors import BadQuestion, NoAnswer, WrongUse
from dagster_project.command.terminal.messages import print_error
from dagster_project.dbt_runner import DbtError
from dagster_project.home import BusyError, EmptyHomeError, HomeError
from dagster_project.settings_file import SettingsError
from models.registry_store import RegistryError

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Answer as JSON on standard output.")


class Day(click.ParamType):
    """A calendar day, YYYY-MM-DD."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Parse, or fail as click does."""
        if isinstance(value, date):
            return value
        try:
            return datetime.strptime(value, "%Y-%m-%d").date()
        except ValueError:
            self.fail(f"{value!r} is not a day; write it as in 2026-01-31", param, ctx)


# A full disk or quota, no rights, a limit on files: what a person can mend. All else is a defect and shows itself.
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG, errno.EIO}
_SQLITE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
}


def _trouble_with_the_disk(problem: Exception) -> str | None:
    """What the system, or SQLite for it, says of a file that cannot be read or written; None of anything else."""
    inner: BaseException | None = problem
    while inner is not None:
        # The low byte of SQLite's code is the kind of error.
        if (isinstance(inner, OSError) and inner.errno in _DISK) or (
            isinstance(inner, sqlite3.Error)
            and getattr(inner, "sqlite_errorcode", 0) & 0xFF in _SQLITE
        ):
            return (
                f"the home cannot be read or written: {inner}. Mend that (space, rights, limits of this process) and run it "
                "again; what is published stays as it is"
            )
        inner = inner.__cause__
    return None


def answering(command: Callable[..., int | None]) -> Callable[..., None]:
    """Turn a user's mistake into one clear message and the right exit status."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            status = command(*args, **kwargs)
        except (NoAnswer, BusyError, EmptyHomeError) as problem:
            print_error(str(problem))
            sys.exit(1)
        except KeyboardInterrupt:
            print_error("interrupted")
            sys.exit(1)
        except (
            SettingsError,
            HomeError,
            WrongUse,
            BadQuestion,
            DbtError,
            RegistryError,
        ) as problem:
            print_error(str(problem))
            sys.exit(2)
        except Exception as problem:
            if (said := _trouble_with_the_disk(problem)) is None:
                raise
            print_error(said)
            sys.exit(1)
        sys.exit(status or 0)

    return wrapped
