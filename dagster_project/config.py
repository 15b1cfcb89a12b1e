"""Settings: scoring.yaml as typed, checked values.

Here: the shape of scoring.yaml and its defaults. Not here: reading it and its error messages (settings_file.py), paths
(home.py), secrets (environment only) and what the settings do (the modules that receive them).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date, time, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from models.feature_contract import ATTRIBUTES_OF_PEOPLE, FEATURES
from models.lead_contract import LEAD_FEATURES
from models.scorecard_check import problems_of
from models.settings import (
    DealWords,
    DriftSettings,
    LeadSettings,
    PromotionSettings,
    RuleColumn,
    ScorecardLine,
    ScorecardSettings,
    TrainingSettings,
)

PROJECT_ROOT = Path(__file__).resolve().parents[1]
DEFAULT_SETTINGS_FILE = PROJECT_ROOT / "scoring.yaml"


# Attributes of accounts whose changes a CRM can keep (Salesforce: AccountHistory).
TRACKED_ATTRIBUTES = (
    "account_name",
    "domain",
    "industry",
    "account_type",
    "country",
    "state",
    "city",
    "employee_count",
    "annual_revenue",
    "owner_id",
)
# Those that features rest on.
ATTRIBUTES = {name for one in (*FEATURES, *LEAD_FEATURES) for name in one.attributes}
_DOMAIN = re.compile(r"(?!www\.)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")


class _Section(BaseModel):
    # A misspelt key must not be ignored silently: the default would be used without a word.
    model_config = ConfigDict(extra="forbid", frozen=True)


class Arrival(_Section):
    """When a day's data must have arrived."""

    cutoff_utc: time = time(5, 0)

    @field_validator("cutoff_utc", mode="before")
    @classmethod
    def _text_only(cls, value: object) -> object:
        # YAML 1.1 reads an unquoted 05:30 as the number 330.
        if not isinstance(value, str):
            raise ValueError('write the time in quotes, as in "05:00"')
        return value


class Conversion(_Section):
    """What counts as success, and within how many days."""

    won_stages: Annotated[list[str], Field(min_length=1)] = ["Closed Won"]
    open_stages: list[str] = [
        "Prospecting",
        "Qualification",
        "Needs Analysis",
        "Proposal",
        "Negotiation",
    ]
    mode: Literal["new_business", "expansion"] = "new_business"
    horizons_days: Annotated[list[Annotated[int, Field(gt=0)]], Field(min_length=1)] = [30, 90, 180]
    primary_horizon_days: int = 90
    recording_starts: date

    @model_validator(mode="after")
    def _open_is_not_won(self) -> Conversion:
        if both := sorted(set(self.open_stages) & set(self.won_stages)):
            raise ValueError(f"{both} cannot be in open_stages and in won_stages")
        if len(set(self.open_stages)) < len(self.open_stages):
            raise ValueError("open_stages names a stage twice; their order is the progress")
        return self

    @model_validator(mode="after")
    def _primary_is_a_horizon(self) -> Conversion:
        if self.primary_horizon_days not in self.horizons_days:
            raise ValueError(
                f"primary_horizon_days is {self.primary_horizon_days}, "
                f"which is not one of horizons_days {self.horizons_days}"
            )
        if self.horizons_days != sorted(set(self.horizons_days)):
            raise ValueError(
                f"horizons_days {self.horizons_days} must rise, each named once: {sorted(set(self.horizons_days))}"
            )
        return self


class Eligibility(_Section):
    """Which accounts are not scored."""

    excluded_account_types: list[str] = []


def _as_domain(value: str) -> str:
    """A domain in lower case. Raises ValueError for an address, a web page or a bare word."""
    domain = value.strip().lower()
    if not _DOMAIN.fullmatch(domain):
        raise ValueError("should be a domain such as acme.com, without https://, www. or a path")
    return domain


Domain = Annotated[str, AfterValidator(_as_domain)]


class Identity(_Section):
    """Which domains stand for no account, and which for ourselves and those we compete with."""

    own_domains: list[Domain] = []
    competitor_domains: list[Domain] = []
    free_mail_domains: list[Domain] = []
    isp_domains: list[Domain] = []


class Intent(_Section):
    """Which research matters to us."""

    relevant_topics: list[str] = []


class Technology(_Section):
    """Which tools go well with ours, and which compete with it."""

    own_complements: list[str] = []
    competitors: list[str] = []

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Technology:
        if both := sorted(set(self.own_complements) & set(self.competitors)):
            raise ValueError(f"{both} cannot be in own_complements and in competitors")
        return self


class Features(_Section):
    """Which attributes without history may be used, and which have one."""

    snapshot_attributes: list[str] = []
    versioned_attributes: list[str] = []

    @field_validator("versioned_attributes")
    @classmethod
    def _changes_can_be_kept(cls, value: list[str]) -> list[str]:
        return _known(value, {*TRACKED_ATTRIBUTES, *ATTRIBUTES_OF_PEOPLE})

    @field_validator("snapshot_attributes")
    @classmethod
    def _attributes_exist(cls, value: list[str]) -> list[str]:
        return _known(value, set(ATTRIBUTES))


class Training(TrainingSettings):
    """How the scoring model is trained: all of models/settings.py, and which days it learns from."""

    spacing: Literal["month", "quarter", "half_year", "year"] = "month"

    @model_validator(mode="before")
    @classmethod
    def _said_elsewhere(cls, value: object) -> object:
        elsewhere = {
            "horizon_days": "conversion.primary_horizon_days",
            "snapshot_attributes": "features.snapshot_attributes",
            "versioned_attributes": "features.versioned_attributes",
            "deal_words": "words",
            "scorecard": "scorecard, a section of its own",
            "search_trials": "`scoring retrain --search`",
        }
        for name, place in elsewhere.items():
            if isinstance(value, dict) and name in value:
                raise ValueError(f"{name} is set by {place}; remove it from training")
        return value

    @field_validator("left_out_features")
    @classmethod
    def _features_exist(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _known(value, {feature.name for feature in FEATURES})

    @field_validator("promotion")
    @classmethod
    def _allowed_features_exist(cls, value: PromotionSettings) -> PromotionSettings:
        _known(value.allow, {feature.name for feature in (*FEATURES, *LEAD_FEATURES)})
        return value

    @field_validator("rule")
    @classmethod
    def _columns_exist(cls, value: tuple[RuleColumn, ...]) -> tuple[RuleColumn, ...]:
        _known([column.name for column in value], {feature.name for feature in FEATURES})
        return value


class Scorecard(ScorecardSettings):
    """Points that score until there is enough history, and the baseline beside each training."""

    @field_validator("lines")
    @classmethod
    def _features_exist_and_suit(cls, value: tuple[ScorecardLine, ...]) -> tuple:
        _known([name for line in value for name in line.columns], {f.name for f in FEATURES})
        if problems := [problem for line in value for problem in problems_of(line)]:
            raise ValueError("; ".join(problems))
        return value


class Slice(_Section):
    """A part of the accounts that evaluations measure apart: those with a feature below or from a value on."""

    name: Annotated[str, Field(min_length=1)]
    feature: str
    at_least: float | None = None
    below: float | None = None

    @field_validator("name")
    @classmethod
    def _not_the_whole(cls, value: str) -> str:
        if value == "all":
            raise ValueError("all accounts are always measured; give the slice another name")
        return value

    @field_validator("feature")
    @classmethod
    def _feature_exists(cls, value: str) -> str:
        _known([value], {feature.name for feature in FEATURES if feature.kind == "number"})
        return value

    @model_validator(mode="after")
    def _has_a_threshold(self) -> Slice:
        if self.at_least is None and self.below is None:
            raise ValueError(f"the slice {self.name!r} needs at_least, below or both")
        return self


class Evaluation(_Section):
    """How stored scores are held against what happened since."""

    slices: list[Slice] = []

    @field_validator("slices")
    @classmethod
    def _names_once(cls, value: list[Slice]) -> list[Slice]:
        names = [one.name for one in value]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two slices are called {', '.join(twice)}")
        return value


# Up to the newest one.
DAYS_EXPLAINED_IN_FULL = timedelta(days=7)


class Explanation(_Section):
    """How much is explained each day: reasons in words, and each factor of a score on its own."""

    max_accounts_per_day: Annotated[int, Field(ge=0)] = 20000
    max_accounts_per_past_day: Annotated[int, Field(ge=0)] = 100
    reasons_per_account: Annotated[int, Field(gt=0, le=10)] = 3

    def factors_on(self, day: date, newest: date) -> int:
        """How many accounts' factors are kept at least; newest: the newest day on which anything was known.

        It hangs on no run, so that days filled again one by one say the same as days filled together.
        """
        if newest - day < DAYS_EXPLAINED_IN_FULL:
            return self.max_accounts_per_day
        return min(self.max_accounts_per_past_day, self.max_accounts_per_day)


class Retention(_Section):
    """What stays in the warehouse; published scores always do."""

    feature_days: Annotated[int, Field(ge=1)] | None = 400


class Monitoring(_Section):
    """What is watched while a scoring model scores."""

    drift: DriftSettings = DriftSettings()


class Checks(_Section):
    """From where on a hand-over is stopped."""

    max_quarantined_share: Annotated[float, Field(ge=0, le=1)] = 0.20
    max_change_of_accounts: Annotated[float, Field(gt=0)] = 0.50


class Settings(_Section):
    """All of scoring.yaml."""

    version: Literal[1]
    feeds: Annotated[list[str], Field(min_length=1)]
    history_starts: date
    arrival: Arrival = Arrival()
    conversion: Conversion
    eligibility: Eligibility = Eligibility()
    identity: Identity = Identity()
    intent: Intent = Intent()
    technology: Technology = Technology()
    features: Features = Features()
    words: DealWords = DealWords()
    training: Training = Training()
    scorecard: Scorecard = Scorecard()
    evaluation: Evaluation = Evaluation()
    explanation: Explanation = Explanation()
    leads: LeadSettings = LeadSettings()
    checks: Checks = Checks()
    monitoring: Monitoring = Monitoring()
    retention: Retention = Retention()

    @field_validator("feeds")
    @classmethod
    def _known_vendors(cls, value: list[str]) -> list[str]:
        from dagster_project.feeds import VENDORS

        return _known(value, set(VENDORS))

    @field_validator("retention")
    @classmethod
    def _days_wait_for_their_outcomes(cls, value: Retention, info: ValidationInfo) -> Retention:
        # Absent where it is wrong itself, which is said in its own place.
        conversion, kept = info.data.get("conversion"), value.feature_days
        if conversion and kept is not None and kept <= conversion.primary_horizon_days:
            raise ValueError(
                f"feature_days is {kept}: a day must be kept longer than the primary horizon "
                f"({conversion.primary_horizon_days} days), or nothing is left of it to hold against its outcomes"
            )
        return value

    def for_training(self) -> TrainingSettings:
        """The trainer's settings, with what the other sections say filled in."""
        own = self.training.model_dump(exclude={"spacing"})
        own["horizon_days"] = self.conversion.primary_horizon_days
        own["horizons_days"] = tuple(self.conversion.horizons_days)
        own["snapshot_attributes"] = tuple(self.features.snapshot_attributes)
        kept = [name for name in self.features.versioned_attributes if name in ATTRIBUTES]
        own["versioned_attributes"] = tuple(kept)
        own["deal_words"] = self.words
        own["scorecard"] = ScorecardSettings(**self.scorecard.model_dump())
        return TrainingSettings(**own)

    def for_dbt(self) -> str:
        """JSON of what the dbt models need (environment variable SCORING_SETTINGS)."""
        conversion = self.conversion
        return json.dumps(
            {
                "mode": conversion.mode,
                "horizons_days": conversion.horizons_days,
                "primary_horizon_days": conversion.primary_horizon_days,
                "won_stages": conversion.won_stages,
                "open_stages": conversion.open_stages,
                "excluded_account_types": self.eligibility.excluded_account_types,
                "recording_starts": conversion.recording_starts.isoformat(),
                "versioned_attributes": self.features.versioned_attributes,
                "relevant_topics": self.intent.relevant_topics,
                **self.identity.model_dump(),
                **self.technology.model_dump(),
            },
            sort_keys=True,
        )


def _known(names: Sequence[str], known: set[str]) -> Sequence[str]:
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=3)
            hint = (
                f"did you mean {' or '.join(near)}?"
                if near
                else f"there are {', '.join(sorted(known))}"
            )
            raise ValueError(f"there is no {name!r}; {hint}")
    return names
