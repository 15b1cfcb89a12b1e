"""A new model against those that score so far, on the same later data.

Belongs here: whom it must beat, on which rows, and what would change for the accounts. Does not belong here: the paired measures
(evaluation.py), what is made of them (promotion.py).

The new model stands for itself as it was fitted before the later part. So does the champion on rows whose outcome it has learnt
since; on all others it stands as it scores, which leans towards the champion.
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

# Better in one of three measures is enough, so that each has to stand farther from chance: of models that are as good, at most
# one in forty is taken for better (Bonferroni).
SHARE = 1 - 0.05 / 3


@dataclass(frozen=True)
class Champion:
    """The model that scores so far; `tested` what it said of its own later part before it learnt from it: as_of_date, account_id,
    probability.
    """

    version: str
    model: ScoringModel
    trained_as_of: date
    tested: pl.DataFrame | None = None


def duel(
    tested: LaterPart | None,
    probability: np.ndarray | None,
    champion: Champion | None,
    settings: TrainingSettings,
) -> dict | None:
    """Paired differences to the champion (evaluation.compare, intervals of SHARE) with `champion`, `n` and `positives`, on those
    later rows of which it said something before it could know their outcome.

    None where there is nothing to compare: no champion, one of another horizon or of features that are no more, or no such
    rows of both outcomes.
    """
    horizon = settings.horizon_days
    if champion is None or tested is None:
        return None
    if all(part.horizon_days != horizon for part in champion.model.parts):
        return None
    try:
        theirs = _said(tested.rows, champion, horizon)
    except ContractError:
        return None
    mask = ~np.isnan(theirs)
    y, groups = tested.y[mask], tested.rows["account_id"].filter(pl.Series(mask))
    if not len(y) or y.min() == y.max():
        return None
    rounds = settings.bootstrap_rounds
    ours = probability[mask]
    found = compare(y, ours, theirs[mask], groups, settings.seed, rounds, share=SHARE)
    return {"champion": champion.version, "n": len(y), "positives": int(y.sum()), **found}


def _said(rows: pl.DataFrame, champion: Champion, horizon: int) -> np.ndarray:
    """The champion's probability of each row, NaN where it has learnt from the row's outcome and said nothing before."""
    key = ["as_of_date", "account_id"]
    is_unseen = rows["as_of_date"] + timedelta(days=horizon) > champion.trained_as_of
    now = champion.model.score(rows)[f"win_probability_{horizon}d"]
    before = pl.Series([None] * rows.height, dtype=pl.Float64)
    if champion.tested is not None:
        said = champion.tested.select(*key, "probability")
        before = rows.select(key).join(said, on=key, how="left", maintain_order="left")[
            "probability"
        ]
    table = pl.DataFrame({"is_unseen": is_unseen, "now": now, "before": before})
    chosen = table.select(pl.when("is_unseen").then("now").otherwise("before").alias("p"))["p"]
    return chosen.fill_null(np.nan).to_numpy()


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
