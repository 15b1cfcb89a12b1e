"""Picks the strongest reasons of each account and says them in words.

Belongs here: which factors are said, in which order, and with what sign. Does not belong here: what a factor contributes
(explanation.py, scorecard.py) and the words of a feature (feature_contract.py).

Works on a matrix of contributions and not on the long table of factors: all scored accounts have reasons, on every day, and
only few of them need each of their factors written down.
"""

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from models.feature import OF_THE_MARKET, Feature

# Kinds of evidence; with the base their contributions are all of a score.
FAMILIES = ("fit", "engagement", "intent", "relationship")
# contributions below this many log-odds move a probability by less than half a point
MIN_CONTRIBUTION = 0.02
MOST_AGAINST = 2

# Words of one feature in chosen rows: these rows, what it contributes to each → texts.
Say = Callable[[Feature, pl.DataFrame, np.ndarray], pl.Series]


def top_reasons(
    frame: pl.DataFrame,
    features: Sequence[Feature],
    values: np.ndarray,
    say: Say,
    most_for: int = 3,
    least: float = MIN_CONTRIBUTION,
) -> pl.Series:
    """The strongest reasons of each row of `frame`, in its order: a list of texts.

    `values` has shape (rows, features): what each feature contributes. Features of one topic (won deals in one, two and all
    years) are weighed together and said once, by the strongest of them that points the same way. Up to `most_for` reasons
    for come first and start with "+ ", at most two against follow with "- "; what weighs less than `least` is left out, and so is
    what is true of the whole market: it tells no account from another. Nothing is said for an account that is lacking where
    more is better (models/monotone.py): "no meeting in 6 months" may set it apart from those whose meetings are long past, but
    is no reason to call.
    """
    values = _without_lacks_that_speak_for(frame, features, values)
    weights, spokesmen = _topics(features, values)
    parts = []
    for slot, (sign, most) in enumerate((("+ ", most_for), ("- ", MOST_AGAINST))):
        signed = weights if sign == "+ " else -weights
        # a stable sort of topics in the order of their names: ties do not hang on the rows beside
        falling = np.argsort(-signed, axis=1, kind="stable")[:, :most]
        for place in range(falling.shape[1]):
            topic = falling[:, place]
            every = np.arange(len(topic))
            rows = np.flatnonzero(signed[every, topic] >= least)
            chosen = spokesmen[rows, topic[rows]]
            parts.append(_texts(frame, features, values, say, rows, chosen, sign, (slot, place)))
    return _lists(parts, frame.height)


def by_family(features: Sequence[Feature], values: np.ndarray, base: np.ndarray) -> list[pl.Series]:
    """Columns contribution_base and contribution_<family>: what each kind of evidence contributes to each row.

    `values` has shape (rows, features), `base` (rows,). The columns of a row sum to its log-odds (of a scorecard: its points).
    """
    found = {family: np.zeros(len(values)) for family in FAMILIES}
    # column by column: a row's sum does not depend on the rows beside it
    for column, feature in enumerate(features):
        found[feature.family] += values[:, column]
    columns = {"base": base} | found
    return [pl.Series(f"contribution_{name}", one) for name, one in columns.items()]


def _without_lacks_that_speak_for(frame, features, values: np.ndarray) -> np.ndarray:
    values = values.copy()
    for column, feature in enumerate(features):
        if feature.monotone:
            lacking = frame[feature.name].cast(pl.Float64).fill_nan(None).is_null().to_numpy()
            values[lacking, column] = np.minimum(values[lacking, column], 0.0)
    return values


def _topics(features: Sequence[Feature], values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each row and topic: its weight, and the column of the feature that says it."""
    members: dict[str, list[int]] = {}
    for column in sorted(range(len(features)), key=lambda column: features[column].name):
        if features[column].topic != OF_THE_MARKET:
            members.setdefault(features[column].topic, []).append(column)
    weights = np.zeros((len(values), len(members)))
    spokesmen = np.zeros(weights.shape, dtype=np.int64)
    for place, topic in enumerate(sorted(members)):
        columns = np.array(members[topic])
        for column in columns:
            weights[:, place] += values[:, column]
        same_way = values[:, columns] * np.sign(weights[:, [place]])
        spokesmen[:, place] = columns[same_way.argmax(axis=1)]
    return weights, spokesmen


def _texts(frame, features, values, say, rows, chosen, sign, place) -> pl.DataFrame:
    """row, slot, place, text of these rows, each said by its chosen feature."""
    said = []
    for column in np.unique(chosen):
        mine = rows[chosen == column]
        feature = features[column]
        texts = say(
            feature, frame.select(feature.columns(frame.columns))[mine], values[mine, column]
        )
        said.append(pl.DataFrame({"row": mine, "text": sign + texts}))
    blank = pl.DataFrame(schema={"row": pl.Int64, "text": pl.String})
    slot, number = place
    return pl.concat([blank, *said]).with_columns(slot=pl.lit(slot), place=pl.lit(number))


def _lists(parts: list[pl.DataFrame], rows: int) -> pl.Series:
    """Texts of each row as a list, reasons for before those against; empty where there are none."""
    lists = (
        pl.concat(parts)
        .sort("row", "slot", "place")
        .group_by("row", maintain_order=True)
        .agg(pl.col("text").alias("reasons"))
    )
    every = pl.DataFrame({"row": np.arange(rows)}, schema={"row": pl.Int64})
    joined = every.join(lists, on="row", how="left", maintain_order="left")
    return joined["reasons"].fill_null([])
