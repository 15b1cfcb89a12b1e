"""Looks for better settings of the chain's boosters on older days, on which the model is not measured later.

Belongs here: which days a search may see, what is tried within which bounds, what was found. Does not belong here: fits
(chain.py) and what a training makes of what was found (training.py).

A search sees nothing of what later judges the model. Its newest outcome was known before the primary horizon's calibration part
starts (where history is too short for that: before its test part) and before the test part of every other horizon. These days
are cut into folds, each one learnt from all that had matured before it: the chain is fitted as a training fits it, its numbers
of trees found anew each time, and the loss is that of the probability at the primary horizon.

Tree-structured Parzen estimators (Bergstra et al. 2011) propose what is tried; a trial whose mean loss over the folds so far is
worse than the median of the trials before it is given up. Rows are encoded once for all trials.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from models.calibration import log_loss
from models.chain import PartRows, fit_parts, part_rows
from models.feature import Feature
from models.horizons import labelled
from models.settings import BoosterSettings, TrainingSettings
from models.splits import Split, matured_before, rolling_folds, split_dates
from models.thinning import thinned
from models.training_rows import as_known_on, on_days, outcomes

# What is tried, between which bounds; the settings in force widen them. The number of trees is found for each trial anew: slower
# learning than this takes longer for the same (thirty trials on the default demo from 0.02 and six levels, seen by hand: 170 s in
# place of 35 s, for a loss that was no lower). Months repeat the same accounts, which deeper trees learn by heart.
BOUNDS = {
    "max_depth": (2, 5),
    "learning_rate": (0.04, 0.2),
    "min_child_weight": (1.0, 200.0),
    "subsample": (0.4, 1.0),
    "colsample_bytree": (0.2, 1.0),
    "reg_lambda": (0.1, 100.0),
}
FOLDS = 2
# Time grows with the rows, and settings, unlike the model, can be told apart on a part of the accounts.
MOST_ROWS = 50_000
# On so few rows a second thread costs more than it brings (thirty trials on the default demo, seen by hand: 13 s of 135).
ONE_THREAD = {"nthread": 1}
TOO_SHORT = "history before the days that measure the model is too short for two folds"

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Fold:
    """What a chain learns from, and the later rows that it is held against; all trials share their encoded form."""

    parts: tuple[PartRows, ...]
    matrix: np.ndarray
    y: np.ndarray

    def loss(self, booster: BoosterSettings, seed: int) -> float:
        """Log loss at the chain's longest horizon of a chain fitted with these settings."""
        raw = fit_parts(self.parts, booster, seed).predict_encoded(self.matrix)
        return log_loss(self.y, raw[max(raw)])


@dataclass(frozen=True)
class Search:
    """The settings to fit with, and in `report`, ready for JSON, how they were found."""

    booster: BoosterSettings
    report: dict = field(default_factory=dict)


def search_booster(
    every: pl.DataFrame,
    horizons: Sequence[int],
    features: tuple[Feature, ...],
    settings: TrainingSettings,
    tell: Tell,
) -> Search:
    """Try `settings.search_trials` settings, those in force first, on folds of older days; the best, or the first of equals.

    Where history is too short for two folds nothing is tried: the settings in force are kept and the report says why.
    """
    days, seen, start = folds_before_measures(every, horizons, settings)
    if len(days) < FOLDS:
        return Search(settings.booster, {"trials": 0, "why": TOO_SHORT})
    alone = settings.model_copy(update={"booster": settings.booster.model_copy(update=ONE_THREAD)})
    rows = as_known_on(every.filter(pl.col("as_of_date") <= days[0].validation[-1]), start)
    rows = thinned(rows, MOST_ROWS, settings.seed)
    chain = [one for one in horizons if one <= settings.horizon_days]
    folds = [_encoded(rows, fold, chain, features, alone) for fold in days]
    report = {
        "trials": settings.search_trials,
        "rows": rows.height,
        "outcomes_known_before": seen,
        "folds": [fold.describe()["parts"] for fold in days],
    }
    found = _tried(folds, alone, tell)
    return Search(settings.booster.model_copy(update=found["found"]), report | found)


def folds_before_measures(
    every: pl.DataFrame, horizons: Sequence[int], settings: TrainingSettings
) -> tuple[tuple[Split, ...], str, date | None]:
    """Folds at the primary horizon, newest first, the part, calibration or test, before which their outcomes were known, and the
    day by which they were.
    """
    dates = {horizon: labelled(every, horizon)["as_of_date"] for horizon in horizons}
    splits = {h: split_dates(days, h, settings.split) for h, days in dates.items()}
    tests = [split.test[0] for split in splits.values() if split.test]
    primary, folds, start = splits[settings.horizon_days], (), None
    for part in ("calibration", "test"):
        if not primary.part(part):
            continue
        start = min(primary.part(part)[0], *tests)
        days = matured_before(dates[settings.horizon_days], settings.horizon_days, start)
        folds = rolling_folds(days, settings.horizon_days, settings.split, FOLDS)
        if len(folds) == FOLDS:
            return folds, part, start
    return folds, "test", start


def _encoded(rows, fold: Split, chain, features, settings: TrainingSettings) -> Fold:
    found = part_rows(rows, chain, features, settings, fold.validation[0])
    parts = tuple(part.held() for part in found)
    later = on_days(labelled(rows, settings.horizon_days), fold.validation)
    return Fold(parts, parts[0].encoder.matrix(later), outcomes(later))


def _tried(folds: Sequence[Fold], settings: TrainingSettings, tell: Tell) -> dict:
    """What came of the trials: how many were given up, the loss of the settings in force and of those found, and these."""
    # only a search needs it
    import optuna
    from optuna.trial import TrialState

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=settings.seed)
    study = optuna.create_study(sampler=sampler, pruner=optuna.pruners.MedianPruner())
    study.enqueue_trial({name: getattr(settings.booster, name) for name in BOUNDS})
    for number in range(1, settings.search_trials + 1):
        trial = study.ask()
        loss = _mean_loss(trial, folds, settings)
        study.tell(trial, loss, TrialState.PRUNED if loss is None else TrialState.COMPLETE)
        tell(
            f"{number} of {settings.search_trials} settings tried, log loss {study.best_value:.5f}"
        )
    done = [trial for trial in study.trials if trial.state == TrialState.COMPLETE]
    best = min(done, key=lambda trial: (trial.value, trial.number))
    return {
        "given_up": len(study.trials) - len(done),
        "log_loss_in_force": study.trials[0].value,
        "log_loss_found": best.value,
        "found": {name: best.params[name] for name in BOUNDS},
    }


def _mean_loss(trial, folds: Sequence[Fold], settings: TrainingSettings) -> float | None:
    """Mean over the folds; None where it is not worth going on to the last of them."""
    booster = settings.booster.model_copy(update=_proposed(trial, settings.booster))
    losses: list[float] = []
    for place, fold in enumerate(folds, start=1):
        losses.append(fold.loss(booster, settings.seed))
        trial.report(float(np.mean(losses)), place)
        if place < len(folds) and trial.should_prune():
            return None
    return float(np.mean(losses))


def _proposed(trial, in_force: BoosterSettings) -> dict:
    """A value for each of BOUNDS, on a logarithmic scale unless 0 is in force."""
    values = {}
    for name, (low, high) in BOUNDS.items():
        mine = getattr(in_force, name)
        low, high = min(low, mine), max(high, mine)
        if isinstance(low, int):
            values[name] = trial.suggest_int(name, low, high)
        else:
            values[name] = trial.suggest_float(name, low, high, log=low > 0)
    return values
