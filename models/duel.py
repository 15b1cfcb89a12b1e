"""A new model against those that score so far, on the same later data.

Belongs here: whom it must beat, on which rows, and what would change for the accounts. Does not belong here: the paired measures
(evaluation.py), what is made of them (promotion.py).

Each stands as it was fitted before the later part of its own training, made the same way and of the same age at that part:
what scores today has learnt since from rows that the new model is measured on, or from days whose windows run into theirs.
"""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

from models.calibration import Calibrator, Identity
from models.chain import LaterPart
from models.evaluation import compare
from models.feature_contract import ContractError
from models.grades import Grades
from models.promotion import Rival, beats, is_outranked
from models.scoring import HorizonPart, ScoringModel
from models.settings import TrainingSettings

# Better in one of three measures is enough, so that each has to stand farther from chance: of models that are as good, at most
# one in forty is taken for better (Bonferroni).
SHARE = 1 - 0.05 / 3
# Such an interval leaves one draw in 120 beyond each end: of 50 draws not even one, and its end is chance. Of as many as these
# it is the eighth from the end. (A training that differed by its seed alone was once promoted by 50.)
LEAST_ROUNDS = 1_000
# What the metadata of a tester say: the first as-of date of the later part that it was fitted before.
UNSEEN_FROM = "unseen_from"


@dataclass(frozen=True)
class Champion:
    """The model that scores so far. `tester` is the same model as it was before it learnt from its own later part (tester_of);
    None of versions that kept none.
    """

    version: str
    model: ScoringModel
    trained_as_of: date
    tester: ScoringModel | None = None


def tester_of(model: ScoringModel, tested: LaterPart | None, calibrator: Calibrator):
    """The scoring model that a training was measured by: fitted on what was settled before its later part, and nothing else of
    it than what a later training needs to be held against it. None without a later part.
    """
    if tested is None:
        return None
    horizon = model.primary_horizon_days
    parts = tuple(
        HorizonPart(days, booster, calibrator if days == horizon else Identity())
        for days, booster in tested.fit.boosters.items()
    )
    return replace(
        model,
        parts=parts,
        encoder=tested.fit.encoder,
        components=(),
        grades=Grades(),
        value=None,
        leads=None,
        metadata={UNSEEN_FROM: tested.rows["as_of_date"].min().isoformat()},
    )


def duel(
    tested: LaterPart | None,
    probability: np.ndarray | None,
    champion: Champion | None,
    settings: TrainingSettings,
) -> dict | None:
    """Paired differences to the champion (evaluation.compare, intervals of SHARE) with `champion`, `n` and `positives`, on those
    later rows whose outcome it cannot have learnt; with `why_not` instead where they are too few to compare on.

    None where there is nobody to compare with: no champion, or one that has no answer any more, since it is of another horizon
    or of features that are gone.
    """
    if champion is None or tested is None:
        return None
    stands = _standing(champion, settings.horizon_days)
    if stands is None:
        return None
    model, unseen_from = stands
    mask = (tested.rows["as_of_date"] >= unseen_from).to_numpy()
    y, rows = tested.y[mask], tested.rows.filter(pl.Series(mask))
    facts = {"champion": champion.version, "n": len(y), "positives": int(y.sum())}
    if not len(y) or y.min() == y.max():
        return facts | {"why_not": _nothing_to_compare_on(len(y), unseen_from)}
    try:
        theirs = model.score(rows)
    except ContractError:
        return None
    found = compare(
        y,
        probability[mask],
        theirs[f"win_probability_{settings.horizon_days}d"].to_numpy(),
        rows["account_id"],
        settings.seed,
        max(settings.bootstrap_rounds, LEAST_ROUNDS),
        # Ties that a calibrator makes are not the ranking of a model.
        order_a=tested.raw[mask],
        order_b=theirs["raw_probability"].to_numpy(),
        share=SHARE,
    )
    return facts | found


def _standing(champion: Champion, horizon: int) -> tuple[ScoringModel, date] | None:
    """What answers for the champion, and the first day whose outcome that has not learnt."""
    tester = champion.tester
    if tester is not None and tester.primary_horizon_days == horizon:
        return tester, date.fromisoformat(tester.metadata[UNSEEN_FROM])
    if champion.model.primary_horizon_days == horizon:
        return champion.model, champion.trained_as_of
    return None


def _nothing_to_compare_on(rows: int, unseen_from: date) -> str:
    what = "one outcome alone" if rows else "no row"
    return (
        f"there is {what} among the later rows from {unseen_from} on, which it has not learnt from"
    )


def rivals(
    found: dict | None, comparisons: dict[str, dict], settings: TrainingSettings
) -> list[Rival]:
    """Whom the model must beat.

    Points of a scorecard are no probabilities: it stays only where it is shown to rank better. A champion that could not be
    compared with is not beaten: being newer is no reason.
    """
    must, named = settings.promotion.must_beat, []
    if found and "champion" in must:
        is_beaten = "why_not" not in found and beats(found)
        named.append(Rival(f"scoring model {found['champion']}", found, is_beaten))
    if "scorecard" in must and (card := comparisons.get("scorecard")):
        named.append(Rival("the scorecard", card, not is_outranked(card)))
    return named


def changed_bands(model: ScoringModel, champion: Champion, rows: pl.DataFrame) -> dict[str, int]:
    """How many accounts of `rows` would change band only because of the model."""
    new, old = model.score(rows)["band"], champion.model.score(rows)["band"]
    return {"accounts": rows.height, "accounts_that_change_band": int((new != old).sum())}
