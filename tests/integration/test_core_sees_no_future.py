"""Core holds for each day what was known that day, whatever lands later; an import tells the past as it was.

Belongs here: properties of core over random landed rows. Does not belong here: single rules of a model
(dbt unit tests beside it), the incremental builds (test_core_files.py), features (their own test).

dbt compiles the models once; DuckDB runs their SQL in memory over staging tables drawn at random. Then
every row that becomes known after a day is taken away: what core shows of that day must stay.
"""

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dbt_world import SETTINGS, Dbt, new_home

PROJECT = Path(__file__).parents[2] / "dbt"
START, IMPORT = date(2024, 1, 1), date(2024, 2, 20)
OWN = SETTINGS | {
    "versioned_attributes": ["employee_count", "industry", "account_type"],
    "free_mail_domains": ["mail.example"],
    "own_domains": ["us.example"],
    "won_stages": ["Won"],
    "open_stages": ["Open"],
}
ORDER = """core_account_version core_account_survivor_version core_contact_version core_lead_version
core_account_domain_version
core_person_account_version core_activity core_web_event core_intent_signal core_technology_version
core_opportunity_contact_role_version core_opportunity_version core_opportunity_stage_change
core_won_deal_version""".split()
EVENTS = {"core_activity", "core_web_event", "core_intent_signal", "core_opportunity_stage_change"}
# what only says when a row ends, or from which files it was built
ENDS = {"valid_to", "superseded_on", "landing_digest"}
ACCOUNTS, DOMAINS = ["a", "b", "c"], ["a.example", "b.example", "mail.example", "us.example", None]


class Core:
    """The compiled core models over staging tables in memory."""

    def __init__(self, compiled: dict[str, str], types: dict[str, dict[str, str]]):
        self._connection = duckdb.connect()
        self._connection.execute("set TimeZone='UTC'; attach ':memory:' as warehouse")
        self._connection.execute("create schema warehouse.staging; create schema warehouse.core")
        for name in ("free_mail_domains", "isp_domains"):
            self._run(f"create table warehouse.core.{name} as select 'mail.example' as domain")
        paths = "select '/pricing' as path_prefix, 'pricing_view' as event_type"
        self._run(f"create table warehouse.core.web_paths as {paths}")
        self._compiled, self._types, self._filled = compiled, types, set()
        for name, kinds in types.items():
            columns = ", ".join(f'"{column}" {kind}' for column, kind in kinds.items())
            self._run(f"create table warehouse.staging.{name} ({columns})")

    def _run(self, sql: str):
        return self._connection.execute(sql)

    def build(self, staged: dict[str, list[dict]], models: list[str]) -> None:
        """Make the models from these staging rows; columns that a row does not name are null."""
        for name in self._filled:
            self._run(f"truncate warehouse.staging.{name}")
        self._filled = {name for name, rows in staged.items() if rows}
        for name in self._filled:
            frame = pl.DataFrame(staged[name], infer_schema_length=None)
            assert not set(frame.columns) - set(self._types[name])
            self._connection.register("drawn", frame.to_arrow())
            self._run(f"insert into warehouse.staging.{name} by name select * from drawn")
        for model in models:
            self._run(f"create or replace table warehouse.core.{model} as {self._compiled[model]}")

    def seen(self, model: str, day: date) -> list[tuple]:
        """What the table shows of a day, without what only later days can tell."""
        where = "valid_from <= $day and coalesce(valid_to, date '9999-12-31') > $day"
        if model in EVENTS:
            where = (
                "known_at <= $day and occurred_at < $day::date + interval 1 day "
                "and coalesce(superseded_on, date '9999-12-31') > $day"
            )
        found = self._connection.execute(
            f"select columns(c -> c not in {tuple(sorted(ENDS))}) from warehouse.core.{model} "
            f"where {where} order by all",
            {"day": day},
        )
        return found.fetchall()


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
        dbt = Dbt(PROJECT, tmp_path_factory.mktemp("dbt"), patch)
        home = new_home(tmp_path_factory.mktemp("core") / "home", {})
        dbt.build(home, ["2024-01-31"], ["account_scoring.staging"], settings=OWN)
        compiled = dbt.compiled(home, ["2024-01-31"], ["account_scoring.core"], settings=OWN)
        assert set(ORDER) == {name for name in compiled if name.startswith("core_")}
        with duckdb.connect(str(home.warehouse), read_only=True) as connection:
            sql = "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'staging'"
            types: dict[str, dict[str, str]] = {}
            for table, column, kind in connection.execute(sql).fetchall():
                types.setdefault(table, {})[column] = kind
        yield Core(compiled, types)


day_numbers = st.integers(0, 40)


def at(day: date | int, hour: int = 9) -> datetime:
    day = START + timedelta(day) if isinstance(day, int) else day
    return datetime(day.year, day.month, day.day, hour)


@st.composite
def landed(draw, **values) -> dict:
    """A row that happened on one day and became known on that day or later; now and then, a day before."""
    happened = draw(day_numbers)
    known = START + timedelta(happened + draw(st.sampled_from([0, 0, 0, 1, 5, 20, -1])))
    clocks = {
        "occurred_at": at(happened, draw(st.sampled_from([0, 9, 23]))),
        "known_at": known,
        "ds": known,
        "source_file": draw(st.sampled_from(["x.csv", "y.csv"])),
        "source_sha256": draw(st.sampled_from(["f", "g"])),
        "source_line": draw(st.integers(1, 1000)),
    }
    drawn = {name: draw(value) for name, value in values.items()}
    return {"is_deleted": False, "system_modstamp": clocks["occurred_at"]} | clocks | drawn


def rows(unique: tuple[str, ...], max_size: int = 8, **values):
    """Some landed rows; staging keeps one of each `unique`."""
    return st.lists(
        landed(**values),
        max_size=max_size,
        unique_by=lambda row: tuple(row[name] for name in unique),
    )


one = st.sampled_from
mostly_there = one([False, False, False, True])
STATE = ("occurred_at", "known_at")
ACCOUNT_ROWS = rows(
    ("account_id", *STATE),
    account_id=one(ACCOUNTS), domain=one(DOMAINS), industry=one(["x", "y"]), employee_count=one([1, 2]),
    account_type=one(["p", None]), is_deleted=mostly_there,
    merged_into_account_id=one([None, None, None, *ACCOUNTS]),
)  # fmt: skip
CHANGE_ROWS = rows(
    ("field_change_id", *STATE),
    field_change_id=st.integers(0, 1000).map(str), account_id=one(ACCOUNTS),
    attribute=one(["employee_count", "industry", None]), old_value=one(["3", None]), new_value=one(["4", "5", None]),
)  # fmt: skip
CONTACT_ROWS = rows(
    ("contact_id", *STATE),
    contact_id=one(["p", "q"]), account_id=one([*ACCOUNTS, None]), email_domain=one(DOMAINS),
    title=one(["CEO", "Buyer", None]), is_opted_out=st.booleans(), is_deleted=mostly_there,
    merged_into_contact_id=one([None, None, "q"]),
)  # fmt: skip
LEAD_ROWS = rows(
    ("lead_id", *STATE),
    lead_id=one(["l", "m"]), email_domain=one(DOMAINS), is_converted=st.booleans(),
    converted_account_id=one([*ACCOUNTS, None]), is_deleted=mostly_there,
)  # fmt: skip
TASK_ROWS = rows(
    ("task_id", *STATE),
    task_id=one(["t", "u"]), who_id=one(["p", None]), what_id=one(["salesforce:006O", "salesforce:001A"]),
    task_subtype=one(["Email", "Call"]), task_type=one(["Email", "Email Reply"]), is_closed=one([True, False, None]),
    call_disposition=one(["Connected", None]), completed_at=one([None, at(3), at(30)]), created_at=st.just(at(0)),
    due_on=one([None, START, START + timedelta(10)]), is_deleted=mostly_there,
)  # fmt: skip
MEETING_ROWS = rows(
    ("calendar_event_id", *STATE),
    calendar_event_id=one(["e"]), who_id=one(["p"]), calendar_event_type=one(["Demo", "Call"]),
    is_no_show=st.booleans(), starts_at=one([at(5), at(20)]), is_deleted=mostly_there,
)  # fmt: skip
CAMPAIGN_ROWS = rows(
    ("campaign_id", *STATE),
    4,
    campaign_id=one(["k"]),
    campaign_type=one(["Webinar", "Content", None]),
)
MEMBER_ROWS = rows(
    ("campaign_member_id", *STATE),
    campaign_member_id=one(["w", "x"]), campaign_id=one(["k"]), person_id=one(["p"]),
    status=one(["Sent", "Attended", None]), has_responded=st.booleans(),
    first_responded_on=one([None, START + timedelta(2)]), is_deleted=mostly_there,
)  # fmt: skip
WEB_ROWS = rows(
    ("event_id", "known_at"), 12,
    event_id=one(["1", "2", "3", "4"]), event_name=one(["page_view", "form_submit", "session_start"]),
    visitor_id=one(["v", None]), ga_session_id=one([1, None]), page_path=one(["/pricing/x", "/", None]),
    traffic_medium=one(["email", None]), engagement_milliseconds=one([None, 1500]), browser=one(["Chrome", "Somebot"]),
    event_date=one([START, START + timedelta(1)]), landing_file=one(["f", "g"]),
)  # fmt: skip
INTENT_ROWS = rows(
    ("domain", "topic", "week_on", "known_at"), 12,
    domain=one(["a.example"]), topic=one(["T", "U"]), composite_score=one([10, 60, None]),
    week_on=one([START, START + timedelta(7)]), landing_file=one(["f", "g"]),
)  # fmt: skip
TECHNOLOGY_ROWS = rows(
    ("domain", "technology", *STATE),
    domain=one(["a.example"]), technology=one(["T", "U"]), last_detected_on=one([None, START]),
)  # fmt: skip
ROLE_ROWS = rows(
    ("contact_role_id", *STATE),
    contact_role_id=one(["r", "s"]), opportunity_id=st.just("o"), contact_id=one(["p", "q"]),
    role=one(["Evaluator", None]), is_primary=st.booleans(), is_deleted=mostly_there,
)  # fmt: skip
DEAL_ROWS = rows(
    ("opportunity_id", *STATE),
    opportunity_id=one(["o", "n"]), account_id=one([*ACCOUNTS, None]), opportunity_type=one(["new", None]),
    stage=one(["Open", "Won", None]), amount_cents=one([5, None]), is_in_usd=st.booleans(),
    close_on=one([START, START + timedelta(20), None]), created_at=st.just(at(0)), is_deleted=mostly_there,
)  # fmt: skip
STAGE_ROWS = rows(
    ("stage_change_id", *STATE),
    stage_change_id=one(["1", "2", "3"]), opportunity_id=one(["o", "n"]), stage=one(["Open", "Won"]),
    amount_cents=one([7, None]), is_deleted=mostly_there,
)  # fmt: skip
STAGED = {
    "stg_salesforce__account": ACCOUNT_ROWS,
    "stg_salesforce__account_history": CHANGE_ROWS,
    "stg_salesforce__contact": CONTACT_ROWS,
    "stg_salesforce__lead": LEAD_ROWS,
    "stg_salesforce__task": TASK_ROWS,
    "stg_salesforce__event": MEETING_ROWS,
    "stg_salesforce__campaign": CAMPAIGN_ROWS,
    "stg_salesforce__campaign_member": MEMBER_ROWS,
    "stg_ga4__event": WEB_ROWS,
    "stg_bombora__company_surge": INTENT_ROWS,
    "stg_technographics__technology_detection": TECHNOLOGY_ROWS,
    "stg_salesforce__opportunity_contact_role": ROLE_ROWS,
    "stg_salesforce__opportunity": DEAL_ROWS,
    "stg_salesforce__opportunity_history": STAGE_ROWS,
}
WITHOUT_SYSTEM_COLUMNS = {"stg_ga4__event", "stg_bombora__company_surge"}


def fitting(staged: dict[str, list[dict]], core: Core) -> dict[str, list[dict]]:
    """The drawn rows with only the columns that their staging model has."""
    return {
        name: [{c: v for c, v in row.items() if c in core._types[name]} for row in drawn]
        for name, drawn in staged.items()
    }


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(staged=st.fixed_dictionaries(STAGED), day=day_numbers)
def test_what_becomes_known_later_changes_nothing_of_a_day(core, staged, day):
    staged, day = fitting(staged, core), START + timedelta(day)
    core.build(staged, ORDER)
    with_later = {model: core.seen(model, day) for model in ORDER}
    known = {
        name: [row for row in drawn if row["known_at"] <= day] for name, drawn in staged.items()
    }
    core.build(known, ORDER)
    for model in ORDER:
        assert core.seen(model, day) == with_later[model], model


def test_the_property_finds_a_planted_peek(core):
    """A model that looks at the next row, whenever that becomes known, is caught by the comparison above."""
    row = {
        "domain": "a.example",
        "topic": "T",
        "week_on": START,
        "landing_file": "f",
        "occurred_at": at(0),
    }
    sent = [
        row | {"known_at": START + timedelta(n), "composite_score": n, "ds": START} for n in (0, 9)
    ]
    good = core._compiled["core_intent_signal"]
    peek = "lead(composite_score) over (partition by domain order by known_at) as composite_score"
    peeking = good.replace("week_on, composite_score, occurred_at", f"week_on, {peek}, occurred_at")
    assert peeking != good
    core._compiled["core_intent_signal"] = peeking
    try:
        seen = []
        for rows_then in (sent, sent[:1]):
            core.build({"stg_bombora__company_surge": rows_then}, ["core_intent_signal"])
            seen.append(core.seen("core_intent_signal", START))
    finally:
        core._compiled["core_intent_signal"] = good
    assert seen[0] != seen[1]


@st.composite
def lives(draw) -> list[dict]:
    """What an account was from day to day: (day, values) at creation and at each change, one field a time."""
    state = {
        "employee_count": draw(one([1, 2])),
        "industry": draw(one(["x", None])),
        "account_type": "p",
    }
    days = sorted(draw(st.lists(st.integers(0, 40), min_size=1, max_size=6, unique=True)))
    life = [{"day": days[0], "field": None, "values": dict(state)}]
    for day in days[1:]:
        field = draw(one(["employee_count", "industry", "account_type"]))
        pool = {
            "employee_count": [1, 2, 3, None],
            "industry": ["x", "y", None],
            "account_type": ["p", "k"],
        }
        new = draw(one([v for v in pool[field] if v != state[field]]))
        life.append(
            {"day": day, "field": field, "old": state[field], "values": state | {field: new}}
        )
        state = state | {field: new}
    return life


def as_daily(number: int, life: list[dict]) -> list[dict]:
    """The account as a daily feed tells it: a state a change."""
    return [
        step["values"]
        | {
            "account_id": f"n{number}",
            "is_deleted": False,
            "occurred_at": at(step["day"]),
            "source_line": 1,
        }
        | {"known_at": at(step["day"]).date(), "ds": at(step["day"]).date(), "source_sha256": "f"}
        for step in life
    ]


def as_import(number: int, life: list[dict]) -> tuple[list[dict], list[dict]]:
    """The account as one export tells it years later: today's record, as landed twice, and its history."""
    record = life[-1]["values"] | {"account_id": f"n{number}", "is_deleted": False, "ds": IMPORT}
    record |= {"source_line": number, "source_sha256": "h"}
    last, first = life[-1]["day"], life[0]["day"]
    today = record | {"occurred_at": at(last), "known_at": at(last).date()}
    states = [today]
    if last > first:
        states.append(
            record | {"account_type": None, "occurred_at": at(first), "known_at": at(first).date()}
        )
    changes = [
        {"field_change_id": f"{number}-{step['day']}", "account_id": f"n{number}", "attribute": step["field"],
         "old_value": _text(step["old"]), "new_value": _text(step["values"][step["field"]]), "is_deleted": False,
         "occurred_at": at(step["day"]), "known_at": at(step["day"]).date(), "ds": IMPORT}
        for step in life[1:]
    ]  # fmt: skip
    return states, changes


def _text(value: object) -> str | None:
    return None if value is None else str(value)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=st.lists(lives(), min_size=1, max_size=3))
def test_an_import_with_history_tells_each_past_day_what_a_daily_feed_would_have(core, drawn):
    columns = "account_id, valid_from, valid_to, employee_count, industry, account_type"
    told = []
    for way in ("daily", "import"):
        staged = {"stg_salesforce__account": [], "stg_salesforce__account_history": []}
        for number, life in enumerate(drawn):
            if way == "daily":
                staged["stg_salesforce__account"] += as_daily(number, life)
                continue
            states, changes = as_import(number, life)
            staged["stg_salesforce__account"] += states
            staged["stg_salesforce__account_history"] += changes
        core.build(staged, ["core_account_version"])
        sql = f"select {columns} from warehouse.core.core_account_version order by all"
        told.append(core._run(sql).fetchall())
    assert told[0] == told[1], json.dumps(drawn, default=str)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(life=lives(), later=st.integers(1, 3), late=st.integers(0, 3))
def test_changes_that_arrive_after_an_import_do_not_reach_back_into_it(core, life, later, late):
    """The export was made before the last changes; they come daily, with what the field was before."""
    before, after = life[:-later] or life[:1], life[-later:] if len(life) > later else life[1:]
    states, changes = as_import(1, before)
    _, all_changes = as_import(1, [before[-1], *after])
    for change in all_changes:
        change["known_at"] = change["ds"] = IMPORT + timedelta(1 + late)
        change["old_value"] = "9"  # nothing agrees with it: wherever it came in, it would show
    imported = {"stg_salesforce__account": states, "stg_salesforce__account_history": changes}
    with_later = imported | {"stg_salesforce__account_history": changes + all_changes}
    days = [START + timedelta(n) for n in (0, 10, 20, 30, 40, 50)]
    seen = []
    for staged in (imported, with_later):
        core.build(staged, ["core_account_version"])
        seen.append([core.seen("core_account_version", day) for day in days])
    assert seen[0] == seen[1]
