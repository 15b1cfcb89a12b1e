"""Outcomes at several horizons, and how probabilities of them hang together.

Belongs here: which rows a horizon can be learnt from, conditional and cumulative probabilities, what follows from them.
Does not belong here: models (chain.py) and where a horizon's window starts (dbt, label_conversion).

A row of the training set says what happened in its longest window that has closed: `horizon_days`, `is_converted`, and
`days_to_conversion` (null without one). So it says the same of every shorter horizon.

Horizons h1 < h2 < … are a chain, the discrete-time form of a hazard: q1 = P(T <= h1) and qk = P(T <= hk | T > h(k-1)). What they
give, P(T <= hk) = 1 - (1 - q1)…(1 - qk), never falls with the horizon, and the short horizon learns from labels that are too
fresh for the long ones (Allison 1982, "Discrete-Time Methods for the Analysis of Event Histories").
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from models.calibration import expit
from models.encoding import require_columns


def labelled(rows: pl.DataFrame, horizon_days: int) -> pl.DataFrame:
    """Rows whose window of `horizon_days` has closed, is_converted saying what happened in it.

    Raises ContractError where longer windows would have to be cut and days_to_conversion is absent.
    """
    rows = rows.filter(pl.col("horizon_days") >= horizon_days)
    if rows.filter(pl.col("horizon_days") > horizon_days).height == 0:
        return rows
    require_columns(rows, ["days_to_conversion"])
    in_time = pl.col("days_to_conversion").fill_null(horizon_days + 1) <= horizon_days
    return rows.with_columns(
        pl.lit(horizon_days, dtype=rows.schema["horizon_days"]).alias("horizon_days"),
        (pl.col("is_converted") & in_time).alias("is_converted"),
    )


def at_risk(rows: pl.DataFrame, horizon_days: int, after_days: int) -> pl.DataFrame:
    """Of the rows labelled at a horizon those that had not converted within the one before it (0: all)."""
    rows = labelled(rows, horizon_days)
    if not after_days:
        return rows
    require_columns(rows, ["days_to_conversion"])
    before = pl.col("days_to_conversion").fill_null(after_days + 1) <= after_days
    return rows.filter(~(pl.col("is_converted") & before))


def previous(horizons: Sequence[int], horizon_days: int) -> int:
    """The horizon before this one; 0 before the first."""
    return max((one for one in horizons if one < horizon_days), default=0)


def cumulative(conditional: Mapping[int, np.ndarray]) -> dict[int, np.ndarray]:
    """P(T <= h) of each horizon from the conditional probabilities of the chain, shortest first."""
    out, reached = {}, None
    for horizon in sorted(conditional):
        q = conditional[horizon]
        reached = q if reached is None else reached + (1.0 - reached) * q
        out[horizon] = reached
    return out


def coherent(probabilities: Mapping[int, np.ndarray], primary: int) -> dict[int, np.ndarray]:
    """Calibrated one by one, horizons may come to cross by a hair; then the one farther from the primary gives way."""
    out = {primary: probabilities[primary]}
    shorter = sorted((h for h in probabilities if h < primary), reverse=True)
    longer = sorted(h for h in probabilities if h > primary)
    for limit, rest in ((np.minimum, shorter), (np.maximum, longer)):
        nearer = out[primary]
        for horizon in rest:
            nearer = out[horizon] = limit(probabilities[horizon], nearer)
    return {horizon: out[horizon] for horizon in sorted(out)}


def expected_days_to_close(probabilities: Mapping[int, np.ndarray]) -> np.ndarray | None:
    """Mean days until the win, given that it comes within the longest horizon; None with a single horizon.

    Between two horizons a win is as likely on each day: each interval counts with its middle.
    """
    horizons = sorted(probabilities)
    if len(horizons) < 2:
        return None
    total, start, before = 0.0, 0, 0.0
    for horizon in horizons:
        total = total + (probabilities[horizon] - before) * (start + horizon) / 2
        start, before = horizon, probabilities[horizon]
    return total / probabilities[horizons[-1]]


# Points of the path from the base to an account: the integrand is smooth, and 16 give 12 digits.
NODES, SHARES = np.polynomial.legendre.leggauss(16)


def chained_contributions(parts: Sequence[np.ndarray]) -> np.ndarray:
    """What each feature adds to the log-odds of the chain's probability, from what it adds to those of each part.

    Each part has shape (rows, features + 1), the base in the last column; so has the result, and its rows sum to the log-odds.
    The difference between an account and the base is shared out along the straight path between them (Aumann and Shapley 1974;
    for models in series Chen, Lundberg and Lee 2022): a part counts with the mean of its slope on that path, q / P.
    """
    if len(parts) == 1:
        return parts[0]
    bases = [part[:, -1] for part in parts]
    ends = [part.sum(axis=1) for part in parts]
    slopes = [np.zeros(len(ends[0])) for _ in parts]
    for node, share in zip((NODES + 1) / 2, SHARES / 2, strict=True):
        now = [base + node * (end - base) for base, end in zip(bases, ends, strict=True)]
        q = [expit(values) for values in now]
        reached = expit(chained_log_odds(now))
        for slope, one in zip(slopes, q, strict=True):
            slope += share * one / reached
    out = np.zeros(parts[0].shape)
    for slope, part in zip(slopes, parts, strict=True):
        out[:, :-1] += slope[:, None] * part[:, :-1]
    # what the quadrature leaves, some 1e-12, goes to the base
    out[:, -1] = chained_log_odds(ends) - out[:, :-1].sum(axis=1)
    return out


def chained_log_odds(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Log-odds of 1 - (1 - q1)…(1 - qk) from those of each q: with L = -log of the product they are log(exp(L) - 1)."""
    return np.log(np.expm1(sum(np.logaddexp(0.0, part) for part in parts)))
