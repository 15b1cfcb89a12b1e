"""Measures a training on parts of its later data: is the number right for each industry, region and size?

Belongs here: which groups there are, what is measured of each, and when a group is off. Does not belong here: the measures
(evaluation.py) and the verdict (promotion.py): a group that is off is a warning.

A model may be calibrated as a whole because what it says too high of one industry it says too low of another. Attributes need
not be features of the model to be looked at here.
"""

from collections.abc import Iterator
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import polars as pl

from models import ranking
from models.evaluation import bootstrap_ratio, evaluate
from models.feature import Feature
from models.settings import TrainingSettings
from models.training_rows import outcomes
from models.wording import format_value

# Smaller groups are put together.
LEAST_IN_GROUP = 50
QUARTERS = (0.25, 0.5, 0.75)
NOT_KNOWN, OTHERS = "not on record", "all others"
# Enough for intervals that are looked at and decide nothing but a warning.
ROUNDS = 200
# The chance that any group of a well calibrated model is called off.
FALSE_ALARMS = 0.05
# Who is off by less need not be told, however sure it is.
TOLERANCE = 1.25
NORMAL_95 = NormalDist().inv_cdf(0.975)
MEASURES = ("auc", "auc_low", "auc_high", "lift_top_decile")


def measure_by_group(
    test_rows: pl.DataFrame,
    rows: pl.DataFrame,
    settings: TrainingSettings,
    contract: tuple[Feature, ...],
) -> list[dict]:
    """One dict a group of each attribute of settings.measured_by that `rows` has: attribute, level, n, accounts, positives,
    mean_predicted, observed_rate, realised_over_expected (with _low, _high, 95 %, bootstrapped by account), auc (with interval),
    lift_top_decile, warning (None: nothing is wrong).

    test_rows: as_of_date, account_id, is_converted, probability, raw_probability; rows: the features of the same rows, in
    the same order. A measure that cannot be said is None.
    """
    known = {feature.name: feature for feature in contract}
    parts = [
        (name, level, mask)
        for name in settings.measured_by
        if name in rows.columns and name in known
        for level, mask in _levels(rows[name], known[name], test_rows["account_id"])
    ]
    whole = _auc(test_rows)
    found = []
    for name, level, mask in parts:
        facts = _measured(test_rows.filter(mask), settings)
        warning = _warning(test_rows.filter(mask), facts, len(parts), whole, settings)
        found.append({"attribute": name, "level": level, **facts, "warning": warning})
    return found


def warnings_of(groups: list[dict]) -> list[str]:
    """The warnings of the groups that are off, each with its group."""
    return [
        f"{group['attribute'].replace('_', ' ')} {group['level']}: {group['warning']}"
        for group in groups
        if group["warning"]
    ]


def _levels(
    values: pl.Series, feature: Feature, accounts: pl.Series
) -> Iterator[tuple[str, pl.Series]]:
    """Levels of an attribute in order, each with the mask of its rows; one level alone is no group."""
    named, levels = _texts(values) if feature.kind == "category" else _quarters(values, feature)
    named = named.fill_null(NOT_KNOWN)
    sizes = pl.DataFrame({"level": named, "account": accounts}).group_by("level").n_unique()
    small = sizes.filter(pl.col("account") < LEAST_IN_GROUP)["level"].to_list()
    if len(small) > 1:
        named = named.replace(small, [OTHERS] * len(small))
    present = set(named.unique())
    if len(present) > 1:
        yield from ((one, named == one) for one in (*levels, OTHERS, NOT_KNOWN) if one in present)


def _texts(values: pl.Series) -> tuple[pl.Series, list[str]]:
    texts = values.cast(pl.String).alias("level")
    return texts, sorted(texts.drop_nulls().unique())


def _quarters(values: pl.Series, feature: Feature) -> tuple[pl.Series, list[str]]:
    """Numbers by quarters of the rows that have one, and their names as they rise."""
    numbers = values.cast(pl.Float64).fill_nan(None).alias("level")
    cuts = {numbers.quantile(share, "lower") for share in QUARTERS} - {None, numbers.min()}
    edges = sorted(cuts)
    said = [format_value(edge, feature.unit) for edge in edges]
    names = [
        *(f"below {one}" for one in said[:1]),
        *(f"{low} to below {high}" for low, high in pairwise(said)),
        *(f"{one} or more" for one in said[-1:]),
    ] or ["any value"]
    place = pl.Series(np.searchsorted(edges, numbers.fill_null(0).to_numpy(), side="right"))
    named = place.replace_strict(dict(enumerate(names)), return_dtype=pl.String)
    return named.zip_with(numbers.is_not_null(), numbers.cast(pl.String).clear(len(named))).alias(
        "level"
    ), names


def _measured(rows: pl.DataFrame, settings: TrainingSettings) -> dict:
    y, p = outcomes(rows), rows["probability"].to_numpy()
    accounts, rounds = rows["account_id"], min(settings.bootstrap_rounds, ROUNDS)
    ratio, low, high = bootstrap_ratio(y, p, accounts, settings.seed, rounds)
    order = rows["raw_probability"].to_numpy()
    found = evaluate(y, p, accounts, settings.seed, rounds, order)
    return {
        "n": rows.height,
        "accounts": accounts.n_unique(),
        "positives": int(y.sum()),
        "mean_predicted": float(p.mean()),
        "observed_rate": float(y.mean()),
        "realised_over_expected": ratio,
        "realised_over_expected_low": low,
        "realised_over_expected_high": high,
        **{name: found[name] for name in MEASURES},
    }


def _auc(rows: pl.DataFrame) -> float:
    order = ranking.Order.of(outcomes(rows), rows["raw_probability"].to_numpy())
    return float(ranking.auc(*order.grouped(np.ones(rows.height)))[0])


def _surprise(rows: pl.DataFrame) -> float:
    """How many standard deviations outcomes are from what was predicted, were the predictions right.

    The windows of an account's rows overlap: they share one draw of luck, which is the most that they can vary together.
    """
    p = pl.col("probability")
    spread = rows.group_by("account_id", maintain_order=True).agg((p * (1 - p)).sqrt().sum())
    deviation = float(np.sqrt((spread["probability"] ** 2).sum()))
    off = float(np.sum(outcomes(rows) - rows["probability"].to_numpy()))
    return off / deviation if deviation else 0.0


def _warning(
    rows: pl.DataFrame, facts: dict, groups: int, whole_auc: float, settings: TrainingSettings
) -> str | None:
    """What is off, beyond chance: with so many groups one is off by two standard deviations in most trainings (Bonferroni)."""
    limit = NormalDist().inv_cdf(1 - FALSE_ALARMS / (2 * groups))
    ratio = facts["realised_over_expected"]
    if abs(_surprise(rows)) > limit and not 1 / TOLERANCE <= ratio <= TOLERANCE:
        return (
            f"{facts['observed_rate']:.1%} converted where {facts['mean_predicted']:.1%} were predicted "
            f"({facts['positives']:,} of {facts['n']:,} rows)"
        )
    converted = rows.filter(pl.col("is_converted").cast(pl.Boolean))["account_id"].n_unique()
    if converted < settings.promotion.min_positives or facts["auc_low"] is None:
        return None
    # An interval that holds 0.5 alone says that the group is small.
    best = facts["auc"] + (facts["auc_high"] - facts["auc"]) * limit / NORMAL_95
    if facts["auc_low"] <= 0.5 and best < whole_auc:
        return (
            f"the model cannot tell its accounts apart: AUC {facts['auc']:.3f}, 95 % interval {facts['auc_low']:.3f} to "
            f"{facts['auc_high']:.3f}, where it has {whole_auc:.3f} in all"
        )
    return None
