"""Each horizon on its own later data: its split, the fits before its parts, its calibrator.

Belongs here: which horizons can be learnt, what is found out about each of them, and which of them hold. Does not belong here:
fits (chain.py), calibrators (calibration.py, calibrator_choice.py), the measures of the primary horizon (measurement.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from models.calibration import Calibrator, Identity, fit_calibrator
from models.calibrator_choice import CalibrationChoice, choose_calibrator
from models.chain import Chain, LaterPart, fit_before, fit_chain
from models.feature import Feature
from models.horizons import at_risk, labelled, previous
from models.measurement import measure_horizon
from models.promotion import drifted
from models.settings import TrainingSettings
from models.splits import LATER_PARTS, Split, split_dates
from models.training_rows import as_known_on, outcomes, window


@dataclass(frozen=True)
class Horizon:
    """What was found out about one horizon; `tested` is None where history is too short for a test part."""

    split: Split
    tested: LaterPart | None
    choice: CalibrationChoice

    def calibrator(self, settings: TrainingSettings) -> Calibrator:
        """The kept one for the final model: learnt anew on the newest predictions made the way the final model's will be."""
        if not settings.refit or self.tested is None:
            return self.choice.calibrator
        return fit_calibrator(self.choice.report["kept"], self.tested.y, self.tested.raw)

    def moved(self, settings: TrainingSettings) -> str | None:
        """In words, where outcomes of the test part, or of its newest days, lie so far from what was said of them that it cannot
        be taken at its word.
        """
        if self.tested is None:
            return None
        looks = self._looks()
        said = (self._moved_on(days, when, len(looks), settings) for when, days in looks.items())
        return next(filter(None, said), None)

    def _looks(self) -> dict[str, np.ndarray]:
        """Rows of the whole test part; and where that holds two windows and more, of the newest one: what has changed since the
        part began would be thinned out by what came before.
        """
        days = self.tested.rows["as_of_date"]
        looks = {"later": np.ones(len(days), dtype=bool)}
        if (days.max() - days.min()).days >= 2 * self.split.horizon_days:
            start = days.max() - timedelta(days=self.split.horizon_days)
            looks[f"of those after {start}"] = (days > start).to_numpy()
        return looks

    def _moved_on(self, days: np.ndarray, when: str, looks: int, settings) -> str | None:
        return drifted(
            self.tested.y[days].mean(),
            self.choice.calibrator.apply(self.tested.raw[days]).mean(),
            outcomes(self.tested.earlier).mean(),
            self.tested.rows["account_id"].filter(pl.Series(days)).n_unique(),
            settings.promotion,
            looks,
            when,
        )

    def describe(self, settings: TrainingSettings) -> dict:
        """Split, calibration, measures and reliability bins, ready for JSON."""
        measured = {"metrics": None, "reliability": []}
        if self.tested is not None:
            measured = measure_horizon(self.tested, self.choice.calibrator, settings)
        return {"split": self.split.describe(), "calibration": self.choice.report, **measured}


def learnable(every: pl.DataFrame, settings: TrainingSettings) -> tuple[list[int], dict[int, str]]:
    """Horizons that can be learnt, in order, and why the others cannot. The primary one is judged as a whole (promotion.py)."""
    kept, left_out, least = [], {}, settings.promotion
    for horizon in settings.horizons:
        if horizon == settings.horizon_days:
            kept.append(horizon)
            continue
        if horizon > settings.horizon_days and not settings.refit:
            left_out[horizon] = (
                "training.refit is off: what is measured at the primary horizon scores"
            )
            continue
        facts = window(at_risk(every, horizon, previous(kept, horizon)))
        if facts["converting_accounts"] < least.min_positives_a_horizon:
            left_out[horizon] = (
                f"{facts['converting_accounts']} accounts converted in it after day {previous(kept, horizon)}; "
                f"at least {least.min_positives_a_horizon} are needed"
            )
            continue
        kept.append(horizon)
    return kept, left_out


def that_hold(
    every: pl.DataFrame,
    horizons: list[int],
    features: tuple[Feature, ...],
    settings: TrainingSettings,
) -> tuple[dict[int, Horizon], dict[int, str]]:
    """What is found out about each horizon, and which of those beside the primary one are left out because outcomes have left
    them, with the reason. Of the primary one that is for the verdict to say.

    Shortest first, each on a chain of those before it that hold: a horizon is measured on the parts that the final model will
    have, and one that was left out is in no fit of a longer one.
    """
    held, left_out = {}, {}
    for horizon in sorted(horizons):
        found = at_horizon(every, horizon, [*held, horizon], features, settings)
        why = None if horizon == settings.horizon_days else found.moved(settings)
        if why:
            left_out[horizon] = why
        else:
            held[horizon] = found
    return held, left_out


def at_horizon(
    every: pl.DataFrame,
    horizon: int,
    chain: list[int],
    features: tuple[Feature, ...],
    settings: TrainingSettings,
) -> Horizon:
    """Fit the chain up to the horizon before its calibration part and before its test part, and choose its calibrator."""
    split = split_dates(labelled(every, horizon)["as_of_date"], horizon, settings.split)
    fitted_on, tested = fit_before_parts(
        every, split, lambda _, start: fit_chain(every, chain, features, settings, start)
    )
    return Horizon(split, tested, choose(fitted_on, tested, settings))


def fit_before_parts(
    rows: pl.DataFrame, split: Split, fit: Callable[[pl.DataFrame, date], Chain]
) -> tuple[LaterPart | None, LaterPart | None]:
    """The fits before the calibration and before the test part (chain.fit_before). Of the calibration part's outcomes those count
    that were known when the test part began: a calibrator is learnt from them, and judged there.
    """
    known = as_known_on(rows, split.test[0]) if split.test else rows
    return fit_before(known, split, "calibration", fit), fit_before(rows, split, "test", fit)


def choose(
    fitted_on: LaterPart | None, judged_on: LaterPart | None, settings: TrainingSettings
) -> CalibrationChoice:
    """The calibrator whose kind one part chooses, fitted there, if it helps on a later one; none where a part is missing."""
    if fitted_on is None or judged_on is None:
        why = f"no {' and '.join(LATER_PARTS[1:])} part to fit and judge a calibrator on"
        return CalibrationChoice(Identity(), {"kept": "identity", "why": why})
    return choose_calibrator(
        fitted_on.y,
        fitted_on.raw,
        fitted_on.rows["account_id"],
        judged_on.y,
        judged_on.raw,
        settings.calibration_min_gain,
        settings.seed,
    )
