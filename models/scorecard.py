"""The scorecard: scores accounts by points that people gave, until there is history to learn from.

Belongs here: points, the 0-100 scale and bands they make, families apart, reasons with points.
Does not belong here: reading scoring.yaml, and how well it ranks (baselines.py, evaluation.py).

Points of all lines are summed. The scale is the scorecard's own: 0 is the least that the lines can
add up to, 100 the most; each feature counts with its best (or worst) value, as if all could come
together. It depends on no account and no day, so that a score moves only when the account or the
scorecard does. A missing value meets no condition and gives no points; a line whose feature no
account of this home has gives none to anybody, and 100 is then out of reach: remove such lines.

A score of a scorecard is no probability: it is not calibrated, and none is derived from it.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from models.bands import Bands
from models.components import COMPONENTS, families_of, has_data, present
from models.encoding import feature_digests, numbers, require_columns
from models.explanation import factor_rows, in_words
from models.feature_contract import FEATURES, Feature, contract_version
from models.reasons import by_family, top_reasons
from models.scoring import EXPECTED_DAYS, LITTLE_DATA
from models.settings import DealWords, ScorecardLine, ScorecardSettings, TrainingSettings

# counted into the digest: raise it when the same lines come to score differently
FORMAT = 1
PREFIX = "scorecard-"
# points below a millionth are rounding, which may differ between processors
DIGITS = 6
# whether points make conversions is not known, so neither is who would convert at a multiple of the base rate
NO_GRADES = (
    pl.lit(None, dtype=pl.String).alias("grade"),
    pl.lit(None, dtype=pl.Int32).alias("tier"),
    pl.lit(None, dtype=pl.String).alias("segment"),
)
# points say neither how likely a win is, nor when, nor of which size
NOT_SAID = (EXPECTED_DAYS, "expected_deal_usd", "expected_value_usd")
# what has faded below half a point is no reason any more
MIN_POINTS_SAID = 0.5


@dataclass(frozen=True)
class Scorecard:
    """Lines of a scorecard with the rows of the feature contract that they name."""

    settings: ScorecardSettings
    deal_words: DealWords = DealWords()
    contract: tuple[Feature, ...] = FEATURES

    @property
    def version(self) -> str:
        """scorecard-<digest>: equal versions give equal scores for equal features."""
        content = json.dumps([FORMAT, self.settings.model_dump(mode="json")], sort_keys=True)
        return f"{PREFIX}{hashlib.sha256(content.encode()).hexdigest()[:12]}"

    @property
    def metadata(self) -> dict:
        """What rows say of where their score comes from."""
        return {"feature_contract_version": contract_version(self.contract)}

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """Features with points, in the order of the contract."""
        named = {line.feature for line in self.settings.lines}
        return tuple(feature for feature in self.contract if feature.name in named)

    def score(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Score the rows of `frame` (account_id, as_of_date, features), in its order.

        Columns as ScoringModel.score gives them; raw_probability, expected_days_to_close and components without a line or
        a value are null. Raises ContractError if a column is absent.
        """
        points = self.points(frame)
        score = scale(added(points), self.features, self.settings.lines)
        bands = Bands(self.settings.hot_from, self.settings.warm_from)
        return frame.select("as_of_date", "account_id").with_columns(
            pl.lit(None, dtype=pl.Float64).alias("raw_probability"),
            *(pl.lit(None, dtype=pl.Float64).alias(name) for name in NOT_SAID),
            pl.Series("score", score, dtype=pl.Float64),
            pl.Series("band", bands.of(score), dtype=pl.String),
            *(self._component(frame, points, family) for family in COMPONENTS),
            *NO_GRADES,
            self._flags(frame),
            feature_digests(frame, self.features),
        )

    def points(self, frame: pl.DataFrame) -> np.ndarray:
        """Points of each row by feature, shape (rows, features), in the order of `features`."""
        require_columns(frame, ["account_id", "as_of_date", *self.settings.columns])
        out = np.zeros((frame.height, len(self.features)))
        places = {feature.name: place for place, feature in enumerate(self.features)}
        for line in self.settings.lines:
            out[:, places[line.feature]] += line_points(frame, line)
        return np.round(out, DIGITS)

    def factors(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Long table of the points of each row by feature, as explanation.factor_contributions.

        `contribution` holds points; the rows of an account sum to its points. No base row.
        """
        points = self.points(frame)
        keys = frame.select("as_of_date", "account_id")
        blocks = [
            factor_rows(keys, feature, frame, points[:, place], self.deal_words)
            for place, feature in enumerate(self.features)
        ]
        return (
            pl.concat(
                block.with_columns(_with_points(block["reason"], block["contribution"]))
                for block in blocks
            )
            .with_columns(
                pl.struct(-pl.col("contribution").abs(), "feature")
                .rank("ordinal")
                .over("as_of_date", "account_id")
                .cast(pl.Int32)
                .alias("factor_rank")
            )
            .select(
                *("as_of_date", "account_id", "factor_rank", "feature"),
                *("family", "feature_value", "contribution", "reason"),
            )
            .sort("as_of_date", "account_id", "factor_rank")
        )

    def explained(self, frame: pl.DataFrame, most_for: int = 3) -> pl.DataFrame:
        """As explanation.explained. Reasons say every feature for itself, as people wrote the lines, with its points; what the
        families contribute are points, the base is 0.
        """
        alone = [replace(feature, topic=feature.name) for feature in self.features]

        def say(feature: Feature, chosen: pl.DataFrame, points: np.ndarray) -> pl.Series:
            words = in_words(feature, chosen, self.deal_words)["reason"]
            return _with_points(words, pl.Series(points))

        points = self.points(frame)
        said = top_reasons(frame, alone, points, say, most_for, MIN_POINTS_SAID)
        return pl.DataFrame([said, *by_family(self.features, points, np.zeros(frame.height))])

    def _component(self, frame: pl.DataFrame, points: np.ndarray, family: str) -> pl.Series:
        """The family's lines alone, 0-100; null where it has none or the account no value."""
        mine = families_of(family)
        places = [n for n, feature in enumerate(self.features) if feature.family in mine]
        if not places:
            return pl.Series(COMPONENTS[family], [None] * frame.height, dtype=pl.Float64)
        members = tuple(self.features[place] for place in places)
        score = scale(added(points[:, places]), members, self.settings.lines)
        score = np.where(has_data(frame, members), score, np.nan)
        return pl.Series(COMPONENTS[family], score, dtype=pl.Float64).fill_nan(None)

    def _flags(self, frame: pl.DataFrame) -> pl.Series:
        known = np.zeros(frame.height)
        for feature in self.features:
            known += present(frame[feature.name], feature)
        rows = [[LITTLE_DATA] if n < 0.5 * len(self.features) else [] for n in known.tolist()]
        return pl.Series("flags", rows, dtype=pl.List(pl.String))


def scorecard_of(settings: TrainingSettings) -> Scorecard | None:
    """The scorecard of these settings; None if they have none."""
    if not settings.scorecard.lines:
        return None
    return Scorecard(settings.scorecard, settings.deal_words)


def _with_points(words: pl.Series, points: pl.Series) -> pl.Series:
    """The words of a reason and what it gives: "3 won deals (-14 points)"."""
    amount = points.abs().round(1)
    table = pl.DataFrame({"words": words, "points": points, "amount": amount})
    unit = pl.when(pl.col("amount") == 1).then(pl.lit(" point)")).otherwise(pl.lit(" points)"))
    sign = pl.when(pl.col("points") < 0).then(pl.lit(" (-")).otherwise(pl.lit(" ("))
    number = pl.col("amount").cast(pl.String).str.strip_suffix(".0")
    return table.select(pl.concat_str("words", sign, number, unit).alias("reason"))["reason"]


def line_points(frame: pl.DataFrame, line: ScorecardLine) -> np.ndarray:
    """Points of each row by one line."""
    met = _is_met(frame[line.feature], line)
    points = np.where(met, float(line.points), 0.0)
    if line.decay is None:
        return points
    days = numbers(frame[line.decay.days_since])
    # no such event on record: nothing is left
    left = np.where(np.isnan(days), 0.0, 0.5 ** (np.maximum(days, 0) / line.decay.half_life_days))
    return points * left


def added(points: np.ndarray) -> np.ndarray:
    """Sum of each row, column by column: a row's sum does not depend on the rows beside it."""
    total = np.zeros(len(points))
    for place in range(points.shape[1]):
        total += points[:, place]
    return np.round(total, DIGITS)


def scale(points: np.ndarray, features: tuple[Feature, ...], lines) -> np.ndarray:
    """Points of these features' lines as 0-100 between the least and the most they can give."""
    bounds = [attainable([ln for ln in lines if ln.feature == f.name]) for f in features]
    least, most = (sum(bound[side] for bound in bounds) for side in (0, 1))
    return np.clip(100 * (points - least) / (most - least), 0, 100)


def attainable(lines: list[ScorecardLine]) -> tuple[int, int]:
    """Least and most points that lines on one feature can add up to, over all its values.

    A line that fades may give anything between nothing and its points.
    """
    ends = [end for ln in lines for end in (ln.at_least, ln.at_most) if end is not None]
    around = [end + side * 1e-9 * (1 + abs(end)) for end in ends for side in (-1, 0, 1)]
    texts = sorted({text for line in lines for text in line.one_of or ()})
    totals = [(0, 0)]
    for values in (pl.Series([*around, 0.0]), pl.Series([*texts, "\0any other"])):
        met = [(line, _is_met(values, line)) for line in lines if _suits(line, values)]
        for place in range(len(values)):
            given = [line for line, hits in met if hits[place]]
            low = sum(min(ln.points, 0) if ln.decay else ln.points for ln in given)
            high = sum(max(ln.points, 0) if ln.decay else ln.points for ln in given)
            totals.append((low, high))
    return min(low for low, _ in totals), max(high for _, high in totals)


def _suits(line: ScorecardLine, values: pl.Series) -> bool:
    if line.present:
        return True
    return (line.one_of is not None) == (values.dtype == pl.String)


def _is_met(series: pl.Series, line: ScorecardLine) -> np.ndarray:
    if line.one_of is not None:
        return series.cast(pl.String).is_in(list(line.one_of)).fill_null(False).to_numpy()
    if line.present and series.dtype in (pl.String, pl.Categorical):
        return series.is_not_null().to_numpy()
    values = numbers(series)
    met = ~np.isnan(values)
    if line.at_least is not None:
        met &= values >= line.at_least
    if line.at_most is not None:
        met &= values <= line.at_most
    return met
