"""What is shown of `scoring verify`.

Here: its words and tables. Not here: deriving and comparing (dagster_project/verification.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dagster_project.command.terminal.console import print_lines
from dagster_project.command.terminal.messages import print_error
from dagster_project.command.terminal.tables import CELL_WIDTH, Column, print_table
from dagster_project.command.terminal.wording import counted

if TYPE_CHECKING:
    from dagster_project.verification import Difference, Verification

SHOWN = 10


def print_verification(found: Verification) -> None:
    """Print what was found: damage first, then what differs, then the count of all."""
    for file, why in found.damaged_files.items():
        print_error(
            f"{file}: {why}. Put it back from a copy, or land the vendor's file again for the same day, which makes it anew."
        )
    if found.damaged_files:
        return print_lines("Nothing was derived: it would rest on damaged data.")
    for fault in found.published_faults:
        print_error(f"{fault}. `scoring backfill --from DAY --to DAY` publishes the day anew.")
    for version, why in found.damaged_models.items():
        print_error(
            f"scoring model {version}: {why}. Put its folder in mlflow/artifacts back from a copy."
        )
    _print_differences([one for one in found.differences if not one.made_with_other])
    others = [one for one in found.differences if one.made_with_other]
    for why in sorted({one.made_with_other for one in others}):
        of_these = {
            (one.as_of_date, one.account_id) for one in others if one.made_with_other == why
        }
        print_lines(f"{counted(len(of_these), 'row')} not reproducible with this version: {why}.")
    said = [f"{found.same:,} the same", f"{found.different:,} different"]
    if found.nearly:
        said.insert(1, f"{found.nearly:,} the same to 1e-6 (scored on another kind of processor)")
    if found.not_comparable:
        said.append(f"{found.not_comparable:,} made with another version")
    if skipped := found.rows - found.same - found.nearly - found.different - found.not_comparable:
        said.append(f"{skipped:,} not derived")
    drawn = f"{counted(found.rows, 'stored score')} of {counted(found.days, 'day')}"
    print_lines(f"{drawn}, derived again from landing: {', '.join(said)}.")
    print_lines(f"Processor: {found.processor}")


def _print_differences(differences: list[Difference]) -> None:
    if not differences:
        return
    columns: Iterable[Column] = (
        Column("Day"),
        Column("Account", width=CELL_WIDTH),
        Column("Column", width=CELL_WIDTH),
        Column("Stored", width=CELL_WIDTH),
        Column("Derived", width=CELL_WIDTH),
    )
    rows = [
        (one.as_of_date, one.account_id, one.column, one.stored, one.derived)
        for one in differences[:SHOWN]
    ]
    print_table("", list(columns), rows)
    if len(differences) > SHOWN:
        print_lines(f"and {len(differences) - SHOWN:,} more; --json lists all")
