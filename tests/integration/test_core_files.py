"""The large feeds are built file by file, and what comes of it is what one build of all files makes.

Belongs here: web events and intent signals through landing and dbt: days sent again, parts, files that go
away, changed rules. Does not belong here: what counts as which event (dbt unit tests beside the models).
"""

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from dagster_project import dbt_runner, large_feeds
from dagster_project.assets import transform
from dagster_project.home import Home
from dagster_project.landing.door import land_file
from dagster_project.landing.known_at import KnownAt
from dagster_project.landing.store import hold_arrival, write_schemas
from tests.dbt_world import Dbt, rows

PROJECT = Path(__file__).parents[2] / "dbt"
MODELS = [
    "stg_ga4__event",
    "stg_bombora__company_surge",
    "core_web_event",
    "core_intent_signal",
    "web_paths",
]
WEB = "select event_id, event_date::varchar, known_at::varchar, superseded_on::varchar from core.core_web_event"
INTENT = "select topic, composite_score, known_at::varchar, superseded_on::varchar from core.core_intent_signal"


@pytest.fixture(scope="module")
def dbt(tmp_path_factory) -> Dbt:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
        yield Dbt(PROJECT, tmp_path_factory.mktemp("dbt"), patch)


@pytest.fixture
def home(tmp_path) -> Home:
    home = Home(tmp_path / "home")
    home.root.mkdir()
    write_schemas(home.landing, home.quarantine)
    return home


def build(dbt: Dbt, home: Home, *more: str) -> None:
    outcome = dbt.run(
        home, ["2024-01-31"], "--exclude-resource-type", "unit_test", *more, "--select", *MODELS
    )
    assert {status for status, _ in outcome.values()} <= {"success", "pass"}, outcome


def built_at_once(dbt: Dbt, home: Home, folder: Path, sql: str) -> list[tuple]:
    """The same rows of a home that has only this home's landing."""
    other = Home(folder / "at-once")
    shutil.rmtree(other.root, ignore_errors=True)
    shutil.copytree(home.landing, other.landing)
    shutil.copytree(home.quarantine, other.quarantine)
    build(dbt, other)
    return rows(other, f"{sql} order by all")


def as_event(day: date, name: str, page: str) -> str:
    at = int(datetime(day.year, day.month, day.day, 10, tzinfo=UTC).timestamp() * 1_000_000)
    page = {"key": "page_location", "value": {"string_value": f"https://us.example{page}"}}
    row = {"event_date": f"{day:%Y%m%d}", "event_timestamp": str(at), "event_name": "page_view"}
    return json.dumps(row | {"user_pseudo_id": name, "event_params": [page]})


def send_web(
    home: Home, day: date, names: str, arrived: date | None, ds: date, page: str = "/"
) -> Path:
    """Land one file with an event for each letter; without a day of arrival as history."""
    path = home.root / f"events_{day:%Y%m%d}.jsonl"
    path.write_text("\n".join(as_event(day, name, page) for name in names) + "\n")
    known = KnownAt.on(arrived) if arrived else KnownAt.history()
    receipt = land_file(path, "ga4", home.landing, home.quarantine, ds, known)
    assert receipt.rows_landed == len(names), receipt
    return path


def send_surge(home: Home, week: date, scores: dict[str, int], arrived: date) -> None:
    path = home.root / f"company_surge_{week}.csv"
    lines = [f",acme.example,,,Cloud,{topic},{score},B,,,," for topic, score in scores.items()]
    path.write_text("\n".join(lines) + "\n")
    receipt = land_file(
        path, "bombora", home.landing, home.quarantine, arrived, KnownAt.on(arrived)
    )
    assert receipt.rows_landed == len(scores), receipt


def visitors(found: list[tuple]) -> list[tuple]:
    return sorted((row[0].split("|")[0], *row[1:]) for row in found)


def test_days_sent_again_parts_and_files_gone_come_out_as_if_built_at_once(dbt, home, tmp_path):
    first, second = date(2024, 1, 10), date(2024, 1, 11)
    send_web(home, first, "ab", None, ds=second)  # history, in two parts
    send_web(home, first, "bc", None, ds=second)
    build(dbt, home)
    assert visitors(rows(home, WEB)) == [(name, "2024-01-10", "2024-01-10", None) for name in "abc"]

    send_web(home, second, "x", second, ds=second)
    send_web(home, first, "ad", second, ds=second)  # the first day again: b and c are gone from it
    build(dbt, home)
    both = [(name, "2024-01-10", "2024-01-10", "2024-01-11") for name in "abc"]
    again = [(name, "2024-01-10", "2024-01-11", None) for name in "ad"]
    new = [("x", "2024-01-11", "2024-01-11", None)]
    assert visitors(rows(home, WEB)) == sorted(both + again + new)
    assert rows(home, f"{WEB} order by all") == built_at_once(dbt, home, tmp_path, WEB)

    third = date(2024, 1, 12)
    send_web(home, first, "e", third, ds=third)
    build(dbt, home)
    assert ("a", "2024-01-10", "2024-01-11", "2024-01-12") in visitors(rows(home, WEB))
    assert rows(home, f"{WEB} order by all") == built_at_once(dbt, home, tmp_path, WEB)

    # what failed its check is taken out of landing, and then stands for nothing
    hold_arrival(home.landing, home.root / "held", "ga4", "event", third)
    build(dbt, home)
    assert visitors(rows(home, WEB)) == sorted(both + again + new)
    assert rows(home, "select count(*) from staging.stg_ga4__event") == [(7,)]


def test_a_week_sent_again_supersedes_only_what_it_changes(dbt, home, tmp_path):
    week = date(2024, 1, 7)
    send_surge(home, week, {"T": 50, "U": 60}, date(2024, 1, 8))
    build(dbt, home)
    send_surge(home, week, {"T": 50, "U": 70}, date(2024, 1, 9))
    send_surge(home, date(2024, 1, 14), {"T": 10}, date(2024, 1, 15))
    build(dbt, home)
    assert rows(home, f"{INTENT} order by all") == [
        ("T", 10, "2024-01-15", None),
        ("T", 50, "2024-01-08", None),
        ("U", 60, "2024-01-08", "2024-01-09"),
        ("U", 70, "2024-01-09", None),
    ]
    assert rows(home, f"{INTENT} order by all") == built_at_once(dbt, home, tmp_path, INTENT)


def test_a_build_without_new_files_touches_nothing_and_changed_rules_rebuild(dbt, home, tmp_path):
    send_web(
        home, date(2024, 1, 10), "ab", date(2024, 1, 10), ds=date(2024, 1, 10), page="/offer/x"
    )
    build(dbt, home)
    written = "select min(rowid), max(rowid), count(*), min(event_type) from core.core_web_event"
    assert rows(home, written) == [(0, 1, 2, "page_view")]
    build(dbt, home)
    assert rows(home, written) == [(0, 1, 2, "page_view")]

    project = tmp_path / "dbt"
    shutil.copytree(PROJECT, project)
    with (project / "seeds" / "core" / "web_paths.csv").open("a") as file:
        file.write("/offer,pricing_view\n")
    with pytest.MonkeyPatch.context() as patch:
        changed = Dbt(project, tmp_path / "parsed", patch)
        build(changed, home)
    assert rows(home, written)[0][2:] == (2, "pricing_view")


def test_a_large_import_built_in_parts_is_the_one_built_at_once(dbt, home, tmp_path, monkeypatch):
    for day in range(1, 6):
        send_web(home, date(2024, 1, day), "ab", None, ds=date(2024, 1, 31))
    for day in (7, 14, 21):
        send_surge(home, date(2024, 1, day), {"T": 50, "U": 60}, date(2024, 1, 25))
    parts = []
    run = dbt_runner.build

    def watched(home, select, *days, most_new=None, **more):
        parts.extend((name, most_new) for name in select if most_new and name != "web_paths")
        return run(home, select, *days, most_new=most_new, **more)

    monkeypatch.setattr(dbt_runner, "build", watched)
    monkeypatch.setattr(large_feeds, "ROWS_TOGETHER", 4)
    assert not transform.build_days(home, set(MODELS), [date(2024, 1, 31)]).problems
    assert parts == [
        *[("stg_bombora__company_surge", 2)] * 2,
        *[("core_intent_signal", 2)] * 2,
        *[("stg_ga4__event", 2)] * 3,
        *[("core_web_event", 2)] * 3,
    ]
    assert rows(home, f"{WEB} order by all") == built_at_once(dbt, home, tmp_path, WEB)
    assert rows(home, f"{INTENT} order by all") == built_at_once(dbt, home, tmp_path, INTENT)

    # The next day is small: no parts.
    parts.clear()
    send_web(home, date(2024, 1, 6), "abc", None, ds=date(2024, 2, 1))
    assert not transform.build_days(home, set(MODELS), [date(2024, 2, 1)]).problems
    assert not parts
    assert rows(home, f"{WEB} order by all") == built_at_once(dbt, home, tmp_path, WEB)
