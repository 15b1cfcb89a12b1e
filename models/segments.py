"""What history says of each segment: how often its accounts convert, against all others.

Belongs here: rates with intervals, weight of evidence, and the statement in words. Does not belong here: where segments begin
(bins.py), intervals as such (clustered.py), the profile of winners (icp.py), points (suggested_points.py).

Rows are matured rows of the training set, so a rate is the chance that an account which is in the segment on a day converts
within the primary horizon: the same thing as a win probability. The same account stands in many rows; intervals know it. They
say nothing of other years.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
import polars.selectors as cs

from models.bins import Segmentation
from models.clustered import ALPHA, design_effect, effective_rows, interval, ratio_interval
from models.settings import DealWords
from models.training_rows import outcomes
from models.wording import format_rate

# Half a row is added to each count, so that a segment without conversions has a weight of evidence too.
HALF_A_ROW = 0.5
SCHEMA = {
    "feature": pl.String, "family": pl.String, "topic": pl.String, "segment_number": pl.Int32, "segment": pl.String,
    "value_from": pl.Float64, "value_below": pl.Float64, "row_count": pl.Int64, "accounts": pl.Int64,
    "converted_rows": pl.Int64, "converted_accounts": pl.Int64, "effective_rows": pl.Float64,
    "conversion_rate": pl.Float64, "conversion_low": pl.Float64, "conversion_high": pl.Float64,
    "others_rate": pl.Float64, "others_low": pl.Float64, "others_high": pl.Float64,
    "lift": pl.Float64, "lift_low": pl.Float64, "lift_high": pl.Float64,
    "weight_of_evidence": pl.Float64, "information_value": pl.Float64, "is_sure": pl.Boolean, "statement": pl.String,
}  # fmt: skip


def segment_conversion(
    rows: pl.DataFrame, found: Sequence[Segmentation], horizon_days: int, words: DealWords
) -> pl.DataFrame:
    """One row a segment of `found` (SCHEMA); `rows` have account_id, the features, and is_converted at `horizon_days`.

    `lift` is the rate over the others' rate. Only what is sure (see `_are_sure`) has a statement. Null where something cannot
    be said.
    """
    account, y = rows["account_id"].rank("dense").to_numpy() - 1, outcomes(rows)
    if not found:
        return pl.DataFrame(schema=SCHEMA)
    counted = [_of_feature(bins, rows[bins.feature.name], account, y, words) for bins in found]
    table = pl.concat([_with_rates(one) for one in counted])
    is_sure = pl.Series(_are_sure(table)) & ~table["is_other"]
    said = [
        _statement(row, horizon_days) if sure else None
        for row, sure in zip(table.to_dicts(), is_sure, strict=True)
    ]
    statement = pl.Series("statement", said, dtype=pl.String)
    return table.with_columns(is_sure.alias("is_sure"), statement).select(
        pl.col(name).cast(kind) for name, kind in SCHEMA.items()
    )


def weight_of_evidence(converted: np.ndarray, others: np.ndarray) -> np.ndarray:
    """ln of a segment's share of all conversions over its share of all else: above 0 speaks for a conversion (Good 1950)."""
    converted, others = converted + HALF_A_ROW, others + HALF_A_ROW
    return np.log(converted / converted.sum()) - np.log(others / others.sum())


def information_value(converted: np.ndarray, others: np.ndarray) -> float:
    """How far conversions and all else part over the segments (Kullback's divergence, both ways); 0 if they do not."""
    evidence = weight_of_evidence(converted, others)
    converted, others = converted + HALF_A_ROW, others + HALF_A_ROW
    return float(((converted / converted.sum() - others / others.sum()) * evidence).sum())


def tally(
    account: np.ndarray, place: np.ndarray, places: int, weights: np.ndarray | None = None
) -> np.ndarray:
    """Rows (or the sum of their weights) by account and segment, shape (accounts, segments)."""
    accounts = int(account.max()) + 1
    counted = np.bincount(account * places + place, weights, minlength=accounts * places)
    return counted.reshape(accounts, places).astype(np.float64)


def _of_feature(
    bins: Segmentation, series: pl.Series, account: np.ndarray, y: np.ndarray, words: DealWords
) -> pl.DataFrame:
    """Counts of each segment and of all others, without rates."""
    place = bins.places(series)
    said = place >= 0
    n = tally(account[said], place[said], bins.count)
    hits = tally(account[said], place[said], bins.count, y[said])
    places = np.flatnonzero(n.sum(axis=0))
    n, hits = n[:, places], hits[:, places]
    rest, rest_hits = n.sum(axis=1, keepdims=True) - n, hits.sum(axis=1, keepdims=True) - hits
    effect = design_effect(n.sum(axis=1), hits.sum(axis=1))
    converted, others = hits.sum(axis=0), (n - hits).sum(axis=0)
    feature, numbers = bins.feature, places.tolist()
    return pl.DataFrame(
        {
            "feature": [feature.name] * len(places),
            "family": feature.family,
            "topic": feature.topic,
            "segment_number": places + 1,
            "segment": [bins.say(words, number) for number in numbers],
            "kind": [bins.kind_of_company(number) for number in numbers],
            "is_other": [bins.is_other(number) for number in numbers],
            "value_from": pl.Series([bins.ends(number)[0] for number in numbers], dtype=pl.Float64),
            "value_below": pl.Series(
                [bins.ends(number)[1] for number in numbers], dtype=pl.Float64
            ),
            "row_count": n.sum(axis=0),
            "accounts": (n > 0).sum(axis=0),
            "converted_rows": converted,
            "converted_accounts": (hits > 0).sum(axis=0),
            "effective_rows": effective_rows(n, hits, effect),
            "others_rows": rest.sum(axis=0),
            "others_converted": rest_hits.sum(axis=0),
            "others_effective": effective_rows(rest, rest_hits, effect),
            "weight_of_evidence": weight_of_evidence(converted, others),
            "information_value": information_value(converted, others),
        },
        schema_overrides={"kind": pl.String},
    )


def _with_rates(table: pl.DataFrame) -> pl.DataFrame:
    """The counts with rates, 95 % intervals and lifts."""
    table = table.with_columns(
        (pl.col("converted_rows") / pl.col("row_count")).alias("conversion_rate"),
        (pl.col("others_converted") / pl.col("others_rows")).alias("others_rate"),
    )
    (low, high), (others_low, others_high) = _intervals(table, ALPHA)
    return table.with_columns(
        pl.Series("conversion_low", low),
        pl.Series("conversion_high", high),
        pl.Series("others_low", others_low),
        pl.Series("others_high", others_high),
        (pl.col("conversion_rate") / pl.col("others_rate")).alias("lift"),
        *(
            pl.Series(f"lift_{end}", v)
            for end, v in zip(("low", "high"), _lifts(table, ALPHA), strict=True)
        ),
    ).with_columns(cs.starts_with("lift").replace(np.inf, None).fill_nan(None))


def _intervals(table: pl.DataFrame, alpha: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Intervals of the segments' rates and of the others' rates."""
    pairs = (("conversion_rate", "effective_rows"), ("others_rate", "others_effective"))
    return [interval(table[rate].to_numpy(), table[n].to_numpy(), alpha) for rate, n in pairs]


def _lifts(table: pl.DataFrame, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Interval of the segments' rates over the others'."""
    (low, high), (others_low, others_high) = _intervals(table, alpha)
    rate, others = table["conversion_rate"].to_numpy(), table["others_rate"].to_numpy()
    return ratio_interval(rate, low, high, others, others_low, others_high)


def _are_sure(table: pl.DataFrame) -> np.ndarray:
    """Which segments may be said to differ from the others, so that of all that are at most 5 in 100 do not.

    A hundred segments compared at 95 % would make some statements of nothing. So the level falls with the share of segments that
    pass it (Benjamini and Hochberg 1995); to pass is that the lift's interval at that level does not hold 1.
    """
    count = passed = table.height
    while True:
        low, high = _lifts(table, ALPHA * max(passed, 1) / count)
        is_sure = (low > 1) | (high < 1)
        if is_sure.sum() >= passed:
            return is_sure
        passed = int(is_sure.sum())


def _statement(row: dict, horizon_days: int) -> str:
    """Financial Services convert at 40 % (31-49 %) within 90 days, others at 10 % (8-12 %)."""
    here, others = (
        format_rate(*(row[f"{of}_{name}"] for name in ("rate", "low", "high")))
        for of in ("conversion", "others")
    )
    if row["kind"]:
        return f"{row['kind']} convert at {here} within {horizon_days} days, others at {others}"
    words = row["segment"][0].upper() + row["segment"][1:]
    return f"{words}: {here} convert within {horizon_days} days, of others {others}"
