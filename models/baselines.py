"""The baselines every trained model is held against: logistic regression, XGBoost as it comes, a one-line rule, and the
scorecard.

Belongs here: their fit, their predictions, and their JSON form. Does not belong here: how they
compare (evaluation.py).

All are plain on purpose: no tuning, no calibration; but for XGBoost no interactions and no flags for missing values.
"""

import json
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from models._xgboost import xgb
from models.boosting import dmatrix, raw_probability
from models.calibration import expit
from models.encoding import Encoder, numbers, require_columns
from models.scorecard import Scorecard, added
from models.settings import RuleColumn, ScorecardSettings

# as many rows at the base rate are added to each cell
PRIOR_ROWS = 20.0
RULE_CUTS = (0.25, 0.5, 0.75)
SCORECARD_CUTS = tuple(np.arange(1, 10) / 10)


class Prediction(NamedTuple):
    """Probabilities, and an order of the rows at least as fine as they are."""

    probability: np.ndarray
    order: np.ndarray


@dataclass(frozen=True)
class LogisticBaseline:
    """Logistic regression on log-scaled standardised numbers and one-hot categories."""

    encoder: Encoder
    medians: tuple[float, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    coefficients: tuple[float, ...]
    intercept: float

    def predict(self, frame: pl.DataFrame) -> Prediction:
        """Probabilities for the rows of `frame`; needs account_id and the model's features."""
        design = _design(self.encoder, frame, self.medians)
        z = (design - np.array(self.means)) / np.array(self.scales)
        # summed column by column: a row's result does not depend on the rows beside it
        total = np.full(len(z), self.intercept)
        for place, coefficient in enumerate(self.coefficients):
            total += coefficient * z[:, place]
        probability = expit(total)
        return Prediction(probability, probability)

    def to_dict(self) -> dict:
        """JSON-ready content with the key `kind`."""
        names = ("medians", "means", "scales", "coefficients")
        lists = {name: list(getattr(self, name)) for name in names}
        encoder = self.encoder.to_dict()
        return {"kind": "logistic", "encoder": encoder, "intercept": self.intercept, **lists}


@dataclass(frozen=True)
class RuleBaseline:
    """Order by the first column, ties by the next; probabilities are training rates by cell."""

    columns: tuple[RuleColumn, ...]
    edges: tuple[tuple[float, ...], ...]
    rates: tuple[float, ...]

    def predict(self, frame: pl.DataFrame) -> Prediction:
        """Probabilities by cell and the rule's own finer order, for the rows of `frame`."""
        keys = _rule_keys(frame, self.columns)
        cells = _rule_cells(keys, self.edges)
        return Prediction(np.array(self.rates)[cells], _dense_order(keys))

    def to_dict(self) -> dict:
        """JSON-ready content with the key `kind`."""
        columns = [column.model_dump() for column in self.columns]
        edges = [list(cuts) for cuts in self.edges]
        return {"kind": "rule", "columns": columns, "edges": edges, "rates": list(self.rates)}


@dataclass(frozen=True)
class ScorecardBaseline:
    """Order by the scorecard's points; probabilities are training rates by tenth of the rows."""

    settings: ScorecardSettings
    edges: tuple[float, ...]
    rates: tuple[float, ...]

    def predict(self, frame: pl.DataFrame) -> Prediction:
        """Probabilities by tenth and the points' own finer order, for the rows of `frame`."""
        points = added(Scorecard(self.settings).points(frame))
        cells = np.searchsorted(np.array(self.edges), points, side="right")
        return Prediction(np.array(self.rates)[cells], points)

    def to_dict(self) -> dict:
        """JSON-ready content with the key `kind`."""
        lists = {"edges": list(self.edges), "rates": list(self.rates)}
        return {"kind": "scorecard", "settings": self.settings.model_dump(mode="json"), **lists}


@dataclass(frozen=True)
class UntunedBaseline:
    """XGBoost as it comes: one model, its own defaults, no early stopping, no calibration."""

    encoder: Encoder
    booster: xgb.Booster
    nthread: int

    def predict(self, frame: pl.DataFrame) -> Prediction:
        """Probabilities for the rows of `frame`; needs account_id and the model's features."""
        matrix = self.encoder.matrix(frame)
        probability = raw_probability(self.booster, self.encoder, matrix, self.nthread)
        return Prediction(probability, probability)

    def to_dict(self) -> dict:
        """JSON-ready content with the key `kind`; the booster in XGBoost's own JSON."""
        content = json.loads(self.booster.save_raw("json"))
        encoder = self.encoder.to_dict()
        return {"kind": "untuned", "encoder": encoder, "booster": content, "nthread": self.nthread}


Baseline = LogisticBaseline | RuleBaseline | ScorecardBaseline | UntunedBaseline


def fit_untuned(
    frame: pl.DataFrame, y: np.ndarray, encoder: Encoder, seed: int, nthread: int
) -> UntunedBaseline:
    """Fit 100 rounds of XGBoost's defaults on the rows of `frame` with 0/1 outcomes `y`."""
    rows = dmatrix(encoder, encoder.matrix(frame, for_training=True), nthread, label=y)
    asked = {"objective": "binary:logistic", "nthread": nthread, "seed": seed, "verbosity": 0}
    return UntunedBaseline(encoder, xgb.train(asked, rows, num_boost_round=100), nthread)


def fit_logistic(frame: pl.DataFrame, y: np.ndarray, encoder: Encoder) -> LogisticBaseline:
    """Fit on the rows of `frame` with 0/1 outcomes `y`. Raises ValueError with one class only."""
    # takes seconds to import and only training needs it
    from sklearn.linear_model import LogisticRegression

    raw = encoder.matrix(frame).astype(np.float64)
    medians = tuple(_median(raw[:, place]) for place in range(raw.shape[1]))
    design = _design(encoder, frame, medians)
    means, scales = design.mean(axis=0), design.std(axis=0)
    scales[scales < 1e-12] = 1.0
    model = LogisticRegression(C=1.0, max_iter=1000).fit((design - means) / scales, y)
    return LogisticBaseline(
        encoder,
        medians,
        tuple(means.tolist()),
        tuple(scales.tolist()),
        tuple(model.coef_[0].tolist()),
        float(model.intercept_[0]),
    )


def fit_rule(frame: pl.DataFrame, y: np.ndarray, columns: tuple[RuleColumn, ...]) -> RuleBaseline:
    """Fit the rates of the rule's cells (quartiles of each column), drawn to the base rate."""
    keys = _rule_keys(frame, columns)
    edges = tuple(tuple(np.unique(_cuts(key)).tolist()) for key in keys)
    cells = _rule_cells(keys, edges)
    size = int(np.prod([len(cuts) + 1 for cuts in edges]))
    return RuleBaseline(columns, edges, _rates(cells, size, y))


def fit_scorecard(
    frame: pl.DataFrame, y: np.ndarray, settings: ScorecardSettings
) -> ScorecardBaseline:
    """Fit the rates of the tenths of the rows by points, drawn to the base rate."""
    points = added(Scorecard(settings).points(frame))
    edges = np.unique(np.quantile(points, SCORECARD_CUTS))
    cells = np.searchsorted(edges, points, side="right")
    return ScorecardBaseline(settings, tuple(edges.tolist()), _rates(cells, len(edges) + 1, y))


def baseline_from_dict(content: dict) -> Baseline:
    """The baseline that `to_dict` described. Raises ValueError on an unknown kind."""
    if content["kind"] == "logistic":
        names = ("medians", "means", "scales", "coefficients")
        lists = [tuple(content[name]) for name in names]
        return LogisticBaseline(Encoder.from_dict(content["encoder"]), *lists, content["intercept"])
    if content["kind"] == "rule":
        columns = tuple(RuleColumn(**column) for column in content["columns"])
        edges = tuple(tuple(cuts) for cuts in content["edges"])
        return RuleBaseline(columns, edges, tuple(content["rates"]))
    if content["kind"] == "scorecard":
        settings = ScorecardSettings.model_validate(content["settings"])
        return ScorecardBaseline(settings, tuple(content["edges"]), tuple(content["rates"]))
    if content["kind"] == "untuned":
        booster = xgb.Booster()
        booster.load_model(bytearray(json.dumps(content["booster"]), "utf-8"))
        return UntunedBaseline(Encoder.from_dict(content["encoder"]), booster, content["nthread"])
    raise ValueError(f"unknown baseline {content['kind']!r}")


def _design(encoder: Encoder, frame: pl.DataFrame, medians: tuple[float, ...]) -> np.ndarray:
    raw, blocks = encoder.matrix(frame).astype(np.float64), []
    for place, column in enumerate(encoder.columns):
        values = raw[:, place]
        if column.is_category:
            blocks.append(values[:, None] == np.arange(len(column.levels)))
        else:
            filled = np.where(np.isnan(values), medians[place], values)
            blocks.append((np.sign(filled) * np.log1p(np.abs(filled)))[:, None])
    return np.hstack(blocks).astype(np.float64)


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else 0.0


def _rates(cells: np.ndarray, size: int, y: np.ndarray) -> tuple[float, ...]:
    rows, hits = np.bincount(cells, minlength=size), np.bincount(cells, y, minlength=size)
    return tuple(((hits + PRIOR_ROWS * np.mean(y)) / (rows + PRIOR_ROWS)).tolist())


def _rule_keys(frame: pl.DataFrame, columns: tuple[RuleColumn, ...]) -> list[np.ndarray]:
    """Each column turned so that high is better; missing is worst."""
    require_columns(frame, [column.name for column in columns])
    keys = []
    for column in columns:
        values = numbers(frame[column.name])
        values = values if column.better == "high" else -values
        keys.append(np.where(np.isnan(values), -np.inf, values))
    return keys


def _cuts(key: np.ndarray) -> np.ndarray:
    known = key[np.isfinite(key)]
    return np.quantile(known, RULE_CUTS) if len(known) else np.empty(0)


def _rule_cells(keys: list[np.ndarray], edges) -> np.ndarray:
    cells = np.zeros(len(keys[0]), dtype=np.int64)
    for key, cuts in zip(keys, edges, strict=True):
        cells = cells * (len(cuts) + 1) + np.searchsorted(np.array(cuts), key, side="right")
    return cells


def _dense_order(keys: list[np.ndarray]) -> np.ndarray:
    """Numbers that rise with the rule, equal where all columns are equal."""
    if not len(keys[0]):
        return np.empty(0)
    places = np.lexsort(keys[::-1])
    stacked = np.column_stack(keys)[places]
    steps = np.r_[0, np.any(stacked[1:] != stacked[:-1], axis=1)]
    order = np.empty(len(places))
    order[places] = np.cumsum(steps)
    return order
