"""Suggests lines of a scorecard, with points, from history.

Belongs here: which conditions earn points together, and how many. Does not belong here: scoring with them (scorecard.py),
measuring them (measurement.py), where conditions begin (bins.py).

Conditions are the segments' own, as lines of scoring.yaml say them: from a value on, up to a value (of days), one of the levels,
any value at all. Of like features (one topic) only the strongest may earn points, and a logistic regression weighs all that are
left together, so that four columns of visits are not paid four times. Its L1 penalty is the least that noise does not pass:
each column is divided by the standard deviation, over whole accounts, of what noise alone would pull at it, and a pull must
exceed the normal quantile for all columns at once (Belloni, Chernozhukov, Hansen and Kozbur 2016, "Inference in high-dimensional
panel models"). So history without signal suggests nothing. Weights of the lines that are left are fitted anew without that
penalty, which would shrink them.

Points are log-odds in another unit, as in credit scoring: points = weight * POINTS_TO_DOUBLE / ln 2 (Siddiqi 2006, "Credit Risk
Scorecards").
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from models.bins import LEAST_IN_SEGMENT, Segmentation, find_bins
from models.clustered import ALPHA
from models.feature import Feature
from models.scorecard import Scorecard, line_points
from models.settings import ScorecardLine, ScorecardSettings, TrainingSettings
from models.training_rows import newest, on_days, outcomes

# So many points double the odds of a conversion: lines then earn mostly 2 to 30 points, which people can add up in their heads.
POINTS_TO_DOUBLE = 10
MOST_LINES = 15
MOST_POINTS = 100
# Less is nothing that anybody would add up.
LEAST_POINTS = 2
# More rows tell weights no better than people can read them.
MOST_ROWS = 100_000
# How the penalty grows while there are too many lines.
STEP = 1.15
UP_TO = ("days", "weeks")


def suggest_points(
    rows: pl.DataFrame, features: Iterable[Feature], settings: TrainingSettings
) -> ScorecardSettings | None:
    """A scorecard learnt from `rows` (account_id, as_of_date, features, is_converted at settings.horizon_days).

    None without signal. hot_from and warm_from give the newest day's accounts the shares of settings.bands.
    """
    kept = _apart(rows, settings.horizon_days).sort("account_id", "as_of_date")
    y = outcomes(kept)
    if not 0 < y.sum() < len(y):
        return None
    candidates = _one_feature_a_topic(_candidates(kept, find_bins(kept, features), y))
    if not candidates:
        return None
    columns = np.column_stack([one.met for one in candidates])
    chosen = _chosen(columns, np.array([one.noise for one in candidates]), y)
    if not len(chosen):
        return None
    # takes seconds to import and only training needs it
    from sklearn.linear_model import LogisticRegression

    weights = LogisticRegression(max_iter=1000).fit(columns[:, chosen], y).coef_[0]
    points = np.clip(np.round(weights * POINTS_TO_DOUBLE / np.log(2)), -MOST_POINTS, MOST_POINTS)
    card = ScorecardSettings(
        lines=tuple(
            candidates[place].line.model_copy(update={"points": int(given)})
            for place, given in zip(chosen, points.tolist(), strict=True)
            if abs(given) >= LEAST_POINTS
        )
    )
    return _with_bands(card, newest(rows), settings) if card.lines else None


def _apart(rows: pl.DataFrame, horizon_days: int) -> pl.DataFrame:
    """Rows of the newest days whose windows do not overlap: a conversion in several would count several times."""
    by_day = dict(rows.group_by("as_of_date").len().rows())
    kept, held = [], 0
    for day in sorted(by_day, reverse=True):
        if kept and kept[-1] - day < timedelta(days=horizon_days):
            continue
        held += by_day[day]
        if kept and held > MOST_ROWS:
            break
        kept.append(day)
    return on_days(rows, kept)


@dataclass(frozen=True)
class _Candidate:
    """A line of one point, whom it meets (0 or 1 a row), how strongly outcomes pull at its weight, and noise alone would."""

    line: ScorecardLine
    topic: str
    met: np.ndarray
    pull: float
    noise: float


def _candidates(
    rows: pl.DataFrame, found: Sequence[Segmentation], y: np.ndarray
) -> list[_Candidate]:
    """Lines that meet enough accounts and not all, each once; rows of an account stand together."""
    first = (rows["account_id"] != rows["account_id"].shift(1)).fill_null(True).to_numpy()
    starts, kept = np.flatnonzero(first), {}
    for bins in found:
        for line in _lines(bins):
            met = line_points(rows, line)
            accounts = np.maximum.reduceat(met, starts).sum()
            whom = np.packbits(met > 0).tobytes()
            if LEAST_IN_SEGMENT <= accounts and met.min() == 0 and whom not in kept:
                pull, noise = _pull(met, y, starts)
                kept[whom] = _Candidate(line, bins.feature.topic, met, pull, noise)
    return list(kept.values())


def _pull(met: np.ndarray, y: np.ndarray, starts: np.ndarray) -> tuple[float, float]:
    """The pull of all outcomes at a column's weight, and its standard deviation over accounts if there is nothing to it."""
    centred = met - met.mean()
    by_account = np.add.reduceat(centred * (y - y.mean()), starts)
    # never less than of independent rows: a rare column may look calm by chance
    least = (centred**2).sum() * y.var()
    return float(by_account.sum()), float(np.sqrt(max((by_account**2).sum(), least)))


def _one_feature_a_topic(candidates: list[_Candidate]) -> list[_Candidate]:
    """Of like features only the one with the strongest line: people should not add up four columns of visits."""
    best: dict[str, _Candidate] = {}
    for one in candidates:
        held = best.get(one.topic)
        if held is None or abs(one.pull) / one.noise > abs(held.pull) / held.noise:
            best[one.topic] = one
    return [one for one in candidates if one.line.feature == best[one.topic].line.feature]


def _lines(bins: Segmentation) -> list[ScorecardLine]:
    """Conditions of one feature. What is not on record meets none; that something is may be a condition of its own."""
    name = bins.feature.name
    if bins.feature.kind == "category":
        return [ScorecardLine(feature=name, one_of=(level,), points=1) for level in bins.levels]
    if bins.feature.unit in UP_TO:
        lines = [
            ScorecardLine(feature=name, at_most=e - bins.is_whole, points=1) for e in bins.edges
        ]
    else:
        lines = [ScorecardLine(feature=name, at_least=edge, points=1) for edge in bins.edges]
    if bins.feature.source_kind == "snapshot":
        return lines
    return [*lines, ScorecardLine(feature=name, present=True, points=1)]


def _chosen(columns: np.ndarray, noise: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Places of the columns that add to each other, MOST_LINES at most."""
    from scipy.special import ndtri
    from sklearn.linear_model import LogisticRegression

    penalty = ndtri(1 - ALPHA / (2 * len(noise)))
    while True:
        model = LogisticRegression(
            C=1 / penalty, l1_ratio=1, solver="liblinear", random_state=0, max_iter=1000
        )
        chosen = np.flatnonzero(model.fit(columns / noise, y).coef_[0])
        if len(chosen) <= MOST_LINES:
            return chosen
        penalty *= STEP


def _with_bands(
    card: ScorecardSettings, rows: pl.DataFrame, settings: TrainingSettings
) -> ScorecardSettings:
    """The card with the scores from which these rows are hot and warm; a share that many tie for falls out larger."""
    score = Scorecard(card).score(rows)["score"].to_numpy()
    hot = settings.bands.hot_share
    shares = (1 - hot, 1 - hot - settings.bands.warm_share)
    # full scores are easier to say; a band from 0 on would hold everybody
    hot_from, warm_from = (float(max(np.floor(np.quantile(score, max(s, 0))), 1)) for s in shares)
    return card.model_copy(update={"hot_from": hot_from, "warm_from": warm_from})
