"""How well an order of accounts separates outcomes: AUC, average precision, lift; with ties fair.

Belongs here: measures of order under row weights, for one weighting or for many at once.
Does not belong here: calibration measures and the drawing of bootstrap weights (evaluation.py).

Rows are put in order once; each weighting then costs a few cumulative sums. Rows with equal
scores form one group, within which no row comes before another: what a group holds is spread
evenly over it, so that the order of rows in the file never matters.
"""

from dataclasses import dataclass

import numpy as np

TOP_SHARE = 0.10


@dataclass(frozen=True)
class Order:
    """Rows from highest to lowest score: outcome in that order and where groups of ties start."""

    places: np.ndarray
    y: np.ndarray
    starts: np.ndarray

    @staticmethod
    def of(y: np.ndarray, scores: np.ndarray) -> "Order":
        """Order rows by falling score. Raises ValueError on NaN scores."""
        scores = np.asarray(scores, dtype=np.float64)
        if np.isnan(scores).any():
            raise ValueError("scores hold NaN and cannot be put in order")
        places = np.argsort(-scores, kind="stable")
        falling = scores[places]
        starts = np.flatnonzero(np.r_[True, falling[1:] != falling[:-1]]) if len(falling) else []
        y = np.asarray(y, dtype=np.float64)[places]
        return Order(places, y, np.asarray(starts, dtype=np.int64))

    def grouped(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weight of positives and of negatives by group of ties; shape (weightings, groups)."""
        w = np.atleast_2d(weights)[:, self.places]
        positives = np.add.reduceat(w * self.y, self.starts, axis=1)
        return positives, np.add.reduceat(w, self.starts, axis=1) - positives


def auc(positives: np.ndarray, negatives: np.ndarray) -> np.ndarray:
    """Area under the ROC curve of each weighting; NaN where only one class has weight."""
    above = np.cumsum(positives, axis=1) - positives / 2
    area = np.sum(negatives * above, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return area / (positives.sum(axis=1) * negatives.sum(axis=1))


def average_precision(positives: np.ndarray, negatives: np.ndarray) -> np.ndarray:
    """Average precision (area under the precision-recall steps); NaN without positives."""
    hits = np.cumsum(positives, axis=1)
    reached = hits + np.cumsum(negatives, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(reached > 0, hits / np.maximum(reached, 1e-300), 0.0)
        return np.sum(precision * positives, axis=1) / positives.sum(axis=1)


def lift_top(positives: np.ndarray, negatives: np.ndarray, share: float = TOP_SHARE) -> np.ndarray:
    """Rate in the top share of rows over the base rate; NaN without positives.

    Where the edge of the top share runs through a group of ties, the group's rate counts.
    """
    weight = positives + negatives
    reached, hits = np.cumsum(weight, axis=1), np.cumsum(positives, axis=1)
    total = reached[:, -1:]
    edge = share * total
    inside = np.sum(np.where(reached <= edge, positives, 0.0), axis=1)
    left = edge[:, 0] - np.sum(np.where(reached <= edge, weight, 0.0), axis=1)
    cut = np.minimum(np.sum(reached <= edge, axis=1), weight.shape[1] - 1)
    rows = np.arange(len(weight))
    with np.errstate(invalid="ignore", divide="ignore"):
        rate_at_edge = np.where(weight[rows, cut] > 0, positives[rows, cut] / weight[rows, cut], 0)
        return (inside + left * rate_at_edge) / edge[:, 0] / (hits[:, -1] / total[:, 0])


def gain_curve(y: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of accounts reached and share of conversions caught, both from 0 to 1."""
    order = Order.of(y, scores)
    positives, negatives = order.grouped(np.ones(len(order.y)))
    caught = np.cumsum(positives[0]) / max(positives.sum(), 1.0)
    reached = np.cumsum(positives[0] + negatives[0]) / max(len(order.y), 1)
    return np.r_[0.0, reached], np.r_[0.0, caught]
