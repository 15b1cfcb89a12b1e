"""Commands beside the daily way: a table of one's own, and what lies beneath (data-docs, dbt, doctor, ui).

Here: their words and options. Not here: what they start (models/flat_table.py, expectations/, dbt_runner.py, doctor.py,
servers.py).
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import click

from dagster_project.command.errors import WrongUse
from dagster_project.command.json_text import to_json
from dagster_project.command.options import AS_JSON, answering
from dagster_project.command.terminal.flat_table import print_table_report
from dagster_project.command.terminal.status import print_findings
from dagster_project.home_layout import open_home


class Names(click.ParamType):
    """Column names, separated by commas; one that holds a comma stands in double quotes."""

    name = "A,B"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        """Split as a line of CSV; blanks around names do not count."""
        if isinstance(value, tuple):
            return value
        (names,) = csv.reader([value], skipinitialspace=True)
        return tuple(name.strip() for name in names if name.strip())


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--label",
    required=True,
    metavar="COL",
    help="Column of the outcome: 0/1, true/false or two words.",
)
@click.option(
    "--time",
    metavar="COL",
    help="Date, timestamp or running number: tested on the last fifth by it.",
)
@click.option(
    "--entity",
    metavar="COL",
    help="Whose row it is: none of these is both learnt from and tested on.",
)
@click.option("--drop", type=Names(), default=(), help="Columns not to learn from.")
@click.option(
    "--allow", type=Names(), default=(), help="Columns to learn from although they look like leaks."
)
@click.option("--positive", metavar="WORD", help="The value of the outcome that means converted.")
@click.option(
    "--json",
    "out",
    metavar="OUT",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the answer as JSON to this file (- is standard output).",
)
@answering
def table(
    file: Path,
    label: str,
    time: str | None,
    entity: str | None,
    drop: tuple[str, ...],
    allow: tuple[str, ...],
    positive: str | None,
    out: Path | None,
) -> int:
    """Try the trainer and its guards on any CSV or Parquet file with an outcome.

    Exit status 0 if a model of it may be used, 1 if not (too little data, leakage, no signal, drift).
    """
    from dagster_project.flat_file import FlatFileError, read_flat_file
    from models.flat_table import judge_table
    from models.promotion import PROMOTE
    from models.settings import TrainingSettings
    from models.table_roles import Columns, TableError

    _check_answer(out, file)
    columns = Columns(label, time, entity, drop, allow, positive)
    try:
        frame, notes = read_flat_file(file)
        report = judge_table(frame, columns, TrainingSettings())
    except (FlatFileError, TableError) as problem:
        raise WrongUse(str(problem)) from problem
    report["warnings"] = notes + report["warnings"]
    if out is not None:
        _write_answer(out, to_json(report))
    if str(out) != "-":
        print_table_report(file.name, report)
    return 0 if report["verdict"] == PROMOTE else 1


def _check_answer(out: Path | None, file: Path) -> None:
    """Raise WrongUse, before anything is learnt, where the answer has no folder or would take the place of the data."""
    if out is None or str(out) == "-":
        return
    if not out.absolute().parent.is_dir():
        raise WrongUse(f"--json {out}: there is no folder {out.absolute().parent}")
    if out.exists() and file.exists() and out.samefile(file):
        raise WrongUse(
            f"--json {out} is the file to be read, and would be overwritten; name another"
        )


def _write_answer(out: Path, text: str) -> None:
    if str(out) == "-":
        click.echo(text)
        return
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as problem:
        why = problem.strerror or problem
        raise WrongUse(f"--json {out} cannot be written: {why}; name another file") from problem


@click.command(name="data-docs")
@AS_JSON
@answering
def data_docs(as_json: bool) -> None:
    """Build the pages that show every stored check result."""
    from expectations.runner import build_data_docs

    page = build_data_docs(open_home(create=False).expectations)
    click.echo(to_json({"page": page}) if as_json else f"Data Docs: {page}")


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@answering
def dbt(arguments: tuple[str, ...]) -> int:
    """Any dbt command on this home's warehouse, as in `scoring dbt build`."""
    from dagster_project.dbt_runner import run_command
    from dagster_project.standing import forget_all

    home = open_home()
    with home.writing(f"scoring dbt {' '.join(arguments)}"):
        # dbt may make views that are not those of the project as it is at the next refresh.
        forget_all(home)
        return run_command(home, arguments)


@click.command()
@AS_JSON
@answering
def doctor(as_json: bool) -> int:
    """Check the set-up: settings, home, dbt project, definitions."""
    from dagster_project.command.doctor import examine

    findings = examine()
    if as_json:
        click.echo(to_json(findings))
    else:
        print_findings(findings)
    return 0 if all(finding["ok"] for finding in findings) else 2


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind.")
@click.option(
    "--port",
    default=3000,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port of Dagster's pages.",
)
@click.option(
    "--mlflow-port",
    default=5000,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port of MLflow's pages.",
)
@answering
def ui(host: str, port: int, mlflow_port: int) -> int:
    """Dagster's and MLflow's pages, and the daemon that runs schedules.

    Ctrl-C ends all of them.
    """
    from dagster_project.command.servers import serve

    return serve(open_home(), host, port, mlflow_port)
