"""The lead model: how likely each person takes part in a win of the account within the primary horizon.

Belongs here: its fit, its measures on later data, scores and reasons of people. Does not belong here: who is a person of which
account and what a part is (dbt, label_lead), what people make of their account (lead_rollup.py).

A small model beside the big one, as the components are (components.py), on features of people alone: nothing of the account is
among them, and nothing of people is fed back into the account's model, which would have to be out-of-fold. People of one account
fare together, so intervals draw whole accounts. Without enough wins, a later part of history or signal there is no lead model,
and the record says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from models._xgboost import xgb
from models.boosting import dmatrix, fit_booster, raw_probability
from models.calibration import Calibrator, Identity
from models.calibrator_choice import CalibrationChoice
from models.chain import Chain
from models.encoding import Encoder, fit_encoder, require_columns
from models.evaluation import evaluate
from models.explanation import in_words
from models.feature import Feature
from models.feature_contract import usable_features
from models.guards import leak_suspects
from models.lead_contract import LEAD_FEATURES, LEAD_LABELS, check_lead_columns
from models.measurement import COMPONENT_ROUNDS
from models.per_horizon import Horizon, choose, fit_before_parts
from models.reasons import top_reasons
from models.reference import Reference, fix_reference
from models.settings import DealWords, TrainingSettings
from models.splits import split_dates
from models.training_rows import (
    newest,
    outcomes,
    recency_weights,
    window,
    with_true_stamps,
    without_data,
)

# A small model gains next to nothing from a second thread, and where cores are busy its threads wait for each other.
NTHREAD = 1
NO_HISTORY = "only today's value is known (scoring.yaml, features)"


@dataclass(frozen=True)
class LeadModel:
    """What scores people, fixed at training."""

    encoder: Encoder
    booster: xgb.Booster
    calibrator: Calibrator
    reference: Reference
    nthread: int = NTHREAD
    deal_words: DealWords = DealWords()

    name = "leads"

    def score(self, people: pl.DataFrame) -> pl.DataFrame:
        """lead_probability (calibrated) and lead_score (0-100) of each row, in its order. Raises ContractError if a column is
        absent.
        """
        raw = raw_probability(self.booster, self.encoder, self.encoder.matrix(people), self.nthread)
        return pl.DataFrame(
            {
                "lead_probability": self.calibrator.apply(raw),
                "lead_score": self.reference.scale(raw),
            },
            schema={"lead_probability": pl.Float64, "lead_score": pl.Float64},
        )

    def reasons(self, people: pl.DataFrame, most_for: int = 2) -> pl.Series:
        """The strongest reasons of each row in words, as reasons.top_reasons says those of accounts."""
        matrix = dmatrix(self.encoder, self.encoder.matrix(people), self.nthread)
        values = np.empty((0, len(self.encoder.columns)))
        if people.height:
            values = self.booster.predict(matrix, pred_contribs=True).astype(np.float64)[:, :-1]

        def say(feature: Feature, chosen: pl.DataFrame, _) -> pl.Series:
            return in_words(feature, chosen, self.deal_words)["reason"]

        features = [column.feature for column in self.encoder.columns]
        return top_reasons(people, features, values, say, most_for)


@dataclass(frozen=True)
class LeadTraining:
    """A lead model, None where there is none, and its JSON-ready record: measures, or `why_not`."""

    model: LeadModel | None = None
    record: dict = field(default_factory=dict)


def train_leads(people: pl.DataFrame | None, settings: TrainingSettings) -> LeadTraining:
    """Train on rows of lead_training_set. What is lacking to learn from is said in the record, and never holds accounts up.

    The same rows in any order give the same model. Raises ContractError on absent or strange columns.
    """
    if people is None or people.height == 0:
        return LeadTraining(record={"why_not": "no person has an outcome"})
    check_lead_columns(people.columns)
    require_columns(people, LEAD_LABELS)
    rows = people.sort("as_of_date", "lead_id")
    facts = window(rows)
    features, left_out = _features(rows, settings)
    record = {
        "window": {**facts, "people": rows["lead_id"].n_unique()},
        "label_basis": ", ".join(rows["label_basis"].unique().sort()),
        "left_out": left_out,
    }
    if why := _why_nothing(rows, features, facts["converting_accounts"], settings):
        return LeadTraining(record=record | {"why_not": why})
    said = _said_later(rows, features, settings)
    tested = said.tested
    if tested is None or tested.y.min() == tested.y.max():
        return LeadTraining(record=record | {"why_not": "history is too short to measure it"})
    probability, accounts = said.choice.calibrator.apply(tested.raw), tested.rows["account_id"]
    measured = evaluate(
        tested.y, probability, accounts, settings.seed, COMPONENT_ROUNDS, tested.raw
    )  # fmt: skip
    record |= {**measured, "split": said.split.describe(), "calibration": said.choice.report}
    suspects, record["allowed"] = _suspects(rows, features, settings)
    if why := _why_refused(suspects, measured):
        return LeadTraining(record=record | {"why_not": why})
    fit = _fit(rows, features, settings) if settings.refit else tested.fit
    importance = fit.importance(settings.horizon_days)
    return LeadTraining(_model(fit, rows, said, settings), record | {"importance": importance})


def _features(rows, settings: TrainingSettings) -> tuple[tuple[Feature, ...], dict[str, str]]:
    """What may be learnt from, and what is left out, with the reason."""
    usable = usable_features(
        settings.snapshot_attributes, (), LEAD_FEATURES, settings.versioned_attributes
    )
    names = {feature.name for feature in usable}
    empty = without_data(rows, usable)
    unknown = {f.name: NO_HISTORY for f in LEAD_FEATURES if f.name not in names}
    return tuple(feature for feature in usable if feature.name not in empty), unknown | empty


def _why_nothing(rows, features, accounts: int, settings: TrainingSettings) -> str:
    """What is lacking to learn from at all; empty where nothing is. Accounts must not go without a model for it."""
    least, days = settings.promotion.min_positives, rows["as_of_date"].n_unique()
    if accounts < least:
        return f"people of {accounts} accounts took part in a win; at least {least} are needed"
    if days < settings.split.min_train_dates:
        return f"{days} as-of dates are fewer than split.min_train_dates={settings.split.min_train_dates}"
    if not features:
        return "no usable feature has values that differ: there is nothing to learn from"
    return ""


def _said_later(rows, features, settings: TrainingSettings) -> Horizon:
    """What fits on all that was settled before the calibration and the test part say of them, and the calibrator that helps."""
    split = split_dates(rows["as_of_date"], settings.horizon_days, settings.split)
    rows, _ = with_true_stamps(rows, split.test[0] if split.test else None)
    before, tested = fit_before_parts(
        rows, split, lambda earlier, _: _fit(earlier, features, settings)
    )
    least = settings.promotion.min_positives
    if before is not None and before.y.sum() >= least:
        return Horizon(split, tested, choose(before, tested, settings))
    why = f"no calibration part with {least} rows of people who took part in a win"
    return Horizon(split, tested, CalibrationChoice(Identity(), {"kept": "identity", "why": why}))


def _fit(rows: pl.DataFrame, features, settings: TrainingSettings) -> Chain:
    """A chain of one part, whose number of trees is fixed and not looked for."""
    encoder = fit_encoder(rows, features, settings.min_level_rows)
    label, weight = outcomes(rows), recency_weights(rows, settings)
    data = dmatrix(encoder, encoder.matrix(rows, True), NTHREAD, label=label, weight=weight)
    small = settings.booster.model_copy(update={"nthread": NTHREAD})
    booster = fit_booster(encoder, data, small, settings.seed, small.default_trees)
    return Chain(encoder, {settings.horizon_days: booster}, NTHREAD)


def _why_refused(suspects: dict[str, str], measured: dict) -> str:
    """No signal, or a feature that seems to know the outcome; empty where nothing speaks against the model."""
    low = measured["auc_low"]
    if low is None or low <= 0.5:
        return "it does not tell who takes part in a win: the interval of its AUC holds 0.5"
    said = [f"{column}: {why}" for column, why in suspects.items()]
    return f"seems to know the outcome: {'; '.join(said)}" if said else ""


def _suspects(rows, features, settings: TrainingSettings) -> tuple[dict[str, str], dict[str, str]]:
    """Features that seem to know the outcome, with the reason, and those of them that a person vouches for."""
    found = leak_suspects(
        rows.select([feature.name for feature in features]),
        outcomes(rows),
        settings.promotion,
        settings.seed,
        filled_in={feature.name for feature in features if feature.attributes},
        group=rows["account_id"].rank("dense").to_numpy(),
    )
    every = {suspect.column: suspect.why for suspect in found}
    allowed = {name: why for name, why in every.items() if name in settings.promotion.allow}
    return {name: why for name, why in every.items() if name not in allowed}, allowed


def _model(fit: Chain, rows, said: Horizon, settings: TrainingSettings) -> LeadModel:
    """The fit as it scores: compared with the people of the newest day, its calibrator learnt as those of accounts are."""
    horizon = settings.horizon_days
    return LeadModel(
        fit.encoder,
        fit.boosters[horizon],
        said.calibrator(settings),
        fix_reference(fit.predict(newest(rows))[horizon]),
        deal_words=settings.deal_words,
    )
