"""What a person may set about the scoring model, with defaults that say what they mean.

Belongs here: frozen settings of training, splitting, banding and promotion.
Does not belong here: reading scoring.yaml (the caller builds these from it), and any computation.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Multiple = Annotated[float, Field(gt=0)]


class Settings(BaseModel):
    """Base of all settings: frozen, and a misspelt name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DealWords(Settings):
    """What a won deal is called in reasons, for one and for several."""

    singular: str = "won deal"
    plural: str = "won deals"


class SplitSettings(Settings):
    """How wide each later part of the history is, in days of as-of dates.

    Width 1 takes a single as-of date. The embargo between parts is always the full horizon.
    """

    validation_days: int = Field(92, ge=1)
    calibration_days: int = Field(92, ge=1)
    test_days: int = Field(92, ge=1)
    min_train_dates: int = Field(1, ge=1)


class BoosterSettings(Settings):
    """Parameters of XGBoost. Few and shallow trees: months of history repeat the same accounts."""

    max_depth: int = Field(3, ge=1, le=12)
    learning_rate: float = Field(0.05, gt=0, le=1)
    min_child_weight: float = Field(20.0, ge=0)
    subsample: float = Field(0.6, gt=0, le=1)
    colsample_bytree: float = Field(0.4, gt=0, le=1)
    reg_lambda: float = Field(5.0, ge=0)
    max_bin: int = Field(128, ge=2)
    max_trees: int = Field(600, ge=1)
    early_stopping_trees: int = Field(25, ge=1)
    min_trees: int = Field(20, ge=1)
    default_trees: int = Field(150, ge=1)
    nthread: int = Field(2, ge=1)


class BandSettings(Settings):
    """Shares of the reference population that are hot and warm at most, and multiples of the base rate at which accounts of
    later data must convert there (bands.py); the rest is cold. Warm asks for little: the better a model, the more of all
    conversions are among the hot, and the next best then convert less often than the mean. Grades A, B, C (the rest D) and
    tiers 1, 2, 3 (the rest 4) begin where accounts convert at these multiples of the base rate.
    """

    hot_share: float = Field(0.10, gt=0, lt=1)
    warm_share: float = Field(0.20, gt=0, lt=1)
    hot_lift: Multiple = 1.5
    warm_lift: Multiple = 0.25
    grade_lifts: tuple[Multiple, Multiple, Multiple] = (1.5, 1.0, 0.5)
    tier_lifts: tuple[Multiple, Multiple, Multiple] = (3.0, 1.0, 0.5)

    @model_validator(mode="after")
    def _lifts_fall(self) -> "BandSettings":
        for name in ("grade_lifts", "tier_lifts"):
            lifts = getattr(self, name)
            if list(lifts) != sorted(set(lifts), reverse=True):
                raise ValueError(f"{name} {list(lifts)} must fall: the best class comes first")
        if self.hot_lift < self.warm_lift:
            raise ValueError(f"hot_lift {self.hot_lift} is below warm_lift {self.warm_lift}")
        return self


class PromotionSettings(Settings):
    """What a trained model must have before it may score. `allow` names features, of accounts or people, that a person vouches
    for, although the guards suspect that they know the outcome. `must_beat`: whom it must beat on the same later data.
    `min_positives_a_horizon`: converting accounts of its own that a horizon beside the primary one needs, or it is left out: it
    takes them from the others. `min_test_positives`, `min_test_negatives`: accounts of either outcome among the later ones it is
    measured on; intervals of fewer say nothing, because a bootstrap only draws again the few that there are.
    """

    min_positives: int = Field(40, ge=1)
    min_negatives: int = Field(40, ge=1)
    min_test_positives: int = Field(5, ge=1)
    min_test_negatives: int = Field(5, ge=1)
    min_positives_a_horizon: int = Field(100, ge=1)
    suspicious_auc: float = Field(0.95, gt=0.5, le=1)
    suspicious_alone_auc: float = Field(0.85, gt=0.5, le=1)
    suspicious_presence_auc: float = Field(0.65, gt=0.5, le=1)
    drift_factor: float = Field(1.5, gt=1)
    allow: tuple[str, ...] = ()
    must_beat: tuple[Literal["champion", "scorecard"], ...] = ("champion", "scorecard")


class DriftSettings(Settings):
    """When accounts or outcomes count as moved, and when that asks for a training before its time.

    watch_psi, drift_psi: population stability index (psi.py) from which a feature or the score is watched, or has drifted.
    calibration_factor: outcomes have left the predictions when the interval of observed over predicted lies beyond this factor,
    either way, over all days of a scoring model or its newest (calibration_drift.looks). days_in_a_row: scored days on which
    drift of the population must last. min_days_between: days before a training is asked for again.
    """

    watch_psi: float = Field(0.10, gt=0)
    drift_psi: float = Field(0.25, gt=0)
    calibration_factor: float = Field(1.25, gt=1)
    days_in_a_row: int = Field(5, ge=1)
    min_days_between: int = Field(30, ge=1)

    @model_validator(mode="after")
    def _limits_rise(self) -> "DriftSettings":
        if self.drift_psi < self.watch_psi:
            raise ValueError(f"drift_psi {self.drift_psi} is below watch_psi {self.watch_psi}")
        return self


class RuleColumn(Settings):
    """One column of the one-line rule and the direction in which it is better."""

    name: str
    better: Literal["high", "low"] = "high"


class Decay(Settings):
    """Points that fade: half are left after each half-life since what the feature counts from."""

    days_since: str
    half_life_days: float = Field(gt=0)


class ScorecardLine(Settings):
    """Points for one condition on one feature. A missing value meets no condition."""

    feature: str
    at_least: float | None = None
    at_most: float | None = None
    one_of: tuple[str, ...] | None = Field(None, min_length=1)
    present: Literal[True] | None = None
    points: int = Field(ge=-100, le=100)
    decay: Decay | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The features that the line reads."""
        return (self.feature, self.decay.days_since) if self.decay else (self.feature,)

    @model_validator(mode="after")
    def _one_condition(self) -> "ScorecardLine":
        is_range = self.at_least is not None or self.at_most is not None
        if is_range + (self.one_of is not None) + (self.present is not None) != 1:
            raise ValueError(
                f"{self.feature}: give one condition: at_least and/or at_most, one_of, or present"
            )
        if None not in (self.at_least, self.at_most) and self.at_least > self.at_most:
            raise ValueError(f"{self.feature}: at_least is above at_most, so nothing meets it")
        if self.points == 0:
            raise ValueError(f"{self.feature}: 0 points say nothing; remove the line")
        return self


class ScorecardSettings(Settings):
    """The scorecard: its lines, and the scores (0-100) from which an account is hot or warm.

    Without lines there is no scorecard.
    """

    hot_from: float = Field(60.0, gt=0, le=100)
    warm_from: float = Field(40.0, gt=0, le=100)
    lines: tuple[ScorecardLine, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every feature that the lines read, each once, in their order."""
        return tuple(dict.fromkeys(name for line in self.lines for name in line.columns))

    @model_validator(mode="after")
    def _bands_rise(self) -> "ScorecardSettings":
        if self.warm_from > self.hot_from:
            raise ValueError(f"warm_from {self.warm_from} is above hot_from {self.hot_from}")
        return self


# What dbt's job_function makes of titles, but for `other`.
JobFunction = Literal[
    "executive", "it", "engineering", "finance", "procurement", "operations", "marketing", "sales", "hr", "legal",
]  # fmt: skip


class LeadSettings(Settings):
    """Whom a buying committee has: of each function its seats, by level. A leader is a director or above, team anybody else."""

    committee_functions: dict[JobFunction, tuple[Literal["leader", "team", "anyone"], ...]] = {
        "executive": ("leader",),
        "it": ("leader", "team"),
        "engineering": ("leader",),
        "finance": ("leader",),
        "procurement": ("anyone",),
    }


class TrainingSettings(Settings):
    """Everything that decides what a training makes of its rows. `search_trials`: settings of the chain's boosters that are
    tried out on older days before it is fitted (search.py); 0 takes `booster` as it is.
    """

    horizon_days: int = Field(365, ge=1)
    horizons_days: tuple[int, ...] = ()
    seed: int = 7
    snapshot_attributes: tuple[str, ...] = ()
    versioned_attributes: tuple[str, ...] = ()
    left_out_features: tuple[str, ...] = ()
    refit: bool = True
    recency_half_life_days: int | None = Field(None, ge=1)
    min_level_rows: int = Field(50, ge=1)
    little_data_below: float = Field(0.5, ge=0, le=1)
    calibration_min_gain: float = Field(1e-4, ge=0)
    bootstrap_rounds: int = Field(500, ge=10)
    measured_by: tuple[str, ...] = ("industry", "region", "employee_count")
    max_training_rows: int = Field(400_000, ge=1000)
    search_trials: int = Field(0, ge=0)
    max_lead_rows: int = Field(100_000, ge=1000)
    rule: tuple[RuleColumn, ...] = (
        RuleColumn(name="won_deals_730d", better="high"),
        RuleColumn(name="days_since_last_won", better="low"),
    )
    split: SplitSettings = SplitSettings()
    booster: BoosterSettings = BoosterSettings()
    bands: BandSettings = BandSettings()
    promotion: PromotionSettings = PromotionSettings()
    deal_words: DealWords = DealWords()
    scorecard: ScorecardSettings = ScorecardSettings()

    @property
    def horizons(self) -> tuple[int, ...]:
        """All horizons in days, shortest first; `horizon_days` is the primary one."""
        return tuple(sorted({self.horizon_days, *self.horizons_days}))
