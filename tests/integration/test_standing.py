"""What stands is not made again while project, settings and what has landed are the same, and is made again after any change."""

import os
import shutil
from datetime import date

import polars as pl
import pytest

from dagster_project import dbt_runner, standing, warehouse
from dagster_project.config import DEFAULT_SETTINGS_FILE
from dagster_project.home_layout import open_home
from dagster_project.landing.store import SEAL

VIEW, TABLE = "stg_salesforce__account", "core_account_version"
# Made of days that are asked for: never stands by its name.
OF_DAYS = "int_engagement__web_day"
DAY, NEXT_DAY = date(2026, 1, 31), date(2026, 2, 1)


@pytest.fixture
def home(tmp_path):
    """A home with one landed file, whose warehouse has a view, tables and a day of features, made by a build."""
    home = open_home(tmp_path / "home")
    land(landed(home), DAY)
    connection = warehouse.connect(home)
    connection.execute(f"create schema staging; create view staging.{VIEW} as select 1")
    connection.execute(f"create schema core; create table core.{TABLE} (n integer)")
    connection.execute(f"create schema features; create table features.{OF_DAYS} (n integer)")
    connection.close()
    standing.remember(home, [VIEW, TABLE, OF_DAYS], [DAY])
    return home


def landed(home):
    return home.landing / "salesforce" / "account" / "ds=2026-01-31" / "0123456789abcdef.parquet"


def land(file, known_at, rows=1):
    file.with_suffix(SEAL).unlink(missing_ok=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    arrived = date.fromisoformat(file.parent.name.removeprefix("ds="))
    pl.DataFrame({"known_at": [known_at] * rows, "ds": [arrived] * rows}).write_parquet(file)


def what_stands(home):
    return standing.standing(home, {VIEW, TABLE, OF_DAYS}, [DAY, NEXT_DAY])


def test_views_tables_of_what_has_landed_and_days_stand(home):
    assert what_stands(home) == ({VIEW, TABLE}, [NEXT_DAY])
    assert what_stands(home) == ({VIEW, TABLE}, [NEXT_DAY])


@pytest.mark.parametrize("dropped", [f"view staging.{VIEW}", f"table core.{TABLE}"])
def test_what_is_gone_does_not_stand(home, dropped):
    connection = warehouse.connect(home)
    connection.execute(f"drop {dropped}")
    connection.close()
    assert what_stands(home).names == {VIEW, TABLE} - {dropped.rpartition(".")[2]}


def another_file(home):
    land(landed(home).with_name("fedcba9876543210.parquet"), DAY)


def other_rows(home):
    land(landed(home), DAY, rows=2)


def held_back(home):
    landed(home).unlink()


@pytest.mark.parametrize("change", [another_file, other_rows, held_back])
def test_after_any_change_of_what_has_landed_only_views_stand(home, change):
    change(home)
    assert what_stands(home) == ({VIEW}, [DAY, NEXT_DAY])


def test_what_lands_of_another_table_leaves_a_table_standing_but_no_day(home):
    land(home.landing / "ga4" / "event" / "ds=2026-01-31" / "0123456789abcdef.parquet", DAY)
    assert what_stands(home) == ({VIEW, TABLE}, [DAY, NEXT_DAY])


def test_an_import_may_say_something_of_every_day(home):
    """Of changes from a day on: what was before them is told too."""
    later = (
        home.landing
        / "salesforce"
        / "account_history"
        / "ds=2026-03-01"
        / "0123456789abcdef.parquet"
    )
    land(later, date(2026, 2, 15))
    assert what_stands(home).days == [DAY, NEXT_DAY]


def test_a_file_is_known_by_its_content_sealed_or_not(home):
    """Those that an earlier version has landed have no seal until the next build."""
    assert landed(home).with_suffix(SEAL).exists() is False
    assert what_stands(home) == ({VIEW, TABLE}, [NEXT_DAY])
    assert landed(home).with_suffix(SEAL).exists()
    os.utime(landed(home))
    assert what_stands(home) == ({VIEW, TABLE}, [NEXT_DAY])


def test_of_a_copied_home_only_views_are_made_again(home, tmp_path):
    copy = open_home(shutil.copytree(home.root, tmp_path / "copy"))
    assert what_stands(copy) == ({TABLE}, [NEXT_DAY])


def test_a_day_says_what_landed_files_it_was_made_of(home):
    noted, files = standing_notes(home)
    assert standing.digests_of_data(home, [DAY], files) == {DAY: noted[DAY]}
    land(home.landing / "ga4" / "event" / "ds=2026-01-31" / "0123456789abcdef.parquet", DAY)
    assert standing.digests_of_data(home, [DAY], files) != {DAY: noted[DAY]}
    assert noted[NEXT_DAY] is None


def standing_notes(home):
    connection = warehouse.connect(home)
    files = dict(connection.execute("from scoring.landed_files").fetchall())
    noted = standing.data_of_days(connection, [DAY, NEXT_DAY])
    connection.close()
    return noted, files


def test_what_becomes_known_later_leaves_a_day_standing(home):
    land(home.landing / "ga4" / "event" / "ds=2026-02-01" / "0123456789abcdef.parquet", NEXT_DAY)
    assert what_stands(home) == ({VIEW, TABLE}, [NEXT_DAY])


def test_a_table_is_made_of_what_its_models_are_made_of(home):
    made_of = dbt_runner.landed_tables_of(home, {"core_person_account_version", "scoring_set"})
    assert made_of["core_person_account_version"] == {
        "salesforce__account",
        "salesforce__account_history",
        "salesforce__contact",
        "salesforce__lead",
    }
    assert made_of["scoring_set"] >= {"ga4__event", "bombora__company_surge", "salesforce__task"}


def test_after_a_change_of_settings_nothing_stands(home):
    ours = DEFAULT_SETTINGS_FILE.read_text().replace("mode: new_business", "mode: expansion")
    (home.root / "scoring.yaml").write_text(ours)
    assert what_stands(home) == (set(), [DAY, NEXT_DAY])


def test_after_a_build_that_died_what_it_was_to_make_does_not_stand(home, monkeypatch):
    """The project was another one when it was killed, and is the old one again."""
    with monkeypatch.context() as other:
        other.setattr(dbt_runner, "project_digest", lambda home=None: "another")
        assert what_stands(home) == (set(), [DAY, NEXT_DAY])
    assert what_stands(home) == (set(), [DAY, NEXT_DAY])


def test_days_of_which_a_part_is_made_alone_do_not_stand(home):
    standing.forget_days(home, [DAY])
    assert what_stands(home) == ({VIEW, TABLE}, [DAY, NEXT_DAY])


def test_after_any_command_of_dbt_nothing_stands(home):
    standing.forget_all(home)
    assert what_stands(home) == (set(), [DAY, NEXT_DAY])
