"""`scoring rollback`: the newest scoring model is withdrawn, and the one before it scores again.

Here: which model from which day on, and scoring the published days from there anew. Not here: what being champion means
(models/registry.py), one back-fill (operations.py).

Withdrawing and scoring anew are two steps. A rollback that died between them is finished by the next one, which then withdraws
nothing more.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date

from dagster_project.command.errors import NoAnswer, WrongUse
from dagster_project.command.operations import backfill
from dagster_project.command.runs import RunOutcome
from dagster_project.home import Home
from dagster_project.model_cards import renew_cards
from dagster_project.publisher import connect_published, last_published
from dagster_project.warehouse import connect
from models.registry import Registry
from models.scorecard import scorecard_of


@dataclass(frozen=True)
class Rollback:
    """Which version was withdrawn from which day on, and what scores that day instead; `is_finishing` an earlier rollback."""

    withdrawn: str
    from_day: date
    in_force: str
    is_finishing: bool = False
    # What was not done beside it.
    warnings: tuple[str, ...] = ()


def rollback(
    home: Home, from_day: date | None, why: str, show: bool = True
) -> tuple[Rollback, RunOutcome | None]:
    """Withdraw the champion from a day on (default: the latest published) and score the published days from there again.

    The outcome is the back-fill's, None where no published day is touched. Raises NoAnswer without a champion, WrongUse where
    nothing else could score, BusyError while another run writes.
    """
    registry = Registry(home.mlflow_database, home.mlflow_artifacts)
    last = last_published(home)
    done = _unfinished(home, registry, last) or _withdraw(home, registry, from_day or last, why)
    done = replace(done, warnings=tuple(_put_on_record(home, registry, done.withdrawn)))
    if last is None or last < done.from_day:
        return done, None
    return done, backfill(home, done.from_day, last, show=show)


def _unfinished(home: Home, registry: Registry, last: date | None) -> Rollback | None:
    """A rollback after which the latest published day still shows scores of the withdrawn version."""
    if last is None:
        return None
    with closing(connect_published(home)) as connection:
        versions = connection.execute(
            "select distinct scoring_model_version from scores.account_scores where is_restated is not true"
        ).fetchall()
    for (version,) in versions:
        since, _ = registry.withdrawal(version)
        if since and since <= last:
            return Rollback(version, since, _instead(home, registry, since), is_finishing=True)
    return None


def _withdraw(home: Home, registry: Registry, day: date | None, why: str) -> Rollback:
    version = registry.newest_champion()
    if version is None:
        raise NoAnswer("no scoring model is champion, so there is nothing to roll back")
    since = registry.champion_from(version)
    day = max(day or since, since)
    instead = _instead(home, registry, day, without=version)
    with home.writing(f"scoring rollback of scoring model {version}"):
        registry.withdraw(version, day, why)
    return Rollback(version, day, instead)


def _put_on_record(home: Home, registry: Registry, version: str) -> list[str]:
    """For analysts, what the registry says of it; also of a rollback that died before it could. Returns what could not be."""
    with home.writing("scoring rollback"), closing(connect(home)) as connection:
        connection.execute(
            "update scoring.trained_models set withdrawn_from = ?, withdrawn_because = ? where scoring_model_version = ?",
            [*registry.withdrawal(version), version],
        )
        return renew_cards(home, registry, registry.concerned(version))


def _instead(home: Home, registry: Registry, day: date, without: str | None = None) -> str:
    """What scores the day when this version does not, in words."""
    if champion := registry.champion_as_of(day, without):
        return f"scoring model {champion}"
    if scorecard := scorecard_of(home.settings().for_training()):
        return f"the scorecard of {home.settings_file} ({scorecard.version})"
    raise WrongUse(
        f"without scoring model {without} nothing scores {day}: no model came before it, and {home.settings_file} holds no "
        "scorecard"
    )
