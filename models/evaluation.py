"""Says how good predictions are, on later data, with intervals bootstrapped by account.

Belongs here: the measures of blueprint section 6, their intervals, reliability bins, and the
paired difference of two models. Does not belong here: verdicts (promotion.py) and plots.

The same account stands in many rows. So intervals draw whole accounts with replacement: rows of
one account enter or stay out together.
"""

from collections.abc import Iterator
from statistics import NormalDist

import numpy as np

from models import ranking
from models.calibration import EPSILON, calibration_line, log_loss

# weightings worked on at a time: keeps memory at some tens of megabytes for 10,000 rows
BATCH = 50


def evaluate(y, p, groups, seed: int, n_boot: int = 500, order=None) -> dict:
    """Measures of probabilities `p` for outcomes `y` (0/1); `groups` are the accounts of the rows.

    `order` ranks the rows where it is finer than `p` (a rule). Returns n, positives, auc,
    auc_low, auc_high, pr_auc, brier, brier_base, log_loss, lift_top_decile, lift_low, lift_high,
    ece, calibration_slope, calibration_intercept, observed_over_predicted (what happened over what was told) and
    brier_over_base (what telling everyone the rows' own rate would do better), each with _low and _high. All intervals
    are of the same draws. A measure that cannot be said (one class only, no rows) is None.
    """
    y, p = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    _check(y, p)
    n, positives = len(y), int(y.sum())
    if n == 0:
        return {"n": 0, "positives": 0} | dict.fromkeys(_MEASURES)
    ordered = ranking.Order.of(y, p if order is None else order)
    grouped = ordered.grouped(np.ones(n))
    draws = [
        (*_rank_measures(ordered, w), *_level_measures(y, p, w))
        for w in _weights(groups, seed, n_boot)
    ]
    intervals = [_interval(np.concatenate(part)) for part in zip(*draws, strict=True)]
    (auc_low, auc_high), (lift_low, lift_high), of_ratio, of_brier = intervals
    ratio, over_base = (_said(value[0]) for value in _level_measures(y, p, np.ones((1, n))))
    base = positives / n
    slope, intercept = calibration_line(y, p)
    return {
        "n": n,
        "positives": positives,
        "auc": _said(ranking.auc(*grouped)[0]),
        "auc_low": auc_low,
        "auc_high": auc_high,
        "pr_auc": _said(ranking.average_precision(*grouped)[0]),
        "brier": float(np.mean((p - y) ** 2)),
        "brier_base": base * (1 - base),
        "log_loss": log_loss(y, p),
        "lift_top_decile": _said(ranking.lift_top(*grouped)[0]),
        "lift_low": lift_low,
        "lift_high": lift_high,
        "ece": calibration_error(y, p),
        "calibration_slope": slope,
        "calibration_intercept": intercept,
        **dict(zip(_RATIO, (ratio, *of_ratio), strict=True)),
        **dict(zip(_OVER_BASE, (over_base, *of_brier), strict=True)),
    }


def reliability(y, p, bins: int = 10) -> list[dict]:
    """Bins of equal count from low to high: bin, n, mean_predicted, observed_rate, _low, _high.

    Rows with equal probability share their outcome evenly before they are cut into bins, so that
    bins do not depend on row order. Intervals are Wilson's at 95 %.
    """
    y, p = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    _check(y, p)
    places = np.argsort(p, kind="stable")
    shared = _shared_outcomes(y, p)
    table = []
    for number, part in enumerate(np.array_split(places, bins), start=1):
        if len(part) == 0:
            continue
        rate = float(np.mean(shared[part]))
        low, high = wilson(rate, len(part))
        table.append(
            {
                "bin": number,
                "n": len(part),
                "mean_predicted": float(np.mean(p[part])),
                "observed_rate": rate,
                "observed_low": low,
                "observed_high": high,
            }
        )
    return table


def calibration_error(y, p, bins: int = 10) -> float | None:
    """ECE: mean distance of prediction and outcome over bins of equal count, by count."""
    table = reliability(y, p, bins)
    if not table:
        return None
    gaps = [row["n"] * abs(row["observed_rate"] - row["mean_predicted"]) for row in table]
    return sum(gaps) / sum(row["n"] for row in table)


def calibration_error_if_perfect(
    p, groups, seed: int, draws: int = 500, bins: int = 10
) -> float | None:
    """95th percentile of the calibration error when each outcome has exactly the predicted probability; None without rows.

    A calibration error is never 0: this is what chance alone shows in so many rows. `groups` are the accounts: their rows
    share one draw of luck, because their windows overlap; drawn row by row the limit would be that of more evidence than
    there is.
    """
    p = np.asarray(p, dtype=np.float64)
    if len(p) == 0:
        return None
    generator = np.random.default_rng(seed)
    _, account = np.unique(np.asarray(groups), return_inverse=True)
    accounts = int(account.max()) + 1
    falling = np.argsort(p, kind="stable")
    ordered, account = p[falling], account[falling]
    _, tied = np.unique(ordered, return_inverse=True)
    rows = np.bincount(tied)
    starts = np.cumsum([0, *(len(part) for part in np.array_split(falling, bins))])[:-1]
    starts = starts[starts < len(p)]
    errors = []
    for _ in range(draws):
        outcome = generator.random(accounts)[account] < ordered
        # rows with equal probability share their outcome, as in `reliability`
        shared = (np.bincount(tied, weights=outcome) / rows)[tied]
        errors.append(np.abs(np.add.reduceat(shared - ordered, starts)).sum() / len(p))
    return float(np.quantile(errors, 0.95))


def z_of(looks: int) -> float:
    """Half width, in standard deviations, of an interval that holds 95 %; of each where one of several would do (Bonferroni)."""
    return round(NormalDist().inv_cdf(1 - 0.025 / looks), 6)


def wilson(rate: float, n: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a rate seen in n trials; (0, 1) without trials."""
    if n == 0:
        return 0.0, 1.0
    centre = rate + z * z / (2 * n)
    spread = z * np.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, float((centre - spread) / scale)), min(1.0, float((centre + spread) / scale))


def compare(
    y,
    p_a,
    p_b,
    groups,
    seed: int,
    n_boot: int = 500,
    order_a=None,
    order_b=None,
    share: float = 0.95,
) -> dict:
    """Paired difference a - b on the same rows: auc, lift_top_decile and log_loss, each with `_low` and `_high`, the ends of
    an interval that holds this `share` of the bootstrap. `order_a` and `order_b` rank the rows where they are finer than `p`.
    """
    y, p_a, p_b = (np.asarray(values, dtype=np.float64) for values in (y, p_a, p_b))
    _check(y, p_a)
    _check(y, p_b)
    a = ranking.Order.of(y, p_a if order_a is None else order_a)
    b = ranking.Order.of(y, p_b if order_b is None else order_b)
    losses = _row_loss(y, p_a) - _row_loss(y, p_b)
    draws = [_differences(a, b, losses, w) for w in _weights(groups, seed, n_boot)]
    whole = _differences(a, b, losses, np.ones((1, len(y))))
    out = {}
    for place, name in enumerate(("auc", "lift_top_decile", "log_loss")):
        low, high = _interval(np.concatenate([draw[place] for draw in draws]), share)
        out |= {name: _said(whole[place][0]), f"{name}_low": low, f"{name}_high": high}
    return out


def bootstrap_ratio(
    above, below, groups, seed: int, n_boot: int = 500
) -> tuple[float | None, float | None, float | None]:
    """Sum over sum of two values a row, with its 95 % interval; draws whole groups."""
    above, below = (np.asarray(values, dtype=np.float64) for values in (above, below))
    if not below.sum():
        return None, None, None
    draws = [(weights @ above) / (weights @ below) for weights in _weights(groups, seed, n_boot)]
    return float(above.sum() / below.sum()), *_interval(np.concatenate(draws))


_RATIO, _OVER_BASE = (
    (name, f"{name}_low", f"{name}_high") for name in ("observed_over_predicted", "brier_over_base")
)
_MEASURES = (
    "auc", "auc_low", "auc_high", "pr_auc", "brier", "brier_base", "log_loss",
    "lift_top_decile", "lift_low", "lift_high", "ece", "calibration_slope", "calibration_intercept",
    *_RATIO, *_OVER_BASE,
)  # fmt: skip


def _check(y: np.ndarray, p: np.ndarray) -> None:
    if len(y) != len(p):
        raise ValueError(f"{len(y)} outcomes but {len(p)} predictions")
    if not np.isin(y, (0.0, 1.0)).all():
        raise ValueError("outcomes must be 0 or 1")
    if len(p) and not (np.min(p) >= 0 and np.max(p) <= 1):
        raise ValueError("predictions must be probabilities between 0 and 1, without NaN")


def _weights(groups, seed: int, n_boot: int) -> Iterator[np.ndarray]:
    """Row weights of bootstrap draws in batches of shape (draws, rows): each account's count."""
    _, account = np.unique(np.asarray(groups), return_inverse=True)
    accounts = int(account.max()) + 1
    generator = np.random.default_rng(seed)
    for start in range(0, n_boot, BATCH):
        draws = min(BATCH, n_boot - start)
        picked = generator.integers(0, accounts, size=(draws, accounts))
        picked += np.arange(draws)[:, None] * accounts
        counts = np.bincount(picked.ravel(), minlength=draws * accounts)
        yield counts.reshape(draws, accounts)[:, account].astype(np.float64)


def _rank_measures(order: ranking.Order, weights: np.ndarray):
    grouped = order.grouped(weights)
    return ranking.auc(*grouped), ranking.lift_top(*grouped)


def _level_measures(y: np.ndarray, p: np.ndarray, weights: np.ndarray):
    """Outcomes over what was told, and how far the Brier score lies above that of each weighting's own rate."""
    total, hits, told = weights.sum(axis=1), weights @ y, weights @ p
    with np.errstate(invalid="ignore", divide="ignore"):
        rate, brier = hits / total, weights @ (p - y) ** 2 / total
        return hits / told, brier - rate * (1 - rate)


def _differences(a: ranking.Order, b: ranking.Order, losses, weights: np.ndarray):
    auc_a, lift_a = _rank_measures(a, weights)
    auc_b, lift_b = _rank_measures(b, weights)
    loss = weights @ losses / weights.sum(axis=1)
    return auc_a - auc_b, lift_a - lift_b, loss


def _interval(values: np.ndarray, share: float = 0.95) -> tuple[float | None, float | None]:
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return None, None
    low, high = np.quantile(values, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def _shared_outcomes(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    _, group = np.unique(p, return_inverse=True)
    return (np.bincount(group, weights=y) / np.bincount(group))[group] if len(p) else y


def _row_loss(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    p = np.clip(p, EPSILON, 1 - EPSILON)
    return -np.where(y > 0, np.log(p), np.log1p(-p))


def _said(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
