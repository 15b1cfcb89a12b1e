"""The reference model: how near to the truth clean features of the feeds come, and what each feed is worth.

Here: training on early months, measuring on late ones, with and without each feed. Not here: the
product's own model; nothing of this reaches the pipeline.
"""

from __future__ import annotations

import numpy as np

from dagster_project.demo.block import Block
from dagster_project.demo.calendar import Calendar
from dagster_project.demo.clean_features import FEEDS, clean_features, labels, month_ends
from dagster_project.demo.truth import PRIMARY, Ranking

MAX_COMPANIES = 10_000
_MAX_TRAINED = 150_000
_TESTED_MONTHS, _EMBARGO_MONTHS, _WARM_UP_MONTHS = 12, 3, 3
_PARAMETERS = {
    "objective": "binary:logistic", "max_depth": 5, "eta": 0.06, "subsample": 0.5,
    "colsample_bytree": 0.5, "colsample_bynode": 0.5,
    "min_child_weight": 30, "lambda": 20.0, "max_bin": 64, "nthread": 1, "tree_method": "hist", "verbosity": 0,
}  # fmt: skip
_ROUNDS = 80


class Reference:
    """Collects the first companies' clean features, then tells what feeds are worth."""

    def __init__(self, calendar: Calendar, table: np.ndarray, seed: int):
        self._calendar, self._table, self._seed = calendar, table, seed
        self._features: list[dict[str, np.ndarray]] = []
        self._months: list[np.ndarray] = []
        self._won: list[np.ndarray] = []
        self._truth: list[np.ndarray] = []
        self._companies = 0

    def add(self, block: Block) -> None:
        """Take a block's eligible rows, as long as there is room."""
        if self._companies >= MAX_COMPANIES:
            return
        self._companies += len(block.companies)
        eligible, is_won = labels(self._calendar, block)
        features = clean_features(self._calendar, block)
        self._features.append({name: part[eligible] for name, part in features.items()})
        days = month_ends(self._calendar)
        months = np.repeat(np.arange(len(days)), len(block.companies))
        self._months.append(months[eligible])
        self._won.append(is_won[eligible])
        at = np.searchsorted(self._calendar.as_of_days, days)[:, None]
        state = block.lives.path[days - self._calendar.start]
        true = self._table[PRIMARY, at, block.companies.classes, state]
        self._truth.append(true.ravel()[eligible])

    def feed_value(self) -> dict[str, object]:
        """AUC at 90 days on the last year: the truth's, with all feeds, without each."""
        months, won, truth = (np.concatenate(x) for x in (self._months, self._won, self._truth))
        features = {
            name: np.concatenate([part.pop(name) for part in self._features])
            for name in ("firmographics", *FEEDS)
        }
        last = len(month_ends(self._calendar)) - _TESTED_MONTHS
        tested = months >= last
        train = np.flatnonzero((months < last - _EMBARGO_MONTHS) & (months >= _WARM_UP_MONTHS))
        rng = np.random.default_rng(np.random.SeedSequence([self._seed, 1 << 30]))
        train = np.sort(rng.permutation(train)[:_MAX_TRAINED])
        if not won[train].any() or not won[tested].any():
            return {"note": "too small a world or too short a history for a reference model"}

        def measured(feeds: tuple[str, ...]) -> dict[str, float | None]:
            columns = np.concatenate([features[name] for name in ("firmographics", *feeds)], axis=1)
            score = _trained(columns[train], won[train], columns[tested], self._seed)
            return _measures(score, won[tested], truth[tested])

        return {
            "companies": self._companies,
            "trained_rows": len(train), "tested_rows": int(tested.sum()), "tested_wins": int(won[tested].sum()),
            "truth": _measures(truth[tested], won[tested], truth[tested]),
            "all_feeds": measured(FEEDS),
            "firmographics_alone": measured(()),
            "without": {feed: measured(tuple(f for f in FEEDS if f != feed)) for feed in FEEDS},
        }  # fmt: skip


def _trained(rows: np.ndarray, won: np.ndarray, others: np.ndarray, seed: int) -> np.ndarray:
    from models._xgboost import xgb as xgboost

    booster = xgboost.train(
        {**_PARAMETERS, "seed": seed}, xgboost.DMatrix(rows, label=won, nthread=1), _ROUNDS
    )
    return booster.predict(xgboost.DMatrix(others, nthread=1)).astype(np.float64)


def _measures(score: np.ndarray, won: np.ndarray, truth: np.ndarray) -> dict[str, float | None]:
    """AUC on what happened, AUC expected under the true probabilities (less noise), top-decile lift."""
    ranking = Ranking()
    ranking.add(score, won)
    order = np.argsort(score, kind="stable")
    wins, others = truth[order], 1 - truth[order]
    expected = ((others.cumsum() - others / 2) * wins).sum() / (wins.sum() * others.sum())
    found = {"auc": ranking.auc(), "expected_auc": expected, "lift": ranking.lift()}
    return {
        name: None if value is None else round(float(value), 4) for name, value in found.items()
    }
