"""Trains a scoring model from a training set and measures it on later data.

Belongs here: which rows each step sees, in which order the steps run. Does not belong here: the
steps themselves (splits, encoding, boosting, components, calibration, measurement, promotion).

The way of the model is the way it is measured. `_fit_on` is that way: find the number of trees on
the newest days of some rows, then fit anew on all of them. It is applied to all that had matured
before the calibration part, before the test part, and at last to everything; each fit predicts
only what came later. The calibrator is learnt on the calibration part, judged on the test part,
and if it was kept, learnt anew there for the final model: the newest predictions made the way the
final model's will be. Calibration (ECE, Brier, log loss) is measured on the test part, which also
chose among the three candidate calibrators: a kept calibrator is measured slightly too well.
"""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from models.baselines import Baseline
from models.boosting import fit_booster, gain_by_feature, raw_probability
from models.calibration import (
    CalibrationChoice,
    Calibrator,
    Identity,
    choose_calibrator,
    fit_calibrator,
)
from models.components import fit_components
from models.encoding import Encoder, fit_encoder, require_columns
from models.feature_contract import FEATURES, Feature, contract_version, usable_features
from models.guards import Suspect, leak_suspects
from models.measurement import LaterPart, fit_baselines, measure
from models.promotion import Verdict, drifted, judge
from models.reference import fix_reference
from models.scoring import HorizonPart, ScoringModel, fix_bands
from models.settings import TrainingSettings
from models.splits import LATER_PARTS, VALIDATION_ONLY, Split, matured_before, split_dates
from models.training_rows import (
    newest,
    on_days,
    ordered,
    outcomes,
    recency_weights,
    window,
    without_data,
)


@dataclass(frozen=True)
class TrainingResult:
    """A trained model and all there is to say about it. Everything but `model` is JSON-ready or
    a polars frame.

    `metrics` is None and the other measures are empty without a test part; `test_rows` holds
    as_of_date, account_id, is_converted, raw_probability, probability and one column a baseline, by
    which it ranks. `without_data` says which features were left out because nothing can be learnt
    from them, `leak_suspects` which the guards suspect, `allowed` for which of these a person vouches.
    """

    model: ScoringModel
    verdict: Verdict
    split: dict
    window: dict
    trees: int
    calibration: dict
    importance: dict[str, float]
    baselines: dict[str, Baseline]
    without_data: dict[str, str]
    leak_suspects: dict[str, str] = field(default_factory=dict)
    allowed: dict[str, str] = field(default_factory=dict)
    metrics: dict | None = None
    baseline_metrics: dict[str, dict] = field(default_factory=dict)
    comparisons: dict[str, dict] = field(default_factory=dict)
    component_metrics: dict[str, dict] = field(default_factory=dict)
    reliability: list[dict] = field(default_factory=list)
    test_rows: pl.DataFrame = field(default_factory=pl.DataFrame)


def train(
    training_set: pl.DataFrame,
    settings: TrainingSettings,
    metadata: dict | None = None,
    contract: tuple[Feature, ...] = FEATURES,
) -> TrainingResult:
    """Train on rows of account_id, as_of_date, features, is_converted (all matured).

    Scores compare with the accounts of the newest as-of date. `metadata` is stored with the model
    and must not hold clock times; `contract` holds the rows of the feature contract. The same rows
    in any order give the same model. Raises ValueError on an empty training set or unknown
    outcomes, ContractError on absent columns.
    """
    rows = ordered(training_set)
    features, empty = _features(rows, settings, contract)
    suspects, allowed = _suspects(rows, features, settings)
    split = split_dates(rows["as_of_date"], settings.horizon_days, settings.split)
    before_calibration = _fit_before(rows, split, "calibration", features, settings)
    tested = _fit_before(rows, split, "test", features, settings)
    choice = _choose(before_calibration, tested, settings)
    is_anew = settings.refit or tested is None
    final = _fit_on(rows, features, settings) if is_anew else tested.fit
    calibrator = _final_calibrator(choice, tested, settings)
    facts = window(rows)
    model = ScoringModel(
        parts=(HorizonPart(settings.horizon_days, final.booster, calibrator),),
        primary_horizon_days=settings.horizon_days,
        encoder=final.encoder,
        reference=fix_reference(final.predict(newest(rows))),
        bands=fix_bands(settings.bands),
        components=fit_components(
            rows if is_anew else tested.earlier, features, settings, newest(rows)
        ),
        little_data_below=settings.little_data_below,
        nthread=settings.booster.nthread,
        deal_words=settings.deal_words,
        metadata={
            "feature_contract_version": contract_version(contract),
            **facts,
            **(metadata or {}),
        },
    )
    importance = gain_by_feature(final.booster)
    later = measure(tested, choice.calibrator, features, settings, contract) if tested else {}
    strongest = next(iter(importance), None)
    counts = facts["converting_accounts"], facts["other_accounts"]
    verdict = judge(
        *counts,
        later.get("metrics"),
        settings.promotion,
        strongest,
        suspects,
        _drift(tested, later, settings),
        is_overruled=strongest in settings.promotion.allow,
    )
    return TrainingResult(
        model=model,
        verdict=verdict,
        split=split.describe(),
        window=facts,
        trees=final.booster.num_boosted_rounds(),
        calibration=choice.report,
        importance=importance,
        baselines=fit_baselines(rows, final.encoder, settings, contract),
        without_data=empty,
        leak_suspects={suspect.column: suspect.why for suspect in suspects},
        allowed={suspect.column: suspect.why for suspect in allowed},
        **later,
    )


def _features(rows, settings, contract) -> tuple[tuple[Feature, ...], dict[str, str]]:
    """What the model may learn from, and what it may but cannot, with the reason."""
    usable = usable_features(
        settings.snapshot_attributes,
        settings.left_out_features,
        contract,
        settings.versioned_attributes,
    )
    require_columns(rows, [feature.name for feature in usable])
    empty = without_data(rows, usable)
    features = tuple(feature for feature in usable if feature.name not in empty)
    if not features:
        raise ValueError("no usable feature has values that differ: there is nothing to learn from")
    return features, empty


def _suspects(rows, features, settings) -> tuple[list[Suspect], list[Suspect]]:
    """Features that seem to know the outcome, and those of them that a person vouches for. Only attributes are filled in by
    people; where any other feature has no value, that itself was known on the day.
    """
    names = [feature.name for feature in features]
    attributes = {feature.name for feature in features if feature.attributes}
    promotion = settings.promotion
    found = leak_suspects(
        rows.select(names),
        outcomes(rows),
        promotion,
        settings.seed,
        filled_in=attributes,
        group=rows["account_id"].rank("dense").to_numpy(),
    )
    allowed = [suspect for suspect in found if suspect.column in promotion.allow]
    return [suspect for suspect in found if suspect not in allowed], allowed


def _drift(tested: LaterPart | None, later: dict, settings) -> str | None:
    if tested is None or tested.y.min() == tested.y.max():
        return None
    rows = later["test_rows"]
    means = tested.y.mean(), rows["probability"].mean(), outcomes(tested.earlier).mean()
    return drifted(*means, rows["account_id"].n_unique(), settings.promotion)


@dataclass(frozen=True)
class _Fit:
    encoder: Encoder
    booster: object
    nthread: int

    def predict(self, frame: pl.DataFrame) -> np.ndarray:
        matrix = self.encoder.matrix(frame)
        return raw_probability(self.booster, self.encoder, matrix, self.nthread)


def _fit(rows, features: tuple[Feature, ...], settings, trees, later=None) -> _Fit:
    encoder = fit_encoder(rows, features, settings.min_level_rows)
    data = encoder.matrix(rows, True), outcomes(rows), recency_weights(rows, settings)
    check = None if later is None else (encoder.matrix(later), outcomes(later))
    booster = fit_booster(encoder, data, settings.booster, settings.seed, trees, check)
    return _Fit(encoder, booster, settings.booster.nthread)


def _fit_on(rows, features, settings) -> _Fit:
    """Find the number of trees on the newest days of `rows`, then fit on all of them."""
    found = split_dates(rows["as_of_date"], settings.horizon_days, settings.split, VALIDATION_ONLY)
    trees = settings.booster.default_trees
    if found.validation:
        earlier, newest_days = on_days(rows, found.train), on_days(rows, found.validation)
        tried = _fit(earlier, features, settings, settings.booster.max_trees, newest_days)
        trees = tried.booster.num_boosted_rounds()
    return _fit(rows, features, settings, trees)


def _fit_before(rows, split: Split, part, features, settings) -> LaterPart | None:
    days = split.part(part)
    if not days:
        return None
    earlier_days = matured_before(rows["as_of_date"], settings.horizon_days, days[0])
    earlier, later = on_days(rows, earlier_days), on_days(rows, days)
    fit = _fit_on(earlier, features, settings)
    return LaterPart(fit, earlier, later, outcomes(later), fit.predict(later))


def _choose(fitted_on: LaterPart | None, judged_on: LaterPart | None, settings):
    if fitted_on is None or judged_on is None:
        why = f"no {' and '.join(LATER_PARTS[1:])} part to fit and judge a calibrator on"
        return CalibrationChoice(Identity(), {"kept": "identity", "why": why})
    return choose_calibrator(
        fitted_on.y, fitted_on.raw, judged_on.y, judged_on.raw, settings.calibration_min_gain
    )


def _final_calibrator(choice: CalibrationChoice, tested, settings) -> Calibrator:
    if not settings.refit or tested is None:
        return choice.calibrator
    return fit_calibrator(choice.report["kept"], tested.y, tested.raw)
