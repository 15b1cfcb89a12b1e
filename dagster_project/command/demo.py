"""`scoring demo`: a world to try everything on, through the same door and the same jobs as real data.

Here: which runs a demo home needs, in which order, and what a second or a broken-off `scoring demo` does. Not here: the world
itself (dagster_project/demo), the jobs (automation.py), what is printed (terminal/).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import yaml

from dagster_project import dbt_runner
from dagster_project.automation import DAYS, last_day_of_quarter, quarter_of
from dagster_project.command.errors import NoAnswer, WrongUse
from dagster_project.command.operations import retrain
from dagster_project.command.runs import RunOutcome, run_job
from dagster_project.config import DEFAULT_SETTINGS_FILE
from dagster_project.home import Home

# Scores are published for each month's last day, and for each of this many days before the end.
DAILY_SCORES_DAYS = 60
Tell = Callable[[str], None]


@dataclass(frozen=True)
class DemoHome:
    """What `scoring demo` left behind."""

    is_new: bool
    first_day: date
    last_day: date
    trained_as_of: date
    verdict: str
    scoring_model_version: str | None
    # Of those whose files lie in the inbox.
    last_later_day: date


def make_demo(
    home: Home, accounts: int, months: int, seed: int, tell: Tell, show: bool = True
) -> DemoHome:
    """Write the world, land its history, train, and score month-ends and the last 60 days.

    A finished demo of the same size is left as it is; one that was broken off is made again. Raises WrongUse when the home
    holds anything else, NoAnswer when a step fails.
    """
    from dagster_project.demo.settings import WorldSettings

    world = WorldSettings(accounts=accounts, months=months, seed=seed)
    asked = {"accounts": accounts, "months": months, "seed": seed}
    stamp = home.root / "demo" / "world.json"
    seen = _read(stamp)
    _refuse_other_data(home, seen, asked)
    plan = _Plan(world.first_day, world.last_day)
    later = world.last_day + timedelta(days=world.later_days)
    if seen and seen["is_done"]:
        return DemoHome(
            False,
            plan.first_day,
            plan.last_day,
            plan.train_as_of,
            seen["verdict"],
            seen["scoring_model_version"],
            later,
        )
    _write(stamp, asked | {"is_done": False})
    dbt_runner.parse_ahead(home)
    _write_world(home, world, tell)
    tell("landing the history of four vendors")
    must(
        run_job(
            home, "land", plan.last_day.isoformat(), config=exports_of(home), show_progress=show
        )
    )
    tell(f"training on what was known on {plan.train_as_of}")
    _, trained = retrain(home, plan.train_as_of, show)
    # A world too small for a model is scored by the scorecard: no failure.
    verdict = trained.metadata.get("trained_models", {}).get("verdict")
    version = trained.metadata.get("trained_models", {}).get("scoring model")
    if verdict is None:
        must(trained)
    days = plan.scored_days()
    tell(f"scoring {len(days)} days, {days[0]} to {days[-1]}, each as it was known")
    must(
        run_job(
            home,
            "backfill",
            plan.last_day.isoformat(),
            tags={DAYS: ",".join(map(str, days))},
            show_progress=show,
        )
    )
    _write(stamp, asked | {"is_done": True, "verdict": verdict, "scoring_model_version": version})
    return DemoHome(True, plan.first_day, plan.last_day, plan.train_as_of, verdict, version, later)


@dataclass(frozen=True)
class _Plan:
    first_day: date
    last_day: date

    @property
    def train_as_of(self) -> date:
        """The last end of a quarter that lies before all days that are scored daily."""
        latest = self.last_day - timedelta(days=DAILY_SCORES_DAYS)
        quarter = date.fromisoformat(quarter_of(latest))
        end = last_day_of_quarter(quarter.isoformat())
        return end if end <= latest else quarter - timedelta(days=1)

    def scored_days(self) -> list[date]:
        """Month-ends of the history, then each of the last days."""
        daily_from = self.last_day - timedelta(days=DAILY_SCORES_DAYS - 1)
        every = (self.last_day - self.first_day).days + 1
        days = [self.first_day + timedelta(days=n) for n in range(every)]
        return [
            day
            for day in days
            if day >= daily_from or (day + timedelta(days=1)).day == 1 and day > self.first_day
        ]


def _refuse_other_data(home: Home, seen: dict | None, asked: dict) -> None:
    if seen is None:
        others = (
            home.landing,
            home.published,
            home.warehouse,
            home.inbox,
            home.root / "scoring.yaml",
        )
        found = [path.name for path in others if path.exists() and _holds_files(path)]
        if found:
            raise WrongUse(
                f"{home.root} holds other data ({', '.join(found)}); a demo wants a home of its own: "
                "SCORING_HOME=/another/folder scoring demo"
            )
    elif any(seen[name] != value for name, value in asked.items()):
        made = ", ".join(f"--{name} {seen[name]}" for name in asked)
        raise WrongUse(
            f"{home.root} holds another demo ({made}); name another SCORING_HOME, or remove that folder"
        )


def _holds_files(path: Path) -> bool:
    return path.is_file() or any(found.is_file() for found in path.rglob("*"))


def _write_world(home: Home, world, tell: Tell) -> None:
    from dagster_project.demo.world import demo_settings_yaml, write_world

    for left in (home.root / "demo" / "exports", home.root / "demo" / "truth", home.inbox):
        shutil.rmtree(left, ignore_errors=True)
    settings = yaml.safe_load(DEFAULT_SETTINGS_FILE.read_text(encoding="utf-8"))
    settings |= yaml.safe_load(demo_settings_yaml(world))
    text = "# Settings of the demo world: the project's own, with what this world needs.\n"
    text += yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
    (home.root / "scoring.yaml").write_text(text, encoding="utf-8")
    tell(f"inventing {world.accounts:,} companies, {world.first_day} to {world.last_day}")
    write_world(world, home.root, lambda _: None)


def exports_of(home: Home) -> dict[str, dict]:
    """What the steps of the job `land` need to land the history of a demo home, by step: one a vendor."""
    folders = sorted(path for path in (home.root / "demo" / "exports").iterdir() if path.is_dir())
    return {f"land_{path.name}": {"paths": [str(path)], "is_history": True} for path in folders}


def must(outcome: RunOutcome) -> None:
    """Raise NoAnswer with the problems of a run that failed."""
    if not outcome.ok:
        raise NoAnswer("; ".join(outcome.problems) or f"{outcome.job} failed")


def _read(stamp: Path) -> dict | None:
    return json.loads(stamp.read_text()) if stamp.exists() else None


def _write(stamp: Path, content: dict) -> None:
    stamp.parent.mkdir(parents=True, exist_ok=True)
    temporary = stamp.with_suffix(".tmp")
    temporary.write_text(json.dumps(content) + "\n")
    os.replace(temporary, stamp)
