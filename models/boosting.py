"""Fits and applies XGBoost, with everything that makes it repeatable set in one place.

Belongs here: parameters, DMatrix, fit, predict. Does not belong here: which rows are used for what
(training.py) and how frames become matrices (encoding.py).

The same rows in the same order with the same settings give the same trees on one kind of
processor: method, seed and number of threads are fixed.
"""

from __future__ import annotations

import numpy as np

from models._xgboost import xgb
from models.calibration import expit
from models.encoding import Encoder
from models.settings import BoosterSettings


def dmatrix(encoder: Encoder, matrix: np.ndarray, nthread: int, **more) -> xgb.DMatrix:
    """XGBoost's form of an encoded matrix; `more` are label, weight and the like."""
    return xgb.DMatrix(
        matrix,
        feature_names=encoder.names,
        feature_types=encoder.feature_types,
        enable_categorical=True,
        nthread=nthread,
        **more,
    )


def fit_booster(
    encoder: Encoder,
    rows: xgb.DMatrix,
    settings: BoosterSettings,
    seed: int,
    trees: int,
    validation: xgb.DMatrix | None = None,
    objective: str = "binary:logistic",
) -> xgb.Booster:
    """Fit on rows with their labels and weights. With a validation `trees` is the most there may be.

    Early stopping is on log loss; the booster that comes back holds the best number of trees, at
    least settings.min_trees. Monotone constraints are those of the chance of a win, and hold for no other objective.
    """
    if validation is None:
        return xgb.train(
            _parameters(encoder, settings, seed, objective), rows, num_boost_round=trees
        )
    booster = xgb.train(
        _parameters(encoder, settings, seed, objective),
        rows,
        num_boost_round=trees,
        evals=[(validation, "validation")],
        early_stopping_rounds=settings.early_stopping_trees,
        verbose_eval=False,
    )
    best = max(settings.min_trees, booster.best_iteration + 1)
    return booster[: min(best, booster.num_boosted_rounds())]


def raw_log_odds(booster: xgb.Booster, encoder: Encoder, matrix: np.ndarray, nthread: int):
    """Float64 log-odds of each row. Row by row the same whatever rows stand beside it."""
    if len(matrix) == 0:
        return np.empty(0)
    margins = booster.predict(dmatrix(encoder, matrix, nthread), output_margin=True)
    return margins.astype(np.float64)


def raw_probability(booster: xgb.Booster, encoder: Encoder, matrix: np.ndarray, nthread: int):
    """Float64 probability of each row, from the log-odds (float32 sums of the trees)."""
    return expit(raw_log_odds(booster, encoder, matrix, nthread))


def gain_by_feature(booster: xgb.Booster) -> dict[str, float]:
    """Each used feature's share of the total gain, largest first."""
    gains = booster.get_score(importance_type="total_gain")
    total = sum(gains.values()) or 1.0
    falling = sorted(gains.items(), key=lambda item: (-item[1], item[0]))
    return {name: gain / total for name, gain in falling}


def _parameters(encoder: Encoder, settings: BoosterSettings, seed: int, objective: str) -> dict:
    is_chance = objective == "binary:logistic"
    own = (
        {
            "eval_metric": "logloss",
            "monotone_constraints": tuple(column.feature.monotone for column in encoder.columns),
        }
        if is_chance
        else {"base_score": 1.0}
    )
    return {
        "objective": objective,
        **own,
        "tree_method": "hist",
        "max_depth": settings.max_depth,
        "learning_rate": settings.learning_rate,
        "min_child_weight": settings.min_child_weight,
        "subsample": settings.subsample,
        "colsample_bytree": settings.colsample_bytree,
        "reg_lambda": settings.reg_lambda,
        "max_bin": settings.max_bin,
        "nthread": settings.nthread,
        "seed": seed,
        "verbosity": 0,
    }
