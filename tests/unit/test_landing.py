"""Landing: one door, both clocks, nothing twice, nothing half."""

import gzip
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import polars as pl
import pytest

from dagster_project.feeds import VENDORS
from dagster_project.feeds.salesforce import ACCOUNT
from dagster_project.landing import door as landing
from dagster_project.landing.door import LandingError, data_files, land_file, land_files
from dagster_project.landing.known_at import KnownAt, arrival_day, with_clocks
from dagster_project.landing.replacement import replace_arrivals, replaced, restore
from dagster_project.landing.store import (
    QUARANTINE_SCHEMA,
    damaged,
    hold_arrival,
    landing_schema,
    newest_known_on,
    write_parquet,
    write_schemas,
)

DAY = date(2024, 3, 5)
HEAD = "Id,Name,NumberOfEmployees,CreatedDate,SystemModstamp\n"
FIRST = "001A,Acme,10,2010-01-05T10:00:00Z,2010-01-05T10:00:00Z\n"
SECOND = "001A,Acme Corp,20,2010-01-05T10:00:00Z,2012-06-07T08:00:00Z\n"
THIRD = "001A,Acme plc,30,2010-01-05T10:00:00Z,2013-06-07T08:00:00Z\n"
BAD = "001B,Bolt,many,,\n"
HISTORY = KnownAt.history()


@pytest.fixture
def land(tmp_path):
    """Land content under a file name; returns the receipt."""

    def _land(content, name="Account.csv", ds=DAY, known=None, **options):
        path = tmp_path / "in" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        where = (tmp_path / "landing", tmp_path / "quarantine")
        return land_file(path, "salesforce", *where, ds, known or KnownAt.on(ds), **options)

    return _land


def landed(tmp_path, table="account") -> pl.DataFrame:
    files = sorted((tmp_path / "landing/salesforce" / table).glob("ds=*/*.parquet"))
    return pl.concat([pl.read_parquet(f, hive_partitioning=False) for f in files])


def quarantined(tmp_path, table="account") -> pl.DataFrame:
    files = sorted((tmp_path / "quarantine/salesforce" / table).glob("ds=*/*.parquet"))
    return pl.concat([pl.read_parquet(f, hive_partitioning=False) for f in files])


def all_bytes(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_rows_land_typed_with_both_clocks_and_where_they_came_from(land, tmp_path):
    receipt = land(HEAD + FIRST)
    rows = landed(tmp_path)
    assert rows.schema == pl.Schema(landing_schema(ACCOUNT))
    row = rows.row(0, named=True)
    assert row["occurred_at"] == datetime(2010, 1, 5, 10)
    assert (row["known_at"], row["ds"]) == (DAY, DAY)
    assert (row["source_file"], row["source_line"]) == ("Account.csv", 2)
    assert row["source_sha256"] == receipt.sha256
    assert (receipt.table, receipt.rows_landed, receipt.rows_quarantined) == ("account", 1, 0)
    folder = tmp_path / "landing/salesforce/account/ds=2024-03-05"
    name = receipt.sha256[:16]
    assert {p.name for p in folder.iterdir()} == {f"{name}.parquet", f"{name}.sha256"}
    assert not (tmp_path / "quarantine").exists()


def test_without_any_stamp_a_row_happened_on_the_day_it_was_known(land, tmp_path):
    land("Id,Name\n001A,Acme\n")
    assert landed(tmp_path)["occurred_at"].to_list() == [datetime(2024, 3, 5)]


def test_bad_rows_go_to_quarantine_and_good_ones_land(land, tmp_path):
    receipt = land(HEAD + BAD + FIRST)
    assert (receipt.rows_landed, receipt.rows_quarantined, receipt.error) == (1, 1, None)
    rows = quarantined(tmp_path)
    assert rows.schema == pl.Schema(QUARANTINE_SCHEMA)
    row = rows.row(0, named=True)
    assert (row["vendor"], row["table_name"], row["ds"]) == ("salesforce", "account", DAY)
    assert (row["source_file"], row["source_line"]) == ("Account.csv", 2)
    assert row["column_name"] == "number_of_employees" and "is not a number" in row["reason"]
    assert row["raw_row"] == BAD.strip()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"Name\nx\n", "required column id"),
        (gzip.compress((HEAD + FIRST).encode(), mtime=0)[:-9], "ends too early"),
        (gzip.compress((HEAD + FIRST * 9).encode(), mtime=0)[:10] + b"x" * 40, "gzip"),
        ((HEAD + FIRST).encode("utf-16"), "UTF-16"),
    ],
)
def test_a_bad_file_becomes_one_quarantine_row(land, tmp_path, content, words):
    receipt = land(content)
    assert words in receipt.error and receipt.rows_landed == 0
    row = quarantined(tmp_path).row(0, named=True)
    assert (row["source_line"], row["raw_row"], row["reason"]) == (None, None, receipt.error)
    assert not (tmp_path / "landing").exists()


def test_a_file_that_breaks_late_lands_nothing(land, tmp_path):
    rows = "".join(f"{i:06d},n{i * 7919 % 100003},{i},,\n" for i in range(20_000))
    receipt = land(gzip.compress((HEAD + rows).encode())[:-2000], chunk_rows=1000)
    assert receipt.error and receipt.rows_quarantined == 1
    assert not (tmp_path / "landing").exists()


def test_a_file_of_no_known_table_is_quarantined_with_advice(land, tmp_path):
    receipt = land(HEAD + FIRST, name="ContactHistory.csv")
    assert receipt.table == "unknown" and "rename it" in receipt.error
    assert quarantined(tmp_path, "unknown")["table_name"].to_list() == ["unknown"]


def test_a_header_alone_lands_with_a_warning(land, tmp_path):
    receipt = land(HEAD)
    assert receipt.error is None and receipt.warnings == ("the file has a header but no rows",)
    assert landed(tmp_path).height == 0


def test_the_same_file_twice_changes_nothing(land, tmp_path):
    first = land(HEAD + BAD + FIRST)
    before = all_bytes(tmp_path)
    times = [p.stat().st_mtime_ns for p in (tmp_path / "landing").rglob("*.parquet")]
    again = land(HEAD + BAD + FIRST)
    assert again.already_landed and not first.already_landed
    assert (again.rows_landed, again.rows_quarantined) == (1, 1)
    assert all_bytes(tmp_path) == before
    assert [p.stat().st_mtime_ns for p in (tmp_path / "landing").rglob("*.parquet")] == times


def test_the_same_file_on_another_day_lands_again_but_not_as_history(land, tmp_path):
    land(HEAD + FIRST)
    assert not land(HEAD + FIRST, ds=DAY + timedelta(1)).already_landed
    assert landed(tmp_path)["known_at"].to_list() == [DAY, DAY + timedelta(1)]
    again = land(HEAD + FIRST, ds=DAY + timedelta(2), known=KnownAt.history())
    assert again.already_landed and again.rows_landed == 1


def test_the_same_input_gives_the_same_bytes(land, tmp_path):
    content = HEAD + "".join(f"{i:06d},n{i},{i},,\n" for i in range(3000)) + BAD
    land(content, chunk_rows=500)
    before = all_bytes(tmp_path)
    shutil.rmtree(tmp_path / "landing")
    shutil.rmtree(tmp_path / "quarantine")
    land(content, chunk_rows=500)
    assert all_bytes(tmp_path) == before


def test_a_crash_between_quarantine_and_landing_is_mended_by_the_next_run(land, tmp_path):
    land(HEAD + BAD + FIRST)
    whole = all_bytes(tmp_path)
    shutil.rmtree(tmp_path / "landing")
    assert not land(HEAD + BAD + FIRST).already_landed
    assert all_bytes(tmp_path) == whole


def test_no_unfinished_file_is_left_when_the_disk_fails(land, tmp_path, monkeypatch):
    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("dagster_project.landing.store.os.replace", full)
    with pytest.raises(OSError, match="no space"):
        land(HEAD + FIRST)
    assert [p for p in (tmp_path / "landing").rglob("*") if p.is_file()] == []
    monkeypatch.undo()
    assert land(HEAD + FIRST).rows_landed == 1


def test_a_file_that_is_still_being_written_is_not_landed(land, tmp_path, monkeypatch):
    spill = landing._spill

    def slow(reader, folder, door):
        counts = spill(reader, folder, door)
        door.path.write_text(HEAD + FIRST + SECOND)
        return counts

    monkeypatch.setattr(landing, "_spill", slow)
    with pytest.raises(OSError, match="written to while it was read"):
        land(HEAD + FIRST)
    assert not (tmp_path / "landing").exists()


def test_history_gives_each_version_the_day_it_was_known(land, tmp_path):
    land(HEAD + SECOND + FIRST, known=KnownAt.history())
    rows = landed(tmp_path).select("name", "occurred_at", "known_at", "ds").rows()
    assert rows == [
        ("Acme Corp", datetime(2012, 6, 7, 8), date(2012, 6, 7), DAY),
        ("Acme", datetime(2010, 1, 5, 10), date(2010, 1, 5), DAY),
    ]


def test_a_record_exported_once_lands_as_it_was_created_and_as_it_is(land, tmp_path):
    head = "Id,Name,Type,IsDeleted,MasterRecordId,OwnerId,ParentId,CreatedDate,LastModifiedDate"
    stamps = "2015-03-04T10:00:00Z,2022-01-02T03:00:00Z"
    receipt = land(f"{head}\n001A,Acme,Customer,true,001M,005O,001P,{stamps}\n", known=HISTORY)
    assert (receipt.rows_landed, receipt.states_at_creation) == (1, 1)
    created, changed = datetime(2015, 3, 4, 10), datetime(2022, 1, 2, 3)
    now, then = landed(tmp_path).drop("ds", "source_file", "source_sha256").rows(named=True)
    state = ("type", "is_deleted", "master_record_id", "owner_id", "parent_id")
    assert [now[name] for name in state] == ["Customer", True, "001M", "005O", "001P"]
    assert (now["occurred_at"], now["known_at"]) == (changed, changed.date())
    assert then == now | dict.fromkeys(state) | {
        "occurred_at": created,
        "known_at": created.date(),
        "system_modstamp": created,
        "last_modified_date": created,
    }
    again = land(f"{head}\n001A,Acme,Customer,true,001M,005O,001P,{stamps}\n", known=HISTORY)
    assert again == replace(receipt, already_landed=True, missing_optional_columns=())


def test_an_opportunity_is_created_without_stage_date_and_amount(land, tmp_path):
    head = (
        "Id,AccountId,Type,StageName,Amount,CloseDate,IsClosed,IsWon,CreatedDate,SystemModstamp\n"
    )
    row = "006A,001A,New,Closed Won,70,2016-01-01,true,true,2015-01-01T00:00:00Z,2022-01-01T00:00:00Z\n"
    land(head + row, "Opportunity.csv", known=HISTORY)
    told = ["account_id", "type", "stage_name", "amount", "close_date", "is_closed", "is_won"]
    rows = landed(tmp_path, "opportunity").select("known_at", *told).rows()
    assert rows == [
        (date(2022, 1, 1), "001A", "New", "Closed Won", 70.0, date(2016, 1, 1), True, True),
        (date(2015, 1, 1), "001A", "New", None, None, None, None, None),
    ]


def test_changed_on_its_first_day_a_record_has_one_state(land, tmp_path):
    row = "001A,Acme,1,2015-03-04T10:00:00Z,2015-03-04T18:00:00Z\n"
    assert land(HEAD + row, known=HISTORY).states_at_creation == 0
    assert landed(tmp_path)["occurred_at"].to_list() == [datetime(2015, 3, 4, 10)]


def test_after_a_state_at_creation_later_imports_are_later_versions(land, tmp_path):
    land(HEAD + SECOND, known=HISTORY)
    assert land(HEAD + THIRD, name="Account-2.csv", known=HISTORY).states_at_creation == 0
    days = [date(2010, 1, 5), date(2012, 6, 7), date(2013, 6, 7)]
    assert sorted(landed(tmp_path)["known_at"]) == days


def test_where_stamps_start_at_creation_nothing_is_added(tmp_path):
    days = [datetime(2015, 1, 1) + timedelta(hours=n % 20_000) for n in range(130_000)]
    rows = pl.LazyFrame(
        {name: [None] * len(days) for name in landing_schema(ACCOUNT)},
        schema=landing_schema(ACCOUNT),
    ).with_columns(
        pl.Series("id", [f"{n:06d}" for n in range(len(days))]),
        *(pl.Series(name, days) for name in ("created_date", "system_modstamp", "change_stamp")),
    )
    firsts = rows.select("id", pl.col("change_stamp").alias("first_stamp")).collect()
    for name, table in (("with", ACCOUNT), ("without", replace(ACCOUNT, state=()))):
        write_parquet(with_clocks(rows, table, HISTORY, firsts, DAY), tmp_path / name)
    assert (tmp_path / "with").read_bytes() == (tmp_path / "without").read_bytes()


def test_a_row_stamped_before_the_cut_off_is_known_by_the_day_of_arrival(land, tmp_path):
    land(HEAD + "001A,Acme,1,2024-03-06T02:00:00Z,2024-03-06T02:00:00Z\n", known=HISTORY)
    row = landed(tmp_path).row(0, named=True)
    assert (row["occurred_at"], row["known_at"], row["ds"]) == (datetime(2024, 3, 6, 2), DAY, DAY)


def test_a_later_version_in_a_later_import_is_not_known_from_the_start(land, tmp_path):
    land(HEAD + FIRST, known=KnownAt.history())
    land(HEAD + SECOND, name="Account-2.csv", known=KnownAt.history())
    assert sorted(landed(tmp_path)["known_at"]) == [date(2010, 1, 5), date(2012, 6, 7)]


def test_the_parts_of_a_history_are_seen_together_whatever_their_order(tmp_path):
    for name, row in (
        ("account-1.csv", THIRD),
        ("account-2.csv", FIRST),
        ("account-3.csv", SECOND),
    ):
        (tmp_path / name).write_text(HEAD + row)
    where = (tmp_path / "landing", tmp_path / "quarantine")
    files = data_files(tmp_path)
    receipts = list(land_files(files, "salesforce", *where, DAY, KnownAt.history()))
    assert [r.rows_landed for r in receipts] == [1, 1, 1]
    known = dict(landed(tmp_path).select("name", "known_at").rows())
    assert known == {
        "Acme": date(2010, 1, 5),
        "Acme Corp": date(2012, 6, 7),
        "Acme plc": date(2013, 6, 7),
    }


def test_history_without_any_stamp_is_quarantined_row_by_row(land, tmp_path):
    receipt = land(HEAD + FIRST + "001B,Bolt,1,,\n", known=KnownAt.history())
    assert (receipt.rows_landed, receipt.rows_quarantined) == (1, 1)
    assert "--date" in quarantined(tmp_path)["reason"][0]


def test_stage_changes_are_known_when_they_happened(land, tmp_path):
    rows = "008A,006A,2011-02-03T00:00:00Z,Closed Won\n"
    land("Id,OpportunityId,CreatedDate,StageName\n" + rows, "OpportunityHistory.csv", DAY)
    row = landed(tmp_path, "opportunity_history").row(0, named=True)
    assert (row["occurred_at"], row["known_at"]) == (datetime(2011, 2, 3), DAY)


@pytest.mark.parametrize(
    ("arrived", "day"),
    [
        (datetime(2024, 3, 6, 4, 59, 59), date(2024, 3, 5)),
        (datetime(2024, 3, 6, 5, 0, 0), date(2024, 3, 6)),
        (datetime(2024, 3, 6, 23, 0, 0, tzinfo=UTC), date(2024, 3, 6)),
        (datetime(2024, 3, 6, 5, 30, tzinfo=timezone(timedelta(hours=1))), date(2024, 3, 5)),
    ],
)
def test_what_arrives_before_the_cut_off_was_known_the_day_before(arrived, day):
    assert arrival_day(arrived) == day


def test_wrong_use_is_told_apart_from_bad_files(tmp_path):
    known = KnownAt.on(DAY)
    with pytest.raises(LandingError, match="is a folder"):
        land_file(tmp_path, "salesforce", tmp_path, tmp_path, DAY, known)
    with pytest.raises(LandingError, match="no such file"):
        land_file(tmp_path / "account.csv", "salesforce", tmp_path, tmp_path, DAY, known)
    with pytest.raises(LandingError, match="unknown vendor 'oracle'; known are: bombora, ga4"):
        land_file(tmp_path, "oracle", tmp_path, tmp_path, DAY, known)
    with pytest.raises(LandingError, match="no such file or folder"):
        data_files(tmp_path / "nowhere")


def test_data_files_are_listed_in_order_without_the_unfinished(tmp_path):
    names = ["b.csv", "a.csv.gz", ".hidden.csv", "c.csv.part", "d.tmp", "LICENSE", "sub/e.jsonl"]
    for name in [*names, ".git/f.csv", "_SUCCESS", "README.md"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [str(p.relative_to(tmp_path)) for p in data_files(tmp_path)]
    assert found == ["a.csv.gz", "b.csv", "sub/e.jsonl"]
    assert data_files(tmp_path / "b.csv") == [tmp_path / "b.csv"]


def test_schema_files_have_the_columns_and_no_rows_and_are_written_once(tmp_path):
    write_schemas(tmp_path / "landing", tmp_path / "quarantine")
    before = all_bytes(tmp_path)
    write_schemas(tmp_path / "landing", tmp_path / "quarantine")
    assert all_bytes(tmp_path) == before
    for table in VENDORS["salesforce"]:
        path = tmp_path / "landing/salesforce" / table.name / "_schema.parquet"
        schema = pl.read_parquet(path)
        assert schema.height == 0 and schema.schema == pl.Schema(landing_schema(table))
    assert pl.read_parquet(tmp_path / "quarantine/_schema.parquet").height == 0


def test_the_same_rows_under_another_weeks_name_are_another_week(tmp_path):
    folders = (tmp_path / "landing", tmp_path / "quarantine", date(2024, 1, 20))
    row = "Acme,acme.example,,,Analytics,CRM,70,1,boston,70,1,US\n"
    for week in ("2024-01-07", "2024-01-14", "2024-01-07"):
        path = tmp_path / f"company_surge_{week}.csv"
        path.write_text(row)
        land_file(path, "bombora", *folders, HISTORY)
    files = (tmp_path / "landing").rglob("ds=*/*.parquet")
    weeks = [pl.read_parquet(file)["week_on"].to_list() for file in files]
    assert sorted(weeks) == [[date(2024, 1, 7)], [date(2024, 1, 14)]]


def test_history_is_imported_beside_files_that_lack_later_columns(tmp_path):
    folder = tmp_path / "landing" / "salesforce" / "account" / "ds=2024-01-01"
    folder.mkdir(parents=True)
    pl.DataFrame({"id": ["001A"], "system_modstamp": [datetime(2020, 1, 1)]}).write_parquet(
        folder / "old.parquet"
    )
    path = tmp_path / "account.csv"
    path.write_text(
        "Id,Name,Rating,CreatedDate,SystemModstamp\n001B,Acme,Hot,2020-01-01T00:00:00Z,2021-01-01T00:00:00Z\n"
    )
    receipt = land_file(
        path, "salesforce", tmp_path / "landing", tmp_path / "quarantine", date(2024, 1, 2), HISTORY
    )
    assert receipt.rows_landed > 0


def test_a_landed_file_is_sealed_and_what_becomes_of_it_is_seen(land, tmp_path):
    land(HEAD + FIRST)
    (file,) = (tmp_path / "landing").glob("*/*/ds=*/*.parquet")
    assert damaged(tmp_path / "landing") == {}
    checked = subprocess.run(
        ["sha256sum", "--check", file.with_suffix(".sha256").name], cwd=file.parent
    )
    assert checked.returncode == 0
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"?")
    assert damaged(tmp_path / "landing") == {file: "its bytes are not those that landed"}
    file.unlink()
    assert damaged(tmp_path / "landing") == {file: "it is gone"}


def test_a_damaged_file_is_made_anew_when_it_lands_again(land, tmp_path):
    land(HEAD + FIRST)
    (file,) = (tmp_path / "landing").glob("*/*/ds=*/*.parquet")
    whole = file.read_bytes()
    file.write_bytes(b"x" + whole[1:])
    land(HEAD + FIRST)
    assert file.read_bytes() == whole and damaged(tmp_path / "landing") == {}


def test_a_day_sent_again_takes_the_place_of_what_came_before_and_it_is_on_record(land, tmp_path):
    landing_dir, aside = tmp_path / "landing", tmp_path / "replaced"
    earlier, other_day = land(HEAD + FIRST), land(HEAD + FIRST, ds=DAY + timedelta(1))
    later = land(HEAD + SECOND, name="account_2.csv")
    when = datetime(2024, 3, 6, 5)
    (record,) = replace_arrivals([later], landing_dir, aside, when)
    assert (record["file"], record["by"]) == ("Account.csv", "account_2.csv")
    assert (record["day"], record["known_from"]) == ("2024-03-05", "2024-03-05")
    assert replaced(aside) == [record]
    assert {row["source_file"] for row in landed(tmp_path).to_dicts() if row["ds"] == DAY} == {
        "account_2.csv"
    }
    assert other_day.sha256 == earlier.sha256  # of another day: it stays
    assert landed(tmp_path).height == 2
    assert [f.suffix for f in sorted(aside.glob("*/*/ds=*/*"))] == [".parquet", ".sha256"]
    # run again, or killed and run again: nothing more
    assert replace_arrivals([later], landing_dir, aside, when) == []


def test_what_was_replaced_is_not_landed_again_by_the_inbox(land, tmp_path):
    land(HEAD + FIRST)
    file = tmp_path / "in" / "Account.csv"
    later = land(HEAD + SECOND, name="account_2.csv")
    places = (tmp_path / "landing", tmp_path / "quarantine")
    replace_arrivals([later], places[0], tmp_path / "replaced", datetime(2024, 3, 6, 5))
    (receipt,) = land_files(
        [file], "salesforce", *places, DAY, KnownAt.on(DAY), tmp_path / "replaced"
    )
    assert receipt.already_landed and "replaced since" in receipt.warnings[0]
    assert landed(tmp_path).height == 1
    # on purpose it is
    (receipt,) = land_files([file], "salesforce", *places, DAY, KnownAt.on(DAY))
    assert receipt.rows_landed == 1


def test_a_refused_file_replaces_nothing(land, tmp_path):
    land(HEAD + FIRST)
    refused = land("no,such\ncolumns\n", name="account_2.csv")
    assert refused.error
    assert (
        replace_arrivals(
            [refused], tmp_path / "landing", tmp_path / "replaced", datetime(2024, 3, 6)
        )
        == []
    )


def test_what_gave_way_to_a_file_that_is_held_back_comes_back(land, tmp_path):
    landing_dir, aside = tmp_path / "landing", tmp_path / "replaced"
    land(HEAD + FIRST)
    later = land(HEAD + SECOND, name="account_2.csv")
    replace_arrivals([later], landing_dir, aside, datetime(2024, 3, 6, 5))
    held = hold_arrival(
        landing_dir, tmp_path / "held", "salesforce", "account", DAY, [later.sha256]
    )
    restore(held, landing_dir, aside)
    assert landed(tmp_path)["source_file"].to_list() == ["Account.csv"]
    assert damaged(landing_dir) == {} and not list(aside.glob("*/*/ds=*/*.parquet"))
    assert replaced(aside) == []
    # What took its place on purpose meanwhile stays, when the same bad file comes and is held back once more.
    third = land(HEAD + FIRST.replace("Acme", "Acme again"), name="account_3.csv")
    replace_arrivals([third], landing_dir, aside, datetime(2024, 3, 7, 5))
    again = land(HEAD + SECOND, name="account_2.csv")
    replace_arrivals([again], landing_dir, aside, datetime(2024, 3, 8, 5))
    held = hold_arrival(
        landing_dir, tmp_path / "held", "salesforce", "account", DAY, [again.sha256]
    )
    restore(held, landing_dir, aside)
    assert landed(tmp_path)["source_file"].to_list() == ["account_3.csv"]
    assert [one["file"] for one in replaced(aside)] == ["Account.csv"]


def test_a_file_of_which_nothing_landed_replaces_nothing(land, tmp_path):
    land(HEAD + FIRST)
    empty = land(HEAD + BAD, name="account_2.csv")
    assert not empty.error and not empty.rows_landed
    assert (
        replace_arrivals([empty], tmp_path / "landing", tmp_path / "replaced", datetime(2024, 3, 6))
        == []
    )


def test_a_damaged_import_is_made_anew_as_it_was_or_not_at_all(land, tmp_path):
    """Also its states at creation, which the damaged file must have no part in."""
    land(HEAD + SECOND, known=HISTORY)
    (file,) = (tmp_path / "landing").glob("*/*/ds=*/*.parquet")
    whole = file.read_bytes()
    for damage_done in (b"no parquet", whole[:-9] + b"?" + whole[-8:]):
        file.write_bytes(damage_done)
        receipt = land(HEAD + SECOND)  # as known on one day: other rows than then
        assert "damaged since" in receipt.error and file.read_bytes() == damage_done
        assert land(HEAD + SECOND, known=HISTORY).rows_landed == 1
        assert file.read_bytes() == whole
    file.unlink()
    assert land(HEAD + SECOND, known=HISTORY).rows_landed == 1
    assert file.read_bytes() == whole and damaged(tmp_path / "landing") == {}


def test_the_newest_day_of_which_anything_is_known(land, tmp_path):
    """An import arrives late and tells of earlier days; what arrives daily is known on its day."""
    assert newest_known_on(tmp_path / "landing") is None
    land(HEAD + FIRST + SECOND, known=HISTORY)
    assert newest_known_on(tmp_path / "landing") == date(2012, 6, 7)
    land(HEAD + THIRD, ds=DAY - timedelta(9))
    assert newest_known_on(tmp_path / "landing") == DAY - timedelta(9)


def test_half_a_line_of_the_record_is_passed_over_and_then_gone(land, tmp_path):
    """A landing was killed while it wrote: nothing had moved yet."""
    landing_dir, aside = tmp_path / "landing", tmp_path / "replaced"
    aside.mkdir()
    (aside / "replaced.jsonl").write_text('{"replaced_at": "2024-')
    assert replaced(aside) == []
    land(HEAD + FIRST)
    later = land(HEAD + SECOND, name="account_2.csv")
    made = replace_arrivals([later], landing_dir, aside, datetime(2024, 3, 6, 5))
    assert replaced(aside) == made != []


def test_a_damaged_file_gives_way_too(land, tmp_path):
    land(HEAD + FIRST)
    (file,) = (tmp_path / "landing").glob("*/*/ds=*/*.parquet")
    file.write_bytes(file.read_bytes()[:-20])
    later = land(HEAD + SECOND, name="account_2.csv")
    places = (tmp_path / "landing", tmp_path / "replaced")
    (record,) = replace_arrivals([later], *places, datetime(2024, 3, 6, 5))
    assert (record["sha256"], record["known_from"]) == (file.stem, None)
    assert {f.stem for f in file.parent.glob("*.parquet")} == {later.sha256[:16]}
