"""Whether what was seen of a scoring model asks for a training before its time, and why.

Belongs here: the decision, in words. Does not belong here: how drift is measured (drift.py, calibration_drift.py), reading it,
and launching a training.

A population that has moved is no proof that scores are wrong, and a new training on mostly the same rows need not be better: so
the drift has to last, a training is asked for once, and whether its model takes over is for its verdict to say (promotion.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from models.calibration_drift import left_the_predictions
from models.drift import DRIFT, how_far
from models.settings import DriftSettings


@dataclass(frozen=True)
class Seen:
    """What is known of the scoring model that scored the newest day.

    population: rows of feature_drift of that model, kinds score and features, newest day first. features: those of the newest
    day that are not steady, most of the whole first. calibration: the newest row of calibration_drift of that model. outcomes:
    what all its rows say, and its newest ones (calibration_drift.looks).
    trained_as_of: the newest day that any training stood on, promoted or not.
    """

    as_of_date: date
    scoring_model_version: str
    population: Sequence[Mapping] = ()
    features: Sequence[Mapping] = ()
    calibration: Mapping | None = None
    outcomes: Sequence[Mapping] = ()
    trained_as_of: date | None = None


@dataclass(frozen=True)
class Decision:
    """Whether a training is asked for; `cause` names what asks (score, all features, calibration), `why` says it in words."""

    is_asked: bool
    why: str
    cause: str | None = None


def decide(seen: Seen, settings: DriftSettings, asked_on: date | None = None) -> Decision:
    """Ask for a training when scores or all features have drifted on settings.days_in_a_row scored days in a row, or outcomes
    have left the predictions over all of the model's days or its newest; but not within settings.min_days_between days of the
    last training.

    asked_on: the day as of which one was last asked for because of this scoring model, whatever became of it.
    """
    causes = {**_population(seen, settings), **_outcomes(seen, settings)}
    if not causes:
        return Decision(False, f"nothing asks for a training as of {seen.as_of_date}")
    cause, why = " and ".join(causes), "; ".join(causes.values())
    last = max(filter(None, (asked_on, seen.trained_as_of)), default=None)
    if last and seen.as_of_date < last + timedelta(days=settings.min_days_between):
        again = last + timedelta(days=settings.min_days_between)
        return Decision(
            False,
            f"{why}; but one was trained or asked for as of {last}, so none before {again}",
            cause,
        )
    return Decision(True, why, cause)


def _population(seen: Seen, settings: DriftSettings) -> dict[str, str]:
    """Score and all features, as far as each has drifted on each of the last scored days."""
    found = {}
    for name in dict.fromkeys(row["name"] for row in seen.population):
        rows = [row for row in seen.population if row["name"] == name][: settings.days_in_a_row]
        if len(rows) == settings.days_in_a_row and all(row["level"] == DRIFT for row in rows):
            days, newest = len(rows), rows[0]
            found[name] = (
                f"{name} drifted on {days} scored {'day' if days == 1 else 'days'} in a row up to {newest['as_of_date']}: "
                f"{how_far(newest, settings)}"
            )
    return found


def _outcomes(seen: Seen, settings: DriftSettings) -> dict[str, str]:
    """Outcomes, where any look at them found drift; which of them did."""
    why = left_the_predictions(seen.outcomes, settings)
    return {"calibration": why} if why else {}
