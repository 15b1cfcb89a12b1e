"""Which calibrator is chosen, on which rows, and whether it is kept.

Belongs here: the choice. Does not belong here: the calibrators themselves (test_models_calibration.py).
"""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.calibration import Identity, expit, fit_calibrator, log_loss
from models.calibrator_choice import (
    FOLDS,
    KINDS,
    account_folds,
    choose_calibrator,
    log_loss_across_folds,
)
from models.training import train
from tests.factories import outcomes_of, too_sure, training_rows, training_settings

SEED = 7


def ids(n, rows_an_account=1):
    return pl.Series([f"salesforce:{number // rows_an_account:05d}" for number in range(n)])


def choose(y_fit, raw_fit, y_later, raw_later, accounts=None, seed=SEED):
    accounts = ids(len(y_fit)) if accounts is None else accounts
    return choose_calibrator(y_fit, raw_fit, accounts, y_later, raw_later, 1e-4, seed)


def test_a_calibrator_that_helps_on_the_later_slice_is_kept():
    y_fit, raw_fit = too_sure(seed=1)
    y_later, raw_later = too_sure(seed=2)
    choice = choose(y_fit, raw_fit, y_later, raw_later)
    assert choice.report["kept"] == choice.report["chosen"] in ("platt", "beta")
    assert fit_calibrator("platt", y_fit, raw_fit).slope == pytest.approx(0.5, abs=0.05)
    whole = fit_calibrator(choice.report["kept"], y_fit, raw_fit)
    assert choice.calibrator == whole
    calibrated = choice.calibrator.apply(raw_later)
    assert log_loss(y_later, calibrated) < log_loss(y_later, raw_later)


def test_a_calibrator_that_the_later_slice_contradicts_is_dropped():
    truth = np.random.default_rng(3).normal(-1, 1, 4000)
    raw = expit(truth)
    before, later = outcomes_of(truth - 1.5, 4), outcomes_of(truth, 5)
    choice = choose(before, raw, later, raw)
    chosen = choice.report["chosen"]
    assert (choice.report["kept"], chosen != "identity") == ("identity", True)
    assert isinstance(choice.calibrator, Identity)
    assert choice.report["base_rate_ratio"] > 1.5
    assert choice.report["log_loss_later"][chosen] > choice.report["log_loss_later"]["identity"]


def test_a_later_slice_that_another_kind_would_fit_better_has_no_say_in_the_kind():
    """The guard: what measures a calibrator does not choose it among four, only against none."""
    y_fit, raw_fit = too_sure(seed=1)
    chosen = choose(y_fit, raw_fit, *too_sure(seed=2)).report["chosen"]
    for seed in range(20):
        y_later, raw_later = too_sure(n=300, seed=10 + seed)
        choice = choose(y_fit, raw_fit, y_later, raw_later)
        assert choice.report["chosen"] == chosen
        assert choice.report["kept"] in (chosen, "identity")
        assert set(choice.report["log_loss_later"]) == {"identity", chosen}
    best = {
        min(KINDS, key=lambda kind: log_loss(y, fit_calibrator(kind, y_fit, raw_fit).apply(raw)))
        for y, raw in (too_sure(n=300, seed=10 + seed) for seed in range(20))
    }
    assert len(best) > 1


def test_what_is_measured_of_a_choice_flatters_less_than_the_best_of_four():
    """On rows that have no say the log loss of the chosen one is what it is; the least of four lies below it."""
    honest, best_of_four = [], []
    for seed in range(30):
        y_fit, raw_fit = too_sure(n=400, seed=seed)
        y_later, raw_later = too_sure(n=400, seed=1000 + seed)
        y_new, raw_new = too_sure(n=20_000, seed=2000 + seed)
        losses = {
            kind: log_loss(y_later, fit_calibrator(kind, y_fit, raw_fit).apply(raw_later))
            for kind in KINDS
        }
        best = min(losses, key=losses.get)
        fitted = fit_calibrator(best, y_fit, raw_fit)
        best_of_four.append(losses[best] - log_loss(y_new, fitted.apply(raw_new)))
        choice = choose(y_fit, raw_fit, y_later, raw_later)
        mine = choice.report["log_loss_later"][choice.report["kept"]]
        honest.append(mine - log_loss(y_new, choice.calibrator.apply(raw_new)))
    assert np.mean(best_of_four) < np.mean(honest) - 0.0005


def test_rows_of_one_account_do_not_vouch_for_each_other():
    """Twelve rows an account with one outcome: dealt out row by row, what learns accounts by heart would win."""
    y, raw = too_sure(n=400, seed=5)
    y, raw = np.repeat(y, 12), np.repeat(raw, 12)
    by_row = log_loss_across_folds(y, raw, ids(len(y)), SEED)
    by_account = log_loss_across_folds(y, raw, ids(len(y), 12), SEED)
    assert min(by_row, key=by_row.get) == "isotonic"
    assert min(by_account, key=by_account.get) in ("platt", "beta")


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(30, 120), st.integers(1, 6))
def test_folds_hold_whole_accounts_share_the_wins_and_forget_the_order_of_rows(seed, n, rows):
    generator = np.random.default_rng(seed)
    accounts = ids(n * rows, rows).to_numpy()
    y = (generator.random(n * rows) < 0.2).astype(float)
    fold = account_folds(y, accounts, seed)
    of_account = {}
    for account, number in zip(accounts, fold, strict=True):
        assert of_account.setdefault(account, number) == number
    for some in (of_account, {a for a, won in zip(accounts, y, strict=True) if won}):
        dealt = np.bincount([of_account[account] for account in some], minlength=FOLDS)
        assert dealt.max() - dealt.min() <= 1
    order = generator.permutation(len(y))
    assert np.array_equal(account_folds(y[order], accounts[order], seed), fold[order])


def test_the_order_of_rows_changes_nothing():
    y, raw = too_sure(n=600)
    order = np.random.default_rng(1).permutation(len(y))
    later = too_sure(n=600, seed=2)
    one = choose(y, raw, *later).report
    two = choose(y[order], raw[order], *later, ids(len(y)).gather(order)).report
    assert one["chosen"] == two["chosen"]
    for name in ("log_loss_across_folds", "log_loss_later"):
        assert one[name] == pytest.approx(two[name], abs=1e-9)


@pytest.mark.parametrize("won", [0, 1, 9])
def test_too_few_accounts_that_converted_choose_none(won):
    y, raw = np.zeros(300), np.linspace(0.01, 0.6, 300)
    y[-won or 300 :] = 1
    choice = choose(y, raw, y, raw)
    assert choice.report["kept"] == choice.report["chosen"] == "identity"
    assert "10 accounts of either outcome" in choice.report["why"]
    y[-20:] = 1
    enough = choose(y, raw, y, raw).report
    assert "why" not in enough and set(enough["log_loss_across_folds"]) == set(KINDS)


def test_many_rows_of_few_accounts_are_few():
    y, raw = too_sure(n=300)
    assert log_loss_across_folds(y, raw, ids(300, 60), SEED) == {}


def test_the_report_says_how_the_base_rate_moved():
    y = np.r_[np.ones(10), np.zeros(90)]
    later = np.r_[np.ones(20), np.zeros(80)]
    report = choose(y, np.full(100, 0.1), later, np.full(100, 0.1)).report
    assert report["base_rate_fit"] == pytest.approx(0.1)
    assert report["base_rate_later"] == pytest.approx(0.2)
    assert report["base_rate_ratio"] == pytest.approx(2.0)


def test_outcomes_of_the_test_part_do_not_choose_the_kind_in_a_training():
    rows = training_rows(accounts=400)
    settings = training_settings(rows)
    is_later = pl.col("as_of_date") == pl.col("as_of_date").max()
    turned = rows.with_columns(is_converted=pl.col("is_converted") ^ is_later)
    one, two = (train(some, settings).calibration for some in (rows, turned))
    assert one["log_loss_across_folds"] == two["log_loss_across_folds"]
    assert one["chosen"] == two["chosen"] and two["kept"] == "identity"
    assert one["log_loss_later"] != two["log_loss_later"]
