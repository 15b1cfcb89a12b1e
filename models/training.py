"""Trains a scoring model from a training set and measures it on later data.

Belongs here: which rows each step sees, in which order the steps run. Does not belong here: the
steps themselves (splits, chain, components, calibration, measurement, promotion).

The way of the model is the way it is measured. `chain.fit_chain` is that way: find the number of trees of
each horizon's part on the newest days of some rows, then fit anew on all of them. For each horizon it is applied to all that
had matured before that horizon's calibration part, before its test part, and at last to everything; each fit predicts
only what came later. The kind of a horizon's calibrator is chosen within the calibration part, where it is fitted; the test part
says only whether it is better than none, and if it is, one of that kind is learnt anew there for the final model: the newest
predictions made the way the final model's will be. Calibration (ECE, Brier, log loss) is measured on the test part with
the calibrator fitted on the calibration part.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from models.bands import fix_bands
from models.baselines import Baseline
from models.bins import find_bins
from models.chain import Chain, fit_chain
from models.components import fit_components
from models.drift_reference import OWN_COURSE, SCORE, DriftReference, fix_drift_reference
from models.duel import Champion, changed_bands, duel, rivals, tester_of
from models.encoding import require_columns
from models.feature_contract import FEATURES, Feature, contract_version, usable_features
from models.grades import Grades, fix_grades
from models.guards import Suspect, leak_suspects
from models.horizons import labelled
from models.icp import icp_profile
from models.leads import train_leads
from models.measurement import fit_baselines, measure
from models.per_horizon import learnable, that_hold
from models.promotion import Verdict, judge, vouched_for
from models.reference import Reference, fix_reference
from models.scoring import HorizonPart, ScoringModel
from models.search import search_booster
from models.segments import segment_conversion
from models.settings import TrainingSettings
from models.splits import split_dates
from models.training_rows import newest, ordered, outcomes, window, with_true_stamps, without_data
from models.value import final_value, measure_value


@dataclass(frozen=True)
class TrainingResult:
    """A trained model and all there is to say about it. Everything but `model` is JSON-ready or
    a polars frame.

    `metrics` is None and the other measures are empty without a test part; `test_rows` holds
    as_of_date, account_id, is_converted, raw_probability, probability, score, one column a baseline, by which
    it ranks, and the component scores. `without_data` says which features were left out because nothing can be learnt
    from them, `leak_suspects` which the guards suspect, `allowed` for which a person vouches, of these and
    of what the model as a whole rests on.
    All measures are of the primary horizon, but for `other_horizons`; `horizons_left_out` says why a horizon has no
    probability. `duel` holds the paired differences to the champion on the same later rows, and how many accounts of the newest
    day would change band only because of the model; None without a champion to compare with. `bands` says from which score on
    accounts are hot or warm, and why (bands.py), `value` how expected deal sizes fared,
    `leads` how the lead model did, or why there is none. `segments` and `icp` are what the rows say by themselves:
    conversion by segment, and what winners were like. `search` says what a search tried and found (search.py), None without one.
    `stamps_left_out` says why outcomes were not taken as known when they are stamped (training_rows.with_true_stamps).
    `drift_reference` is what later days' accounts are held against, `tester` what a later training is held against (duel.py).
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
    drift_reference: DriftReference
    leak_suspects: dict[str, str] = field(default_factory=dict)
    allowed: dict[str, str] = field(default_factory=dict)
    metrics: dict | None = None
    baseline_metrics: dict[str, dict] = field(default_factory=dict)
    comparisons: dict[str, dict] = field(default_factory=dict)
    component_metrics: dict[str, dict] = field(default_factory=dict)
    reliability: list[dict] = field(default_factory=list)
    groups: list[dict] = field(default_factory=list)
    test_rows: pl.DataFrame = field(default_factory=pl.DataFrame)
    other_horizons: dict[int, dict] = field(default_factory=dict)
    horizons_left_out: dict[int, str] = field(default_factory=dict)
    duel: dict | None = None
    bands: dict = field(default_factory=dict)
    value: dict = field(default_factory=dict)
    search: dict | None = None
    segments: pl.DataFrame = field(default_factory=pl.DataFrame)
    icp: pl.DataFrame = field(default_factory=pl.DataFrame)
    leads: dict = field(default_factory=dict)
    tester: ScoringModel | None = None
    stamps_left_out: str | None = None


def train(
    training_set: pl.DataFrame,
    settings: TrainingSettings,
    metadata: dict | None = None,
    contract: tuple[Feature, ...] = FEATURES,
    champion: Champion | None = None,
    tell: Callable[[str], None] = lambda text: None,
    people: pl.DataFrame | None = None,
) -> TrainingResult:
    """Train on rows of account_id, as_of_date, features, and what happened in the longest window that has closed: horizon_days,
    is_converted, days_to_conversion (needed with several horizons), won_amount_usd (for deal sizes), label_known_at (when
    that was known; absent, when its window had closed).

    Scores compare with the accounts of the newest as-of date. `metadata` is stored with the model and must not hold clock times;
    `contract` holds the rows of the feature contract; `champion` is what it has to beat; `tell` hears how far a search has come;
    `people` are the rows that the lead model learns from (leads.train_leads), which no other part of the model sees. The same
    rows in any order give the same model. Raises ValueError on an empty training set or unknown outcomes, ContractError on
    absent columns.
    """
    every = ordered(training_set)
    rows = labelled(every, settings.horizon_days)
    if rows.height == 0:
        raise ValueError(f"no row has a window of {settings.horizon_days} days that has closed")
    split = split_dates(rows["as_of_date"], settings.horizon_days, settings.split)
    every, untrue = with_true_stamps(every, split.test[0] if split.test else None)
    features, empty = _features(rows, settings, contract)
    suspects, allowed = _suspects(rows, features, settings)
    wanted, left_out = learnable(every, settings)
    tuned, search = _searched(every, wanted, features, settings, tell)
    said, moved = that_hold(every, wanted, features, tuned)
    horizons, primary = list(said), said[settings.horizon_days]
    tested, choice = primary.tested, primary.choice
    is_anew = settings.refit or tested is None
    final = fit_chain(every, horizons, features, tuned) if is_anew else tested.fit
    facts = window(rows)
    trusted = tuple(f for f in features if f.name not in {suspect.column for suspect in suspects})
    later = (
        measure(tested, choice.calibrator, features, settings, contract, trusted) if tested else {}
    )
    probability = later["test_rows"]["probability"].to_numpy() if later else None
    deals = measure_value(tested, probability, features, settings)
    leads = train_leads(people, settings)
    bands = fix_bands(settings.bands, later.get("test_rows"))
    model = ScoringModel(
        parts=tuple(
            HorizonPart(horizon, final.boosters[horizon], said[horizon].calibrator(settings))
            for horizon in horizons
        ),
        primary_horizon_days=settings.horizon_days,
        encoder=final.encoder,
        reference=fix_reference(final.predict(newest(every))[settings.horizon_days]),
        bands=bands.bands,
        components=fit_components(
            rows if is_anew else tested.earlier, features, settings, newest(every)
        ),
        grades=fix_grades(later["test_rows"], settings.bands) if later else Grades(),
        value=final_value(rows, deals["kept"], features, settings),
        leads=leads.model,
        little_data_below=settings.little_data_below,
        nthread=settings.booster.nthread,
        deal_words=settings.deal_words,
        metadata={
            "feature_contract_version": contract_version(contract),
            **facts,
            **(metadata or {}),
        },
    )
    importance = final.importance(settings.horizon_days)
    strongest = next(iter(importance), None)
    bins = find_bins(rows, trusted)
    fought = duel(tested, probability, champion, settings)
    allow = settings.promotion.allow
    allowed = vouched_for(allowed, importance, later.get("metrics"), settings.promotion, allow)
    verdict = judge(
        *_accounts(facts),
        later.get("metrics"),
        settings.promotion,
        strongest,
        suspects,
        primary.moved(settings),
        vouched=allowed,
        rivals=rivals(fought, later.get("comparisons", {}), settings),
        tested=_accounts(window(later["test_rows"])) if later else None,
    )
    return TrainingResult(
        model=model,
        verdict=verdict,
        split=primary.split.describe(),
        window=facts,
        trees=sum(booster.num_boosted_rounds() for booster in final.boosters.values()),
        calibration=choice.report,
        importance=importance,
        baselines=fit_baselines(rows, final.encoder, settings, contract, trusted),
        without_data=empty,
        leak_suspects={suspect.column: suspect.why for suspect in suspects},
        allowed={suspect.column: suspect.why for suspect in allowed},
        other_horizons={
            horizon: one.describe(settings)
            for horizon, one in said.items()
            if horizon != settings.horizon_days
        },
        horizons_left_out=left_out | moved,
        bands=bands.report,
        value=deals,
        search=search,
        drift_reference=_drift_reference(every, final, model.reference, importance, settings),
        segments=segment_conversion(rows, bins, settings.horizon_days, settings.deal_words),
        icp=icp_profile(rows, bins, settings.deal_words),
        leads=leads.record,
        stamps_left_out=untrue,
        duel=fought and fought | changed_bands(model, champion, newest(every)),
        tester=tester_of(model, tested, choice.calibrator),
        **later,
    )


def _accounts(facts: dict) -> tuple[int, int]:
    return facts["converting_accounts"], facts["other_accounts"]


def _drift_reference(
    rows: pl.DataFrame, fit: Chain, scale: Reference, importance, settings
) -> DriftReference:
    """Of the newest day, whose accounts scores compare with; the year before it says how far features move by themselves."""
    recent = rows.filter(pl.col("as_of_date") >= rows["as_of_date"].max() - OWN_COURSE)
    score = scale.scale(fit.predict(recent)[settings.horizon_days])
    features = {column.feature.name: column.feature for column in fit.encoder.columns}
    return fix_drift_reference(recent.with_columns(pl.Series(SCORE, score)), features, importance)


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


def _searched(
    every, horizons, features, settings: TrainingSettings, tell
) -> tuple[TrainingSettings, dict | None]:
    """The settings that the chain is fitted with, and what a search says of them. Components and deal sizes, whose number of
    trees is fixed, keep the booster of `settings`.
    """
    if not settings.search_trials:
        return settings, None
    found = search_booster(every, horizons, features, settings, tell)
    return settings.model_copy(update={"booster": found.booster}), found.report


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
