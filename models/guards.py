"""Which columns a model must not learn from: identifiers, constants, repeats, and those that seem to know the outcome.

Belongs here: pure rules over columns and outcomes, each with its reason in words. Does not belong here: what follows from a
suspicion (promotion.py), training.

Nothing goes by a column's name. A suspicion is a question to a person, who alone can know when a value came to be; so it names
the column and what was seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import polars as pl

from models import ranking
from models.settings import PromotionSettings
from models.telling_values import beside_one_outcome, nearly_beside_conversions, present

# A text or whole number that hardly ever repeats tells rows apart, not kinds of rows.
UNIQUE_SHARE = 0.9
# Fewer rows are no proof of an identifier.
LEAST_ROWS = 20
# Standard errors of an AUC.
SURE = 4.0
# Rates of a single column are smoothed by as many rows at the base rate.
PRIOR_ROWS = 5.0
FOLDS, MOST_BINS, ROWS_A_BIN = 5, 50, 40
# Columns are looked at on at most so many rows.
MOST_ROWS = 100_000


@dataclass(frozen=True)
class Suspect:
    """A column that seems to know the outcome, and why it is thought to."""

    column: str
    why: str


def unusable(rows: pl.DataFrame) -> dict[str, str]:
    """Columns that nothing can be learnt from, with the reason: constant, identifiers, repeats of a column before them."""
    found: dict[str, str] = {}
    seen: dict[str, str] = {}
    for column in rows.columns:
        values = _known_or_null(rows[column])
        if why := _constant(values) or _identifier(values):
            found[column] = why
            continue
        content = _content(values)
        if content in seen:
            found[column] = f"the same values as {seen[content]}"
        seen.setdefault(content, column)
    return found


def leak_suspects(
    rows: pl.DataFrame,
    y: np.ndarray,
    settings: PromotionSettings,
    seed: int,
    filled_in: Collection[str] | None = None,
    group: np.ndarray | None = None,
) -> list[Suspect]:
    """Columns of `rows` that alone tell the outcomes `y` (0/1) too well, each with the first rule that it breaks.

    Its mere presence, the outcome beside which alone it appears, or its values: the last by rates of bins (of numbers) and
    levels (of texts) learnt on four fifths of the rows and held against the fifth. Presence says something only of columns
    that people fill in (`filled_in`, all unless given): no open opportunity is a fact, no industry on record is not. Rows of
    one `group` (a number a row; each its own unless given) do not vouch for each other.
    """
    if not 0 < y.sum() < len(y):
        return []
    draw = np.random.default_rng(seed)
    if len(y) > MOST_ROWS:
        kept = np.sort(draw.choice(len(y), MOST_ROWS, replace=False))
        rows, y, group = rows[kept], y[kept], None if group is None else group[kept]
    _, group = np.unique(np.arange(len(y)) if group is None else group, return_inverse=True)
    fold = draw.integers(0, FOLDS, int(group.max()) + 1)[group]
    found = []
    for column in rows.columns:
        values = _known_or_null(rows[column])
        is_filled_in = filled_in is None or column in filled_in
        why = (
            (is_filled_in and _by_presence(values, y, settings))
            or beside_one_outcome(values, y, group)
            or _by_values(values, y, fold, settings)
        )
        if why:
            found.append(Suspect(column, why))
    return found


def questionable(rows: pl.DataFrame, y: np.ndarray, group: np.ndarray) -> list[Suspect]:
    """Columns that might be written down after a conversion, or be honest and strong: worth a question, no refusal."""
    if not 0 < y.sum() < len(y):
        return []
    said = ((column, nearly_beside_conversions(rows[column], y, group)) for column in rows.columns)
    return [Suspect(column, why) for column, why in said if why]


def auc_alone(values: pl.Series, y: np.ndarray, fold: np.ndarray) -> float:
    """How well a column alone orders rows that its rates were not learnt from (AUC); NaN without both outcomes."""
    place = _places(values)
    count = int(place.max()) + 1
    rate = np.empty(len(y))
    for number in np.unique(fold):
        inside = fold == number
        rows, hits = place[~inside], y[~inside]
        base = hits.mean() if len(hits) else 0.5
        of_all = np.bincount(rows, minlength=count)
        won = np.bincount(rows, weights=hits, minlength=count)
        rate[inside] = ((won + PRIOR_ROWS * base) / (of_all + PRIOR_ROWS))[place[inside]]
    return _auc(y, rate)


def _constant(values: pl.Series) -> str | None:
    if values.null_count() == len(values):
        return "no row has a value"
    return "all rows have the same value" if values.n_unique() == 1 else None


def _identifier(values: pl.Series) -> str | None:
    known = values.drop_nulls()
    if len(known) < LEAST_ROWS:
        return None
    different = known.n_unique()
    if known.dtype == pl.String and different >= UNIQUE_SHARE * len(known):
        return f"{different:,} different texts in {len(known):,} rows: it names rows"
    if known.dtype.is_integer() and different == len(known):
        width = int(known.max()) - int(known.min()) + 1
        # Numbers that are merely rarely equal, as amounts are, leave gaps.
        if width <= 2 * different:
            return f"{different:,} different whole numbers in {len(known):,} rows, hardly one left out: it numbers rows"
    return None


def _content(values: pl.Series) -> str:
    words = values.to_frame().hash_rows(seed=0).to_numpy().tobytes()
    return hashlib.sha256(words).hexdigest()


def _known_or_null(values: pl.Series) -> pl.Series:
    return values.fill_nan(None) if values.dtype.is_float() else values


def _by_presence(values: pl.Series, y: np.ndarray, settings: PromotionSettings) -> str | None:
    has_one = present(values)
    if has_one.all() or not has_one.any():
        return None
    alone = _auc(y, has_one.astype(np.float64))
    alone, share = max(alone, 1 - alone), has_one.mean()
    error = np.sqrt(share * (1 - share) * (1 / y.sum() + 1 / (len(y) - y.sum()))) / 2
    if alone < settings.suspicious_presence_auc or alone - 0.5 < SURE * error:
        return None
    with_value, without = y[has_one].mean(), y[~has_one].mean()
    return (
        f"whether it has a value at all tells the outcome (AUC {alone:.3f}, limit "
        f"{settings.suspicious_presence_auc:.2f}): {with_value:.1%} converted with one, {without:.1%} without"
    )


def _by_values(
    values: pl.Series, y: np.ndarray, fold: np.ndarray, settings: PromotionSettings
) -> str | None:
    alone = auc_alone(values, y, fold)
    if not alone >= settings.suspicious_alone_auc:
        return None
    return (
        f"it alone tells the outcome (AUC {alone:.3f}, limit {settings.suspicious_alone_auc:.2f})"
    )


def _places(values: pl.Series) -> np.ndarray:
    """Bin of each row: of numbers by their quantiles, of texts by level; 0 is a missing value."""
    if values.dtype.is_numeric() or values.dtype == pl.Boolean:
        numbers = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
        known = numbers[np.isfinite(numbers)]
        bins = int(np.clip(len(known) // ROWS_A_BIN, 5, MOST_BINS))
        shares = np.arange(1, bins) / bins
        # what is not the usual value (a zero, mostly) is told apart as finely as if it stood alone
        common, rows = np.unique(known, return_counts=True)
        unusual = known[known != common[rows.argmax()]] if len(known) else known
        cuts = [
            np.quantile(part, shares, method="inverted_cdf")
            for part in (known, unusual)
            if len(part)
        ]
        edges = np.unique(np.concatenate(cuts)) if cuts else known
        return np.where(np.isnan(numbers), 0, 1 + np.searchsorted(edges, numbers, side="left"))
    return values.cast(pl.String).rank("dense").fill_null(0).cast(pl.Int64).to_numpy()


def _auc(y: np.ndarray, scores: np.ndarray) -> float:
    return float(ranking.auc(*ranking.Order.of(y, scores).grouped(np.ones(len(y))))[0])
