"""Commands that run the pipeline, or hold it to account: demo, land, refresh, backfill, retrain, evaluate, verify.

Here: their words and options, and what is said of a run. Not here: which job a command means (operations.py, demo.py), how the
run goes (runs.py), tables (terminal/).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import click

from dagster_project.command import answers
from dagster_project.command.errors import NoAnswer, WrongUse
from dagster_project.command.home_status import stale_days
from dagster_project.command.json_text import snake_case, to_json
from dagster_project.command.landed import arrivals, landed_twice, last_known_day, refused_rows
from dagster_project.command.options import AS_JSON, Day, answering
from dagster_project.command.terminal.console import print_lines
from dagster_project.command.terminal.measures import print_evaluation, print_training
from dagster_project.command.terminal.messages import print_commands, print_note, print_warning
from dagster_project.command.terminal.run_report import (
    print_arrivals,
    print_demo,
    print_landing_day,
    print_outcome,
)
from dagster_project.command.terminal.scores import print_top
from dagster_project.command.terminal.status import print_stale
from dagster_project.home import Home
from dagster_project.home_layout import open_home
from dagster_project.publisher import last_published


@click.command()
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
    made = make_demo(home, accounts, months, seed, print_note, show=not as_json)
    if as_json:
        return click.echo(to_json(asdict(made)))
    print_demo(made)
    if made.scoring_model_version:
        print_training(answers.training(home, made.scoring_model_version))
        print_lines("")
    print_top(answers.top(home, 10), home.settings().conversion.primary_horizon_days)
    print_lines(f"Days up to {made.last_later_day} lie in the inbox, one refresh each:")
    print_commands("scoring refresh")


@click.command()
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
@click.option(
    "--replace",
    "is_replacing",
    is_flag=True,
    help="In the place of what landed for --date before, which is kept aside and on record.",
)
@AS_JSON
@answering
def land(
    vendor: str,
    paths: tuple[Path, ...],
    day: date | None,
    is_history: bool,
    is_replacing: bool,
    as_json: bool,
) -> int:
    """Land a vendor's export (files or folders of CSV, JSONL or Parquet, gzip or not).

    A file's name says its table: account.csv, opportunities-part1.jsonl.gz, OpportunityHistory.parquet. A bad row goes to
    quarantine, a bad file is refused; both are told with the reason. Exit status 1: nothing could be landed. Scores of days that
    it changes stay as they are until they are scored again; `scoring status` lists them.
    """
    from dagster_project.command import operations

    home = open_home()
    outcome = operations.land(
        home, vendor, list(paths), day, is_history, show=not as_json, is_replacing=is_replacing
    )
    files = arrivals(outcome.metadata)
    known = None if is_history or not files else date.fromisoformat(files[-1]["day"])
    about = {"known_as_of": known, "is_history": is_history}
    status = report_run(home, outcome, as_json, about if as_json else None)
    if outcome.ok and not as_json:
        print_landing_day(known, last_published(home))
        for file in landed_twice(home):
            if file["source_file"] in {one["file"] for one in files}:
                print_warning(twice(file))
    return status


def twice(file: dict[str, Any]) -> str:
    """That a file of the same bytes landed for more than one day."""
    days = ", ".join(day.isoformat() for day in file["days"])
    return f"{file['source_file']} landed for several days with the same content: {days}"


@click.command()
@click.option(
    "--date", "day", type=Day(), help="The day; default: the one after the last published."
)
@click.option(
    "--skip",
    "skips_days",
    is_flag=True,
    help="Leave files that wait in the inbox for earlier days.",
)
@AS_JSON
@answering
def refresh(day: date | None, skips_days: bool, as_json: bool) -> int:
    """One day: inbox → landing → features → checks → scores → published.

    Files of the day lie in inbox/<vendor>/<YYYY-MM-DD>/ of the home. Without any data, or when a check fails, nothing is
    published, the scores of the day before stay served, and the exit status is 1.
    """
    from dagster_project.command import operations

    home = open_home()
    day, outcome = operations.refresh(home, day, show=not as_json, skips_days=skips_days)
    status = report_run(home, outcome, as_json, {"as_of_date": day})
    last = last_published(home)
    if not as_json and last and day < last:
        # Later days did not know of what has just landed.
        print_stale(stale_days(home))
    return status


@click.command()
@click.option("--from", "first", type=Day(), required=True, help="First day.")
@click.option("--to", "last", type=Day(), required=True, help="Last day.")
@click.option(
    "--model",
    type=click.Choice(["latest"]),
    help="Restate with the newest scoring model, on purpose.",
)
@click.option(
    "--with-training",
    is_flag=True,
    help="Train at each quarter's start on what was known then, and hold each quarter against its outcomes.",
)
@click.option(
    "--skip", "skips_days", is_flag=True, help="Leave files that wait in the inbox for these days."
)
@AS_JSON
@answering
def backfill(
    first: date,
    last: date,
    model: str | None,
    with_training: bool,
    skips_days: bool,
    as_json: bool,
) -> int:
    """History, each day as it was known that day, in one run.

    Each day is scored by the scoring model that was champion then; days before the first get the scorecard. --with-training
    gives years of exports an honest track record: each quarter's own model, scored forward.
    """
    from dagster_project.command import operations
    from dagster_project.command.terminal.track_record import print_track_record
    from dagster_project.command.walk_forward import walk_forward

    home = open_home()
    about: dict[str, Any] = {"from": first, "to": last}
    if not with_training:
        outcome = operations.backfill(
            home, first, last, model, show=not as_json, skips_days=skips_days
        )
        return report_run(home, outcome, as_json, about)
    if model:
        raise WrongUse("give --model latest or --with-training, not both")
    operations.check_span(home, first, last, skips_days)
    quarters, outcome = walk_forward(
        home, first, last, print_note, show=not as_json, skips_days=skips_days
    )
    if not as_json:
        print_track_record(quarters, home.settings().conversion.primary_horizon_days)
    facts = {"quarters": [asdict(quarter) for quarter in quarters]} if as_json else {}
    return report_run(home, outcome, as_json, about | facts)


@click.command()
@click.option(
    "--as-of",
    type=Day(),
    help="Train on what was known on this day; default: the last day that has landed.",
)
@click.option(
    "--search",
    "trials",
    type=click.IntRange(1),
    metavar="TRIALS",
    help="First try this many settings of the model on older days; 30 take a minute or two for 2,000 accounts.",
)
@AS_JSON
@answering
def retrain(as_of: date | None, trials: int | None, as_json: bool) -> int:
    """Train, evaluate, and promote or refuse, with the reasons.

    --search takes the settings that fare best on days before those that measure the model, and those of scoring.yaml where none
    is better. A model found so must beat the one in force like any other.
    """
    from dagster_project.command import operations

    home = open_home()
    as_of = as_of or last_known_day(home)
    if as_of and not as_json:
        print_note(f"training on what was known on {as_of}")
    as_of, outcome = operations.retrain(home, as_of, show=not as_json, search_trials=trials or 0)
    version = outcome.metadata.get("trained_models", {}).get("scoring model")
    trained = answers.training(home, version) if version else None
    if trained and not as_json:
        print_training(trained)
        said = outcome.metadata["trained_models"]
        print_lines(f"Model card: {said['model card']}")
        for text in said.get("off on later data", []):
            print_warning(f"off on later data: {text}")
    return report_run(
        home, outcome, as_json, {"as_of": as_of}, said_already=outcome.metadata if trained else ()
    )


@click.command()
@click.option(
    "--from",
    "first",
    type=Day(),
    help="First day it scores no more; default: the latest published.",
)
@click.option("--why", default="", help="The reason, for the record.")
@AS_JSON
@answering
def rollback(first: date | None, why: str, as_json: bool) -> int:
    """Withdraw the newest champion; what was before it scores again.

    That is the model promoted before it, else the scorecard. A new training may be promoted after it. Published days from --from
    on are scored anew; what was published before stays as it is.
    """
    from dagster_project.command.rollback import rollback as roll_back

    home = open_home()
    done, outcome = roll_back(home, first, why, show=not as_json)
    about = asdict(done)
    if not as_json:
        was = "had been" if done.is_finishing else "is"
        print_lines(
            f"Scoring model {done.withdrawn} {was} withdrawn from {done.from_day} on; {done.in_force} scores from there."
        )
        for text in done.warnings:
            print_warning(text)
    if outcome is None:
        if as_json:
            click.echo(to_json(about))
        return 0
    return report_run(home, outcome, as_json, about if as_json else {"from": done.from_day})


@click.command()
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
    print_evaluation(
        f"What happened in the {rows[0]['horizon_days']} days after {day}, as known on {rows[0]['outcomes_known_as_of']}",
        rows,
    )
    print_lines("Each measure, also of the baselines on a part of the accounts:")
    print_commands(
        f"scoring query \"select * from scores.score_evaluation where as_of_date = date '{day}'\""
    )
    return report_run(home, outcome, as_json, about, said_already=outcome.metadata)


@click.command()
@click.option("--date", "day", type=Day(), help="Only scores of this day.")
@click.option(
    "--sample",
    default=200,
    show_default=True,
    type=click.IntRange(1),
    help="How many stored scores are drawn.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Another seed draws others.",
)
@AS_JSON
@answering
def verify(day: date | None, sample: int, seed: int, as_json: bool) -> int:
    """Derive stored scores again from landing, and compare them exactly.

    Scores are drawn at random from the published history; their features are built from landed files alone, beside the
    warehouse, and scored by the registered scoring model. Exit status 1: a score, a landed file or a scoring model is not what
    it was. Scores made with another version of features, code or settings are named, and are no difference.
    """
    from dagster_project.command.terminal.verification import print_verification
    from dagster_project.verification import NotDerivedError, UnreadableError
    from dagster_project.verification import verify as derive_again

    home = open_home(create=False)
    try:
        found = derive_again(home, sample, day, seed, print_note)
    except FileNotFoundError:
        raise NoAnswer("nothing has been published yet: there is nothing to verify") from None
    except UnreadableError as problem:
        raise NoAnswer(
            f"{problem}. Put it back from a copy; published days are written anew by `scoring backfill --from DAY --to DAY`"
        ) from None
    except NotDerivedError as problem:
        raise NoAnswer(f"features could not be derived from landing: {problem}") from None
    if not found.rows:
        raise NoAnswer(f"no scores of {day} have been published")
    if as_json:
        click.echo(to_json(asdict(found) | {"is_proven": found.is_proven}))
    else:
        print_verification(found)
    return 0 if found.is_proven else 1


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
    files = arrivals(outcome.metadata)
    refused = refused_rows(home, files)
    if as_json:
        facts = {
            "ok": outcome.ok,
            "job": outcome.job,
            "run_id": outcome.run_id,
            "problems": outcome.problems,
            "warnings": outcome.warnings,
            "files": files,
            "refused": refused,
        }
        facts = snake_case({**facts, "assets": outcome.metadata})
        click.echo(to_json({**(about or {}), **facts}))
    else:
        print_arrivals(files, refused)
        print_outcome(outcome, about or {}, tuple(said_already))
    return 0 if outcome.ok else 1
