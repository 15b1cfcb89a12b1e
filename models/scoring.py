"""The scoring model: gives every account its probabilities, score, band and flags.

Belongs here: what a score is, and applying it to frames of features. Does not belong here: how
the model came about (training.py), its files (model_files.py), its reasons (explanation.py).

A row's result depends on that row alone: not on its place, on the rows beside it, or on how many
there are. Everything the score needs is fixed in the model, so that it does not move because
other accounts moved.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from models._xgboost import xgb
from models.bands import Bands
from models.boosting import raw_probability
from models.calibration import Calibrator
from models.components import COMPONENTS, Component
from models.encoding import EncodedFeature, Encoder, feature_digests, numbers, require_columns
from models.feature import OF_THE_MARKET
from models.grades import Grades
from models.horizons import coherent, cumulative, expected_days_to_close
from models.reference import Reference
from models.settings import DealWords
from models.value import ValueModel

if TYPE_CHECKING:
    from models.leads import LeadModel

LITTLE_DATA = "little data"
OUT_OF_DISTRIBUTION = "out of distribution"
BURNING_NEED = "burning need"
EXPECTED_DAYS = "expected_days_to_close"
# beyond the range seen in training by this share of it counts as out of distribution
RANGE_SLACK = 0.05


@dataclass(frozen=True)
class HorizonPart:
    """What answers for one horizon: the probability of a win within it, given none within the horizon before it, and what
    calibrates the probability within it as a whole.
    """

    horizon_days: int
    booster: xgb.Booster
    calibrator: Calibrator


@dataclass(frozen=True)
class ScoringModel:
    """All that scoring needs, fixed at training; `parts` are a chain (horizons.py), shortest horizon first. `leads` scores
    people, beside the accounts and unseen by them. `metadata` is free but JSON-ready.
    """

    parts: tuple[HorizonPart, ...]
    primary_horizon_days: int
    encoder: Encoder
    reference: Reference
    bands: Bands
    components: tuple[Component, ...] = ()
    grades: Grades = Grades()
    value: ValueModel | None = None
    leads: LeadModel | None = None
    little_data_below: float = 0.5
    nthread: int = 2
    deal_words: DealWords = DealWords()
    metadata: dict = field(default_factory=dict)

    @property
    def up_to_primary(self) -> tuple[HorizonPart, ...]:
        """The parts of the chain that the probability at the primary horizon is made of."""
        return tuple(p for p in self.parts if p.horizon_days <= self.primary_horizon_days)

    def score(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Score the rows of `frame` (account_id, as_of_date, features), in its order.

        Columns: as_of_date, account_id, raw_probability, win_probability_<h>d for each horizon (never falling with it),
        expected_days_to_close (null with one horizon), score (0-100), band, expected_deal_usd and expected_value_usd (null
        without a value model), the component scores (0-100, null where nothing can be said), grade, tier, segment, flags (list
        of text), feature_digest. Raises ContractError if a column is absent.
        """
        require_columns(frame, ["account_id", "as_of_date", *self.encoder.names])
        matrix = self.encoder.matrix(frame)
        raw = self.raw_probabilities(matrix)
        primary = raw[self.primary_horizon_days]
        score = self.reference.scale(primary)
        calibrated = coherent(
            {p.horizon_days: p.calibrator.apply(raw[p.horizon_days]) for p in self.parts},
            self.primary_horizon_days,
        )
        days = expected_days_to_close(calibrated)
        features = [column.feature for column in self.encoder.columns]
        components = self._component_scores(frame)
        by_name = {series.name: series for series in components}
        matrix_of_grades = self.grades.of(by_name["fit_score"], by_name["readiness_score"])
        return frame.select("as_of_date", "account_id").with_columns(
            pl.Series("raw_probability", primary, dtype=pl.Float64),
            *(
                pl.Series(f"win_probability_{horizon}d", values, dtype=pl.Float64)
                for horizon, values in calibrated.items()
            ),
            pl.Series(EXPECTED_DAYS, [None] * frame.height if days is None else days, pl.Float64),
            pl.Series("score", score, dtype=pl.Float64),
            pl.Series("band", self.bands.of(score), dtype=pl.String),
            *self._values(frame, calibrated[self.primary_horizon_days]),
            *components,
            *matrix_of_grades,
            flags(self.encoder, frame, self.little_data_below, matrix_of_grades),
            feature_digests(frame, features),
        )

    def _values(self, frame: pl.DataFrame, chance: np.ndarray) -> list[pl.Series]:
        deal = None if self.value is None else self.value.predict(frame)
        unsaid = [None] * frame.height
        return [
            pl.Series("expected_deal_usd", unsaid if deal is None else deal, dtype=pl.Float64),
            pl.Series("expected_value_usd", unsaid if deal is None else chance * deal, pl.Float64),
        ]

    def _component_scores(self, frame: pl.DataFrame) -> list[pl.Series]:
        fitted = {component.family: component for component in self.components}
        unsaid = pl.Series([None] * frame.height, dtype=pl.Float64)
        return [
            fitted[family].score(frame) if family in fitted else unsaid.alias(name)
            for family, name in COMPONENTS.items()
        ]

    def raw_probabilities(self, matrix: np.ndarray) -> dict[int, np.ndarray]:
        """Uncalibrated probability of each encoded row by horizon in days."""
        return cumulative(
            {
                part.horizon_days: raw_probability(part.booster, self.encoder, matrix, self.nthread)
                for part in self.parts
            }
        )

    def digest(self) -> str:
        """SHA-256 over all that is stored of the model: equal digests score equally."""
        from models.model_files import model_digest

        return model_digest(self)

    def save(self, directory: Path) -> None:
        """Write scoring_model.json and one UBJ file a horizon and component into `directory`."""
        from models.model_files import save_model

        save_model(self, directory)

    @staticmethod
    def load(directory: Path) -> ScoringModel:
        """Read what `save` wrote. Raises ModelFormatError if this code cannot read it."""
        from models.model_files import load_model

        return load_model(directory)


def flags(
    encoder: Encoder, frame: pl.DataFrame, little_data_below: float, grades: pl.DataFrame
) -> pl.Series:
    """List of flags of each row: little data, out of distribution, burning need (weak fit, strong behaviour).

    What all accounts of a day have alike puts none of them out of distribution: it would be said of each of them, or of none.
    """
    known, strange = np.zeros(frame.height), np.zeros(frame.height, dtype=bool)
    for column in encoder.columns:
        present, outside = _presence(frame[column.feature.name], column)
        known += present
        strange |= outside & (column.feature.topic != OF_THE_MARKET)
    little = known < little_data_below * len(encoder.columns)
    burning = grades["grade"].is_in(["C", "D"]) & (grades["tier"] == 1)
    found = (little, strange, burning.fill_null(False).to_numpy())
    names = (LITTLE_DATA, OUT_OF_DISTRIBUTION, BURNING_NEED)
    # one list a combination, handed out by number: a list a row would take longer than the score
    lists = [
        [name for place, name in enumerate(names) if number & 1 << place]
        for number in range(1 << len(names))
    ]
    numbers_of = sum(hits.astype(np.int64) << place for place, hits in enumerate(found))
    return pl.Series("flags", lists, dtype=pl.List(pl.String)).gather(pl.Series(numbers_of))


def _presence(series: pl.Series, column: EncodedFeature) -> tuple[np.ndarray, np.ndarray]:
    """Whether each value is there, and whether it is unlike all that training saw."""
    if column.is_category:
        text = series.cast(pl.String)
        present = text.is_not_null().to_numpy()
        return present, present & ~text.is_in(list(column.levels)).fill_null(False).to_numpy()
    values = numbers(series)
    present = ~np.isnan(values)
    if not column.quantiles:
        return present, present
    low, high = column.quantiles[0], column.quantiles[-1]
    slack = RANGE_SLACK * (high - low)
    with np.errstate(invalid="ignore"):
        return present, present & ((values < low - slack) | (values > high + slack))
