"""Measures a training on its later part: the model, its components, and the baselines beside it.

Belongs here: which baselines there are, and what is measured of whom. Does not belong here: the
measures (evaluation.py), the baselines (baselines.py), the verdict (promotion.py).
"""

import numpy as np
import polars as pl

from models.baselines import (
    Baseline,
    fit_logistic,
    fit_rule,
    fit_scorecard,
    fit_untuned,
)
from models.by_group import measure_by_group
from models.calibration import Calibrator
from models.chain import LaterPart
from models.components import fit_components
from models.encoding import Encoder
from models.evaluation import calibration_error_if_perfect, compare, evaluate, reliability
from models.feature_contract import FEATURES, Feature, usable_features
from models.reference import fix_reference
from models.settings import TrainingSettings
from models.suggested_points import suggest_points
from models.training_rows import newest, outcomes

# A component's raw probability is not calibrated: only its order is measured.
OF_COMPONENTS = (
    *("n", "positives", "auc", "auc_low", "auc_high"),
    *("lift_top_decile", "lift_low", "lift_high"),
)
SUGGESTED = "suggested_scorecard"
# Enough to see whether an interval holds 0.5; the whole model's gets all rounds.
COMPONENT_ROUNDS = 200


def measure(
    tested: LaterPart,
    calibrator: Calibrator,
    features: tuple[Feature, ...],
    settings: TrainingSettings,
    contract: tuple[Feature, ...],
    trusted: tuple[Feature, ...],
) -> dict:
    """Measures of the model, and of components and baselines fitted on the same earlier rows.

    `trusted` are the features that points may be suggested for: those that no guard suspects.
    """
    groups, seed, rounds = tested.rows["account_id"], settings.seed, settings.bootstrap_rounds
    probability = calibrator.apply(tested.raw)
    table = tested.rows.select("as_of_date", "account_id", "is_converted").with_columns(
        pl.Series("raw_probability", tested.raw),
        pl.Series("probability", probability),
        pl.Series("score", _score(tested, settings)),
    )
    scores, comparisons = {}, {}
    baselines = fit_baselines(tested.earlier, tested.fit.encoder, settings, contract, trusted)
    for name, baseline in baselines.items():
        p, order = baseline.predict(tested.rows)
        scores[name] = evaluate(tested.y, p, groups, seed, rounds, order)
        comparisons[name] = compare(
            tested.y, probability, p, groups, seed, rounds, order_a=tested.raw, order_b=order
        )
        # its order: a rule's few probabilities would rank worse than the rule does
        table = table.with_columns(pl.Series(name, order))
    components, measured = _components(tested, features, settings)
    return {
        "metrics": _of_the_model(tested, probability, settings),
        "baseline_metrics": scores,
        "comparisons": comparisons,
        "component_metrics": measured,
        "reliability": reliability(tested.y, probability),
        "groups": measure_by_group(table, tested.rows, settings, contract),
        "test_rows": table.with_columns(components),
    }


def _score(tested: LaterPart, settings: TrainingSettings) -> np.ndarray:
    """The later rows' place among the accounts of the newest day that the model learnt from, as scores are made."""
    before = tested.fit.predict(newest(tested.earlier))[settings.horizon_days]
    return fix_reference(before).scale(tested.raw)


def measure_horizon(tested: LaterPart, calibrator: Calibrator, settings: TrainingSettings) -> dict:
    """Measures and reliability bins of the model at a horizon other than the primary one."""
    p = calibrator.apply(tested.raw)
    return {"metrics": _of_the_model(tested, p, settings), "reliability": reliability(tested.y, p)}


def _of_the_model(tested: LaterPart, probability: np.ndarray, settings: TrainingSettings) -> dict:
    """evaluation.evaluate, and the calibration error that 95 % of perfectly calibrated models stay below."""
    accounts, seed, rounds = tested.rows["account_id"], settings.seed, settings.bootstrap_rounds
    limit = calibration_error_if_perfect(probability, accounts, seed, rounds)
    measured = evaluate(tested.y, probability, accounts, seed, rounds, tested.raw)
    return measured | {"ece_95_if_perfect": limit}


def fit_baselines(
    rows: pl.DataFrame,
    encoder: Encoder,
    settings: TrainingSettings,
    contract: tuple[Feature, ...],
    trusted: tuple[Feature, ...],
) -> dict[str, Baseline]:
    """Logistic regression, XGBoost as it comes, the rule, the scorecard, and the one that history suggests, each where it can
    be had.

    The scorecard is held to what the model may use: an attribute known only as it is today would
    tell it of the future of past days. Lines on others are left out of the baseline.
    """
    y = outcomes(rows)
    fitted = {}
    if y.min() < y.max():
        fitted["logistic_regression"] = fit_logistic(rows, y, encoder)
        threads = settings.booster.nthread
        fitted["untuned_xgboost"] = fit_untuned(rows, y, encoder, settings.seed, threads)
    if all(column.name in rows.columns for column in settings.rule):
        fitted["rule"] = fit_rule(rows, y, settings.rule)
    if lines := _safe_lines(rows, settings, contract):
        card = settings.scorecard.model_copy(update={"lines": lines})
        fitted["scorecard"] = fit_scorecard(rows, y, card)
    # A scorecard knows the features of the project's own contract.
    named = {feature.name for feature in FEATURES}
    scorable = tuple(feature for feature in trusted if feature.name in named)
    if suggested := suggest_points(rows, scorable, settings):
        fitted[SUGGESTED] = fit_scorecard(rows, y, suggested)
    return fitted


def _safe_lines(rows: pl.DataFrame, settings: TrainingSettings, contract) -> tuple:
    usable = {
        feature.name
        for feature in usable_features(
            settings.snapshot_attributes, (), contract, settings.versioned_attributes
        )
    }
    allowed = usable & set(rows.columns)
    return tuple(ln for ln in settings.scorecard.lines if allowed.issuperset(ln.columns))


def _components(
    tested: LaterPart, features, settings: TrainingSettings
) -> tuple[list[pl.Series], dict[str, dict]]:
    """Component scores of the later rows, and how each orders the accounts that it can say something of."""
    earlier, scores, found = tested.earlier, [], {}
    for component in fit_components(earlier, features, settings, newest(earlier)):
        scores.append(component.score(tested.rows))
        raw = component.raw(tested.rows)
        known = ~np.isnan(raw)
        groups = tested.rows["account_id"].filter(pl.Series(known))
        rounds = min(settings.bootstrap_rounds, COMPONENT_ROUNDS)
        measured = evaluate(tested.y[known], raw[known], groups, settings.seed, rounds)
        found[component.name] = {name: measured.get(name) for name in OF_COMPONENTS}
    return scores, found
