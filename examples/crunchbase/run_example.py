"""Real companies through the normal pipeline: convert, land, train, score, evaluate, say whom to call first.

Here: the order of those steps and the JSON of their result. Not here: any of the steps (convert.py, dagster_project).
Companies, funding rounds and acquisitions: Crunchbase (CC BY), see data/README.md.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from dagster_project.command import answers, operations
from dagster_project.command.errors import NoAnswer, WrongUse
from dagster_project.command.options import Day, answering
from dagster_project.command.runs import RunOutcome
from dagster_project.command.terminal.console import print_lines
from dagster_project.command.terminal.measures import print_evaluation
from dagster_project.command.terminal.messages import print_commands
from dagster_project.command.terminal.scores import print_top
from dagster_project.home import Home, HomeError, home_path, quiet_environment
from dagster_project.home_layout import open_home
from dagster_project.publisher import last_published
from examples.crunchbase.convert import convert
from examples.crunchbase.source import SourceError

HERE = Path(__file__).resolve().parent
HORIZON = timedelta(days=365)
METRICS = (
    "n",
    "positives",
    "auc",
    "auc_low",
    "auc_high",
    "pr_auc",
    "brier",
    "brier_base",
    "log_loss",
    "lift_top_decile",
    "ece",
)

LEADS = ("model_lead_auc", "model_lead_auc_low", "model_lead_auc_high")


class StepFailed(NoAnswer):
    """One step of the run did not succeed."""


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("source_dir", type=click.Path(path_type=Path))
@click.option(
    "--as-of",
    type=Day(),
    help="Score as of this day; default: 365 days before the last round in the data.",
)
@click.option(
    "--home",
    "home_dir",
    type=click.Path(path_type=Path),
    help="Where all state goes; default: SCORING_HOME, else ./.scoring-crunchbase.",
)
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Write the measures to this file."
)
@click.option(
    "--top",
    default=10,
    show_default=True,
    type=click.IntRange(1),
    help="How many companies to show.",
)
@answering
def main(
    source_dir: Path, as_of: date | None, home_dir: Path | None, json_file: Path | None, top: int
) -> None:
    """Score the companies of SOURCE_DIR (companies.csv, rounds.csv, acquisitions.csv; gzip or not)."""
    quiet_environment()
    started = time.monotonic()
    if json_file and not json_file.absolute().parent.is_dir():
        raise WrongUse(f"--json {json_file}: there is no such folder")
    home_dir = home_path(home_dir or os.environ.get("SCORING_HOME") or ".scoring-crunchbase")
    with tempfile.TemporaryDirectory(prefix="crunchbase-") as folder:
        exported = Path(folder)
        try:
            summary = convert(source_dir, exported)
        except SourceError as problem:
            raise WrongUse(str(problem)) from None
        home = claim_home(home_dir, exported)
        as_of = as_of or summary.last_round - HORIZON
        rounds = f"{summary.opportunities:,} funding rounds up to {summary.last_round}"
        say(f"{summary.accounts:,} companies, {rounds}; scoring as of {as_of}")
        step("land", operations.land(home, "salesforce", [exported], None, is_history=True))
    step("train", operations.retrain(home, as_of)[1])
    step("score", operations.backfill(home, as_of, as_of))
    answer: dict[str, Any] = {"as_of": as_of.isoformat(), **dict.fromkeys(METRICS), "baselines": {}}
    answer["n"] = count_scored(home, as_of)
    if as_of + HORIZON <= summary.last_round:
        step("evaluate", operations.evaluate(home, as_of))
        answer |= measures(home, as_of)
        print_evaluation(
            f"What happened in the 365 days after {as_of}: who raised again?",
            answers.evaluation(home, as_of),
            words=("Companies", "Raised"),
        )
    else:
        say(
            f"no evaluation: {as_of} + 365 days lies beyond the last round in the data, {summary.last_round}"
        )
    if json_file:
        json_file.write_text(json.dumps(answer, indent=2) + "\n")
    finish(home, as_of, top, started)


def say(text: str) -> None:
    """One line of progress."""
    print(text, file=sys.stderr, flush=True)


def claim_home(folder: Path, exported: Path) -> Home:
    """The example's own home: new, or left by a run on the same data. Raises HomeError for any other."""
    digest = hashlib.sha256()
    for file in sorted(exported.iterdir()):
        digest.update(file.name.encode() + file.read_bytes())
    mark = {"example": "crunchbase", "source_sha256": digest.hexdigest()}
    marker = folder / "example.json"
    if marker.exists():
        if marker.read_text() != json.dumps(mark) + "\n":
            raise HomeError(
                f"{folder} holds the companies of another source folder; name a new one with --home"
            )
    elif folder.is_dir() and not _is_untouched(folder):
        raise HomeError(f"{folder} holds other data; name a new folder with --home")
    home = open_home(folder)
    if not marker.exists():
        # Only once: whoever has changed the home's settings since keeps them.
        shutil.copyfile(HERE / "scoring.yaml", folder / "scoring.yaml")
        marker.write_text(json.dumps(mark) + "\n")
    os.environ["SCORING_HOME"] = str(folder)
    return home


def _is_untouched(folder: Path) -> bool:
    """Empty, or left so by a run that was killed at its very start."""
    settings = folder / "scoring.yaml"
    ours = not settings.exists() or settings.read_bytes() == (HERE / "scoring.yaml").read_bytes()
    return ours and {file.name for file in folder.iterdir()} <= {"home.json", "scoring.yaml"}


def step(name: str, outcome: RunOutcome) -> None:
    """Go on, or stop with the run's own words."""
    if not outcome.ok:
        raise StepFailed(f"could not {name}:\n" + "\n".join(outcome.problems))


def count_scored(home: Home, day: date) -> int:
    """How many companies have a score that day."""
    (row,) = answers.query(
        home,
        f"select count(*) as n from scores.account_scores_daily where as_of_date = date '{day}'",
    )
    return row["n"]


def measures(home: Home, day: date) -> dict[str, Any]:
    """The day's evaluation: the model's measures, and the same for each baseline; companies in their first year apart."""
    rows = answers.query(
        home, f"select * from scores.score_evaluation where as_of_date = date '{day}'"
    )
    found = {
        (row["predictor"], row["slice"]): {
            name: row[name]
            for name in (METRICS if row["predictor"] == "model" else METRICS + LEADS)
        }
        for row in rows
    }
    return {
        **found["model", "all"],
        "baselines": {
            who: values for (who, part), values in found.items() if part == "all" and who != "model"
        },
        "slices": {
            part: values
            for (who, part), values in found.items()
            if who == "model" and part != "all"
        },
    }


def finish(home: Home, as_of: date, top: int, started: float) -> None:
    """Whom to call first and why, and where to ask further."""
    print_lines("")
    if (latest := last_published(home)) != as_of:
        print_lines(
            f"This home has been refreshed since: its latest scores are those of {latest}, shown here; what stands above "
            f"is of {as_of}.",
            "",
        )
    print_top(answers.top(home, top), home.settings().conversion.primary_horizon_days)
    print("Ask further:")
    print_commands(
        'scoring query "select * from scores.account_scores order by rank limit 20"',
        "scoring status",
    )
    print(f"Scores: {home.published_database}. Companies and rounds: Crunchbase (CC BY).")
    say(f"done in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
