"""The list of what is known of a person: the features of the lead model, and their words.

Belongs here: one row a feature of people, as feature_contract.py has of accounts. Does not belong here: anything of the account
(the two levels never see each other's features) and how a feature is computed (dbt).
"""

from collections.abc import Iterable
from dataclasses import replace

from models.feature import Feature
from models.feature_contract import ContractError
from models.monotone import DIRECTIONS_OF_PEOPLE
from models.pace import longer_window

LEAD_KEYS = frozenset({"lead_id", "account_id", "as_of_date"})
LEAD_LABELS = frozenset(
    {"horizon_days", "is_converted", "label_basis", "matured_on", "label_known_at"}
)

NO_TITLE = "no job title on record"
NO_WEB = "no website data on record"
NO_ACTIVITY = "no sales activities on record"
NO_EMAIL = "no emails on record"
NO_MEETINGS = "no meetings on record"
NO_CALLS = "no calls on record"
NO_CAMPAIGNS = "no answers to campaigns on record"


def _person(name, topic, unit, words, missing, attributes=()) -> Feature:
    kind = "category" if unit == "text" else "number"
    source = "snapshot" if attributes else "versioned"
    return Feature(name, "person", topic, kind, unit, words, missing, 0, source, attributes)


def _own(name, topic, words, missing, unit="count") -> Feature:
    return Feature(name, "own behaviour", topic, "number", unit, words, missing)


# fmt: off
_ROWS: tuple[Feature, ...] = (
    _person("lead_type", "record", "text", "is a {value}", "no kind of record"),
    _person("job_function", "function", "text", "function: {value}", NO_TITLE, ("title",)),
    _person("seniority", "seniority", "text", "seniority: {value}", NO_TITLE, ("title",)),
    _person("days_on_record", "time on record", "days", "on record for {value}", "just on record"),
    _own("own_actions_90d", "actions", "{value} {visit or answer|visits and answers} in 90 days",
         "no website data and no sales activities on record"),
    _own("own_meetings_30d", "meetings", "{value} {meeting|meetings} held in 30 days", NO_MEETINGS),
    _own("own_meetings_90d", "meetings", "{value} {meeting|meetings} held in 90 days", NO_MEETINGS),
    _own("days_since_own_meeting", "meetings", "last meeting {value} ago",
         "no meeting in 6 months", "days"),
    _own("own_no_shows_90d", "no-shows", "did not come to {value} {meeting|meetings} in 90 days", NO_MEETINGS),
    _own("own_email_replies_30d", "email", "{value} email {reply|replies} in 30 days", NO_EMAIL),
    _own("own_email_replies_90d", "email", "{value} email {reply|replies} in 90 days", NO_EMAIL),
    _own("own_email_clicks_90d", "email", "{value} {click|clicks} on links in emails in 90 days", NO_WEB),
    _own("own_calls_90d", "calls", "reached by phone: {value} {call|calls} in 90 days", NO_CALLS),
    _own("own_campaign_answers_90d", "campaigns", "{value} {answer|answers} to campaigns in 90 days", NO_CAMPAIGNS),
    _own("own_sales_touches_90d", "sales touches", "{value} {email or call|emails and calls} by sales in 90 days", NO_ACTIVITY),
    _own("days_since_own_answer", "answers", "last answer to us {value} ago",
         "no answer to us in 6 months", "days"),
    _own("own_visits_30d", "visits", "{value} {visit|visits} to the website in 30 days", NO_WEB),
    _own("own_visits_90d", "visits", "{value} {visit|visits} to the website in 90 days", NO_WEB),
    _own("days_since_own_visit", "visits", "last visit to the website {value} ago",
         "no visit to the website in 6 months", "days"),
    _own("own_pricing_views_90d", "pricing", "{value} {view|views} of pricing pages in 90 days", NO_WEB),
    _own("own_product_views_90d", "product", "{value} {view|views} of product pages and documentation in 90 days", NO_WEB),
    _own("own_forms_90d", "forms", "{value} {form|forms} sent in 90 days", NO_WEB),
    _own("own_demo_requests_90d", "forms", "{value} demo {request|requests} in 90 days", NO_WEB),
    _own("own_downloads_90d", "downloads", "{value} {download|downloads} in 90 days", NO_WEB),
)
# fmt: on
_NAMES = frozenset(row.name for row in _ROWS)
LEAD_FEATURES: tuple[Feature, ...] = tuple(
    replace(
        row,
        monotone=DIRECTIONS_OF_PEOPLE.get(row.name, 0),
        longer=longer_window(row.name, _NAMES),
    )
    for row in _ROWS
)


def check_lead_columns(columns: Iterable[str]) -> None:
    """Raise ContractError unless `columns` are the keys, all features of people and at most the labels."""
    names, found = {feature.name for feature in LEAD_FEATURES}, set(columns)
    problems = {
        "missing": (names | LEAD_KEYS) - found,
        "a column but not in the contract of leads": found - names - LEAD_KEYS - LEAD_LABELS,
    }
    if said := [f"{what}: {', '.join(sorted(which))}" for what, which in problems.items() if which]:
        raise ContractError("; ".join(said))
