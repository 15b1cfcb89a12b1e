"""Suites of the vendor tables: silent on good data, each expectation fires on its damage; and each declared table has one.

Belongs here: people, activities, web, intent, technology, the registry, samples of large arrivals. Not here: accounts,
opportunities, training sets, scores (test_expectation_suites.py).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl
import pytest

from dagster_project.config import DEFAULT_SETTINGS_FILE
from dagster_project.feed_suites import FEED_SUITES, rows_by_file, rows_to_check
from dagster_project.feeds import VENDORS
from dagster_project.feeds.salesforce import CONTACT
from dagster_project.landing.store import landing_schema
from dagster_project.settings_file import load_settings
from expectations.vocabulary import suite
from tests.unit.test_expectation_suites import (
    DAY,
    LANDED,
    ROWS,
    VERSIONED,
    check,
    landed,
    one_and_all,
    put,
    repeat_first_row,
)

STAMP = datetime(2026, 1, 5, 12)
CLOCKS = {
    name: damage
    for name, damage in LANDED.items()
    if name.startswith(("known", "occurred"))
}  # fmt: skip


def account_history() -> pl.DataFrame:
    return landed(account_id=["001000000000000AAA"] * ROWS, field=["Industry"] * ROWS)


def contacts() -> pl.DataFrame:
    return landed(
        account_id=["001000000000000AAA"] * ROWS,
        email=["jo.doe+x@mail.acme.example", None] * (ROWS // 2),
        title=["VP Sales", None] * (ROWS // 2),
    )


def leads() -> pl.DataFrame:
    return landed(
        company=["Acme"] * ROWS,
        email=["jo@acme.example"] * ROWS,
        title=["CEO"] * ROWS,
        number_of_employees=[12, None] * (ROWS // 2),
        is_converted=[True, False, None] * (ROWS // 3),
        converted_contact_id=["003000000000000AAA", None, None] * (ROWS // 3),
    )


def roles() -> pl.DataFrame:
    return landed(
        opportunity_id=["006000000000000AAA"] * ROWS, contact_id=["003000000000000AAA"] * ROWS
    )


def tasks() -> pl.DataFrame:
    return landed(
        activity_date=[date(2026, 2, 1)] * ROWS,
        who_id=["003000000000000AAA"] * ROWS,
        completed_date_time=[STAMP, None] * (ROWS // 2),
    )


def meetings() -> pl.DataFrame:
    return landed(
        activity_date_time=[datetime(2026, 4, 1, 9)] * ROWS,
        who_id=["003000000000000AAA"] * ROWS,
        duration_in_minutes=[30, None] * (ROWS // 2),
    )


def campaigns() -> pl.DataFrame:
    return landed(type=["Webinar"] * ROWS, start_date=[date(2026, 3, 1), None] * (ROWS // 2))


def members() -> pl.DataFrame:
    return landed(
        campaign_id=["701000000000000AAA"] * ROWS,
        lead_id=["00Q000000000000AAA", None] * (ROWS // 2),
        contact_id=[None, "003000000000000AAA"] * (ROWS // 2),
        first_responded_date=[date(2026, 1, 2), None] * (ROWS // 2),
    )


def clocked(**columns: object) -> pl.DataFrame:
    return pl.DataFrame({"occurred_at": [STAMP] * ROWS, "known_at": [DAY] * ROWS} | columns)


def web_events() -> pl.DataFrame:
    return clocked(
        event_date=[date(2026, 1, 5)] * ROWS,
        event_at=[STAMP] * ROWS,
        event_name=["page_view", "session_start"] * (ROWS // 2),
        page_location=["https://www.acme.example/", None] * (ROWS // 2),
        ga_session_id=[1] * ROWS,
        user_pseudo_id=["1.2"] * ROWS,
        engagement_time_msec=[100, None] * (ROWS // 2),
        user_id=["003000000000000AAA", None] * (ROWS // 2),
        company_domain=["acme.example", None] * (ROWS // 2),
    )


def surge() -> pl.DataFrame:
    return clocked(
        domain=["acme.example"] * ROWS,
        topic=["accounting"] * ROWS,
        category=["finance"] * ROWS,
        composite_score=[60] * ROWS,
        metro_composite_score=[40, None] * (ROWS // 2),
        week_on=[date(2026, 1, 4)] * ROWS,
    )


def detections() -> pl.DataFrame:
    return clocked(
        domain=[f"a{row}.example" for row in range(ROWS)],
        technology=["Nimbus"] * ROWS,
        category=["Analytics"] * ROWS,
        first_detected=[date(2025, 1, 5)] * ROWS,
        last_detected=[date(2026, 1, 5), None] * (ROWS // 2),
    )


def late(name: str, column: str | None = None):
    """One row, and all rows, without a value."""
    return one_and_all(name, column or name, None)


RECORD = {**LANDED, **VERSIONED}
DOMAIN_DAMAGE = ["https://acme.example/", "acme .example", "jo@acme.example", "acme"]
TABLES = {
    ("salesforce", "account_history"): (
        account_history,
        {
            **LANDED,
            "belongs_to_account": put("account_id", None),
            "names_a_field": put("field", None),
            "history_row_once": repeat_first_row,
            "change_has_time": put("created_date", None),
        },
    ),
    ("salesforce", "contact"): (
        contacts,
        {
            **RECORD,
            "belongs_to_account": put("account_id", None, ROWS),
            **one_and_all("email_has_a_domain", "email", "jo at acme"),
            "has_title": put("title", None, ROWS),
        },
    ),
    ("salesforce", "lead"): (
        leads,
        {
            **RECORD,
            "has_company": put("company", None, ROWS),
            **one_and_all("email_has_a_domain", "email", "a@b@c.example"),
            "has_title": put("title", None, ROWS),
            **one_and_all("employees_plausible", "number_of_employees", -1),
            **late("converted_to_someone", "converted_contact_id"),
        },
    ),
    ("salesforce", "opportunity_contact_role"): (
        roles,
        {
            **RECORD,
            "belongs_to_opportunity": put("opportunity_id", None),
            "belongs_to_contact": put("contact_id", None),
        },
    ),
    ("salesforce", "task"): (
        tasks,
        {
            **RECORD,
            **one_and_all("activity_date_believable", "activity_date", date(2199, 1, 1)),
            "with_someone": put("who_id", None, ROWS),
            "completed_date_time_sane": put("completed_date_time", datetime(2030, 1, 1)),
        },
    ),
    ("salesforce", "event"): (
        meetings,
        {
            **RECORD,
            **one_and_all("activity_date_time_believable", "activity_date_time", datetime(1900, 1, 1)),
            "with_someone": put("who_id", None, ROWS),
            **one_and_all("duration_plausible", "duration_in_minutes", -5),
        },
    ),
    ("salesforce", "campaign"): (
        campaigns,
        {
            **RECORD,
            "has_type": put("type", None, ROWS),
            **one_and_all("start_date_believable", "start_date", date(2199, 1, 1)),
        },
    ),
    ("salesforce", "campaign_member"): (
        members,
        {
            **RECORD,
            "belongs_to_campaign": put("campaign_id", None),
            "is_a_person": put("lead_id", None),
            "is_a_person_mostly": put("lead_id", None, ROWS),
            "first_responded_date_sane": put("first_responded_date", date(2030, 1, 1)),
        },
    ),
    ("ga4", "event"): (
        web_events,
        {
            **CLOCKS,
            **one_and_all("moment_fits_the_day", "event_at", datetime(2026, 1, 9)),
            "event_has_name": put("event_name", None),
            **one_and_all("event_name_has_shape", "event_name", "jo@acme.example clicked"),
            **late("page_known", "page_location"),
            "session_known": put("ga_session_id", None, ROWS),
            "visitor_known": put("user_pseudo_id", None, ROWS),
            **one_and_all("engagement_plausible", "engagement_time_msec", -1),
            "user_is_no_address": put("user_id", "jo@acme.example"),
            **one_and_all("company_domain_is_a_domain", "company_domain", "Acme Inc"),
        },
    ),
    ("bombora", "company_surge"): (
        surge,
        {
            **CLOCKS,
            "domain_present": put("domain", None),
            **one_and_all("domain_is_a_domain", "domain", "https://acme.example/"),
            "topic_present": put("topic", None),
            "week_present": put("week_on", None),
            "week_on_sane": put("week_on", DAY + timedelta(days=2)),
            **one_and_all("composite_score_0_to_100", "composite_score", 101),
            **one_and_all("metro_composite_score_0_to_100", "metro_composite_score", -1),
            "category_known": put("category", None, ROWS),
        },
    ),
    ("technographics", "technology_detection"): (
        detections,
        {
            **CLOCKS,
            "domain_present": put("domain", None),
            **one_and_all("domain_is_a_domain", "domain", "acme .example"),
            "technology_present": put("technology", None),
            "detection_once": repeat_first_row,
            **late("first_detection_known", "first_detected"),
            **one_and_all("first_before_last", "last_detected", date(2024, 1, 1)),
            "first_detected_sane": put("first_detected", date(2030, 1, 1)),
            "last_detected_sane": put("last_detected", date(2030, 1, 1)),
            "category_known": put("category", None, ROWS),
        },
    ),
}  # fmt: skip
CASES = [(table, name) for table, (_, damages) in TABLES.items() for name in damages]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("expectations")


@pytest.fixture(scope="module")
def settings():
    return load_settings(DEFAULT_SETTINGS_FILE)


def test_every_declared_table_has_a_suite():
    declared = {(vendor, table.name) for vendor, tables in VENDORS.items() for table in tables}
    assert set(FEED_SUITES) == declared


@pytest.mark.parametrize("table", FEED_SUITES)
def test_suites_ask_only_of_columns_that_land(table, settings):
    vendor, name = table
    (declared,) = [t for t in VENDORS[vendor] if t.name == name]
    guard = FEED_SUITES[table]
    frame = guard.facts(pl.DataFrame(schema=landing_schema(declared)))
    for item in guard.make(DAY, settings).expectations:
        asked = [item.column] if hasattr(item, "column") else item.column_list
        assert set(asked) <= set(frame.columns), item.meta["name"]


@pytest.mark.parametrize("table", TABLES)
def test_good_data_passes_without_a_warning(table, store, settings):
    made = FEED_SUITES[table].make(DAY, settings)
    report = check(FEED_SUITES[table].facts(TABLES[table][0]()), made, store)
    assert report.findings == ()
    assert report.statistics["evaluated"] == len(made.expectations)


@pytest.mark.parametrize(("table", "expectation"), CASES)
def test_damage_is_found_and_only_critical_blocks(table, expectation, store, settings):
    good, damages = TABLES[table]
    made = FEED_SUITES[table].make(DAY, settings)
    one = [item for item in made.expectations if item.meta["name"] == expectation]
    alone = suite(f"{table[1]}_{expectation}", "one expectation", one)
    frame = FEED_SUITES[table].facts(damages[expectation](good()))
    report = check(frame, alone, store)
    assert [finding.expectation for finding in report.findings] == [expectation]
    assert report.success == (one[0].severity == "warning")


@pytest.mark.parametrize("table", TABLES)
def test_every_expectation_has_its_damage_and_says_what_to_do(table, settings):
    expectations = FEED_SUITES[table].make(DAY, settings).expectations
    assert {item.meta["name"] for item in expectations} == set(TABLES[table][1])
    for item in expectations:
        assert item.description.endswith(".") and len(item.description) > 20
        assert item.notes.endswith(".") and len(item.notes) > 10


@pytest.mark.parametrize("table", TABLES)
def test_an_arrival_without_rows_is_no_failure(table, store, settings):
    guard = FEED_SUITES[table]
    assert (
        check(guard.facts(TABLES[table][0]().clear()), guard.make(DAY, settings), store).findings
        == ()
    )


@pytest.mark.parametrize("value", DOMAIN_DAMAGE)
def test_what_is_no_bare_domain(value, store, settings):
    made = FEED_SUITES["bombora", "company_surge"].make(DAY, settings)
    report = check(put("domain", value)(surge()), made, store)
    assert [finding.expectation for finding in report.findings] == ["domain_is_a_domain"]


@pytest.mark.parametrize(
    "value", ["0-lightower.net", "a.b.co.uk", "xn--bcher-kva.example", "X.COM"]
)
def test_what_is_a_bare_domain(value, store, settings):
    made = FEED_SUITES["bombora", "company_surge"].make(DAY, settings)
    assert check(put("domain", value)(surge()), made, store).findings == ()


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        (("salesforce", "contact"), "email", "jo doe secret"),
        (("salesforce", "lead"), "email", "jo doe secret"),
        (("ga4", "event"), "user_id", "secret@acme.example"),
        (("ga4", "event"), "event_name", "secret @"),
        (("bombora", "company_surge"), "domain", "secret person"),
    ],
)  # fmt: skip
def test_no_personal_value_is_shown_or_stored(table, column, value, tmp_path, settings):
    guard = FEED_SUITES[table]
    frame = guard.facts(put(column, value, ROWS)(TABLES[table][0]()))
    report = check(frame, guard.make(DAY, settings), tmp_path)
    assert report.findings and "secret" not in report.text()
    assert not [p for p in tmp_path.rglob("*.json") if "secret" in p.read_text()]


def large_arrival(folder, rows: int, **damage: object) -> list:
    """Landed contacts in two files, with values put into the last row."""
    frame = pl.select(
        id=pl.format("003{}", pl.int_range(rows)),
        system_modstamp=pl.lit(STAMP),
        occurred_at=pl.lit(STAMP),
        known_at=pl.lit(DAY),
        source_sha256=pl.lit("a"),
        source_file=pl.lit("contact.csv"),
        source_line=pl.int_range(rows),
    )
    for name, value in damage.items():
        last = pl.int_range(pl.len()) == rows - 1
        frame = frame.with_columns(pl.when(last).then(pl.lit(value)).otherwise(name).alias(name))
    paths = [folder / "1.parquet", folder / "2.parquet"]
    frame.head(rows // 2).write_parquet(paths[0])
    frame.tail(rows - rows // 2).with_columns(later=pl.lit(1)).write_parquet(paths[1])
    return paths


def test_a_small_arrival_is_looked_at_whole(tmp_path):
    rows, total = rows_to_check(large_arrival(tmp_path, 500), CONTACT, DAY)
    assert (rows.height, total) == (500, 500)


def test_of_a_large_arrival_a_seeded_sample_is_looked_at(tmp_path):
    files = large_arrival(tmp_path, 5000)
    rows, total = rows_to_check(files, CONTACT, DAY, limit=300)
    assert (rows.height, total) == (300, 5000)
    assert rows["source_line"].is_sorted() and rows["source_line"].n_unique() == 300
    assert rows.equals(rows_to_check(files, CONTACT, DAY, limit=300)[0])


@pytest.mark.parametrize(
    "damage",
    [
        {"known_at": None},
        {"known_at": DAY + timedelta(days=1)},
        {"occurred_at": None},
        {"id": None},
        {"id": "0037"},
    ],
)
def test_a_sample_never_misses_a_wrong_key_or_clock(tmp_path, damage):
    files = large_arrival(tmp_path, 5000, **damage)
    rows, _ = rows_to_check(files, CONTACT, DAY, limit=10)
    assert 4999 in rows["source_line"].to_list()


def test_rows_that_a_vendor_repeats_are_not_odd(tmp_path):
    from dagster_project.feeds.bombora import COMPANY_SURGE

    frame = surge().with_columns(metro_area=pl.lit(None, pl.String), source_line=pl.int_range(ROWS))
    frame.write_parquet(tmp_path / "1.parquet")
    rows, total = rows_to_check([tmp_path / "1.parquet"], COMPANY_SURGE, DAY, limit=10)
    assert (rows.height, total) == (10, ROWS)


def counted(landed, quarantined=()):
    found = rows_by_file(landed, list(quarantined))
    return {sha: (good, bad) for sha, _, good, bad in found.iter_rows()}


def test_rows_are_counted_file_by_file(tmp_path):
    assert counted([]) == {}
    files = large_arrival(tmp_path, 10)
    assert counted(files) == {"a": (10, 0)}
    # States at creation repeat their line.
    pl.concat([pl.read_parquet(files[0])] * 2).write_parquet(files[0])
    assert counted(files) == {"a": (10, 0)}


def test_refused_rows_count_with_their_own_file(tmp_path):
    files = large_arrival(tmp_path, 10)
    refused = pl.DataFrame(
        {
            "source_sha256": ["a", "a", "whole", "held"],
            "source_file": ["contact.csv", "contact.csv", "broken.csv", "held.csv"],
            "source_line": [11, 12, None, 5],
        },
        schema_overrides={"source_line": pl.Int64},
    )
    refused.write_parquet(tmp_path / "refused")
    # The rows of a file that is held back say nothing of this arrival.
    assert counted(files, [tmp_path / "refused"]) == {"a": (10, 2), "whole": (0, 1)}


def test_a_file_of_which_every_row_was_refused_counts(tmp_path):
    from dagster_project.landing.door import land_file
    from dagster_project.landing.known_at import KnownAt

    path = tmp_path / "account.csv"
    rows = [f"001{n:012}AAA,A,31/31/2024" for n in range(60)]
    path.write_text("\n".join(["Id,Name,SystemModstamp", *rows]) + "\n")
    day, landing, quarantine = date(2024, 1, 31), tmp_path / "landing", tmp_path / "quarantine"
    land_file(path, "salesforce", landing, quarantine, day, KnownAt.on(day))
    found = rows_by_file(
        sorted(landing.rglob("ds=*/*.parquet")), sorted(quarantine.rglob("*.parquet"))
    )
    assert found.select("landed", "refused").rows() == [(0, 60)]


def test_the_report_says_that_it_saw_a_sample(tmp_path, store, settings):
    from expectations.runner import validate

    made = FEED_SUITES["salesforce", "contact"].make(DAY, settings)
    asked = {"name": "x", "run_id": "r", "partition": "2026-01-31", "store_dir": store}
    report = validate(contacts(), made, **asked, rows=9_000_000)
    assert (report.rows, report.rows_checked) == (9_000_000, ROWS)
    assert "looked at a sample of 60" in report.text()
