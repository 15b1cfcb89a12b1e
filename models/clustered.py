"""Rates of rows that come from the same accounts again and again, with intervals that know it.

Belongs here: effective numbers of rows and the interval of a rate. Does not belong here: which rows a rate is of.

Rows of one account hang together, so that many rows say no more than fewer independent ones would. How many is the effective
number: that at which a binomial rate would vary as this one does between accounts (the variance of a ratio of sums over whole
accounts, Kish 1965). The interval is Clopper and Pearson's at that number (Korn and Graubard 1998, "Confidence intervals for
proportions with small expected number of positive counts"): it holds for rare outcomes too, where symmetric ones fail.
"""

import numpy as np

ALPHA = 0.05


def effective_rows(rows: np.ndarray, hits: np.ndarray, least_effect: float = 1.0) -> np.ndarray:
    """Effective number of rows of each column; `rows` and `hits` (rows with the outcome) have shape (accounts, columns).

    A few accounts alike in outcome show no variance: the design effect is never taken below `least_effect`.
    """
    total, accounts = rows.sum(axis=0), np.maximum((rows > 0).sum(axis=0), 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = hits.sum(axis=0) / total
        spread = ((hits - rate * rows) ** 2).sum(axis=0) * accounts / (accounts - 1)
        effect = spread / total / (rate * (1 - rate))
    return total / np.fmax(effect, least_effect)


def design_effect(rows: np.ndarray, hits: np.ndarray) -> float:
    """How many rows say as much as one independent row would, of all rows together; at least 1. Shapes (accounts,)."""
    effective = effective_rows(rows[:, None], hits[:, None])[0]
    return float(rows.sum() / effective) if effective else 1.0


def interval(
    rate: np.ndarray, effective: np.ndarray, alpha: float = ALPHA
) -> tuple[np.ndarray, np.ndarray]:
    """Interval of rates seen in `effective` rows that misses with probability `alpha` at most; from 0 to 1 without rows."""
    # only trainings need it
    from scipy.special import betaincinv

    rate, n = (
        np.nan_to_num(np.asarray(rate, dtype=np.float64)),
        np.asarray(effective, dtype=np.float64),
    )
    hits = rate * n
    # a beta distribution without mass on one side is at its end
    low = np.where(hits > 0, betaincinv(np.maximum(hits, 1e-12), n - hits + 1, alpha / 2), 0.0)
    high = np.where(hits < n, betaincinv(hits + 1, np.maximum(n - hits, 1e-12), 1 - alpha / 2), 1.0)
    return low, high


def ratio_interval(
    rate: np.ndarray, low: np.ndarray, high: np.ndarray,
    others: np.ndarray, others_low: np.ndarray, others_high: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Ends of rate / others from the intervals of both, as of independent rates (Donner and Zou 2012, "Closed-form confidence
    intervals for functions of the normal mean and standard deviation"). Infinite where the others' interval reaches 0.
    """

    def end(near: np.ndarray, far: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        a, c = far * (2 * others - far), near * (2 * rate - near)
        return a, c, np.sqrt(np.maximum((rate * others) ** 2 - a * c, 0))

    with np.errstate(divide="ignore", invalid="ignore"):
        _, c, root = end(low, others_high)
        least = np.where(rate * others > 0, c / (rate * others + root), 0.0)
        a, _, root = end(high, others_low)
        most = np.where(others_low > 0, (rate * others + root) / a, np.inf)
    return least, most
