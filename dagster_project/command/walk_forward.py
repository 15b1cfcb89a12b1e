"""`scoring backfill --with-training`: an honest track record out of years of exports.

Here: which trainings a span of days asks for, and how the scores of each quarter fared. Not here: one training, one back-fill,
one evaluation (operations.py), what is printed (terminal/).

At each quarter's start a model is trained on what was known then: on outcomes that had matured by the day before. Until a first
model is promoted, days get the scorecard. Each quarter is then held against what happened since, on its first day that was
scored: days within a horizon of each other share their outcomes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from dagster_project.automation import last_day_of_quarter, quarter_of
from dagster_project.command.answers import evaluation, training
from dagster_project.command.errors import NoAnswer
from dagster_project.command.landed import last_known_day
from dagster_project.command.operations import backfill, evaluate, retrain
from dagster_project.command.runs import RunOutcome
from dagster_project.home import Home

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Quarter:
    """One quarter of a track record. training: a row of trained_models; evaluation: the scores' row of score_evaluation."""

    first_day: date
    trained_as_of: date
    training: dict | None
    # Why there is no training, or no evaluation; empty if there is.
    untrained_because: str = ""
    evaluation: dict | None = None
    unevaluated_because: str = ""


def walk_forward(
    home: Home, first: date, last: date, tell: Tell, show: bool = True, skips_days: bool = False
) -> tuple[list[Quarter], RunOutcome]:
    """Train at each quarter's start, score all days, hold each quarter against its outcomes; the outcome is the back-fill's.

    A quarter that could not be trained, or whose model was refused, is scored by what was in force before. Raises NoAnswer when
    interrupted.
    """
    trained = [_trained(home, start, as_of, tell, show) for start, as_of in quarters(first, last)]
    tell(f"scoring {first} to {last}, each day as it was known and by the model of its day")
    outcome = backfill(home, first, last, show=show, skips_days=skips_days)
    if not outcome.ok:
        return trained, outcome
    return [_evaluated(home, quarter, tell, show) for quarter in trained], outcome


def quarters(first: date, last: date) -> list[tuple[date, date]]:
    """First scored day of each quarter of a span, and the day before the quarter, whose knowledge its training rests on."""
    found, start = [], date.fromisoformat(quarter_of(first))
    while start <= last:
        found.append((max(start, first), start - timedelta(days=1)))
        start = last_day_of_quarter(start.isoformat()) + timedelta(days=1)
    return found


def _trained(home: Home, start: date, as_of: date, tell: Tell, show: bool) -> Quarter:
    from dagster_project.assets.training import training_dates

    settings = home.settings()
    if as_of < settings.history_starts or not training_dates(settings, as_of):
        return Quarter(start, as_of, None, "no outcome had matured")
    tell(f"training on what was known on {as_of}")
    # The quarter's last day is still scored by the model of that quarter.
    _, outcome = retrain(home, as_of, show, scores_from=as_of + timedelta(days=1))
    _stop_if_interrupted(outcome)
    said = outcome.metadata.get("trained_models")
    if said is None:
        # Too few rows or wins for a training set; or trouble, which the back-fill will meet again. Told in the table's notes.
        return Quarter(start, as_of, None, "; ".join(outcome.problems))
    return Quarter(start, as_of, training(home, said["scoring model"]))


def _evaluated(home: Home, quarter: Quarter, tell: Tell, show: bool) -> Quarter:
    known = last_known_day(home)
    horizon = timedelta(days=home.settings().conversion.primary_horizon_days)
    if known is None or quarter.first_day + horizon > known:
        return replace(quarter, unevaluated_because="its outcomes are not known yet")
    tell(f"holding {quarter.first_day} against its outcomes, as known on {known}")
    outcome = evaluate(home, quarter.first_day, show)
    _stop_if_interrupted(outcome)
    if not outcome.ok:
        return replace(quarter, unevaluated_because="; ".join(outcome.problems))
    rows = [row for row in evaluation(home, quarter.first_day) if row["slice"] == "all"]
    scores = [row for row in rows if row["predictor"] == "model"]
    # Of a day without a model it is the scorecard that is measured.
    return replace(quarter, evaluation=(scores or rows)[0])


def _stop_if_interrupted(outcome: RunOutcome) -> None:
    if outcome.interrupted:
        raise NoAnswer("; ".join(outcome.problems))
