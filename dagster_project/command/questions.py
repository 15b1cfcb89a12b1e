"""Commands that ask: top, explain, segments, query, feeds, status.

Here: their words and options. Not here: the answers (answers.py, home_status.py), how they are shown (terminal/).
"""

from __future__ import annotations

from datetime import date

import click

from dagster_project.command import answers, learnt
from dagster_project.command.errors import WrongUse
from dagster_project.command.home_status import home_status
from dagster_project.command.json_text import to_json
from dagster_project.command.options import AS_JSON, Day, answering
from dagster_project.command.terminal.scores import print_explanation, print_top
from dagster_project.command.terminal.segments import points_comment, print_learnt, print_segments
from dagster_project.command.terminal.status import print_status
from dagster_project.command.terminal.tables import print_rows
from dagster_project.home_layout import open_home


@click.command()
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
        return click.echo(to_json(rows))
    print_top(rows, home.settings().conversion.primary_horizon_days)


@click.command()
@click.argument("account")
@click.option("--date", "day", type=Day(), help="The day; default: the latest published.")
@AS_JSON
@answering
def explain(account: str, day: date | None, as_json: bool) -> None:
    """Why this score, and what changed. ACCOUNT is an id, a domain or a name."""
    home = open_home(create=False)
    answer = answers.explain(home, account, day)
    if as_json:
        return click.echo(to_json(answer))
    print_explanation(answer, home.settings().conversion.primary_horizon_days)


@click.command()
@click.option("--feature", default="", help="All segments of this feature.")
@click.option("--points", is_flag=True, help="Suggested points, to paste into scoring.yaml.")
@AS_JSON
@answering
def segments(feature: str, points: bool, as_json: bool) -> None:
    """Which kinds of accounts convert, from history; what winners are like.

    Rates with 95 % intervals, as the newest published training found them. Tables scores.segment_conversion, icp_profile and
    suggested_points hold all of it.
    """
    if feature and points:
        raise WrongUse("--feature shows segments and --points suggests lines: ask one of them")
    home = open_home(create=False)
    answer = learnt.segments_of(home, feature) if feature else learnt.learnt(home)
    if as_json:
        return click.echo(to_json(answer))
    if points:
        card = learnt.scorecard_yaml(answer)
        return click.echo(points_comment(answer) + card, nl=False)
    print_segments(answer) if feature else print_learnt(answer)


# SQL may open with a comment, which looks like an unknown option.
@click.command(context_settings={"ignore_unknown_options": True})
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
        return click.echo(to_json(rows))
    print_rows(rows)


@click.command()
@click.argument("name", default="", metavar="[VENDOR|TABLE]")
@AS_JSON
@answering
def feeds(name: str, as_json: bool) -> None:
    """Which tables can be landed, and which columns are read of them."""
    from dagster_project.command.terminal.feeds import declared, print_declared
    from dagster_project.feeds import VENDORS

    tables = [table for tables in VENDORS.values() for table in tables]
    found = [table for table in tables if name in ("", table.vendor, table.name)]
    if not found:
        raise WrongUse(f"{name!r} is no vendor and no table; `scoring feeds` lists them")
    said = [declared(table) for table in found]
    if as_json:
        return click.echo(to_json(said))
    print_declared(said)


@click.command()
@AS_JSON
@answering
def status(as_json: bool) -> None:
    """What is published, how fresh the feeds are, what is in quarantine, sizes."""
    answer = home_status(open_home(create=False))
    if as_json:
        return click.echo(to_json(answer))
    print_status(answer)
