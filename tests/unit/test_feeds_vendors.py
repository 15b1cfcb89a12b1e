"""GA4, Bombora, technographics, and Salesforce's further tables: shapes, spellings, damage, clocks of an import.

Belongs here: what is particular to these vendors' files, read and landed. Not here: damage that any file can have
(test_feeds_damage.py), expectations (test_feed_suites.py).
"""

import gzip
import io
import json
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from dagster_project.feeds import VENDORS
from dagster_project.feeds.bombora import COMPANY_SURGE
from dagster_project.feeds.contract import BadFile
from dagster_project.feeds.file_names import days_in, table_of
from dagster_project.feeds.ga4 import EVENT
from dagster_project.feeds.salesforce import ACCOUNT, ACCOUNT_HISTORY
from dagster_project.landing.door import land_file
from dagster_project.landing.known_at import KnownAt
from tests.factories import ga4_event, ga4_param, read_table

SAMPLE = Path(__file__).parents[1] / "data/bombora/Input_AllDomainsAllTopics_20150719-sample.csv.gz"
DAY = date(2024, 2, 10)
WEEK = "company_surge_2024-01-07.csv"
ROW = "Acme,acme.example,,,finance,accounting,53,3131,,72,2132,United States\n"
HEAD = (
    "Company Name,Domain,Size,Industry,Category,Topic,Composite Score,Bucket Code,Metro Area,"
    "Metro Composite Score,Metro Bucket Code,Domain Origin Country\n"
)


@pytest.fixture
def land(tmp_path):
    """Land bytes under a name; returns the receipt and the landed and refused rows."""

    def do(content: bytes, name: str, vendor: str, known: KnownAt | None = None):
        (tmp_path / name).write_bytes(content)
        where = (tmp_path / "landing", tmp_path / "quarantine")
        receipt = land_file(tmp_path / name, vendor, *where, DAY, known or KnownAt.history())
        found = [
            pl.concat([pl.read_parquet(p) for p in files]) if files else None
            for files in (sorted(folder.rglob("*.parquet")) for folder in where)
        ]
        return receipt, *found

    return do


def jsonl(*rows: dict) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def events(*rows: dict, name: str = "events_20240131.jsonl"):
    return read_table(jsonl(*rows), EVENT, name)


def refused(data: bytes, table, name: str) -> str:
    with pytest.raises(BadFile) as caught:
        read_table(data, table, name)
    return caught.value.reason


@pytest.mark.parametrize(
    ("vendor", "name", "table"),
    [
        ("ga4", "events_20240131.jsonl.gz", "event"),
        ("ga4", "events_202401_part003.parquet", "event"),
        ("ga4", "events_intraday_20240131.jsonl", None),
        ("bombora", "Input_AllDomainsAllTopics_20150719-sample.csv", "company_surge"),
        ("bombora", "company_surge_2024-01-07.csv.gz", "company_surge"),
        ("bombora", "topics.csv", None),
        ("technographics", "technology_detections_2024-01-07.csv", "technology_detection"),
        ("salesforce", "AccountHistory.csv", "account_history"),
        ("salesforce", "account-versions.csv", "account"),
        ("salesforce", "Contact.csv", "contact"),
        ("salesforce", "Leads_2024.jsonl", "lead"),
        ("salesforce", "OpportunityContactRole.csv", "opportunity_contact_role"),
        ("salesforce", "CampaignMember-part2.csv.gz", "campaign_member"),
        ("salesforce", "Campaign.csv", "campaign"),
        ("salesforce", "Task.csv", "task"),
        ("salesforce", "Event.csv", "event"),
    ],
)
def test_file_names_tell_the_table(vendor, name, table):
    found = table_of(name, VENDORS[vendor])
    assert (found.name if found else None) == table


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("company_surge_2024-01-07.csv.gz", [date(2024, 1, 7)]),
        ("Input_20150719-sample.csv", [date(2015, 7, 19)]),
        ("surge_2024_01_07_part2.csv", [date(2024, 1, 7)]),
        ("surge_2024-13-07.csv", []),
        ("surge_120240107.csv", []),
        ("surge_2024-01-07_2024-01-14.csv", [date(2024, 1, 7), date(2024, 1, 14)]),
        ("surge.csv", []),
    ],
)
def test_days_in_file_names(name, days):
    assert days_in(name) == days


# GA4


def test_an_event_is_laid_flat():
    row = ga4_event(5, page_title="Docs", ga_session_number=2, engagement_time_msec=1500)
    row["event_params"] += [
        ga4_param("company_domain", "acme.example"),
        ga4_param("form_id", "demo"),
    ]
    row |= {"user_id": "003A", "batch_event_index": 3}
    read = events(row)
    assert not read.bad
    flat = read.good.row(0, named=True)
    assert flat["event_id"] == "5.17|1706700000000005|page_view|3"
    assert flat["event_date"] == date(2024, 1, 31)
    assert flat["event_at"] == datetime(2024, 1, 31, 11, 20, 0, 5)
    assert flat["change_stamp"] == flat["event_at"]
    told = ["page_location", "page_title", "ga_session_id", "ga_session_number", "form_id"]
    told += ["engagement_time_msec", "company_domain", "user_id", "browser", "hostname", "country"]
    assert [flat[name] for name in told] == [
        *("https://www.own.example/5", "Docs", 7, 2, "demo", 1500, "acme.example"),
        *("003A", "Chrome", "www.own.example", "United States"),
    ]


def test_without_a_position_the_id_has_three_parts_and_bigquery_writes_whole_numbers_as_text():
    row = ga4_event(1)
    row["event_timestamp"] = str(row["event_timestamp"])
    row["event_params"] = [{"key": "ga_session_id", "value": {"int_value": "77"}}]
    flat = events(row).good.row(0, named=True)
    assert flat["event_id"] == "1.17|1706700000000001|page_view"
    assert (flat["ga_session_id"], flat["page_location"]) == (77, None)


def test_the_first_of_several_parameters_of_one_name_counts():
    row = ga4_event(1)
    row["event_params"] = [ga4_param("form_id", "a"), ga4_param("form_id", "b")]
    assert events(row).good["form_id"][0] == "a"


def parquet(rows: list[dict], wrapped: bool = False) -> bytes:
    frame = pl.DataFrame(rows, infer_schema_length=None)
    if wrapped:
        items = pl.col("event_params").list.eval(pl.struct(element=pl.element()))
        frame = frame.with_columns(event_params=pl.struct(list=items))
    out = io.BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


@pytest.mark.parametrize("wrapped", [False, True])
def test_parquet_and_json_lines_read_alike(wrapped):
    rows = [ga4_event(n, company_domain="acme.example") for n in range(5)]
    rows[2]["event_params"] = []
    rows[3]["event_params"] = None
    lines = events(*rows)
    columns = read_table(parquet(rows, wrapped), EVENT, "events_20240131.parquet")
    assert not lines.bad and not columns.bad
    assert columns.good.equals(lines.good)


def test_events_that_come_twice_in_a_file_all_land(land):
    receipt, rows, bad = land(jsonl(ga4_event(1), ga4_event(1)), "events_20240131.jsonl", "ga4")
    assert (receipt.rows_landed, receipt.rows_quarantined) == (2, 0)
    assert bad is None and rows["event_id"].n_unique() == 1


@pytest.mark.parametrize(
    ("damage", "column", "words"),
    [
        (
            {"event_timestamp": 1706700000},
            "event_at",
            "'1706700000' is not microseconds since 1970",
        ),
        ({"event_timestamp": 1706700000000}, "event_at", "is not microseconds since 1970"),
        ({"event_timestamp": None}, "event_at", "event_at is empty"),
        ({"event_date": "31.01.2024"}, "event_date", "is not a day written as YYYYMMDD"),
        ({"event_date": "20240230"}, "event_date", "is not a day written as YYYYMMDD"),
        ({"event_date": "00010101"}, "event_date", "is not a day written as YYYYMMDD"),
        (
            {"event_date": "20240130"},
            "event_date",
            "of 2024-01-30, the file's name says 2024-01-31",
        ),
        ({"event_name": None}, "event_name", "event_name is empty"),
        ({"event_params": "secret"}, "event_params", "event_params is not a list of {key, value"),
        ({"event_params": ["secret"]}, "event_params", "event_params is not a list of {key, value"),
        ({"event_params": [{"key": "a", "value": "secret"}]}, "event_params", "not a list of {key"),
        ({"device": "secret"}, "device", "device is not an object"),
        ({"device": {"web_info": "secret"}}, "device", "web_info is not an object"),
        ({"geo": ["secret"]}, "geo", "geo is not an object"),
        (
            {"event_params": [ga4_param("engagement_time_msec", "secret")]},
            "engagement_time_msec",
            "(a text of 6 characters) is not a number",
        ),
    ],
)
def test_a_damaged_event_costs_that_event_only(damage, column, words):
    read = events(ga4_event(1), ga4_event(2) | damage, ga4_event(3))
    assert read.good["user_pseudo_id"].to_list() == ["1.17", "3.17"]
    assert read.good["source_line"].to_list() == [1, 3]
    (bad,) = read.bad
    assert (bad.line, bad.column) == (2, column)
    assert words in bad.reason and "secret" not in bad.reason


@pytest.mark.parametrize("name", ["events.jsonl", "events_20240130_20240131.jsonl"])
def test_a_file_of_no_one_day_may_hold_any(name):
    read = events(ga4_event(1) | {"event_date": "20240130"}, ga4_event(2), name=name)
    assert (read.good.height, read.bad) == (2, [])


def test_a_user_id_of_15_characters_is_the_crms_of_18():
    row = events(ga4_event(1) | {"user_id": " 0035g00000000TQ "}).good.row(0, named=True)
    assert row["user_id"] == "0035g00000000TQAAY"


def test_a_parquet_of_seconds_is_refused_row_by_row():
    rows = [ga4_event(1), ga4_event(2) | {"event_timestamp": 1706700000}]
    read = read_table(parquet(rows), EVENT, "events.parquet")
    assert read.good.height == 1 and [b.line for b in read.bad] == [2]


def test_files_of_another_shape_are_refused_with_advice():
    without = [{k: v for k, v in ga4_event(n).items() if k != "event_params"} for n in range(2)]
    words = "required column event_params of ga4 event missing"
    assert words in refused(jsonl(*without), EVENT, "events.jsonl")
    assert words in refused(parquet(without), EVENT, "events.parquet")
    flat = [row | {"event_params": "x"} for row in without]
    assert "not a list" in refused(parquet(flat), EVENT, "events.parquet")
    assert "which CSV cannot hold" in refused(b"event_date,event_name\n1,2\n", EVENT, "events.csv")
    cut = gzip.compress(jsonl(*(ga4_event(n) for n in range(500))))[:-40]
    assert "ends too early" in refused(cut, EVENT, "events.jsonl.gz")


def test_an_event_of_the_history_is_known_on_its_day(land):
    _, rows, _ = land(jsonl(ga4_event(1)), "events_20240131.jsonl", "ga4")
    assert rows.select("known_at", "ds").row(0) == (date(2024, 1, 31), DAY)
    assert rows["occurred_at"][0] == datetime(2024, 1, 31, 11, 20, 0, 1)


def test_an_event_of_a_day_is_known_on_the_day_of_its_arrival(land):
    _, rows, _ = land(jsonl(ga4_event(1)), "events_20240131.jsonl", "ga4", KnownAt.on(DAY))
    assert rows["known_at"][0] == DAY


# Bombora


def test_the_real_sample_lands_whole(land):
    receipt, rows, bad = land(SAMPLE.read_bytes(), SAMPLE.name, "bombora")
    assert (receipt.rows_landed, receipt.rows_quarantined, bad) == (3752, 0, None)
    counts = {name: rows[name].n_unique() for name in ("domain", "topic")}
    assert counts == {"domain": 20, "topic": 1101}
    pairs = rows.select("domain", "topic").n_unique()
    assert (pairs, rows.height - pairs) == (3409, 343)
    assert rows["week_on"].unique().to_list() == [date(2015, 7, 19)]
    assert rows["known_at"].unique().to_list() == [date(2015, 7, 19)]
    assert rows["occurred_at"].unique().to_list() == [datetime(2015, 7, 19)]
    assert rows["composite_score"].is_between(0, 100).all()


def test_a_header_line_is_recognised_whatever_its_order():
    plain = read_table(ROW.encode(), COMPANY_SURGE, WEEK)
    headed = read_table((HEAD + ROW).encode(), COMPANY_SURGE, WEEK)
    turned = read_table(
        b"Topic,Company Domain,Composite Score,Fax\naccounting,acme.example,53,1\n",
        COMPANY_SURGE,
        WEEK,
    )
    assert plain.good.drop("source_line").equals(headed.good.drop("source_line"))
    assert plain.good["week_on"].to_list() == [date(2024, 1, 7)]
    assert turned.good.select("domain", "topic", "composite_score").row(0) == (
        *("acme.example", "accounting"),
        53,
    )
    assert turned.ignored_columns == ("Fax",) and "category" in turned.missing_optional_columns
    assert "week_on" not in turned.missing_optional_columns


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        (ROW.replace("53", "high"), "composite_score", "is not a number"),
        (ROW.replace("acme.example", ""), "domain", "domain is empty"),
        (ROW.replace(",United States", ""), None, "the row has 11 values, the header 12 columns"),
        (ROW.replace("accounting", "accounting, cash"), None, "the row has 13 values"),
    ],
)
def test_a_damaged_surge_row_costs_that_row_only(row, column, words):
    read = read_table((ROW + row + ROW).encode(), COMPANY_SURGE, WEEK)
    assert read.good.height == 2
    assert [(b.line, b.column) for b in read.bad] == [(2, column)] and words in read.bad[0].reason


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (ROW * 2, "company_surge.csv", "which holds no date; rename the file"),
        (ROW, "company_surge_20240107_20240114.csv", "several dates"),
        (ROW.replace(",", ";") * 3, WEEK, "separated by semicolons (;)"),
        (ROW.replace(",", "\t") * 3, WEEK, "separated by tabs"),
        (
            "acme.example,accounting,53\n" * 3,
            WEEK,
            "its rows have 3 values; bombora company_surge has 12",
        ),
        ("Domain,Topic\nacme.example,accounting\n", WEEK, "does not name all of domain, topic"),
        ("\n\n", WEEK, "only blank lines"),
    ],
)
def test_surge_files_of_another_shape_are_refused_with_advice(data, name, words):
    assert words in refused(data.encode(), COMPANY_SURGE, name)


def test_a_given_day_stands_in_for_the_name_and_a_day_of_arrival_does_not(land):
    arrived, _, _ = land(ROW.encode(), "surge.csv", "bombora", KnownAt.on(DAY))
    assert "--date" in arrived.error
    given, rows, _ = land(ROW.encode(), "surge.csv", "bombora", KnownAt.on(DAY, is_given=True))
    assert given.rows_landed == 1 and rows["week_on"].to_list() == [DAY]


def test_the_same_rows_under_another_week_in_the_name_are_that_week_too(land):
    land(ROW.encode(), "surge_2024-01-07.csv", "bombora")
    again, rows, _ = land(ROW.encode(), "surge_2024-01-14.csv", "bombora")
    assert not again.already_landed
    assert rows["week_on"].to_list() == [date(2024, 1, 7), date(2024, 1, 14)]
    assert land(ROW.encode(), "surge_2024-01-14.csv", "bombora")[0].already_landed


def test_rows_of_each_metro_land():
    metro = ROW.replace("3131,,", "3131,greater boston area,")
    assert read_table((ROW + metro + ROW).encode(), COMPANY_SURGE, WEEK).good.height == 3


# Technographics


def test_a_detection_lands_as_first_seen_and_as_last_seen(land):
    data = (
        b"domain,technology,category,first_detected,last_detected\n"
        b"acme.example,Nimbus,Analytics,2023-01-08,2024-01-07\n"
        b"acme.example,Cirrus,Analytics,2024-01-07,2024-01-07\n"
    )
    receipt, rows, _ = land(data, "technology_detections.csv", "technographics")
    assert (receipt.rows_landed, receipt.states_at_creation) == (2, 1)
    told = ["technology", "first_detected", "last_detected", "known_at", "occurred_at"]
    first, last = date(2023, 1, 8), date(2024, 1, 7)
    assert sorted(rows.select(told).rows(), key=lambda r: (r[0], r[3])) == [
        ("Cirrus", last, last, last, datetime(2024, 1, 7)),
        ("Nimbus", first, None, first, datetime(2023, 1, 8)),
        ("Nimbus", first, last, last, datetime(2024, 1, 7)),
    ]


def test_a_later_import_adds_only_a_later_state(land):
    head = b"domain,technology,first_detected,last_detected\n"
    land(
        head + b"acme.example,Nimbus,2023-01-08,2024-01-07\n", "technologies.csv", "technographics"
    )
    later = head + b"acme.example,Nimbus,2023-01-08,2024-01-14\n"
    receipt, rows, _ = land(later, "technologies-2.csv", "technographics")
    assert receipt.states_at_creation == 0
    assert sorted(rows["known_at"]) == [date(2023, 1, 8), date(2024, 1, 7), date(2024, 1, 14)]


def test_one_domain_has_many_technologies_but_each_once():
    data = (
        b"Domain,Technology,First Detected,Last Detected\n"
        b"a.example,X,2023-01-08,2024-01-07\na.example,Y,2023-01-08,2024-01-07\n"
        b"a.example,X,2023-01-08,2024-01-07\n"
    )
    (table,) = VENDORS["technographics"]
    read = read_table(data, table, "technologies.csv")
    assert read.good["technology"].to_list() == ["X", "Y"]
    assert "the same domain and technology and change stamp as line 2" in read.bad[0].reason


# Salesforce's further tables

VERSIONS = (
    b"_fivetran_active,_fivetran_start,_fivetran_end,_fivetran_synced,id,industry,is_deleted,name\n"
    b"false,2019-10-17 21:10:19,2020-01-01 00:00:00,2021-01-01 00:00:00,001A,web,false,Eric's\n"
    b"true,2020-01-01 00:00:00,9999-12-31 23:59:59,2021-01-01 00:00:00,001A,health,false,Eric's\n"
)


def test_changes_of_account_fields(land):
    data = (
        b"Id,AccountId,Field,OldValue,NewValue,CreatedDate,IsDeleted\n"
        b"017A,001A,Industry,web,health,2023-05-06T07:08:09.000+0000,false\n"
    )
    _, rows, _ = land(data, "AccountHistory.csv", "salesforce")
    told = rows.select("account_id", "field", "old_value", "new_value", "known_at").row(0)
    assert told == ("001A", "Industry", "web", "health", date(2023, 5, 6))


def test_a_connectors_account_history_is_refused_and_lands_as_accounts(land):
    assert "Rename it to account-versions.csv" in refused(
        VERSIONS, ACCOUNT_HISTORY, "AccountHistory.csv"
    )
    receipt, rows, _ = land(VERSIONS, "account-versions.csv", "salesforce")
    assert receipt.rows_landed == 2
    told = sorted(rows.select("known_at", "industry", "system_modstamp").rows())
    assert told == [
        (date(2019, 10, 17), "web", datetime(2019, 10, 17, 21, 10, 19)),
        (date(2020, 1, 1), "health", datetime(2020, 1, 1)),
    ]


def test_an_account_keeps_its_own_change_stamp_beside_a_connectors():
    read = read_table(b"id,_fivetran_start,system_modstamp\n001A,2019-01-01,2020-01-01\n", ACCOUNT)
    assert read.good["change_stamp"][0] == datetime(2020, 1, 1)


STATES = {
    "contact": ("AccountId,Email,HasOptedOutOfEmail,IsDeleted", "001A,jo@a.example,true,true"),
    "lead": ("Company,Status,IsConverted,ConvertedDate", "Acme,Qualified,true,2024-01-02"),
    "opportunity_contact_role": (
        "OpportunityId,ContactId,Role,IsPrimary",
        "006A,003A,Influencer,true",
    ),
    "task": ("WhoId,Status,IsClosed,CallDisposition", "003A,Completed,true,Connected"),
    "event": ("WhoId,Type,No_Show__c,IsDeleted", "003A,Demo,true,false"),
    "campaign": ("Name,Status,IsActive,IsDeleted", "Spring,Done,true,false"),
    "campaign_member": ("CampaignId,ContactId,Status,HasResponded", "701A,003A,Attended,true"),
}


@pytest.mark.parametrize("table", STATES)
def test_what_became_of_a_record_is_not_known_when_it_was_created(table, land):
    head, row = STATES[table]
    data = f"Id,{head},CreatedDate,SystemModstamp\nX1,{row},2023-01-01T00:00:00Z,2024-01-03T00:00:00Z\n"
    receipt, rows, _ = land(data.encode(), f"{table}.csv", "salesforce")
    assert (receipt.rows_landed, receipt.states_at_creation, receipt.ignored_columns) == (1, 1, ())
    (declared,) = [t for t in VENDORS["salesforce"] if t.name == table]
    now, then = rows.sort("known_at", descending=True).select(declared.state).rows()
    assert any(value is not None for value in now)
    assert all(value is None for value in then)
    assert sorted(rows["known_at"]) == [date(2023, 1, 1), date(2024, 1, 3)]


@pytest.mark.parametrize("vendor", VENDORS)
def test_declared_tables_hold_together(vendor):
    names = [table.name for table in VENDORS[vendor]]
    assert len(set(names)) == len(names)
    for table in VENDORS[vendor]:
        columns = {column.name for column in table.columns}
        landed = {column.name for column in table.landed_columns}
        wanted = {*table.key, *table.stamps, table.created, table.known or table.created}
        assert {table.name} <= set(table.file_names) and table.vendor == vendor
        assert wanted <= columns and {*table.key, *table.state} <= landed, table.name
        spellings = [n.replace("_", "") for n in table.file_names]
        assert len(set(spellings)) == len(spellings)
