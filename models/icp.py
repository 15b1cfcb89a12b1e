"""The profile of best customers: what the companies that were won were like, beside all that could have been.

Belongs here: winners, their weights, typical values and where they differ from all accounts. Does not belong here: where segments
begin (bins.py), how often a segment converts (segments.py).

A winner is looked at as it was known when the window of its win opened, a primary horizon before the win at most, never as it is
today. It counts with the amount of its win, so that the profile is one of good customers, not merely of many.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from models.bins import Segmentation
from models.clustered import ALPHA, interval, ratio_interval
from models.encoding import numbers
from models.settings import DealWords

# An amount counts as at most so many times the median one: a single giant is no profile.
MOST_MEDIANS = 5.0
# Amounts weigh only where most wins have one.
LEAST_SHARE_KNOWN = 0.5
QUARTERS = (0.25, 0.5, 0.75)
SCHEMA = {
    "feature": pl.String, "topic": pl.String, "winners": pl.Int64, "weighted_by": pl.String,
    "winners_quarter": pl.Float64, "winners_median": pl.Float64, "winners_three_quarters": pl.Float64,
    "winners_most_common": pl.String, "all_quarter": pl.Float64, "all_median": pl.Float64,
    "all_three_quarters": pl.Float64, "all_most_common": pl.String,
    "segment": pl.String, "winners_share": pl.Float64, "winners_share_low": pl.Float64, "winners_share_high": pl.Float64,
    "all_share": pl.Float64, "over_representation": pl.Float64, "over_representation_low": pl.Float64,
    "over_representation_high": pl.Float64, "is_sure": pl.Boolean,
}  # fmt: skip


def icp_profile(
    rows: pl.DataFrame, found: Sequence[Segmentation], words: DealWords
) -> pl.DataFrame:
    """One row a feature of fit (SCHEMA); `rows` have account_id, as_of_date, features, is_converted, won_amount_usd if known.

    Quartiles and the most common value of winners and of all accounts on the same days; and the segment (of numbers: a stretch of
    segments) in which winners are furthest ahead of all, with its shares (null where they are in none). `over_representation` is
    the one share over the other; `is_sure`: it is above 1 even at a level divided by the number of segments it was picked
    from. No rows without a winner.
    """
    won, weight, weighted_by = _winners(rows)
    fit = [bins for bins in found if bins.feature.family == "fit"]
    if not won.height or not fit:
        return pl.DataFrame(schema=SCHEMA)
    all_weight = _same_days(rows, won, weight)
    said = [
        {
            "feature": bins.feature.name,
            "topic": bins.feature.topic,
            "winners": won.height,
            "weighted_by": weighted_by,
            **_typical(won[bins.feature.name], bins, weight, "winners"),
            **_typical(rows[bins.feature.name], bins, all_weight, "all"),
            **_ahead(bins, (won, weight), (rows, all_weight), words),
        }
        for bins in fit
    ]
    return pl.DataFrame([{**dict.fromkeys(SCHEMA), **row} for row in said], schema=SCHEMA)


def _same_days(rows: pl.DataFrame, won: pl.DataFrame, weight: np.ndarray) -> np.ndarray:
    """Weights of all rows, 1 on average, that give each day the share it has among winners: what companies are like drifts,
    and winners of an early year must not seem special for it."""
    days = (
        won.select("as_of_date", pl.Series("weight", weight))
        .group_by("as_of_date", maintain_order=True)
        .sum()
    )
    by_row = rows.select("as_of_date", pl.len().over("as_of_date").alias("rows")).join(
        days, on="as_of_date", how="left", maintain_order="left"
    )
    weights = by_row.select((pl.col("weight") / pl.col("rows")).fill_null(0)).to_series().to_numpy()
    return weights / weights.mean()


def _winners(rows: pl.DataFrame) -> tuple[pl.DataFrame, np.ndarray, str]:
    """Each account that converted, once, as it was at the first of its rows that saw the win; its weight, and what that is."""
    won = rows.filter(pl.col("is_converted").cast(pl.Boolean))
    won = won.sort("as_of_date").unique("account_id", keep="first", maintain_order=True)
    amounts = won.get_column(
        "won_amount_usd", default=pl.Series([None] * won.height, dtype=pl.Float64)
    )
    known = amounts.filter(amounts > 0)
    if len(known) < LEAST_SHARE_KNOWN * max(won.height, 1):
        return won, np.ones(won.height), "accounts"
    usual = known.median()
    # a win of unknown size counts as a usual one
    weight = amounts.fill_null(usual).clip(0, MOST_MEDIANS * usual).to_numpy()
    return won, weight, "won amount"


def _typical(series: pl.Series, bins: Segmentation, weight: np.ndarray, of: str) -> dict:
    if bins.feature.kind == "category":
        table = pl.DataFrame({"level": series.cast(pl.String), "weight": weight}).drop_nulls()
        counted = (
            table.group_by("level", maintain_order=True)
            .agg(pl.col("weight").sum())
            .sort("weight", "level")
        )
        return {f"{of}_most_common": counted["level"].last() if counted.height else None}
    values = numbers(series)
    known = ~np.isnan(values) & (weight > 0)
    if not known.any():
        return {}
    cuts = np.quantile(values[known], QUARTERS, weights=weight[known], method="inverted_cdf")
    names = ("quarter", "median", "three_quarters")
    return {f"{of}_{name}": cut for name, cut in zip(names, cuts.tolist(), strict=True)}


def _ahead(
    bins: Segmentation,
    of_winners: tuple[pl.DataFrame, np.ndarray],
    of_all: tuple[pl.DataFrame, np.ndarray],
    words: DealWords,
) -> dict:
    """Where winners are furthest ahead: of the known segments, of numbers also of neighbours together."""
    (mine, my_size), (theirs, their_size) = _shares(bins, *of_winners), _shares(bins, *of_all)
    stretches = _stretches(bins)
    first, end = max(
        stretches, key=lambda pair: (mine - theirs)[slice(*pair)].sum(), default=(0, 0)
    )
    share, usual = float(mine[first:end].sum()), float(theirs[first:end].sum())
    if not share > usual > 0:
        return {}

    def ends(alpha: float) -> tuple[tuple[float, float], tuple[float, float]]:
        here, there = interval(share, my_size, alpha), interval(usual, their_size, alpha)
        return here, ratio_interval(share, *here, usual, *there)

    (low, high), (over_low, over_high) = ends(ALPHA)
    return {
        "segment": bins.say(words, first, end - 1),
        "winners_share": share,
        "winners_share_low": float(low),
        "winners_share_high": float(high),
        "all_share": usual,
        "over_representation": share / usual,
        "over_representation_low": float(over_low),
        "over_representation_high": float(over_high) if np.isfinite(over_high) else None,
        "is_sure": bool(ends(ALPHA / len(stretches))[1][0] > 1),
    }


def _shares(bins: Segmentation, rows: pl.DataFrame, weight: np.ndarray) -> tuple[np.ndarray, float]:
    """Share of each segment, and in how many accounts of equal weight (Kish): attributes of an account hardly change, so that
    all its rows say no more than one."""
    place, account = (
        bins.places(rows[bins.feature.name]),
        rows["account_id"].rank("dense").to_numpy() - 1,
    )
    said = place >= 0
    total = np.bincount(place[said], weight[said], minlength=bins.count)
    by_account = np.bincount(account[said], weight[said])
    if not total.sum():
        return total, 0.0
    return total / total.sum(), float(by_account.sum() ** 2 / (by_account**2).sum())


def _stretches(bins: Segmentation) -> list[tuple[int, int]]:
    """First segment and the one after the last of all that may be typical; never what is not on record or left over."""
    if bins.feature.kind == "category":
        return [(level, level + 1) for level in range(len(bins.levels))]
    ends = [(first, end) for first in range(bins.known) for end in range(first + 1, bins.known + 1)]
    return [pair for pair in ends if pair != (0, bins.known)]
