"""No feature sees what becomes known after its day: for any world, whatever lies beyond the day.

Belongs here: the property, over random core tables, and planted peeks that it must find. Does not
belong here: what a feature's value is (dbt unit tests beside each model).

A world is drawn with rows on both sides of the day. Then everything that was not yet known is taken
away: rows that become known later, and the end of rows that are superseded later. Both worlds must
have the same features. dbt compiles the models once; DuckDB runs their SQL in memory.
"""

import json
from datetime import date, datetime, time, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.dbt_world import SETTINGS, Dbt, new_home

PROJECT = Path(__file__).parents[2] / "dbt"
DAY = date(2024, 6, 30)
OWN = SETTINGS | {
    "relevant_topics": ["crm"],
    "own_complements": ["ledger"],
    "competitors": ["rival"],
}
MODELS = ["account_scoring.spine", "account_scoring.features"]
VERSIONS, EVENTS = ("valid_from", "valid_to"), ("known_at", "superseded_on")

ACCOUNTS, DOMAINS = ["a", "b"], ["a.example", "b.example"]
PEOPLE, LEADS, DEALS = ["p", "q"], ["l"], ["o1", "o2"]
STAGES = ["Prospecting", "Proposal", "Closed Lost", "Closed Won"]
SENIORITY, FUNCTION = ["c_level", "manager", "student", None], ["it", "finance", None]
# what identifies a record of each relation of versions, and what may stand in its other columns
VERSIONED = {
    "core_account_version": (
        {"account_id": ACCOUNTS},
        {
            "domain": [*DOMAINS, None],
            "industry": ["x", "y", None],
            "region": ["r", None],
            "country": ["c", None],
            "employee_count": [10, 20, None],
            "founded_on": [date(2020, 1, 1), None],
            "first_known_on": [date(2023, 1, 1)],
            "is_deleted": [False],
        },
    ),
    "core_account_survivor_version": (
        {"account_id": ACCOUNTS},
        {"survivor_id": ["s", *ACCOUNTS], "is_deleted": [False, True]},
    ),
    "core_account_domain_version": ({"domain": DOMAINS}, {"account_id": ACCOUNTS}),
    "core_person_account_version": (
        {"person_id": [*PEOPLE, *LEADS]},
        {
            "account_id": ACCOUNTS,
            "how": ["contact", "email domain"],
            "seniority": SENIORITY,
            "job_function": FUNCTION,
        },
    ),
    "core_contact_version": (
        {"contact_id": PEOPLE},
        {
            "seniority": SENIORITY,
            "job_function": FUNCTION,
            "first_known_on": [date(2024, 1, 1)],
            "is_deleted": [False, True],
            # into itself is not merged
            "merged_into_contact_id": PEOPLE,
        },
    ),
    "core_lead_version": (
        {"lead_id": LEADS},
        {
            "seniority": SENIORITY,
            "job_function": FUNCTION,
            "first_known_on": [date(2024, 1, 1)],
            "is_deleted": [False],
            "is_converted": [False, True],
            "converted_contact_id": [*PEOPLE, None],
        },
    ),
    "core_technology_version": (
        {"domain": DOMAINS, "technology": ["Ledger", "Rival"]},
        {
            "first_detected_on": [date(2024, 1, 1), date(2024, 6, 1), date(2024, 7, 2)],
            "last_detected_on": [date(2024, 3, 1), date(2024, 6, 20), None],
        },
    ),
    "core_opportunity_version": (
        {"opportunity_id": DEALS},
        {
            "account_id": ACCOUNTS,
            "stage": [*STAGES, None],
            "amount_cents": [100, None],
            "is_in_usd": [True],
            "is_closed": [False, True, None],
            "loss_reason": ["Price", None],
            "is_deleted": [False, True],
            "created_at": [datetime(2024, 5, 1)],
            "occurred_at": [datetime(2024, 5, 20), datetime(2024, 6, 20), datetime(2024, 7, 3)],
        },
    ),
    "core_opportunity_contact_role_version": (
        {"opportunity_id": DEALS, "contact_id": PEOPLE},
        {"role": ["Decision Maker", "Evaluator"]},
    ),
    "core_won_deal_version": (
        {"opportunity_id": DEALS},
        {
            "account_id": ACCOUNTS,
            "opportunity_type": ["new", "renewal"],
            "amount_cents": [100, 900, None],
            "won_on": [date(2024, 3, 1), date(2024, 4, 1)],
        },
    ),
}
EVENTFUL = {
    "core_web_event": (
        "event_id",
        {
            "event_type": ["page_view", "pricing_view", "demo_request", "email_click"],
            "person_id": [*PEOPLE, *LEADS, None],
            "visitor_id": ["v", "w"],
            "session_id": ["1", "2"],
            "company_domain": [*DOMAINS, None],
            "is_bot": [False],
        },
    ),
    "core_activity": (
        "activity_id",
        {
            "activity_type": ["email_sent", "email_reply", "meeting", "webinar_attended"],
            "person_id": [*PEOPLE, *LEADS, None],
            "account_id": [*ACCOUNTS, None],
        },
    ),
    "core_intent_signal": (
        "topic_category",
        {"domain": DOMAINS, "topic": ["CRM", "tea"], "composite_score": [20, 60, 90]},
    ),
    "core_opportunity_stage_change": (
        "stage_change_id",
        {"opportunity_id": DEALS, "stage": STAGES, "amount_cents": [100, 200]},
    ),
}
near = st.integers(-20, 14).map(lambda days: DAY + timedelta(days))


@st.composite
def versions(draw, keys: dict, values: dict) -> list[dict]:
    """Versions of some records, each from its day to the next one's."""
    out = []
    one_each = st.lists(row_of(keys), min_size=1, max_size=3, unique_by=lambda r: tuple(r.values()))
    for key in draw(one_each):
        days = sorted(draw(st.lists(near, min_size=1, max_size=3, unique=True)))
        for place, day in enumerate(days):
            until = days[place + 1] if place + 1 < len(days) else None
            out.append(key | draw(row_of(values)) | {"valid_from": day, "valid_to": until})
    return out


@st.composite
def events(draw, key: str, values: dict) -> list[dict]:
    """Events that happen, become known and are superseded in any order that can be."""
    out = []
    for place in range(draw(st.integers(0, 6))):
        known = draw(near)
        gone = draw(st.none() | st.integers(1, 30).map(lambda days, k=known: k + timedelta(days)))
        happened = datetime.combine(draw(near), time(place))
        times = {"occurred_at": happened, "known_at": known, "superseded_on": gone}
        out.append({key: f"e{place}"} | draw(row_of(values)) | times)
    return out


def row_of(values: dict) -> st.SearchStrategy:
    return st.fixed_dictionaries({name: st.sampled_from(found) for name, found in values.items()})


worlds = st.fixed_dictionaries(
    {name: versions(*spec) for name, spec in VERSIONED.items()}
    | {name: events(*spec) for name, spec in EVENTFUL.items()}
)


def at_work(world: dict) -> dict:
    """The same in which everybody is of one account that is scored, and has answered: only who becomes whom is left to chance."""
    known, everybody = DAY - timedelta(20), [*PEOPLE, *LEADS]
    since = {"valid_from": known, "valid_to": None}
    answer = {"activity_type": "email_reply", "account_id": "a", "known_at": known}
    answer |= {"occurred_at": datetime.combine(known, time()), "superseded_on": None}
    account = {"account_id": "a", "first_known_on": known, "is_deleted": False}
    return world | {
        "core_account_version": [account | since],
        "core_account_survivor_version": [],
        "core_won_deal_version": [],
        "core_person_account_version": [
            {"person_id": one, "account_id": "a", "how": "contact"} | since for one in everybody
        ],
        "core_activity": [answer | {"activity_id": one, "person_id": one} for one in everybody],
    }


def as_known_on_the_day(world: dict) -> dict:
    """The world without all that was not known on DAY."""
    return {
        name: [
            row | {last: row[last] if row[last] and row[last] <= DAY else None}
            for row in rows
            if row[first] <= DAY
        ]
        for name, rows in world.items()
        for first, last in [VERSIONS if name in VERSIONED else EVENTS]
    }


class Models:
    """The compiled models, run in order of dependence on core tables in memory."""

    def __init__(self, nodes: dict, sql: dict[str, str]):
        self._nodes, self.sql = nodes, sql
        self.order = [name for name in in_order(nodes) if name in sql]
        # tiny tables: more threads only cost
        self._connection = duckdb.connect(config={"threads": 1})
        self._connection.execute("attach ':memory:' as warehouse")
        for schema in ("core", "spine", "features"):
            self._connection.execute(f"create schema warehouse.{schema}")
        for name in world_tables():
            columns = ", ".join(f"{c.name} {c.data_type}" for c in nodes[name].columns.values())
            self._connection.execute(f"create table warehouse.core.{name} ({columns})")

    def features(self, world: dict, wanted: set[str], sql: dict | None = None) -> dict[str, list]:
        """Rows of the wanted models (and of what they need), in order."""
        for name in world_tables():
            self._fill(name, world.get(name, []))
        found = {}
        for name in self.order:
            if name not in wanted:
                continue
            table = f"warehouse.{self._nodes[name].schema}.{name}"
            text = (sql or self.sql)[name]
            self._connection.execute(f"create or replace table {table} as {text}")
            if name.startswith("feat_"):
                rows = self._connection.execute(f"select * from {table} order by all").fetchall()
                found[name] = rows
        return found

    def needed_by(self, *names: str) -> set[str]:
        """These models and all that they read."""
        needed, left = set(), [name for name in names if name in self.sql]
        while left:
            name = left.pop()
            needed.add(name)
            left += [n for n in parents(self._nodes[name]) if n in self.sql and n not in needed]
        return needed

    def _fill(self, name: str, rows: list[dict]) -> None:
        self._connection.execute(f"delete from warehouse.core.{name}")
        if rows:
            frame = pl.DataFrame(rows, infer_schema_length=None)
            self._connection.register("frame", frame.to_arrow())
            self._connection.execute(
                f"insert into warehouse.core.{name} by name select * from frame"
            )


def world_tables() -> list[str]:
    return [*VERSIONED, *EVENTFUL]


def parents(node) -> list[str]:
    return [parent.split(".")[-1] for parent in node.depends_on.nodes]


def in_order(nodes: dict) -> list[str]:
    """Names of models, each after those that it reads."""
    done = []

    def visit(name: str) -> None:
        if name in nodes and name not in done:
            for parent in parents(nodes[name]):
                visit(parent)
            done.append(name)

    for name in sorted(nodes):
        visit(name)
    return done


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Models:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
        dbt = Dbt(PROJECT, tmp_path_factory.mktemp("dbt"), environment)
        home = new_home(tmp_path_factory.mktemp("world") / "home")
        sql = dbt.compiled(home, [DAY.isoformat()], MODELS, settings=OWN)
        nodes = {n.name: n for n in dbt.nodes.values() if n.resource_type.value == "model"}
        return Models(nodes, sql)


QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]


def property_of(
    models: Models, wanted: set[str], sql: dict | None, examples: int, given_worlds=worlds
):
    """The property as something to run: the same features with and without the future.

    A world that breaks it is not made smaller: that would cost thousands of runs.
    """

    @seed(7)
    @settings(
        max_examples=examples,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=QUIET,
    )
    @given(world=given_worlds)
    def holds(world):
        whole = models.features(world, wanted, sql)
        known = models.features(as_known_on_the_day(world), wanted, sql)
        for name, rows in whole.items():
            assert rows == known[name], name
            assert len({row[:2] for row in rows}) == len(rows), f"{name}: somebody twice on a day"

    return holds


def test_no_feature_sees_what_becomes_known_later(models):
    wanted = set(models.order)
    assert len([name for name in wanted if name.startswith("feat_")]) >= 20
    property_of(models, wanted, None, examples=15)()


EVENT_KNOWN = "counted.known_at <= as_of.as_of_date"
# the model that peeks, the guard that is taken away, and what stands in its place (else true)
PEEKS = {
    "feat_engagement__web": ("int_engagement__web_day", EVENT_KNOWN),
    "feat_engagement__people": (
        "int_engagement__web_day",
        "person.valid_from <= events.as_of_date",
    ),
    "feat_engagement__momentum": ("int_engagement__activity_day", EVENT_KNOWN),
    "feat_engagement__recency": (
        "int_engagement__web_day",
        "coalesce(counted.superseded_on, date '9999-12-31') > as_of.as_of_date",
        "counted.superseded_on is null",
    ),
    "feat_engagement__responses": (
        "int_feeds__known_by_day",
        "first_known.meetings <= requested.as_of_date",
        "first_known.meetings is not null",
    ),
    "feat_relationship__sales_touches": ("int_engagement__activity_day", EVENT_KNOWN),
    "feat_relationship__open_opportunities": (
        "int_relationship__opportunity",
        "event.known_at <= as_of.as_of_date",
    ),
    "feat_relationship__losses": (
        "int_relationship__opportunity",
        "version.valid_from <= as_of.as_of_date",
    ),
    "feat_relationship__people": (
        "feat_relationship__people",
        "version.valid_from <= as_of.as_of_date",
    ),
    "feat_leads__profile": ("feat_leads__profile", "contacts.valid_from <= leads.as_of_date"),
    "feat_intent__surge": ("feat_intent__surge", EVENT_KNOWN),
    "feat_fit__technology": ("feat_fit__technology", "version.valid_from <= as_of.as_of_date"),
    "feat_fit__growth": ("feat_fit__growth", "version.valid_from <= as_of.as_of_date"),
    "feat_fit__firmographics": (
        "feat_fit__firmographics",
        "version.valid_from <= as_of.as_of_date",
    ),
}


@pytest.mark.parametrize("feature", PEEKS)
def test_a_planted_peek_is_found(models, feature):
    model, guard, *other = PEEKS[feature]
    text = models.sql[model]
    assert guard in text
    peeking = models.sql | {model: text.replace(guard, *other or ["true"])}
    with pytest.raises(AssertionError, match=feature):
        property_of(models, models.needed_by(feature), peeking, examples=200)()


def test_a_person_who_belongs_to_the_account_only_later_is_found(models):
    text = models.sql["spine_lead_day"]
    guard = "version.valid_from <= as_of.as_of_date"
    assert guard in text
    peeking = models.sql | {"spine_lead_day": text.replace(guard, "true")}
    with pytest.raises(AssertionError, match="feat_leads"):
        property_of(models, models.needed_by("feat_leads__profile"), peeking, examples=200)()


def test_a_person_who_becomes_another_only_later_is_found(models):
    text, guard = models.sql["feat_leads__behaviour"], "version.valid_from <= as_of.as_of_date"
    assert guard in text
    peeking = models.sql | {"feat_leads__behaviour": text.replace(guard, "true")}
    wanted, people = models.needed_by("feat_leads__behaviour"), worlds.map(at_work)
    property_of(models, wanted, None, examples=15, given_worlds=people)()
    with pytest.raises(AssertionError, match="feat_leads__behaviour"):
        property_of(models, wanted, peeking, examples=50, given_worlds=people)()


def test_settings_of_the_worlds_are_read(models):
    assert "'crm'" in models.sql["feat_intent__surge"], json.dumps(OWN)
