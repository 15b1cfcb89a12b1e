"""The list of features: what each one is, whether it is safe as of a date, and its words.

Belongs here: one row a feature, its wording for people, and which may be used.
Does not belong here: how a feature is computed (dbt) or what a model makes of it.

Kinds of source: *versioned* (its history exists), *snapshot* (rests on an attribute known only as
it is today: used only where scoring.yaml names all of its attributes) and *unsafe* (changes with
the outcome: never used).
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from models.wording import format_value

SNAPSHOT_ATTRIBUTES = ("industry", "country", "state", "region", "founded_on")
KEY_COLUMNS = frozenset({"account_id", "as_of_date"})
LABEL_COLUMNS = frozenset({"horizon_days", "is_converted", "matured_on"})


class ContractError(ValueError):
    """Columns or names that the feature contract does not know."""


@dataclass(frozen=True)
class Feature:
    """One feature. `words` may use {value}, {deal} and {deals}; `topic` groups like reasons."""

    name: str
    family: str
    topic: str
    kind: Literal["number", "category"]
    unit: Literal["count", "days", "years", "usd", "ratio", "rate", "share", "text"]
    words: str
    words_missing: str
    monotone: Literal[-1, 0, 1] = 0
    source_kind: Literal["versioned", "snapshot", "unsafe"] = "versioned"
    attributes: tuple[str, ...] = ()

    def say(self, value: object, deal: str, deals: str) -> str:
        """The feature in words with the account's own value (None is missing)."""
        if value is None:
            return self.words_missing.format(deal=deal, deals=deals)
        noun = deal if self.unit == "count" and value == 1 else deals
        return self.words.format(value=format_value(value, self.unit), deal=deal, deals=noun)


def _history(name, topic, unit, words, missing="no {deal} on record", **more) -> Feature:
    kind = "category" if unit == "text" else "number"
    return Feature(name, "relationship", topic, kind, unit, words, missing, **more)


def _fit(name, topic, unit, words, missing, attributes=()) -> Feature:
    kind = "category" if unit == "text" else "number"
    source = "snapshot" if attributes else "versioned"
    return Feature(name, "fit", topic, kind, unit, words, missing, 0, source, attributes)


NO_RHYTHM = "no second {deal} yet to show a rhythm"
NO_AMOUNT = "no {deal} amounts on record"

# fmt: off
FEATURES: tuple[Feature, ...] = (
    # name, topic, unit, words, words where the value is missing
    _history("won_deals_total", "frequency", "count", "{value} {deals} in all"),
    _history("won_deals_180d", "frequency", "count", "{value} {deals} in the last 6 months"),
    _history("won_deals_365d", "frequency", "count", "{value} {deals} in the last year"),
    _history("won_deals_730d", "frequency", "count", "{value} {deals} in the last 2 years"),
    _history("won_deals_1095d", "frequency", "count", "{value} {deals} in the last 3 years"),
    _history("days_since_last_won", "recency", "days", "last {deal} {value} ago"),
    _history("days_since_first_won", "age", "days", "first {deal} {value} ago"),
    _history("mean_won_gap_days", "cadence", "days",
             "a {deal} every {value} on average", NO_RHYTHM),
    _history("last_won_gap_days", "cadence", "days",
             "{value} between its last two {deals}", NO_RHYTHM),
    _history("won_overdue_ratio", "cadence", "ratio",
             "time since its last {deal} is {value} its usual gap", NO_RHYTHM),
    _history("last_won_amount_usd", "amount", "usd",
             "last {deal} of {value}", "no amount on record for its last {deal}"),
    _history("won_amount_total_usd", "amount", "usd", "{deals} of {value} in all", NO_AMOUNT),
    _history("max_won_amount_usd", "amount", "usd", "largest {deal} of {value}", NO_AMOUNT),
    _history("last_won_amount_ratio", "growth", "ratio",
             "last {deal} {value} the size of the one before", "no two {deal} amounts to compare"),
    _history("last_won_amount_filled_usd", "amount", "usd", "last {deal} of about {value}"),
    _history("won_amount_total_filled_usd", "amount", "usd", "{deals} of about {value} in all"),
    _history("last_won_amount_per_day_usd", "amount", "usd",
             "last {deal}, spread over the time since and 90 days more, is about {value} a day"),
    _history("last_won_type", "kind", "text",
             "last {deal} was of type {value}", "no type on record for its last {deal}"),
    _history("first_won_type", "kind", "text",
             "first {deal} was of type {value}", "no type on record for its first {deal}"),
    _history("distinct_won_types", "kind", "count", "{value} types among its {deals}"),
    _fit("industry", "industry", "text", "industry: {value}",
         "no industry on record", ("industry",)),
    _fit("country", "place", "text", "country: {value}", "no country on record", ("country",)),
    _fit("state", "place", "text", "state: {value}", "no state on record", ("state",)),
    _fit("region", "place", "text", "region: {value}", "no region on record", ("region",)),
    _fit("region_group", "place", "text", "region: {value}", "no region on record", ("region",)),
    _fit("company_age_days", "company age", "days", "founded {value} ago",
         "no founding date on record", ("founded_on",)),
    _fit("age_when_known_years", "company age", "years", "{value} old when first on record",
         "no founding date on record", ("founded_on",)),
    _fit("industry_heat_365d", "industry", "ratio",
         "{deals} in its industry at {value} the usual rate this year",
         "no {deal} rate known for its industry", ("industry",)),
    _fit("region_heat_365d", "place", "ratio",
         "{deals} in its region at {value} the usual rate this year",
         "no {deal} rate known for its region", ("region",)),
    _fit("market_heat_365d", "market", "rate",
         "{value} {deals} per account across the market this year",
         "no {deal} rate known for the market"),
)
# fmt: on


def contract_version(features: Iterable[Feature] = FEATURES) -> str:
    """Short SHA-256 over the content of the contract: changes when any row changes."""
    content = json.dumps([asdict(feature) for feature in features], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def check_columns(columns: Iterable[str], features: Iterable[Feature] = FEATURES) -> None:
    """Raise ContractError unless `columns` are the keys, all features and at most the labels."""
    names = {feature.name for feature in features}
    found = set(columns) - KEY_COLUMNS - LABEL_COLUMNS
    problems = [
        f"{what}: {', '.join(sorted(which))}"
        for what, which in (
            ("missing keys", KEY_COLUMNS - set(columns)),
            ("in the feature contract but not a column", names - found),
            ("a column but not in the feature contract", found - names),
        )
        if which
    ]
    if problems:
        raise ContractError("; ".join(problems))


def usable_features(
    snapshot_attributes: Iterable[str] = (),
    left_out: Iterable[str] = (),
    features: tuple[Feature, ...] = FEATURES,
) -> tuple[Feature, ...]:
    """Features a model may use, in the order of the contract.

    `snapshot_attributes` are attribute names (see SNAPSHOT_ATTRIBUTES) that scoring.yaml allows;
    `left_out` are names of features. Raises ContractError on a name that does not exist.
    """
    allowed, dropped = set(snapshot_attributes), set(left_out)
    known = {name for feature in features for name in feature.attributes}
    if unknown := allowed - known:
        raise ContractError(
            f"snapshot_attributes names {sorted(unknown)}; possible are {sorted(known)}"
        )
    if unknown := dropped - {feature.name for feature in features}:
        raise ContractError(f"left_out_features names unknown features {sorted(unknown)}")
    return tuple(f for f in features if f.name not in dropped and _is_usable(f, allowed))


def _is_usable(feature: Feature, allowed: set[str]) -> bool:
    if feature.source_kind == "snapshot":
        return bool(feature.attributes) and allowed.issuperset(feature.attributes)
    return feature.source_kind == "versioned"
