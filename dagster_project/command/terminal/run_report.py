"""What is shown of a run: the files that it brought, what its steps say of themselves, what to run next.

Here: which columns, in which order and words. Not here: a training's and an evaluation's measures (measures.py), the run itself
(operations.py), layout (tables.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from dagster_project.command.terminal.console import print_lines
from dagster_project.command.terminal.messages import print_commands, print_error, print_warning
from dagster_project.command.terminal.tables import CELL_WIDTH, Column, print_table
from dagster_project.command.terminal.text import NOTHING, literal
from dagster_project.command.terminal.wording import counted

if TYPE_CHECKING:
    from dagster_project.command.demo import DemoHome

ROWS_SHOWN = 10
WARNINGS_SHOWN = 5
FAR_DAYS = 7
# Longer lists (the days of a back-fill) are told by their ends.
LONGEST_LIST = 7


def print_arrivals(
    files: Sequence[Mapping[str, Any]], refused: Sequence[Mapping[str, Any]]
) -> None:
    """Print what became of each file, then the first rows that went to quarantine."""
    if not files:
        return
    columns = [
        Column("File", width=CELL_WIDTH),
        Column("Table", width=20),
        Column("Landed", right=True),
        Column("Quarantined", right=True),
        Column("Note"),
    ]
    rows = [
        (
            file["file"],
            file["table"],
            f"{file['rows landed']:,}" if file["is landed"] else NOTHING,
            f"{file['rows quarantined']:,}" if file["is landed"] else "whole file",
            file["note"] if file["is landed"] else f"REFUSED: {file['note']}",
        )
        for file in files
    ]
    print_table("", columns, rows)
    if refused:
        columns = [
            Column("Refused rows", width=CELL_WIDTH),
            Column("Line", right=True),
            Column("Column", width=20),
            Column("Reason"),
        ]
        print_table("", columns, [tuple(row.values()) for row in refused[:ROWS_SHOWN]])
    bad = sum(file["rows quarantined"] for file in files if file["is landed"])
    if bad > min(len(refused), ROWS_SHOWN):
        print_lines(f"… {bad:,} refused rows in all; `--json` says more of them.")
    print_lines(_sum_of(files, bad))


def _sum_of(files: Sequence[Mapping[str, Any]], bad: int) -> str:
    """One line for all files of an arrival."""
    landed = [file for file in files if file["is landed"]]
    rows = sum(file["rows landed"] for file in landed)
    before = sum(str(file["note"]).startswith("already landed") for file in landed)
    again = f", {before:,} of them before" if before else ""
    text = f"{len(landed)} of {counted(len(files), 'file')} landed{again}: {counted(rows, 'row')}"
    return text + (f"; {bad:,} more went to quarantine" if bad else "")


def print_landing_day(day: date | None, last_published: date | None) -> None:
    """Print since when what has landed is known (day None: a history import), and what to run next.

    A day far from the one that would be refreshed next is most often not meant.
    """
    following = last_published + timedelta(days=1) if last_published else None
    if day is None:
        print_lines("History: each row is known since its own change stamps.")
    else:
        print_lines(f"Known as of {day}: scores of earlier days do not see these rows.")
    if following is None:
        next_ones = [
            "scoring retrain",
            f"scoring backfill --from {day or 'DAY'} --to {day or 'DAY'}",
        ]
    else:
        next_ones = [f"scoring refresh --date {day or following}"]
    print_lines("Next:")
    print_commands(*next_ones)
    if day and following and abs((day - following).days) > FAR_DAYS:
        print_warning(
            f"the last published day is {last_published}, {counted(abs((day - last_published).days), 'day')} from {day}; "
            f"if {following} is meant, land the files with --date {following}"
        )


def print_outcome(outcome: Any, about: Mapping[str, Any], said_already: Sequence[str] = ()) -> None:
    """Print what came of a run: done or not, how long it took, what its steps (but said_already) say of themselves.

    Problems go to standard error.
    """
    subject = " ".join(f"{name} {literal(value)}" for name, value in about.items())
    done = "done" if outcome.ok else "not done"
    head = f"{outcome.job} {subject}".strip()
    told = {n: facts for n, facts in outcome.metadata.items() if n not in said_already}
    rows = [row for name, facts in told.items() for row in _facts(name, facts)]
    if rows:
        columns = [Column("Table", width=CELL_WIDTH), Column("What", width=28), Column("Value")]
        print_table("", columns, rows)
    print_lines(f"{head}: {done} in {outcome.seconds:.1f} s (run {outcome.run_id[:8]})")
    if outcome.ok and "published_scores" in outcome.metadata and not said_already:
        print_commands("scoring top")
    found = [line for text in outcome.warnings for line in text.splitlines()]
    for line in found[:WARNINGS_SHOWN]:
        print_warning(line)
    if len(found) > WARNINGS_SHOWN:
        print_lines(
            f"and {counted(len(found) - WARNINGS_SHOWN, 'more warning')}; `--json` and the checks' pages say all."
        )
    for problem in outcome.problems:
        print_error(problem)


def _facts(table: str, facts: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    """What a table says of itself beyond its size; that of each table, and longer texts, stand in Dagster's pages."""
    shown = {
        name.removeprefix("dagster/").replace("_", " "): value
        for name, value in facts.items()
        if name not in ("seconds", "query", "stands since", "warning")
        and not (isinstance(value, str) and "\n" in value)
    }
    if table.startswith("landing_") or set(shown) <= {"row count"}:
        return []
    return [
        (table if place == 0 else "", name, _readable(value))
        for place, (name, value) in enumerate(shown.items())
    ]


def _readable(value: Any) -> Any:
    """A value for a narrow cell: JSON taken apart, a list of pairs as lines."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            return value
    if isinstance(value, Mapping):
        return [f"{name.replace('_', ' ')}: {literal(item)}" for name, item in value.items()]
    if isinstance(value, (list, tuple)) and len(value) == 1:
        return literal(value[0])
    if isinstance(value, (list, tuple)) and len(value) > LONGEST_LIST:
        return f"{len(value)}: {literal(value[0])} … {literal(value[-1])}"
    return value


def print_demo(made: DemoHome) -> None:
    """What a demo home holds and what to do with it."""
    if not made.is_new:
        print_lines("This home holds the demo already; nothing was done again.")
    print_lines(
        f"A world of invented companies, {made.first_day} to {made.last_day}; trained on what was known on "
        f"{made.trained_as_of}, scored on month-ends and each of the last days.",
        "",
    )
