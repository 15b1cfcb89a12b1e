"""The list of features: what each one is, whether it is safe as of a date, and its words.

Belongs here: one row a feature, its wording for people, and which may be used.
Does not belong here: how a feature is computed (dbt), what a model makes of it, and in which direction it may count
(monotone.py).

Kinds of source: *versioned* (its history exists), *snapshot* (rests on an attribute known only as
it is today: used only where scoring.yaml names all of its attributes) and *unsafe* (changes with
the outcome: never used). In a home whose CRM keeps the changes of all of its attributes, a
snapshot feature is a versioned one.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, replace

from models.feature import Feature
from models.monotone import DIRECTIONS
from models.pace import longer_window

SNAPSHOT_ATTRIBUTES = (
    "industry", "country", "state", "region", "founded_on", "employee_count", "annual_revenue",
)  # fmt: skip
# The same of people: job titles, by which features of accounts count them and which features of people (lead_contract.py) are.
# One list in scoring.yaml names both kinds.
ATTRIBUTES_OF_PEOPLE = ("title",)
KEY_COLUMNS = frozenset({"account_id", "as_of_date"})
LABEL_COLUMNS = frozenset(
    {
        *("horizon_days", "is_converted", "days_to_conversion", "won_amount_usd"),
        *("matured_on", "label_known_at"),
    }
)


class ContractError(ValueError):
    """Columns or names that the feature contract does not know."""


def _history(name, topic, unit, words, missing="no {deal} on record", **more) -> Feature:
    kind = "category" if unit == "text" else "number"
    return Feature(name, "relationship", topic, kind, unit, words, missing, **more)


def _of(family: str, *rows: tuple[str, str, str, str, str]) -> Iterable[Feature]:
    """Rows of a family: name, topic, unit, words, words where the value is missing."""
    for name, topic, unit, words, missing in rows:
        kind = "category" if unit == "text" else "number"
        yield Feature(name, family, topic, kind, unit, words, missing)


def _fit(name, topic, unit, words, missing, attributes=()) -> Feature:
    kind = "category" if unit == "text" else "number"
    source = "snapshot" if attributes else "versioned"
    return Feature(name, "fit", topic, kind, unit, words, missing, 0, source, attributes)


NO_WEB = "no website data on record"
NO_ACTIVITY = "no sales activities on record"
NO_EMAIL = "no emails on record"
NO_MEETINGS = "no meetings on record"
NO_CAMPAIGNS = "no answers to campaigns on record"
NO_INTENT = "no current research data"
NO_TOPIC = "no research topic reported this week"
NO_RELEVANT_TOPIC = "no relevant research topic reported this week"
NO_TECHNOLOGY = "no technology data on record"
NO_OPEN = "no open opportunity"
NO_RHYTHM = "no second {deal} yet to show a rhythm"
NO_AMOUNT = "no {deal} amounts on record"

# fmt: off
_ROWS: tuple[Feature, ...] = (
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
    _fit("employee_count", "company size", "count", "{value} {employee|employees}",
         "number of employees not on record", ("employee_count",)),
    _fit("annual_revenue_usd", "company size", "usd", "annual revenue of {value}",
         "annual revenue not on record", ("annual_revenue",)),
    _fit("employee_growth_365d_ratio", "company growth", "ratio",
         "{value} as many employees as a year before",
         "no earlier number of employees to compare with", ("employee_count",)),
    _fit("technologies_owned", "technology", "count", "{value} {tool|tools} in use", NO_TECHNOLOGY),
    _fit("technologies_added_180d", "technology", "count",
         "{value} {tool|tools} added in 6 months", NO_TECHNOLOGY),
    _fit("complements_owned", "complementary tools", "count",
         "{value} {tool|tools} in use that {goes|go} with ours", NO_TECHNOLOGY),
    _fit("competing_tools_owned", "competing tools", "count",
         "{value} competing {tool|tools} in use", NO_TECHNOLOGY),
    _fit("days_since_competing_tool_change", "competing tools", "days",
         "competing tool came or went {value} ago", "no competing tool ever detected"),
    *_of(
        "engagement",
        ("visits_7d", "visits", "count", "{value} website {visit|visits} in 7 days", NO_WEB),
        ("visits_30d", "visits", "count", "{value} website {visit|visits} in 30 days", NO_WEB),
        ("visits_90d", "visits", "count", "{value} website {visit|visits} in 90 days", NO_WEB),
        ("page_views_30d", "visits", "count", "{value} {page|pages} read in 30 days", NO_WEB),
        ("pricing_views_30d", "pricing", "count",
         "{value} {view|views} of the pricing page in 30 days", NO_WEB),
        ("pricing_views_90d", "pricing", "count",
         "{value} {view|views} of the pricing page in 90 days", NO_WEB),
        ("docs_views_90d", "documentation", "count",
         "{value} {page|pages} of documentation read in 90 days", NO_WEB),
        ("product_views_90d", "product pages", "count",
         "{value} {view|views} of product pages in 90 days", NO_WEB),
        ("form_submissions_90d", "forms", "count", "{value} {form|forms} sent in 90 days", NO_WEB),
        ("demo_requests_90d", "demo requests", "count",
         "{value} demo {request|requests} in 90 days", NO_WEB),
        ("downloads_90d", "downloads", "count", "{value} {download|downloads} in 90 days", NO_WEB),
        ("email_clicks_90d", "email", "count",
         "{value} {click|clicks} in our emails in 90 days", NO_WEB),
        ("meetings_held_30d", "meetings", "count",
         "{value} {meeting|meetings} held in 30 days", NO_MEETINGS),
        ("meetings_held_90d", "meetings", "count",
         "{value} {meeting|meetings} held in 90 days", NO_MEETINGS),
        ("meeting_no_shows_90d", "no-shows", "count",
         "{value} missed {meeting|meetings} in 90 days", NO_MEETINGS),
        ("email_replies_30d", "email", "count",
         "{value} {reply|replies} to our emails in 30 days", NO_EMAIL),
        ("email_replies_90d", "email", "count",
         "{value} {reply|replies} to our emails in 90 days", NO_EMAIL),
        ("calls_connected_90d", "calls", "count",
         "{value} {call|calls} answered in 90 days", "no calls on record"),
        ("webinars_attended_90d", "webinars and campaigns", "count",
         "{value} webinar {attendance|attendances} in 90 days", NO_CAMPAIGNS),
        ("campaign_responses_90d", "webinars and campaigns", "count",
         "{value} {answer|answers} to campaigns in 90 days", NO_CAMPAIGNS),
        ("visitors_30d", "visits", "count",
         "{value} website {visitor|visitors} in 30 days", NO_WEB),
        ("people_active_30d", "people", "count",
         "{value} {person|people} active in 30 days", NO_ACTIVITY),
        ("people_active_90d", "people", "count",
         "{value} {person|people} active in 90 days", NO_ACTIVITY),
        ("senior_people_active_90d", "seniority", "count",
         "{value} senior {person|people} active in 90 days", NO_ACTIVITY),
        ("decision_makers_active_90d", "seniority", "count",
         "{value} decision {maker|makers} active in 90 days", NO_ACTIVITY),
        ("functions_active_90d", "departments", "count",
         "{value} {department|departments} active in 90 days", NO_ACTIVITY),
        ("days_since_last_visit", "visits", "days",
         "last website visit {value} ago", "no website visit in 6 months"),
        ("days_since_last_meeting", "meetings", "days",
         "last meeting {value} ago", "no meeting in 6 months"),
        ("days_since_last_reply", "email", "days",
         "last reply to an email {value} ago", "no reply to an email in 6 months"),
        ("visits_trend_30d", "visits trend", "ratio",
         "website visits in 30 days at {value} the pace before", NO_WEB),
        ("visits_decayed_14d", "visits", "count",
         "{value} recent website {visit|visits} (older ones count less)", NO_WEB),
        ("visits_decayed_45d", "visits", "count",
         "{value} recent website {visit|visits} (older ones count less)", NO_WEB),
        ("key_actions_decayed_14d", "key actions", "count",
         "{value} recent {look at prices, form or download|looks at prices, forms or downloads}"
         " (older ones count less)", NO_WEB),
        ("key_actions_decayed_45d", "key actions", "count",
         "{value} recent {look at prices, form or download|looks at prices, forms or downloads}"
         " (older ones count less)", NO_WEB),
        ("responses_decayed_14d", "responses", "count",
         "{value} recent {answer|answers} to sales and campaigns (older ones count less)", NO_ACTIVITY),
        ("responses_decayed_45d", "responses", "count",
         "{value} recent {answer|answers} to sales and campaigns (older ones count less)", NO_ACTIVITY),
    ),
    *_of(
        "intent",
        ("topics_surging", "research", "count", "{value} {topic|topics} surging", NO_INTENT),
        ("relevant_topics_surging", "relevant research", "count",
         "{value} relevant {topic|topics} surging", NO_INTENT),
        ("weeks_with_surge_12w", "research", "points",
         "research surged in {value} of 12 weeks", NO_INTENT),
        ("weeks_since_last_surge", "research", "weeks",
         "research last surged {value} ago", "no research surge in 12 weeks"),
        ("max_surge_score", "research", "points",
         "highest research score {value} of 100", NO_TOPIC),
        ("relevant_max_surge_score", "relevant research", "points",
         "highest research score on relevant topics {value} of 100", NO_RELEVANT_TOPIC),
        ("mean_surge_score", "research", "points", "mean research score {value} of 100", NO_TOPIC),
        ("relevant_mean_surge_score", "relevant research", "points",
         "mean research score on relevant topics {value} of 100", NO_RELEVANT_TOPIC),
        ("relevant_surging_share", "relevant research", "share",
         "{value} of its surging topics are relevant", "no topic surging"),
        ("surge_change_4w", "research change", "change",
         "research score {value} against four weeks before", NO_INTENT),
        ("relevant_surge_change_4w", "research change", "change",
         "research score on relevant topics {value} against four weeks before", NO_INTENT),
    ),
    *_of(
        "relationship",
        ("open_opportunities", "open opportunity", "count",
         "{value} open {opportunity|opportunities}", "no opportunities on record"),
        ("open_stage_number", "open opportunity", "points",
         "open opportunity in stage {value}", NO_OPEN),
        ("contact_roles_on_open", "buying group", "count",
         "{value} {person|people} named on open opportunities", "no contact roles on record"),
        ("decision_makers_on_open", "buying group", "count",
         "{value} decision {maker|makers} named on open opportunities", "no contact roles on record"),
        ("days_in_open_stage", "open opportunity", "days",
         "open opportunity in its stage for {value}", NO_OPEN),
        ("days_since_opened", "open opportunity", "days",
         "open opportunity opened {value} ago", NO_OPEN),
        ("open_amount_usd", "open opportunity", "usd",
         "open opportunities of {value}", "no amount on an open opportunity"),
        ("lost_opportunities_total", "losses", "count",
         "{value} lost {opportunity|opportunities}", "no opportunities on record"),
        ("days_since_last_loss", "losses", "days",
         "last opportunity lost {value} ago", "no lost opportunity"),
        ("last_loss_reason", "losses", "text",
         "last loss because of: {value}", "no reason of a loss on record"),
        ("contacts", "contacts", "count",
         "{value} {contact|contacts} on record", "no contacts in the CRM"),
        ("senior_contacts", "contacts", "count",
         "{value} senior {contact|contacts} on record", "no contacts in the CRM"),
        ("leads", "contacts", "count", "{value} {lead|leads} on record", "no leads in the CRM"),
        ("sales_touches_30d", "sales touches", "count",
         "{value} {email or call|emails and calls} by sales in 30 days", NO_ACTIVITY),
        ("sales_touches_90d", "sales touches", "count",
         "{value} {email or call|emails and calls} by sales in 90 days", NO_ACTIVITY),
        ("days_since_last_touch", "sales touches", "days",
         "last email or call by sales {value} ago", "no email or call by sales in 6 months"),
        ("is_worked_by_sales", "sales touches", "flag",
         "{written to or called by sales in 90 days|neither written to nor called by sales in 90 days}", NO_ACTIVITY),
    ),
)
# fmt: on
_NAMES = frozenset(row.name for row in _ROWS)
# They count people by their job titles.
_BY_TITLE = (
    "senior_people_active_90d",
    "decision_makers_active_90d",
    "functions_active_90d",
    "senior_contacts",
)


def _finished(row: Feature) -> Feature:
    longer = longer_window(row.name, _NAMES)
    directed = replace(row, monotone=DIRECTIONS.get(row.name, 0), longer=longer)
    if row.name in _BY_TITLE:
        return replace(directed, source_kind="snapshot", attributes=("title",))
    return directed


FEATURES = tuple(map(_finished, _ROWS))


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
    versioned_attributes: Iterable[str] = (),
) -> tuple[Feature, ...]:
    """Features a model may use, in the order of the contract.

    `snapshot_attributes` and `versioned_attributes` are attribute names (see SNAPSHOT_ATTRIBUTES, ATTRIBUTES_OF_PEOPLE):
    those that scoring.yaml allows although only today's value is known, and those whose changes
    this home's CRM keeps. A feature all of whose attributes are kept comes back as a versioned one.
    `left_out` are names of features. Raises ContractError on a name that does not exist.
    """
    allowed, kept, dropped = set(snapshot_attributes), set(versioned_attributes), set(left_out)
    known = {name for feature in features for name in feature.attributes}
    known |= {*SNAPSHOT_ATTRIBUTES, *ATTRIBUTES_OF_PEOPLE}
    for place, names in (("snapshot_attributes", allowed), ("versioned_attributes", kept)):
        if unknown := names - known:
            raise ContractError(f"{place} names {sorted(unknown)}; possible are {sorted(known)}")
    if unknown := dropped - {feature.name for feature in features}:
        raise ContractError(f"left_out_features names unknown features {sorted(unknown)}")
    in_home = (_in_home(feature, kept) for feature in features)
    return tuple(f for f in in_home if f.name not in dropped and _is_usable(f, allowed | kept))


def _in_home(feature: Feature, kept: set[str]) -> Feature:
    if feature.source_kind == "snapshot" and feature.attributes and kept >= set(feature.attributes):
        return replace(feature, source_kind="versioned")
    return feature


def _is_usable(feature: Feature, allowed: set[str]) -> bool:
    if feature.source_kind == "snapshot":
        return bool(feature.attributes) and allowed.issuperset(feature.attributes)
    return feature.source_kind == "versioned"
