"""A new model against those that score so far, on the same later data.

Belongs here: whom it must beat, on which rows, and what would change for the accounts. Does not belong here: the paired measures
(evaluation.py), what is made of them (promotion.py).

The new model stands for itself as it was fitted before the later part, the champion as it scores, with what it has learnt since:
the comparison leans towards the champion.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from models.chain import LaterPart
from models.evaluation import compare
from models.feature_contract import ContractError
from models.promotion import Rival, beats, is_outranked
from models.scoring import ScoringModel
from models.settings import TrainingSettings


@dataclass(frozen=True)
class Champion:
    """The model that scores so far."""

    version: str
    model: ScoringModel
    trained_as_of: date


def duel(
    tested: LaterPart | None,
    probability: np.ndarray | None,
    champion: Champion | None,
    settings: TrainingSettings,
) -> dict | None:
    """Paired differences to the champion (evaluation.compare) with `champion`, `n` and `positives`, on those later rows whose
    outcome was not settled when it was trained.

    None where there is nothing to compare: no champion, one of another horizon or of features that are no more, or no such
    rows of both outcomes; on what it has learnt from it cannot be judged.
    """
    horizon = settings.horizon_days
    if champion is None or tested is None:
        return None
    if all(part.horizon_days != horizon for part in champion.model.parts):
        return None
    is_unseen = tested.rows["as_of_date"] + timedelta(days=horizon) > champion.trained_as_of
    rows, mask = tested.rows.filter(is_unseen), is_unseen.to_numpy()
    y = tested.y[mask]
    if not len(y) or y.min() == y.max():
        return None
    try:
        theirs = champion.model.score(rows)[f"win_probability_{horizon}d"].to_numpy()
    except ContractError:
        return None
    rounds = settings.bootstrap_rounds
    found = compare(y, probability[mask], theirs, rows["account_id"], settings.seed, rounds)
    return {"champion": champion.version, "n": len(y), "positives": int(y.sum()), **found}


def rivals(
    found: dict | None, comparisons: dict[str, dict], settings: TrainingSettings
) -> list[Rival]:
    """Whom the model must beat.

    Points of a scorecard are no probabilities: it stays only where it is shown to rank better.
    """
    must, named = settings.promotion.must_beat, []
    if found and "champion" in must:
        named.append(Rival(f"scoring model {found['champion']}", found, beats(found)))
    if "scorecard" in must and (card := comparisons.get("scorecard")):
        named.append(Rival("the scorecard", card, not is_outranked(card)))
    return named


def changed_bands(model: ScoringModel, champion: Champion, rows: pl.DataFrame) -> dict[str, int]:
    """How many accounts of `rows` would change band only because of the model."""
    new, old = model.score(rows)["band"], champion.model.score(rows)["band"]
    return {"accounts": rows.height, "accounts_that_change_band": int((new != old).sum())}
