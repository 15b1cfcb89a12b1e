"""Turns raw probabilities into ones that can be taken at their word.

Belongs here: three calibrators, their fit, and the choice between them. Does not belong here: the
scoring model and how well it ranks.

A calibrator is fitted on one slice of time and kept only if it lowers the log loss on a further,
later slice. All are increasing, so that they never change who comes first.
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


@dataclass(frozen=True)
class CalibrationChoice:
    """The calibrator that was kept and what it was judged on."""

    calibrator: Calibrator
    report: dict


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


def choose_calibrator(y_fit, raw_fit, y_later, raw_later, min_gain: float) -> CalibrationChoice:
    """Fit every kind on one slice, keep the best on the later slice if it gains `min_gain`.

    Gain is the fall in log loss (nats a row) against leaving the probabilities as they are.
    """
    fitted = {kind: fit_calibrator(kind, y_fit, raw_fit) for kind in _FITS}
    losses = {kind: log_loss(y_later, c.apply(raw_later)) for kind, c in fitted.items()}
    best = min(losses, key=lambda kind: (losses[kind], kind))
    kept = best if losses["identity"] - losses[best] >= min_gain else "identity"
    report = {
        "kept": kept,
        "log_loss_later": losses,
        "rows": {"fit": len(y_fit), "later": len(y_later)},
        **base_rate_shift(y_fit, y_later, raw_later),
    }
    return CalibrationChoice(fitted[kept], report)


def base_rate_shift(y_fit, y_later, raw_later) -> dict:
    """How the base rate moved between the slices and what was predicted for the later one."""
    before, after, predicted = np.mean(y_fit), np.mean(y_later), np.mean(raw_later)
    return {
        "base_rate_fit": float(before),
        "base_rate_later": float(after),
        "base_rate_ratio": float(after / before) if before > 0 else None,
        "mean_predicted_later": float(predicted),
    }


def calibrator_from_dict(content: dict) -> Calibrator:
    """The calibrator that `to_dict` described. Raises ValueError on an unknown kind."""
    kind = content["kind"]
    if kind == "identity":
        return Identity()
    if kind == "platt":
        return Platt(content["slope"], content["intercept"])
    if kind == "isotonic":
        return Isotonic(tuple(content["raw"]), tuple(content["calibrated"]))
    raise ValueError(f"unknown calibrator {kind!r}; was the model written by a later version?")


def _fit_identity(y: np.ndarray, raw: np.ndarray) -> Identity:
    return Identity()


def _fit_platt(y: np.ndarray, raw: np.ndarray) -> Calibrator:
    """Newton steps on two parameters; a slope that is not positive would turn the order round."""
    x = log_odds(raw)
    slope, intercept = 1.0, 0.0
    # a whisper of ridge keeps the step finite where the slice is separable
    ridge = 1e-6 * len(y)
    for _ in range(50):
        p = expit(slope * x + intercept)
        w = p * (1 - p)
        gradient = np.array([np.sum((p - y) * x) + ridge * (slope - 1), np.sum(p - y)])
        hessian = np.array(
            [[np.sum(w * x * x) + ridge, np.sum(w * x)], [np.sum(w * x), np.sum(w) + ridge]]
        )
        step = np.linalg.solve(hessian, gradient)
        slope, intercept = slope - step[0], intercept - step[1]
        if np.max(np.abs(step)) < 1e-10:
            break
    if not (np.isfinite(slope) and np.isfinite(intercept) and slope > 0):
        return Identity()
    return Platt(float(slope), float(intercept))


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


_FITS = {"identity": _fit_identity, "platt": _fit_platt, "isotonic": _fit_isotonic}
