"""Commands that open what lies beneath: data-docs, dbt, doctor, ui.

Here: their words and options. Not here: what they start (expectations/, dbt_runner.py, doctor.py, servers.py).
"""

from __future__ import annotations

import click

from dagster_project.command.json_text import to_json
from dagster_project.command.options import AS_JSON, answering
from dagster_project.command.terminal.status import print_findings
from dagster_project.home_layout import open_home


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
