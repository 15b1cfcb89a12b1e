"""What the scoring command can have done: land, refresh, backfill, retrain, evaluate.

Here: which job, partition and configuration a command means, checked before anything runs. Not here: what is said of it
(pipeline.py) and the work itself (assets/). The examples use these functions too: one way in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from dagster_project.automation import quarter_of, training_config
from dagster_project.command.errors import NoAnswer, WrongUse
from dagster_project.command.landed import arrivals, last_known_day
from dagster_project.command.runs import RunOutcome, run_job
from dagster_project.feeds import VENDORS
from dagster_project.feeds.file_names import table_of
from dagster_project.home import Home, utc_now
from dagster_project.landing.door import data_files
from dagster_project.landing.inbox import waiting_days
from dagster_project.landing.known_at import arrival_day
from dagster_project.landing.store import landed_before, sha256_of
from dagster_project.publisher import last_published
from models.promotion import KEEP, PROMOTE


def land(
    home: Home,
    vendor: str,
    paths: list[Path],
    day: date | None,
    is_history: bool,
    show: bool = True,
    is_replacing: bool = False,
) -> RunOutcome:
    """Land files of one vendor; not ok when every file was refused.

    is_replacing: in the place of what landed before for the same tables and day. Raises WrongUse for an unknown vendor, a
    missing path, a folder without data, two kinds of date, or a replacement without a day.
    """
    if vendor not in VENDORS:
        raise WrongUse(f"unknown vendor {vendor!r}; known: {', '.join(sorted(VENDORS))}")
    if vendor not in home.settings().feeds:
        raise WrongUse(
            f"{vendor} is not among the feeds of {home.settings_file}; add it there first"
        )
    if day and is_history:
        raise WrongUse("give --date or --history, not both")
    if is_replacing and not day:
        raise WrongUse("--replace needs --date: the day whose files are sent again")
    for path in paths:
        if not path.exists():
            raise WrongUse(f"{path}: there is no such file or folder")
    files = [file for path in paths for file in data_files(path)]
    if not files:
        raise WrongUse(
            f"{', '.join(map(str, paths))}: no data files (hidden and unfinished ones do not count)"
        )
    landed_on = _landed_on(home, vendor, files) if is_history else None
    ds = landed_on or day or arrival_day(utc_now(), home.settings().arrival.cutoff_utc)
    if not landed_on:
        _check_in_history(home, ds)
    config = {
        "paths": [str(path.absolute()) for path in paths],
        "vendor": vendor,
        "is_history": is_history,
        "is_date_given": day is not None,
        "is_replacing": is_replacing,
    }
    outcome = run_job(
        home,
        "land",
        partition=ds.isoformat(),
        config={
            f"land_{one}": config if one == vendor else {"is_idle": True}
            for one in home.settings().feeds
        },
        show_progress=show,
    )
    refused = _refused_files(outcome)
    if refused and len(refused) == len(files):
        # That no data came for the day, as the checks put it, is only what follows from this.
        return replace(outcome, ok=False, problems=refused)
    return outcome


def _landed_on(home: Home, vendor: str, files: Sequence[Path]) -> date | None:
    """The day on which all of these files have landed before: a history import does not land them again."""
    days = []
    for file in files:
        table = table_of(file.name, VENDORS[vendor])
        before = landed_before(home.landing, vendor, table.name, sha256_of(file)) if table else []
        if not before:
            return None
        days.append(date.fromisoformat(before[-1].parent.name.removeprefix("ds=")))
    return max(days)


def _refused_files(outcome: RunOutcome) -> tuple[str, ...]:
    return tuple(
        f"{file['file']} was refused: {file['note']}"
        for file in arrivals(outcome.metadata)
        if not file["is landed"]
    )


def refresh(
    home: Home, day: date | None, show: bool = True, skips_days: bool = False
) -> tuple[date, RunOutcome]:
    """One day, by default the one after the last published.

    skips_days: leave what waits in the inbox for days between. Raises NoAnswer when there is no day to go on from, WrongUse when
    days would be left out unasked.
    """
    day = day or _next_day(home)
    _check_in_history(home, day)
    if not skips_days:
        _refuse_to_skip(home, day, day)
    outcome = run_job(home, "daily_refresh", partition=day.isoformat(), show_progress=show)
    if not outcome.ok:
        outcome = replace(outcome, problems=(*_refused_files(outcome), *outcome.problems))
    return day, outcome


def _refuse_to_skip(home: Home, day: date, before: date) -> None:
    """What lies in the inbox for days after the last published one would be missing in the day's scores, which would shift."""
    left = waiting_days(home, last_published(home), before)
    if left:
        span = f"{left[0]}" if len(left) == 1 else f"{left[0]} to {left[-1]}"
        raise WrongUse(
            f"files of {span} wait in the inbox and would be missing in the scores of {day}; take them first: `scoring refresh` "
            "without --date does the next day each time (--skip leaves them)"
        )


def backfill(
    home: Home,
    first: date,
    last: date,
    model: str | None = None,
    show: bool = True,
    skips_days: bool = False,
) -> RunOutcome:
    """A range of days in one run, each as it was known, by the scoring model of that day (or `model="latest"`).

    skips_days: leave what waits in the inbox for these days. Raises WrongUse when it would be left out unasked.
    """
    check_span(home, first, last, skips_days)
    config = {"account_predictions_build": {"model": model}} if model else None
    return run_job(home, "backfill", days=(first, last), config=config, show_progress=show)


def check_span(home: Home, first: date, last: date, skips_days: bool = False) -> None:
    """Raises WrongUse for a span that ends before it starts, reaches out of history, or has files waiting in the inbox."""
    if last < first:
        raise WrongUse(f"--from {first} is later than --to {last}")
    for day in (first, last):
        _check_in_history(home, day)
    if not skips_days:
        _refuse_to_skip(home, last, last + timedelta(days=1))


def retrain(
    home: Home,
    as_of: date | None,
    show: bool = True,
    scores_from: date | None = None,
    search_trials: int = 0,
) -> tuple[date, RunOutcome]:
    """Train on what was known on a day (default: the last day that has landed). A refused training is not ok.

    scores_from: the first day that the model may score (default: the day of training, unless its scores are out).
    search_trials: how many settings of the boosters are tried out before the model is trained.
    """
    as_of = as_of or last_known_day(home)
    if as_of is None:
        raise NoAnswer("nothing has landed yet; see `scoring land --help`")
    _check_in_history(home, as_of)
    if not any(home.landing.glob("*/opportunity/ds=*/*.parquet")):
        raise NoAnswer(
            "no opportunity has landed, and a training learns from won deals: land the CRM's export of opportunities first "
            "(`scoring status` lists what was refused)"
        )
    outcome = run_job(
        home,
        "retrain",
        partition=quarter_of(as_of),
        config=training_config(as_of, scores_from, search_trials=search_trials),
        show_progress=show,
    )
    said = outcome.metadata.get("trained_models", {})
    # That the model in force is kept is no failure.
    if outcome.ok and said["verdict"] not in (PROMOTE, KEEP):
        why = f"training refused ({said['verdict']}): {said['why']}"
        outcome = replace(outcome, ok=False, problems=(why,))
    if not outcome.ok:
        outcome = replace(outcome, problems=(*outcome.problems, _in_force(home, as_of)))
    return as_of, outcome


def _in_force(home: Home, day: date) -> str:
    """What scores a day where no new model does, in words."""
    from models.registry import Registry
    from models.scorecard import scorecard_of

    scorecard = scorecard_of(home.settings().for_training())
    champion = Registry(home.mlflow_database, home.mlflow_artifacts).champion_as_of(day)
    if champion:
        return f"Scoring model {champion} stays in force."
    if scorecard:
        return (
            f"The scorecard of {home.settings_file} stays in force ({scorecard.version}): "
            "scores come from its points until there is enough history to learn from."
        )
    return f"Nothing is in force for {day}: no scoring model, and no scorecard in {home.settings_file}."


def evaluate(home: Home, day: date, show: bool = True) -> RunOutcome:
    """Hold the stored scores of a day against the outcomes known since."""
    _check_in_history(home, day)
    return run_job(home, "evaluate", partition=day.isoformat(), show_progress=show)


def _check_in_history(home: Home, day: date) -> None:
    starts = home.settings().history_starts
    if day < starts:
        raise WrongUse(f"{day} is before history_starts {starts} of {home.settings_file}")
    # A clock set ahead (SCORING_CLOCK) does not make days: Dagster's partitions follow the machine's.
    today = min(utc_now(), datetime.now(UTC).replace(tzinfo=None)).date()
    if day > today:
        raise WrongUse(f"{day} is in the future (today is {today}, UTC)")


def _next_day(home: Home) -> date:
    last = last_published(home)
    if last is None:
        raise NoAnswer(
            "no day has been published yet; name the first one: scoring refresh --date YYYY-MM-DD"
        )
    return last + timedelta(days=1)
