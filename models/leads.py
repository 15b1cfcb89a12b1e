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
from models.boosting import dmatrix, fit_booster, gain_by_feature, raw_probability
from models.calibration import Calibrator, Identity, choose_calibrator, fit_calibrator
from models.encoding import Encoder, fit_encoder, require_columns
from models.evaluation import evaluate
from models.explanation import in_words
from models.feature import Feature
from models.feature_contract import usable_features
from models.guards import leak_suspects
from models.lead_contract import LEAD_FEATURES
from models.measurement import COMPONENT_ROUNDS
from models.reasons import top_reasons
from models.reference import Reference, fix_reference
from models.settings import DealWords, TrainingSettings
from models.splits import Split, matured_before, split_dates
from models.training_rows import newest, on_days, outcomes, recency_weights, window, without_data

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

        def say(feature: Feature, series: pl.Series, _) -> pl.Series:
            return in_words(feature, series, self.deal_words)["reason"]

        features = [column.feature for column in self.encoder.columns]
        return top_reasons(people, features, values, say, most_for)


@dataclass(frozen=True)
class LeadTraining:
    """A lead model, None where there is none, and its JSON-ready record: measures, or `why_not`."""

    model: LeadModel | None = None
    record: dict = field(default_factory=dict)


@dataclass(frozen=True)
class _Later:
    """Rows of a later part, and what a fit on all that was settled before it says of them."""

    y: np.ndarray
    raw: np.ndarray
    accounts: pl.Series


def train_leads(people: pl.DataFrame | None, settings: TrainingSettings) -> LeadTraining:
    """Train on rows of lead_id, account_id, as_of_date, features, is_converted and label_basis.

    The same rows in any order give the same model. Raises ContractError on absent columns.
    """
    if people is None or people.height == 0:
        return LeadTraining(record={"why_not": "no person has an outcome"})
    require_columns(people, ["lead_id", "account_id", "is_converted", "label_basis"])
    rows = people.sort("as_of_date", "lead_id")
    facts = window(rows)
    record = {
        "window": {**facts, "people": rows["lead_id"].n_unique()},
        "label_basis": ", ".join(rows["label_basis"].unique().sort()),
    }
    least = settings.promotion
    if facts["converting_accounts"] < least.min_positives:
        why = f"people of {facts['converting_accounts']} accounts took part in a win; at least {least.min_positives} are needed"
        return LeadTraining(record=record | {"why_not": why})
    features, left_out = _features(rows, settings)
    record |= {"left_out": left_out}
    split = split_dates(rows["as_of_date"], settings.horizon_days, settings.split)
    tested = _said_later(rows, split, "test", features, settings)
    if tested is None or tested.y.min() == tested.y.max():
        return LeadTraining(record=record | {"why_not": "history is too short to measure it"})
    kept, calibration = _calibrator(rows, split, tested, features, settings)
    measured = evaluate(
        tested.y, kept.apply(tested.raw), tested.accounts, settings.seed, COMPONENT_ROUNDS, tested.raw
    )  # fmt: skip
    record |= {**measured, "split": split.describe(), "calibration": calibration}
    if why := _why_refused(rows, features, measured, settings):
        return LeadTraining(record=record | {"why_not": why})
    model = _final(rows, features, kept, tested, calibration["kept"], settings)
    return LeadTraining(model, record | {"importance": gain_by_feature(model.booster)})


def _features(rows, settings: TrainingSettings) -> tuple[tuple[Feature, ...], dict[str, str]]:
    """What may be learnt from, and what is left out, with the reason."""
    usable = usable_features(
        settings.snapshot_attributes, (), LEAD_FEATURES, settings.versioned_attributes
    )
    names = {feature.name for feature in usable}
    empty = without_data(rows, usable)
    unknown = {f.name: NO_HISTORY for f in LEAD_FEATURES if f.name not in names}
    return tuple(feature for feature in usable if feature.name not in empty), unknown | empty


def _said_later(rows, split: Split, part: str, features, settings) -> _Later | None:
    days = split.part(part)
    if not days:
        return None
    earlier = on_days(rows, matured_before(rows["as_of_date"], settings.horizon_days, days[0]))
    later = on_days(rows, days)
    encoder, booster = _fit(earlier, features, settings)
    raw = raw_probability(booster, encoder, encoder.matrix(later), NTHREAD)
    return _Later(outcomes(later), raw, later["account_id"])


def _fit(rows: pl.DataFrame, features, settings: TrainingSettings) -> tuple[Encoder, xgb.Booster]:
    encoder = fit_encoder(rows, features, settings.min_level_rows)
    label, weight = outcomes(rows), recency_weights(rows, settings)
    data = dmatrix(encoder, encoder.matrix(rows, True), NTHREAD, label=label, weight=weight)
    small = settings.booster.model_copy(update={"nthread": NTHREAD})
    return encoder, fit_booster(encoder, data, small, settings.seed, small.default_trees)


def _calibrator(rows, split, tested: _Later, features, settings) -> tuple[Calibrator, dict]:
    """The one that helps on the test part; none where the calibration part holds too few wins to fit one."""
    before = _said_later(rows, split, "calibration", features, settings)
    least = settings.promotion.min_positives
    if before is None or before.y.sum() < least:
        why = f"no calibration part with {least} rows of people who took part in a win"
        return Identity(), {"kept": "identity", "why": why}
    choice = choose_calibrator(
        before.y, before.raw, tested.y, tested.raw, settings.calibration_min_gain
    )
    return choice.calibrator, choice.report


def _why_refused(rows, features, measured: dict, settings: TrainingSettings) -> str:
    """No signal, or a feature that seems to know the outcome; empty where nothing speaks against the model."""
    low = measured["auc_low"]
    if low is None or low <= 0.5:
        return "it does not tell who takes part in a win: the interval of its AUC holds 0.5"
    suspects = leak_suspects(
        rows.select([feature.name for feature in features]),
        outcomes(rows),
        settings.promotion,
        settings.seed,
        filled_in={feature.name for feature in features if feature.attributes},
        group=rows["account_id"].rank("dense").to_numpy(),
    )
    said = [f"{one.column}: {one.why}" for one in suspects]
    return f"seems to know the outcome: {'; '.join(said)}" if said else ""


def _final(rows, features, kept, tested: _Later, kind: str, settings) -> LeadModel:
    """Fitted on all rows; its calibrator is learnt anew on the newest predictions made the way its own will be."""
    encoder, booster = _fit(rows, features, settings)
    raw = raw_probability(booster, encoder, encoder.matrix(newest(rows)), NTHREAD)
    calibrator = fit_calibrator(kind, tested.y, tested.raw) if settings.refit else kept
    reference = fix_reference(raw)
    return LeadModel(encoder, booster, calibrator, reference, deal_words=settings.deal_words)
