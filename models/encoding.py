"""Turns a polars frame of features into the float32 matrix that XGBoost reads, always the same way.

Belongs here: category levels fixed at training, treatment of missing values, value ranges, and the
digest of an account's feature values. Does not belong here: anything about labels or trees.

Missing values of versioned features stay missing: XGBoost learns where they go. But where more time since something is worse
(monotone.py), it has not been for as long as we look back: a time beyond all others. Snapshot
attributes are filled in later for accounts that fared well, so that their very absence tells the
outcome. It must not be learnt: in training an absent value is drawn from the values of the other
rows (by a hash of account and feature, so that nothing depends on row order), in scoring it is
the typical value. A constant in training would let the trees find the absent ones again, and so
would values that no other row has, or has less often.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from models.feature_contract import ContractError, Feature

# Beyond every time that features look back on, and below the largest whole number of a float32.
LONG_AGO_DAYS = 1e6
QUANTILES = np.linspace(0.0, 1.0, 101)
# one bit pattern for every kind of NaN
NAN_WORD = np.uint64(0x7FF8000000000000)


@dataclass(frozen=True)
class EncodedFeature:
    """A feature with what training fixed about it.

    `levels` are the categories in code order and `level_rows` how often each was seen;
    `quantiles` are 101 values of a number from its lowest to its highest, each of which occurred. `absent` is what a missing
    number counts as; None leaves it missing.
    """

    feature: Feature
    levels: tuple[str, ...] = ()
    level_rows: tuple[int, ...] = ()
    quantiles: tuple[float, ...] = ()
    absent: float | None = None

    @property
    def is_category(self) -> bool:
        """Whether the values are categories rather than numbers."""
        return self.feature.kind == "category"

    @property
    def is_neutral_when_missing(self) -> bool:
        """Whether absence must not be learnt, nor be held for or against an account."""
        return self.feature.source_kind == "snapshot"

    def typical(self) -> float:
        """Median of a number, code of the most frequent level; NaN if nothing was ever seen."""
        if self.is_category:
            return float(np.argmax(self.level_rows)) if self.levels else np.nan
        return self.quantiles[50] if self.quantiles else np.nan


@dataclass(frozen=True)
class Encoder:
    """Features in column order, as fixed at training."""

    columns: tuple[EncodedFeature, ...]

    @property
    def names(self) -> list[str]:
        """Names of the features in column order."""
        return [column.feature.name for column in self.columns]

    @property
    def feature_types(self) -> list[str]:
        """XGBoost's word for each column: c for categories, q for numbers."""
        return ["c" if column.is_category else "q" for column in self.columns]

    def matrix(self, frame: pl.DataFrame, for_training: bool = False) -> np.ndarray:
        """Float32 matrix, rows as in `frame`, one column a feature; NaN is missing.

        Values are rounded from float64 to float32 here and nowhere else, so that training and
        scoring see the same numbers. Raises ContractError if a column is absent.
        """
        require_columns(frame, ["account_id", *self.names])
        out = np.empty((frame.height, len(self.columns)), dtype=np.float32)
        for place, column in enumerate(self.columns):
            values = _codes(frame[column.feature.name], column)
            if column.absent is not None:
                values = np.where(np.isnan(values), column.absent, values)
            elif column.is_neutral_when_missing:
                values = _fill(values, column, frame["account_id"], for_training)
            out[:, place] = values
        return out

    def to_dict(self) -> list[dict]:
        """JSON-ready content."""
        return [asdict(column) for column in self.columns]

    @staticmethod
    def from_dict(content: list[dict]) -> "Encoder":
        """The encoder that `to_dict` described."""
        return Encoder(tuple(_column_from(row) for row in content))


def fit_encoder(frame: pl.DataFrame, features: Iterable[Feature], min_level_rows: int) -> Encoder:
    """Fix levels (those with at least `min_level_rows` rows) and value ranges on `frame`."""
    features = tuple(features)
    require_columns(frame, [feature.name for feature in features])
    return Encoder(tuple(_fit_column(frame[f.name], f, min_level_rows) for f in features))


def require_columns(frame: pl.DataFrame, names: Iterable[str]) -> None:
    """Raise ContractError naming the columns that `frame` lacks."""
    if gone := sorted(set(names) - set(frame.columns)):
        raise ContractError(f"the frame lacks columns: {', '.join(gone)}")


def numbers(series: pl.Series) -> np.ndarray:
    """Float64 values of a numeric or boolean series, NaN for null."""
    return series.cast(pl.Float64).fill_null(np.nan).to_numpy()


def feature_digests(frame: pl.DataFrame, features: Iterable[Feature]) -> pl.Series:
    """Per row the first 16 hex digits of a SHA-256 over names and values of the features.

    Eight bytes a feature, little endian: a number as float64 (null and NaN alike, -0 as 0), a
    category as the start of the SHA-256 of its text. The same on every platform.
    """
    features = tuple(features)
    require_columns(frame, [feature.name for feature in features])
    words = np.empty((frame.height, len(features)), dtype="<u8")
    for place, feature in enumerate(features):
        words[:, place] = _words(frame[feature.name], feature)
    header = hashlib.sha256(json.dumps([f.name for f in features]).encode()).digest()
    data, width = words.tobytes(), 8 * len(features)
    texts = (
        [
            hashlib.sha256(header + data[start : start + width]).hexdigest()[:16]
            for start in range(0, len(data), width)
        ]
        if width
        else []
    )
    return pl.Series("feature_digest", texts, dtype=pl.String)


def _fit_column(series: pl.Series, feature: Feature, min_level_rows: int) -> EncodedFeature:
    if feature.kind == "category":
        counts = series.drop_nulls().cast(pl.String).value_counts().rows()
        kept = sorted((level, rows) for level, rows in counts if rows >= min_level_rows)
        return EncodedFeature(
            feature, tuple(level for level, _ in kept), tuple(rows for _, rows in kept)
        )
    values = numbers(series)
    values = values[np.isfinite(values)]
    cuts = _values_at(QUANTILES, values).tolist() if len(values) else ()
    is_cooling = feature.unit == "days" and feature.monotone == -1
    return EncodedFeature(
        feature, quantiles=tuple(cuts), absent=LONG_AGO_DAYS if is_cooling else None
    )


def _codes(series: pl.Series, column: EncodedFeature) -> np.ndarray:
    if not column.is_category:
        return numbers(series)
    codes = {level: float(code) for code, level in enumerate(column.levels)}
    if not codes:
        return np.full(len(series), np.nan)
    known = series.cast(pl.String).replace_strict(codes, default=None, return_dtype=pl.Float64)
    return numbers(known)


def _fill(values, column: EncodedFeature, accounts: pl.Series, for_training: bool) -> np.ndarray:
    missing = np.isnan(values)
    if not missing.any():
        return values
    filled, others = values.copy(), values[~missing]
    if for_training and len(others):
        shares = uniform(accounts.filter(missing), column.feature.name)
        filled[missing] = _values_at(shares, others)
    else:
        filled[missing] = column.typical()
    return filled


def _values_at(shares: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Members of `values` at these shares (0-1) of their order; never a number in between."""
    return np.quantile(values, shares, method="inverted_cdf")


def uniform(accounts: pl.Series, name: str) -> np.ndarray:
    """A number in [0, 1) for each account, fixed by the texts alone."""
    texts = accounts.to_list()
    digests = (hashlib.sha256(f"{name}|{text}".encode()).digest()[:8] for text in texts)
    raw = np.frombuffer(b"".join(digests), dtype="<u8")
    return (raw >> np.uint64(11)).astype(np.float64) / 2.0**53


def _words(series: pl.Series, feature: Feature) -> np.ndarray:
    if feature.kind == "category":
        levels = series.cast(pl.String).unique().drop_nulls().to_list()
        starts = [hashlib.sha256(level.encode()).digest()[:8] for level in levels]
        codes = {level: place + 1 for place, level in enumerate(levels)}
        table = np.frombuffer(bytes(8) + b"".join(starts), dtype="<u8")
        if not levels:
            return np.zeros(len(series), dtype="<u8")
        places = series.cast(pl.String).replace_strict(codes, default=0, return_dtype=pl.Int64)
        return table[places.fill_null(0).to_numpy()]
    # adding 0.0 turns -0.0 into 0.0
    values = numbers(series) + 0.0
    words = np.ascontiguousarray(values, dtype="<f8").view("<u8")
    return np.where(np.isnan(values), NAN_WORD, words)


def _column_from(row: dict) -> EncodedFeature:
    feature = dict(row["feature"])
    feature["attributes"] = tuple(feature["attributes"])
    return EncodedFeature(
        Feature(**feature),
        tuple(row["levels"]),
        tuple(row["level_rows"]),
        tuple(row["quantiles"]),
        # none in models from before it was kept
        row.get("absent"),
    )
