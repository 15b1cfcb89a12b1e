"""Salesforce's tables: spellings of columns, ids and files, and the connector's shapes."""

from datetime import datetime

import pytest

from dagster_project.feeds import VENDORS
from dagster_project.feeds.file_names import table_of
from dagster_project.feeds.salesforce import ACCOUNT, OPPORTUNITY, OPPORTUNITY_HISTORY
from dagster_project.feeds.salesforce_columns import long_id
from tests.factories import read_table

TABLES = VENDORS["salesforce"]


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("0015500000Xyy06", "0015500000Xyy06AAB"),
        ("0015500000Ygpq1", "0015500000Ygpq1AAB"),
        ("001q000000wW9Be", "001q000000wW9BeAAK"),
        ("006q000000Hddoh", "006q000000HddohAAB"),
        ("006q000000HdPzp", "006q000000HdPzpAAF"),
    ],
)
def test_short_ids_get_the_suffix_that_salesforce_gives_them(short, long):
    assert long_id(short) == long
    assert long_id(long) == long


def test_ids_that_are_not_salesforces_stay_as_they_are():
    assert long_id("9CcfAt8qtZvCTwFvwOFLcg==") == "9CcfAt8qtZvCTwFvwOFLcg=="
    assert long_id("") == ""


def test_a_report_and_an_api_export_meet_on_the_same_ids():
    report = b'"Account ID","Account Name","Employees"\n0015500000Xyy06,Acme,12\n'
    api = b"Id,Name,NumberOfEmployees\n 0015500000Xyy06AAB ,Acme,12\n"
    columns = ["id", "name", "number_of_employees"]
    first, second = (read_table(s, ACCOUNT).good.select(columns) for s in (report, api))
    assert first.equals(second)
    assert first.row(0) == ("0015500000Xyy06AAB", "Acme", 12)


def test_api_names_snake_case_any_case_and_a_byte_order_mark_read_alike():
    rows = b"001,12,EMEA,2001-02-03,007\n"
    heads = [
        b"Id,NumberOfEmployees,Region__c,Founded_Date__c,OwnerId\n",
        b"\xef\xbb\xbfid,number_of_employees,region,founded_date,owner_id\r\n",
        b" ID , numberofemployees,REGION__C,founded_date__c,Owner_Id\n",
    ]
    frames = [read_table(head + rows, ACCOUNT) for head in heads]
    assert all(f.good.equals(frames[0].good) and not f.bad for f in frames)
    assert all(f.ignored_columns == () for f in frames)
    assert frames[0].good["region"][0] == "EMEA"


def test_a_connectors_account_uses_its_time_of_reading_as_last_stamp():
    data = (
        b"_fivetran_synced,id,name,_fivetran_active,fax\n"
        b"2019-10-17 21:10:19,0015500000Xyy06AAB,Eric's Test,true,hot\n"
    )
    read = read_table(data, ACCOUNT)
    assert read.good["change_stamp"][0] == datetime(2019, 10, 17, 21, 10, 19)
    assert "_fivetran_synced" not in read.good.columns
    assert read.ignored_columns == ("_fivetran_active", "fax")
    assert "created_date" in read.missing_optional_columns


def test_damage_in_the_stamp_of_last_resort_costs_no_row():
    read = read_table(b"_fivetran_synced,id\nyesterday,001\n", ACCOUNT)
    assert read.good.height == 1 and not read.bad


def test_a_connectors_row_versions_become_stage_changes():
    data = (
        b"_fivetran_active,_fivetran_start,_fivetran_end,amount,created_date,id,stage_name\n"
        b"true,2019-10-17 21:10:19,9999-12-31 23:59:59,100,2018-12-19,006q000000Hddoh,Won\n"
    )
    read = read_table(data, OPPORTUNITY_HISTORY)
    row = read.good.row(0, named=True)
    assert not read.bad
    assert row["opportunity_id"] == "006q000000HddohAAB"
    assert row["id"] == "006q000000HddohAAB@2019-10-17T21:10:19.000000"
    assert row["created_date"] == datetime(2019, 10, 17, 21, 10, 19)


def test_an_opportunity_file_is_not_taken_for_row_versions():
    data = b"id,account_id,stage_name,close_date\n006,001,Won,2018-12-19 00:00:00\n"
    assert read_table(data, OPPORTUNITY).good["id"][0] == "006"


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("Account.csv", "account"),
        ("accounts.csv.gz", "account"),
        ("account_2024-01-01.jsonl", "account"),
        ("ACCOUNTS-20240101T050000Z.CSV", "account"),
        ("Account", "account"),
        ("sf_account_export_part2.parquet", "account"),
        ("salesforce-opportunities-v2.ndjson", "opportunity"),
        ("OpportunityHistory-part1.parquet", "opportunity_history"),
        ("opportunity_history.csv", "opportunity_history"),
        ("OPPORTUNITYHISTORY.csv", "opportunity_history"),
    ],
)
def test_file_names_tell_the_table(name, table):
    found = table_of(name, TABLES)
    assert found is not None and found.name == table


@pytest.mark.parametrize(
    "name",
    ["ContactHistory.csv", "OpportunityLineItem.csv", "user.csv", "my stuff.csv", ".csv"],
)
def test_file_names_of_other_tables_are_not_mistaken(name):
    assert table_of(name, TABLES) is None
