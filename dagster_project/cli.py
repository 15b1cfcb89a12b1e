"""The `scoring` command.

Here: words, options, exit statuses. Not here: the work (operations.py), the questions (answers.py), tables (terminal.py).
Exit statuses: 0 done, 1 the answer is no, 2 wrong use or configuration.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from dagster_project.command import answers, terminal
from dagster_project.command.json_text import snake_case
from dagster_project.config import SettingsError
from dagster_project.dbt_runner import DbtError
from dagster_project.home import (
    BusyError,
    EmptyHomeError,
    Home,
    HomeError,
    open_home,
    quiet_environment,
)

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


def answering(command: Callable[..., int | None]) -> Callable[..., None]:
    """Turn a user's mistake into one clear message and the right exit status."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            status = command(*args, **kwargs)
        except (answers.NoAnswer, BusyError, EmptyHomeError) as problem:
            terminal.print_error(str(problem))
            sys.exit(1)
        except KeyboardInterrupt:
            terminal.print_error("interrupted")
            sys.exit(1)
        except (
            SettingsError,
            HomeError,
            answers.WrongUse,
            answers.BadQuestion,
            DbtError,
        ) as problem:
            terminal.print_error(str(problem))
            sys.exit(2)
        sys.exit(status or 0)

    return wrapped


class InOrder(click.Group):
    """Help lists the commands as they stand in this file: asking first, then doing, then mending."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in order of definition."""
        return list(self.commands)


@click.group(
    cls=InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
def main() -> None:
    """Which companies to work on, why, and whether the numbers can be trusted.

    All state is in one folder, SCORING_HOME (default ./.scoring). Files are dropped in its inbox/<vendor>/<day>/ or landed
    with `scoring land`; `scoring refresh` scores a day; `scoring top` says whom to call first.
    """
    quiet_environment()


@main.command()
@click.option(
    "--accounts",
    default=2000,
    show_default=True,
    type=click.IntRange(50, 1_000_000),
    help="Companies.",
)
@click.option(
    "--months", default=36, show_default=True, type=click.IntRange(12, 120), help="History."
)
@click.option("--seed", default=7, show_default=True, type=int, help="Another seed, another world.")
@AS_JSON
@answering
def demo(accounts: int, months: int, seed: int, as_json: bool) -> None:
    """A world to try it on: invented companies in four vendors' files.

    Ends on 2026-06-30 and leaves the 30 days after it in the inbox: `scoring refresh` takes them day by day. Wants a home of
    its own. The truth behind the world is written to demo/truth, which the pipeline never reads.
    """
    from dagster_project.command.demo import make_demo

    home = open_home()
    made = make_demo(home, accounts, months, seed, terminal.print_note, show=not as_json)
    if as_json:
        return click.echo(terminal.to_json(asdict(made)))
    terminal.print_demo(made)
    terminal.print_top(answers.top(home, 10), home.settings().conversion.primary_horizon_days)


@main.command()
@click.option(
    "--limit", default=10, show_default=True, type=click.IntRange(1), help="How many accounts."
)
@AS_JSON
@answering
def top(limit: int, as_json: bool) -> None:
    """Whom to call first, and why."""
    home = open_home(create=False)
    rows = answers.top(home, limit)
    if as_json:
        return click.echo(terminal.to_json(rows))
    terminal.print_top(rows, home.settings().conversion.primary_horizon_days)


@main.command()
@click.argument("account")
@click.option("--date", "day", type=Day(), help="The day; default: the latest published.")
@AS_JSON
@answering
def explain(account: str, day: date | None, as_json: bool) -> None:
    """Why this score, and what changed. ACCOUNT is an id, a domain or a name."""
    home = open_home(create=False)
    answer = answers.explain(home, account, day)
    if as_json:
        return click.echo(terminal.to_json(answer))
    terminal.print_explanation(answer, home.settings().conversion.primary_horizon_days)


# SQL may open with a comment, which looks like an unknown option.
@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("sql")
@AS_JSON
@answering
def query(sql: str, as_json: bool) -> None:
    """Ask the published scores with SQL (read-only); `--json` prints one list of objects.

    \b
    scoring query "show tables"
    scoring query "select account_name, reasons from scores.account_scores limit 20"
    """
    rows = answers.query(open_home(create=False), sql)
    if as_json:
        return click.echo(terminal.to_json(rows))
    terminal.print_rows(rows)


@main.command()
@AS_JSON
@answering
def status(as_json: bool) -> None:
    """What is published, how fresh the feeds are, what is in quarantine, sizes."""
    answer = answers.status(open_home(create=False))
    if as_json:
        return click.echo(terminal.to_json(answer))
    terminal.print_status(answer)


@main.command()
@click.argument("vendor")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH..."
)
@click.option(
    "--date", "day", type=Day(), help="Land as known on this day (default: by the arrival clock)."
)
@click.option(
    "--history",
    "is_history",
    is_flag=True,
    help="A first import: each row known since its own change stamps.",
)
@AS_JSON
@answering
def land(
    vendor: str, paths: tuple[Path, ...], day: date | None, is_history: bool, as_json: bool
) -> int:
    """Land a vendor's export (files or folders of CSV, JSONL or Parquet, gzip or not).

    A file's name says its table: account.csv, opportunities-part1.jsonl.gz, OpportunityHistory.parquet. A bad row goes to
    quarantine, a bad file is refused; both are told with the reason. Exit status 1: nothing could be landed.
    """
    from dagster_project.command import operations

    home = open_home()
    outcome = operations.land(home, vendor, list(paths), day, is_history, show=not as_json)
    files = answers.arrivals(outcome.metadata)
    known = None if is_history or not files else date.fromisoformat(files[-1]["day"])
    about = {"known_as_of": known, "is_history": is_history}
    status = report_run(home, outcome, as_json, about if as_json else None)
    if outcome.ok and not as_json:
        terminal.print_landing_day(known, answers.last_published(home))
        for file in answers.landed_twice(home):
            if file["source_file"] in {one["file"] for one in files}:
                terminal.print_warning(twice(file))
    return status


def twice(file: dict[str, Any]) -> str:
    """That a file of the same bytes landed for more than one day."""
    days = ", ".join(day.isoformat() for day in file["days"])
    return f"{file['source_file']} landed for several days with the same content: {days}"


@main.command()
@click.option(
    "--date", "day", type=Day(), help="The day; default: the one after the last published."
)
@AS_JSON
@answering
def refresh(day: date | None, as_json: bool) -> int:
    """One day: inbox → landing → features → checks → scores → published.

    Files of the day lie in inbox/<vendor>/<YYYY-MM-DD>/ of the home. Without any data, or when a check fails, nothing is
    published, the scores of the day before stay served, and the exit status is 1.
    """
    from dagster_project.command import operations

    home = open_home()
    day, outcome = operations.refresh(home, day, show=not as_json)
    return report_run(home, outcome, as_json, {"as_of_date": day})


@main.command()
@click.option("--from", "first", type=Day(), required=True, help="First day.")
@click.option("--to", "last", type=Day(), required=True, help="Last day.")
@click.option(
    "--model",
    type=click.Choice(["latest"]),
    help="Restate with the newest scoring model, on purpose.",
)
@AS_JSON
@answering
def backfill(first: date, last: date, model: str | None, as_json: bool) -> int:
    """History, each day as it was known that day, in one run."""
    from dagster_project.command import operations

    home = open_home()
    outcome = operations.backfill(home, first, last, model, show=not as_json)
    return report_run(home, outcome, as_json, {"from": first, "to": last})


@main.command()
@click.option(
    "--as-of",
    type=Day(),
    help="Train on what was known on this day; default: the last day that has landed.",
)
@AS_JSON
@answering
def retrain(as_of: date | None, as_json: bool) -> int:
    """Train, evaluate, and promote or refuse, with the reasons."""
    from dagster_project.command import operations

    home = open_home()
    as_of = as_of or answers.last_known_day(home)
    if as_of and not as_json:
        terminal.print_note(f"training on what was known on {as_of}")
    as_of, outcome = operations.retrain(home, as_of, show=not as_json)
    version = outcome.metadata.get("trained_models", {}).get("scoring model")
    trained = answers.training(home, version) if version else None
    if trained and not as_json:
        terminal.print_training(trained)
    return report_run(
        home, outcome, as_json, {"as_of": as_of}, said_already=outcome.metadata if trained else ()
    )


@main.command()
@click.option(
    "--date", "day", type=Day(), required=True, help="A scored day whose outcomes are known."
)
@AS_JSON
@answering
def evaluate(day: date, as_json: bool) -> int:
    """Hold the scores of a day against what happened since."""
    from dagster_project.command import operations

    home = open_home()
    outcome = operations.evaluate(home, day, show=not as_json)
    about: dict[str, Any] = {"as_of_date": day}
    if not outcome.ok:
        return report_run(home, outcome, as_json, about)
    rows = answers.evaluation(home, day)
    if as_json:
        return report_run(home, outcome, as_json, about | {"evaluation": rows})
    terminal.print_evaluation(
        f"What happened in the {rows[0]['horizon_days']} days after {day}, as known on {rows[0]['outcomes_known_as_of']}",
        rows,
    )
    terminal.print_lines("Each measure, also of the baselines on a part of the accounts:")
    terminal.print_commands(
        f"scoring query \"select * from scores.score_evaluation where as_of_date = date '{day}'\""
    )
    return report_run(home, outcome, as_json, about, said_already=outcome.metadata)


def report_run(
    home: Home,
    outcome: Any,
    as_json: bool,
    about: dict[str, Any] | None = None,
    said_already: Iterable[str] = (),
) -> int:
    """Print what came of a run, with each file that it brought and each row that it refused; returns the exit status.

    said_already: assets of which enough has been printed.
    """
    files = answers.arrivals(outcome.metadata)
    refused = answers.refused_rows(home, files)
    if as_json:
        facts = {
            "ok": outcome.ok,
            "job": outcome.job,
            "run_id": outcome.run_id,
            "problems": outcome.problems,
            "files": files,
            "refused": refused,
        }
        facts = snake_case({**facts, "assets": outcome.metadata})
        click.echo(terminal.to_json({**(about or {}), **facts}))
    else:
        terminal.print_arrivals(files, refused)
        terminal.print_outcome(outcome, about or {}, tuple(said_already))
    return 0 if outcome.ok else 1


@main.command(name="data-docs")
@AS_JSON
@answering
def data_docs(as_json: bool) -> None:
    """Build the pages that show every stored check result."""
    from expectations.runner import build_data_docs

    page = build_data_docs(open_home(create=False).expectations)
    click.echo(terminal.to_json({"page": page}) if as_json else f"Data Docs: {page}")


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@answering
def dbt(arguments: tuple[str, ...]) -> int:
    """Any dbt command on this home's warehouse, as in `scoring dbt build`."""
    from dagster_project.dbt_runner import run_command
    from dagster_project.warehouse import connect

    home = open_home()
    with home.writing(f"scoring dbt {' '.join(arguments)}"):
        connect(home).close()
        return run_command(home, arguments)


@main.command()
@AS_JSON
@answering
def doctor(as_json: bool) -> int:
    """Check the set-up: settings, home, dbt project, definitions."""
    from dagster_project.command.doctor import examine

    findings = examine()
    if as_json:
        click.echo(terminal.to_json(findings))
    else:
        terminal.print_findings(findings)
    return 0 if all(finding["ok"] for finding in findings) else 2


@main.command()
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


if __name__ == "__main__":
    main()
