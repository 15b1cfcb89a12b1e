"""Turns raw probabilities into ones that can be taken at their word.

Belongs here: the calibrators and their fit. Does not belong here: the choice between them (calibrator_choice.py), the scoring
model and how well it ranks.

All are increasing, so that they never change who comes first.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

EPSILON = 1e-6


class Calibrator(Protocol):
    """What every calibrator can do."""

    kind: ClassVar[str]

    def apply(self, raw: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, in the order of `raw`."""

    def to_dict(self) -> dict:
        """JSON-ready content with the key `kind`."""


@dataclass(frozen=True)
class Identity:
    """Leaves probabilities as they are."""

    kind: ClassVar[str] = "identity"

    def apply(self, raw: np.ndarray) -> np.ndarray:
        """The same values as float64."""
        return np.asarray(raw, dtype=np.float64).copy()

    def to_dict(self) -> dict:
        """Only its kind."""
        return {"kind": self.kind}


@dataclass(frozen=True)
class Platt:
    """A straight line on the log-odds: slope and intercept."""

    slope: float
    intercept: float
    kind: ClassVar[str] = "platt"

    def apply(self, raw: np.ndarray) -> np.ndarray:
        """Probabilities whose log-odds are slope * log-odds + intercept."""
        return expit(self.slope * log_odds(raw) + self.intercept)

    def to_dict(self) -> dict:
        """Kind, slope, intercept."""
        return {"kind": self.kind, "slope": self.slope, "intercept": self.intercept}


@dataclass(frozen=True)
class Beta:
    """Log-odds = a ln p - b ln(1 - p) + c, a and b never negative: bends each end by itself (Kull, Silva Filho, Flach 2017)."""

    a: float
    b: float
    c: float
    kind: ClassVar[str] = "beta"

    def apply(self, raw: np.ndarray) -> np.ndarray:
        """Probabilities along the curve."""
        low, high, _ = _beta_design(raw).T
        return expit(self.a * low + self.b * high + self.c)

    def to_dict(self) -> dict:
        """Kind, a, b, c."""
        return {"kind": self.kind, "a": self.a, "b": self.b, "c": self.c}


@dataclass(frozen=True)
class Isotonic:
    """Straight lines between the centres of the blocks of an isotonic fit."""

    raw: tuple[float, ...]
    calibrated: tuple[float, ...]
    kind: ClassVar[str] = "isotonic"

    def apply(self, raw: np.ndarray) -> np.ndarray:
        """Interpolated probabilities; lines run on to (0, 0) and (1, 1), so that no ties arise."""
        values = np.interp(np.asarray(raw, dtype=np.float64), self.raw, self.calibrated)
        return np.clip(values, EPSILON, 1 - EPSILON)

    def to_dict(self) -> dict:
        """Kind and the corners of the curve."""
        return {"kind": self.kind, "raw": list(self.raw), "calibrated": list(self.calibrated)}


def expit(values: np.ndarray) -> np.ndarray:
    """Probability of log-odds, without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * np.asarray(values, dtype=np.float64)))


def log_odds(probability: np.ndarray) -> np.ndarray:
    """Log-odds of probabilities, kept finite."""
    p = np.clip(np.asarray(probability, dtype=np.float64), EPSILON, 1 - EPSILON)
    return np.log(p / (1 - p))


def log_loss(y: np.ndarray, p: np.ndarray) -> float:
    """Mean negative log-likelihood of 0/1 outcomes."""
    p = np.clip(np.asarray(p, dtype=np.float64), EPSILON, 1 - EPSILON)
    return float(-np.mean(np.where(np.asarray(y) > 0, np.log(p), np.log1p(-p))))


def fit_calibrator(kind: str, y: np.ndarray, raw: np.ndarray) -> Calibrator:
    """Fit a calibrator of this kind; identity where the slice holds only one class.

    Raises ValueError on an unknown kind.
    """
    y = np.asarray(y, dtype=np.float64)
    if kind not in _FITS:
        raise ValueError(f"unknown calibrator {kind!r}; known are {', '.join(_FITS)}")
    if len(y) == 0 or y.min() == y.max():
        return Identity()
    return _FITS[kind](y, np.asarray(raw, dtype=np.float64))


def calibration_line(y: np.ndarray, p: np.ndarray) -> tuple[float | None, float | None]:
    """Slope and intercept of the outcome's log-odds on the predicted ones (Cox 1958): 1 and 0 are right, a slope below 1 is
    overconfident. None where all outcomes or all predictions are alike.
    """
    y, x = np.asarray(y, dtype=np.float64), log_odds(p)
    if len(y) == 0 or y.min() == y.max() or x.min() == x.max():
        return None, None
    slope, intercept = _logistic(np.column_stack([x, np.ones(len(x))]), y, (1.0, 0.0))
    return float(slope), float(intercept)


def calibrator_from_dict(content: dict) -> Calibrator:
    """The calibrator that `to_dict` described. Raises ValueError on an unknown kind."""
    kind = content["kind"]
    if kind == "identity":
        return Identity()
    if kind == "platt":
        return Platt(content["slope"], content["intercept"])
    if kind == "beta":
        return Beta(content["a"], content["b"], content["c"])
    if kind == "isotonic":
        return Isotonic(tuple(content["raw"]), tuple(content["calibrated"]))
    raise ValueError(f"unknown calibrator {kind!r}; was the model written by a later version?")


def _fit_identity(y: np.ndarray, raw: np.ndarray) -> Identity:
    return Identity()


def _fit_platt(y: np.ndarray, raw: np.ndarray) -> Calibrator:
    """A slope that is not positive would turn the order round."""
    slope, intercept = _logistic(np.column_stack([log_odds(raw), np.ones(len(y))]), y, (1.0, 0.0))
    if not (np.isfinite(slope) and np.isfinite(intercept) and slope > 0):
        return Identity()
    return Platt(float(slope), float(intercept))


def _fit_beta(y: np.ndarray, raw: np.ndarray) -> Calibrator:
    """Where a or b would be negative it is 0, and the others are fitted without it."""
    design = _beta_design(raw)
    kept = [0, 1, 2]
    while len(kept) > 1:
        found = _logistic(design[:, kept], y, [float(place < 2) for place in kept])
        if not np.isfinite(found).all():
            return Identity()
        negative = [
            place for place, value in zip(kept, found, strict=True) if place < 2 and value <= 0
        ]
        if not negative:
            values = dict(zip(kept, found.tolist(), strict=True))
            return Beta(values.get(0, 0.0), values.get(1, 0.0), values[2])
        kept.remove(negative[0])
    return Identity()


def _beta_design(raw: np.ndarray) -> np.ndarray:
    p = np.clip(np.asarray(raw, dtype=np.float64), EPSILON, 1 - EPSILON)
    return np.column_stack([np.log(p), -np.log1p(-p), np.ones(len(p))])


def _logistic(design: np.ndarray, y: np.ndarray, start) -> np.ndarray:
    """Coefficients by Newton steps from `start`, to which a whisper of ridge draws them: the step stays finite where the slice
    is separable. A step that would make it worse is halved.
    """

    def loss(coefficients: np.ndarray) -> float:
        z, away = design @ coefficients, coefficients - start
        return float(np.sum(np.logaddexp(0.0, z) - y * z) + away @ ridge @ away / 2)

    start = np.asarray(start, dtype=np.float64)
    ridge = 1e-6 * len(y) * np.eye(len(start))
    found = start.copy()
    for _ in range(50):
        p = expit(design @ found)
        gradient = design.T @ (p - y) + ridge @ (found - start)
        step = np.linalg.solve((design * (p * (1 - p))[:, None]).T @ design + ridge, gradient)
        while loss(found - step) > loss(found) and np.max(np.abs(step)) >= 1e-10:
            step = step / 2
        found = found - step
        if np.max(np.abs(step)) < 1e-10:
            break
    return found


def _fit_isotonic(y: np.ndarray, raw: np.ndarray) -> Isotonic:
    blocks: list[list[float]] = []
    for x, rate, weight in zip(*_tie_groups(y, raw), strict=True):
        blocks.append([x * weight, rate * weight, weight])
        while len(blocks) > 1 and _rate(blocks[-2]) >= _rate(blocks[-1]):
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    xs = [block[0] / block[2] for block in blocks]
    ys = [min(max(_rate(block), EPSILON), 1 - EPSILON) for block in blocks]
    return Isotonic((0.0, *xs, 1.0), (0.0, *ys, 1.0))


def _tie_groups(y: np.ndarray, raw: np.ndarray):
    xs, place = np.unique(raw, return_inverse=True)
    weights = np.bincount(place).astype(np.float64)
    return xs.tolist(), (np.bincount(place, weights=y) / weights).tolist(), weights.tolist()


def _rate(block: list[float]) -> float:
    return block[1] / block[2]


_FITS = {
    "identity": _fit_identity,
    "platt": _fit_platt,
    "beta": _fit_beta,
    "isotonic": _fit_isotonic,
}
