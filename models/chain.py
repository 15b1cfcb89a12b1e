"""Fits the chain of conditional models, one booster a horizon, and applies it.

Belongs here: which rows each part of the chain learns from, its number of trees, its fit, its predictions. Does not belong
here: rows and arithmetic of horizons (horizons.py), calibration, and what a training makes of all this (training.py).

`fit_chain` is the way of the model: find the number of trees of each part on the newest days of some rows, then fit anew on
all of them. Each part learns from all rows whose label is final for its own horizon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial

import numpy as np
import polars as pl

from models._xgboost import xgb
from models.boosting import dmatrix, fit_booster, gain_by_feature, raw_probability
from models.encoding import Encoder, fit_encoder
from models.feature import Feature
from models.horizons import at_risk, cumulative, labelled, previous
from models.settings import BoosterSettings, TrainingSettings
from models.splits import VALIDATION_ONLY, Split, matured_before, split_dates
from models.training_rows import as_known_on, on_days, outcomes, recency_weights


@dataclass(frozen=True)
class Chain:
    """A booster for each horizon, shortest first, on one encoder."""

    encoder: Encoder
    boosters: dict[int, object]
    nthread: int

    def predict(self, frame: pl.DataFrame) -> dict[int, np.ndarray]:
        """Uncalibrated probability of each row within each horizon."""
        return self.predict_encoded(self.encoder.matrix(frame))

    def predict_encoded(self, matrix: np.ndarray) -> dict[int, np.ndarray]:
        """The same of rows that the chain's encoder has made a matrix of."""
        return cumulative(
            {
                horizon: raw_probability(booster, self.encoder, matrix, self.nthread)
                for horizon, booster in self.boosters.items()
            }
        )

    def importance(self, up_to: int) -> dict[str, float]:
        """Each used feature's share of the gain, as the mean of the parts up to a horizon, largest first."""
        shares = [
            gain_by_feature(one) for horizon, one in self.boosters.items() if horizon <= up_to
        ]
        names = {name for share in shares for name in share}
        mean = {name: sum(s.get(name, 0.0) for s in shares) / len(shares) for name in names}
        return dict(sorted(mean.items(), key=lambda item: (-item[1], item[0])))


@dataclass(frozen=True)
class PartRows:
    """What one part of a chain learns from: all of its rows, and `halves`, the same in older and newer rows with an encoder of
    their own. Encoded when asked for: at no time need both be held.
    """

    horizon: int
    encoder: Encoder
    rows: Callable[[], xgb.DMatrix]
    halves: Callable[[], tuple[Encoder, xgb.DMatrix, xgb.DMatrix] | None]

    def held(self) -> PartRows:
        """The same, encoded once for any number of fits."""
        return replace(self, rows=cache(self.rows), halves=cache(self.halves))

    def fit(self, booster: BoosterSettings, seed: int) -> xgb.Booster:
        """Find the number of trees on the newer half, then fit anew on all rows."""
        trees = self._trees(booster, seed)
        return fit_booster(self.encoder, self.rows(), booster, seed, trees)

    def _trees(self, booster: BoosterSettings, seed: int) -> int:
        """The default where history is too short for halves."""
        halves = self.halves()
        if halves is None:
            return booster.default_trees
        encoder, older, newer = halves
        return fit_booster(
            encoder, older, booster, seed, booster.max_trees, newer
        ).num_boosted_rounds()


@dataclass(frozen=True)
class LaterPart:
    """A chain fitted on all that was settled before a part, with that part's rows and predictions at one horizon.

    `earlier` are the rows labelled at that horizon that the chain could learn from, as their outcomes were known on the part's
    first day.
    """

    fit: Chain
    earlier: pl.DataFrame
    rows: pl.DataFrame
    y: np.ndarray
    raw: np.ndarray


def fit_chain(
    rows: pl.DataFrame,
    horizons: Sequence[int],
    features: tuple[Feature, ...],
    settings: TrainingSettings,
    start: date | None = None,
) -> Chain:
    """Fit a part for each horizon on the rows whose window for it had closed before `start` (None: on all), with the outcomes
    known then. Raises ValueError where a horizon has no rows.
    """
    return fit_parts(
        part_rows(rows, horizons, features, settings, start), settings.booster, settings.seed
    )


def fit_parts(parts: Iterable[PartRows], booster: BoosterSettings, seed: int) -> Chain:
    """Fit each part of a chain with these settings of the booster."""
    encoder, boosters = None, {}
    for part in parts:
        encoder = part.encoder
        boosters[part.horizon] = part.fit(booster, seed)
    return Chain(encoder, boosters, booster.nthread)


def fit_before(
    rows: pl.DataFrame,
    split: Split,
    part: str,
    fit: Callable[[pl.DataFrame, date], Chain],
) -> LaterPart | None:
    """A chain fitted on what was settled before a part of the split, at the split's horizon, and applied to the part's rows.

    `fit` gets the earlier rows of LaterPart and the part's first day. None where the split has no such part.
    """
    days, horizon = split.part(part), split.horizon_days
    if not days:
        return None
    mine, start = labelled(rows, horizon), days[0]
    earlier = as_known_on(on_days(mine, matured_before(mine["as_of_date"], horizon, start)), start)
    later, chain = on_days(mine, days), fit(earlier, start)
    return LaterPart(chain, earlier, later, outcomes(later), chain.predict(later)[horizon])


def part_rows(
    rows: pl.DataFrame,
    horizons: Sequence[int],
    features: tuple[Feature, ...],
    settings: TrainingSettings,
    start: date | None = None,
) -> Iterator[PartRows]:
    """The parts of a chain, shortest horizon first, each with the rows whose window for it had closed before `start` and the
    outcomes known then (None: all).

    The encoder is fixed on the rows of the shortest horizon, which hold all others. Raises ValueError where a horizon has
    no rows.
    """
    encoder = None
    rows = rows if start is None else as_known_on(rows, start)
    for horizon in sorted(horizons):
        mine = at_risk(rows, horizon, previous(horizons, horizon))
        if start is not None:
            mine = on_days(mine, matured_before(mine["as_of_date"], horizon, start))
        if mine.height == 0:
            raise ValueError(f"no row can be learnt from at {horizon} days")
        encoder = encoder or fit_encoder(mine, features, settings.min_level_rows)
        yield PartRows(
            horizon,
            encoder,
            partial(_encoded, mine, encoder, settings),
            partial(_halves, mine, horizon, features, settings),
        )


def _halves(rows: pl.DataFrame, horizon: int, features, settings: TrainingSettings):
    """Older rows and the newest days of them, on which the number of trees is found; None where history is too short."""
    found = split_dates(rows["as_of_date"], horizon, settings.split, VALIDATION_ONLY)
    if not found.validation:
        return None
    earlier = as_known_on(on_days(rows, found.train), found.validation[0])
    newest_days = on_days(rows, found.validation)
    encoder = fit_encoder(earlier, features, settings.min_level_rows)
    matrix, label = encoder.matrix(newest_days), outcomes(newest_days)
    later = dmatrix(encoder, matrix, settings.booster.nthread, label=label)
    return encoder, _encoded(earlier, encoder, settings), later


def _encoded(rows: pl.DataFrame, encoder: Encoder, settings: TrainingSettings) -> xgb.DMatrix:
    label, weight = outcomes(rows), recency_weights(rows, settings)
    matrix = encoder.matrix(rows, True)
    return dmatrix(encoder, matrix, settings.booster.nthread, label=label, weight=weight)
