"""Which days of the inbox wait, and what a file that is corrected where it lies replaces."""

from datetime import date, datetime, timedelta

import pytest

from dagster_project.home_layout import open_home
from dagster_project.landing.door import land_files
from dagster_project.landing.inbox import waiting_days
from dagster_project.landing.known_at import KnownAt
from dagster_project.landing.replacement import replace_arrivals

DAY = date(2026, 1, 31)
HEAD = "Id,Name,CreatedDate,SystemModstamp\n"
ROW = "001000000000001,Acme,2026-01-02T00:00:00Z,2026-01-30T00:00:00Z\n"


@pytest.fixture
def home(tmp_path):
    return open_home(tmp_path / "home")


def put(home, day, text=HEAD + ROW, name="Account.csv", vendor="salesforce"):
    folder = home.inbox / vendor / f"{day}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def land(home, *files):
    return list(
        land_files(files, "salesforce", home.landing, home.quarantine, DAY, KnownAt.on(DAY))
    )


def test_days_wait_until_all_their_files_are_through_the_door(home):
    first = put(home, DAY)
    put(home, DAY + timedelta(1))
    put(home, "31.1.2026")  # no day's folder
    put(home, DAY - timedelta(1), vendor="unknown")
    assert waiting_days(home) == [DAY, DAY + timedelta(1)]
    land(home, first)
    assert waiting_days(home) == [DAY + timedelta(1)]
    late = put(home, DAY, HEAD + ROW.replace("Acme", "Late"), name="account_2.csv")
    assert waiting_days(home) == [DAY, DAY + timedelta(1)]
    assert waiting_days(home, DAY, DAY + timedelta(2)) == [DAY + timedelta(1)]
    assert waiting_days(home, None, DAY) == []
    land(home, first, late)
    refused = put(home, DAY, "no header here", name="Contact.csv")
    assert DAY in waiting_days(home)
    land(home, refused)
    assert DAY not in waiting_days(home)


def test_a_file_corrected_where_it_lies_replaces_what_it_held_and_no_other(home):
    file, other = (
        put(home, DAY),
        put(home, DAY, HEAD + ROW.replace("Acme", "B"), name="accounts.csv"),
    )
    land(home, file, other)
    file.write_text(HEAD + ROW.replace("Acme", "Corrected"))
    receipts = land(home, file, other)
    when = datetime(2026, 2, 1, 5)
    (record,) = replace_arrivals(receipts, home.landing, home.replaced, when, is_by_name=True)
    assert (record["file"], record["by"]) == ("Account.csv", "Account.csv")
    assert len(list(home.landing.glob("*/account/ds=*/*.parquet"))) == 2
    assert replace_arrivals(receipts, home.landing, home.replaced, when, is_by_name=True) == []
