"""Says why an account's probability is what it is: contributions of features, and words.

Belongs here: TreeSHAP through XGBoost itself, the long table of factors. Does not belong here: the
words of a feature (feature_contract.py), and which factors are said (reasons.py).

Contributions are in log-odds of the raw probability at the primary horizon. An account's sum with
its base row is that log-odds to 1e-5.
"""

import numpy as np
import polars as pl
import polars.selectors as cs

from models.boosting import dmatrix
from models.encoding import require_columns
from models.feature_contract import Feature
from models.horizons import chained_contributions
from models.reasons import by_family, top_reasons
from models.scoring import ScoringModel
from models.settings import DealWords

BASE = "(base)"
BASE_REASON = "where every account starts"
# rows explained at a time: bounds the memory of XGBoost's answer
CHUNK = 50_000


def contributions(model: ScoringModel, frame: pl.DataFrame) -> np.ndarray:
    """Float64 array (rows, features + 1): each feature's log-odds, the base in the last column."""
    matrix = model.encoder.matrix(frame)
    chunks = [np.empty((0, matrix.shape[1] + 1))]
    for start in range(0, len(matrix), CHUNK):
        rows = dmatrix(model.encoder, matrix[start : start + CHUNK], model.nthread)
        parts = [
            part.booster.predict(rows, pred_contribs=True).astype(np.float64)
            for part in model.up_to_primary
        ]
        chunks.append(chained_contributions(parts))
    return np.concatenate(chunks)


def factor_contributions(model: ScoringModel, frame: pl.DataFrame) -> pl.DataFrame:
    """Long table of all factors of each row of `frame`, strongest first.

    Columns: as_of_date, account_id, factor_rank (1 is strongest), feature, family, feature_value
    (text, null if missing), contribution (log-odds), reason. Rank 0 is the base row, so that an
    account's rows sum to its log-odds.
    """
    require_columns(frame, ["account_id", "as_of_date", *model.encoder.names])
    values = contributions(model, frame)
    keys, words = frame.select("as_of_date", "account_id"), model.deal_words
    blocks = [
        factor_rows(keys, column.feature, frame, values[:, place], words)
        for place, column in enumerate(model.encoder.columns)
    ]
    ranked = pl.concat(blocks).with_columns(
        pl.struct(-pl.col("contribution").abs(), "feature")
        .rank("ordinal")
        .over("as_of_date", "account_id")
        .cast(pl.Int32)
        .alias("factor_rank")
    )
    table = pl.concat([ranked, _base_block(keys, values[:, -1])], how="diagonal")
    columns = ["feature", "family", "feature_value", "contribution", "reason"]
    ordered = table.select("as_of_date", "account_id", "factor_rank", *columns)
    return ordered.sort("as_of_date", "account_id", "factor_rank")


def explained(model: ScoringModel, frame: pl.DataFrame, most_for: int = 3) -> pl.DataFrame:
    """Of each row of `frame`, in its order: `reasons`, the strongest ones in words (reasons.top_reasons), and what each family
    of features contributes (reasons.by_family), in log-odds of the raw probability.
    """
    features = [column.feature for column in model.encoder.columns]
    words = model.deal_words

    def say(feature: Feature, chosen: pl.DataFrame, _) -> pl.Series:
        return in_words(feature, chosen, words)["reason"]

    values = contributions(model, frame)
    said = top_reasons(frame, features, values[:, :-1], say, most_for)
    return pl.DataFrame([said, *by_family(features, values[:, :-1], values[:, -1])])


def factor_rows(keys, feature: Feature, frame: pl.DataFrame, values, words: DealWords):
    """One feature's rows of a table of factors: `keys` are as_of_date and account_id of each row,
    `frame` holds the features' values, `values` what it contributes.
    """
    return keys.with_columns(
        pl.lit(feature.name).alias("feature"),
        pl.lit(feature.family).alias("family"),
        pl.Series("contribution", values),
        *in_words(feature, frame, words),
    )


def in_words(feature: Feature, frame: pl.DataFrame, words: DealWords) -> pl.DataFrame:
    """feature_value (text, null if missing) and reason of a feature in each row of `frame`, where the same over a longer window
    may stand beside it. Each distinct value is worded once.
    """
    rows = frame.select(feature.columns(frame.columns))
    rows = rows.with_columns(cs.float().fill_nan(None))
    distinct = rows.unique()
    deals = words.singular, words.plural
    said = distinct.with_columns(
        pl.Series("feature_value", [_value_text(row[0]) for row in distinct.rows()], pl.String),
        pl.Series(
            "reason", [feature.say(row[0], *deals, *row[1:]) for row in distinct.rows()], pl.String
        ),
    )
    joined = rows.join(said, on=rows.columns, how="left", nulls_equal=True, maintain_order="left")
    return joined.drop(rows.columns)


def _base_block(keys: pl.DataFrame, values: np.ndarray) -> pl.DataFrame:
    return keys.with_columns(
        pl.lit(0, dtype=pl.Int32).alias("factor_rank"),
        pl.lit(BASE).alias("feature"),
        pl.lit("base").alias("family"),
        pl.lit(None, dtype=pl.String).alias("feature_value"),
        pl.Series("contribution", values),
        pl.lit(BASE_REASON).alias("reason"),
    )


def _value_text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)
