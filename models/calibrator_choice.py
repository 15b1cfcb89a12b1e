"""Which calibrator a model gets: its kind by one slice of time, whether it is kept by the next.

Belongs here: the choice, and what is said of it. Does not belong here: the calibrators and their fit (calibration.py), which
rows the slices are of (per_horizon.py).

The kind is chosen on the earlier slice alone, by log loss across folds of accounts. The later slice, on which calibration is
then measured, is asked one thing only: whether the chosen one is better than none. The best of four on the rows that measure it
would look better than it is.
"""

from dataclasses import dataclass

import numpy as np

from models.calibration import Calibrator, Identity, fit_calibrator, log_loss

# From what bends least to what bends most: of equals the first is taken.
KINDS = ("identity", "platt", "beta", "isotonic")
FOLDS = 5
# Accounts of either outcome that a slice needs: with fewer than two a fold, chance chooses.
LEAST_ACCOUNTS = 2 * FOLDS


@dataclass(frozen=True)
class CalibrationChoice:
    """The calibrator that was kept and what it was judged on."""

    calibrator: Calibrator
    report: dict


def choose_calibrator(
    y_fit, raw_fit, accounts_fit, y_later, raw_later, min_gain: float, seed: int
) -> CalibrationChoice:
    """Choose a kind across folds of the accounts of one slice, fit it on the whole slice, keep it if it gains `min_gain` on the
    later one.

    Gain is the fall in log loss (nats a row) against leaving the probabilities as they are. The report's `chosen` hangs on the
    earlier slice alone, `kept` is the same or identity.
    """
    y_fit, raw_fit = np.asarray(y_fit, dtype=np.float64), np.asarray(raw_fit, dtype=np.float64)
    across = log_loss_across_folds(y_fit, raw_fit, accounts_fit, seed)
    chosen = min(across, key=across.get) if across else "identity"
    fitted = fit_calibrator(chosen, y_fit, raw_fit)
    losses = {"identity": log_loss(y_later, raw_later)}
    losses[chosen] = log_loss(y_later, fitted.apply(raw_later))
    is_kept = losses["identity"] - losses[chosen] >= min_gain
    why = {"why": f"fewer than {LEAST_ACCOUNTS} accounts of either outcome to choose a kind by"}
    report = {
        "kept": chosen if is_kept else "identity",
        "chosen": chosen,
        "log_loss_across_folds": across,
        "log_loss_later": losses,
        "rows": {"fit": len(y_fit), "later": len(y_later)},
        **base_rate_shift(y_fit, y_later, raw_later),
        **({} if across else why),
    }
    return CalibrationChoice(fitted if is_kept else Identity(), report)


def log_loss_across_folds(y: np.ndarray, raw: np.ndarray, accounts, seed: int) -> dict[str, float]:
    """Log loss of each kind on rows of accounts that it was not fitted on; empty with too few accounts to tell by."""
    ids = np.asarray(accounts)
    if min(len(np.unique(ids[y == outcome])) for outcome in (0, 1)) < LEAST_ACCOUNTS:
        return {}
    fold = account_folds(y, ids, seed)
    said = {kind: np.empty(len(y)) for kind in KINDS}
    for number in range(FOLDS):
        is_held = fold == number
        for kind, told in said.items():
            fitted = fit_calibrator(kind, y[~is_held], raw[~is_held])
            told[is_held] = fitted.apply(raw[is_held])
    return {kind: log_loss(y, told) for kind, told in said.items()}


def account_folds(y: np.ndarray, accounts, seed: int) -> np.ndarray:
    """The fold (from 0) of each row. The rows of an account repeat each other, so they share one; accounts that converted are
    dealt out evenly. It hangs on accounts, outcomes and seed, not on the order of the rows.
    """
    ids, place = np.unique(np.asarray(accounts), return_inverse=True)
    is_won = np.bincount(place, weights=y) > 0
    drawn = np.random.default_rng(seed).permutation(len(ids))
    fold = np.empty(len(ids), dtype=np.int64)
    fold[np.lexsort((drawn, is_won))] = np.arange(len(ids)) % FOLDS
    return fold[place]


def base_rate_shift(y_fit, y_later, raw_later) -> dict:
    """How the base rate moved between the slices and what was predicted for the later one."""
    before, after, predicted = np.mean(y_fit), np.mean(y_later), np.mean(raw_later)
    return {
        "base_rate_fit": float(before),
        "base_rate_later": float(after),
        "base_rate_ratio": float(after / before) if before > 0 else None,
        "mean_predicted_later": float(predicted),
    }
