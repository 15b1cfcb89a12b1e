"""Component scores: one family of features on its own (readiness: several), 0-100.

Belongs here: which families have a component (COMPONENTS, the one list), their fit, their score.
Does not belong here: the score of the whole (scoring.py) and how good a component is
(evaluation.py).

A component is a small model on the features of its family alone, scored as the whole is: where its
raw probability stands among the accounts of the reference population that have data. Null, never
zero, where nothing can be said: no feature of the family has data in this home, or the account has
no value of any of them. Readiness is all that moves (own behaviour, research, dealings with sales), as against fit: what a
company is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from models._xgboost import xgb
from models.boosting import dmatrix, fit_booster, raw_probability
from models.encoding import Encoder, fit_encoder, numbers
from models.feature_contract import Feature
from models.reference import Reference, fix_reference
from models.settings import TrainingSettings
from models.training_rows import outcomes, recency_weights

# family of features → column of the scores
COMPONENTS = {
    "fit": "fit_score",
    "engagement": "engagement_score",
    "intent": "intent_score",
    "readiness": "readiness_score",
}
# Components of more than one family.
FAMILIES = {"readiness": ("engagement", "intent", "relationship")}


@dataclass(frozen=True)
class Component:
    """What gives one component score, fixed at training."""

    family: str
    encoder: Encoder
    booster: xgb.Booster
    reference: Reference
    nthread: int = 2

    @property
    def name(self) -> str:
        """Column of the score."""
        return COMPONENTS[self.family]

    def raw(self, frame: pl.DataFrame) -> np.ndarray:
        """Raw probability of each row; NaN where the account has no value of the family."""
        raw = raw_probability(self.booster, self.encoder, self.encoder.matrix(frame), self.nthread)
        return np.where(has_data(frame, self._features), raw, np.nan)

    def score(self, frame: pl.DataFrame) -> pl.Series:
        """0-100 of each row, null where nothing can be said."""
        raw = self.raw(frame)
        scaled = np.where(np.isnan(raw), np.nan, self.reference.scale(raw))
        return pl.Series(self.name, scaled, dtype=pl.Float64).fill_nan(None)

    @property
    def _features(self) -> list[Feature]:
        return [column.feature for column in self.encoder.columns]


def fit_components(
    rows: pl.DataFrame,
    features: Iterable[Feature],
    settings: TrainingSettings,
    population: pl.DataFrame,
) -> tuple[Component, ...]:
    """Fit each component on `rows`; scores compare with the accounts of `population`.

    A family without data, or with outcomes of one kind only, has no component.
    """
    fitted = []
    for family in COMPONENTS:
        mine = families_of(family)
        own = [f for f in features if f.family in mine and tells_apart(rows, f)]
        known, reference = (
            frame.filter(pl.Series(has_data(frame, own), dtype=pl.Boolean))
            for frame in (rows, population)
        )
        if reference.height and known["is_converted"].n_unique() == 2:
            fitted.append(_fit(family, own, known, reference, settings))
    return tuple(fitted)


def families_of(component: str) -> tuple[str, ...]:
    """Families of features that a component learns from."""
    return FAMILIES.get(component, (component,))


def tells_apart(rows: pl.DataFrame, feature: Feature) -> bool:
    """Whether accounts differ in the feature on some day; what is true of the whole market on a
    day says nothing of how well an account fits.
    """
    values = rows.select("as_of_date", pl.col(feature.name).alias("value"))
    return values.group_by("as_of_date").agg(pl.col("value").n_unique())["value"].max() > 1


def has_data(frame: pl.DataFrame, features: Iterable[Feature]) -> np.ndarray:
    """Whether each row has a value of at least one of the features."""
    found = np.zeros(frame.height, dtype=bool)
    for feature in features:
        found |= present(frame[feature.name], feature)
    return found


def present(series: pl.Series, feature: Feature) -> np.ndarray:
    """Whether each value of a feature is there: neither null nor NaN."""
    if feature.kind == "category":
        return series.is_not_null().to_numpy()
    return ~np.isnan(numbers(series))


def _fit(family, features, rows, reference, settings: TrainingSettings) -> Component:
    encoder = fit_encoder(rows, features, settings.min_level_rows)
    trees, nthread = settings.booster.default_trees, settings.booster.nthread
    label, weight = outcomes(rows), recency_weights(rows, settings)
    data = dmatrix(encoder, encoder.matrix(rows, True), nthread, label=label, weight=weight)
    booster = fit_booster(encoder, data, settings.booster, settings.seed, trees)
    raw = raw_probability(booster, encoder, encoder.matrix(reference), nthread)
    return Component(family, encoder, booster, fix_reference(raw), nthread)
