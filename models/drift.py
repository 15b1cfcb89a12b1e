"""How far the accounts of a scored day have moved from those that the scoring model's scores compare with.

Belongs here: what is said of a day's score and features, and what counts as drift. Does not belong here: the reference
(drift_reference.py), the formula (psi.py), outcomes (calibration_drift.py), what follows (early_training.py).

A population stability index below what chance makes of so many accounts, or within the feature's own course, is no drift. All
features together count by the model's gain: what no tree asks for alarms nobody.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from models.drift_reference import COUNTS_IN_FULL, Bins, DriftReference
from models.psi import psi, psi_limit_by_chance, psi_terms
from models.settings import DriftSettings

ALL_FEATURES = "all features"
STEADY, WATCH, DRIFT = "steady", "watch", "drift"
NAMED = 3
COLUMNS = {
    "as_of_date": pl.Date, "name": pl.String, "kind": pl.String, "family": pl.String, "weight": pl.Float64, "psi": pl.Float64,
    "psi_limit_by_chance": pl.Float64, "psi_own_course": pl.Float64, "share_missing": pl.Float64,
    "share_missing_reference": pl.Float64, "level": pl.String, "words": pl.String,
}  # fmt: skip


def drift_of_day(
    day: pl.DataFrame, reference: DriftReference, settings: DriftSettings
) -> pl.DataFrame:
    """How far one day's accounts (as_of_date, score, features) are from the reference: columns as in COLUMNS.

    One row the score, one all features together (their PSI weighted by the model's gain), one each feature. The level is `watch`
    or `drift` where PSI reaches that limit of the settings and lies beyond chance and the own course. Raises ValueError unless
    the rows are of one day.
    """
    if day["as_of_date"].n_unique() != 1:
        raise ValueError(f"drift is said of one day, not of {day['as_of_date'].n_unique()}")
    said = [_said(one, one.count(day[one.name]), settings) for one in reference.bins]
    score, features = said[0], said[1:]
    whole = [_together(features, reference, settings)] if features else []
    rows = [row | {"as_of_date": day["as_of_date"][0]} for row in (score, *whole, *features)]
    return pl.DataFrame(rows, schema=COLUMNS)


def alarms(rows: pl.DataFrame, settings: DriftSettings) -> list[str]:
    """A line each for score and all features, where they have drifted on any of the days of `rows` (COLUMNS, and
    scoring_model_version): on how many, and of the newest how far.
    """
    gone = rows.filter((pl.col("kind") != "feature") & (pl.col("level") == DRIFT))
    said = []
    by = ["name", "scoring_model_version"]
    for (name, version), days in gone.sort("as_of_date").group_by(by, maintain_order=True):
        newest = days.row(-1, named=True)
        others = f" and {days.height - 1} more of these days" if days.height > 1 else ""
        said.append(
            f"on {newest['as_of_date']}{others} {name} drifted from the accounts that scoring model "
            f"{version} compares with: {how_far(newest, settings)}"
        )
    return said


def how_far(row: Mapping, settings: DriftSettings) -> str:
    """In words, of a row that has drifted: its PSI, the limit, and what moved."""
    return f"PSI {row['psi']:.2f}, drift from {settings.drift_psi:.2f} ({row['words']})"


def level_of(
    value: float, by_chance: float, own_course: float | None, settings: DriftSettings
) -> str:
    """steady, watch or drift."""
    if value <= max(by_chance, own_course or 0.0) or value < settings.watch_psi:
        return STEADY
    return DRIFT if value >= settings.drift_psi else WATCH


def _said(bins: Bins, counts: np.ndarray, settings: DriftSettings) -> dict:
    before = np.array(bins.counts)
    value, by_chance = psi(counts, before), psi_limit_by_chance(counts, before)
    level = level_of(value, by_chance, bins.own_course, settings)
    shares, shares_before = counts / counts.sum(), before / before.sum()
    place = int(np.argmax(psi_terms(counts, before)))
    moved = f"{bins.say(place)}: {shares[place]:.0%} of accounts, {shares_before[place]:.0%} in the reference"
    return {
        "name": bins.name,
        "kind": "score" if bins.family is None else "feature",
        "family": bins.family,
        "weight": None if bins.family is None else bins.weight,
        "psi": value,
        "psi_limit_by_chance": by_chance,
        "psi_own_course": bins.own_course,
        "share_missing": float(shares[-1]),
        "share_missing_reference": float(shares_before[-1]),
        "level": level,
        "words": None if level == STEADY else moved,
    }


def _together(features: list[dict], reference: DriftReference, settings: DriftSettings) -> dict:
    def weighted(column: str) -> float:
        return sum(row["weight"] * min(row[column], COUNTS_IN_FULL) for row in features)

    # If all features moved as one, their limits would add up like this; as they do not, it is rather too wide.
    value, by_chance = weighted("psi"), weighted("psi_limit_by_chance")
    level = level_of(value, by_chance, reference.own_course, settings)
    return {
        "name": ALL_FEATURES,
        "kind": "features",
        "weight": sum(row["weight"] for row in features),
        "psi": value,
        "psi_limit_by_chance": by_chance,
        "psi_own_course": reference.own_course,
        "level": level,
        "words": None if level == STEADY else _by(features),
    }


def _by(features: list[dict]) -> str:
    """The features that move the whole most, of those that are not steady."""
    moved = [row for row in features if row["level"] != STEADY and row["weight"]]
    moved.sort(key=lambda row: (-row["weight"] * min(row["psi"], COUNTS_IN_FULL), row["name"]))
    names = ", ".join(row["name"] for row in moved[:NAMED])
    return f"most by {names}" if names else "by many, of which none has moved far"
