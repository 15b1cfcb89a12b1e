"""The home: made, recognised, refused, locked, moved; and the clock.

Belongs here: the folder itself. Not here: what commands put into it, a copied home with scores in it (e2e).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, date, datetime, time

import pytest

from dagster_project import home as home_module
from dagster_project import home_layout
from dagster_project.home import (
    TELEMETRY_OFF,
    BusyError,
    EmptyHomeError,
    HomeError,
    home_path,
    quiet_environment,
    utc_now,
)
from dagster_project.home_layout import open_home
from dagster_project.landing.known_at import arrival_day

HOLD = """
import sys
from dagster_project.home_layout import open_home
with open_home(sys.argv[1]).writing("a long refresh"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def no_clock(monkeypatch):
    monkeypatch.delenv("SCORING_CLOCK", raising=False)
    monkeypatch.delenv("SCORING_HOME", raising=False)


@contextmanager
def another_writer(root):
    """Another process that holds the write lock until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def stamp_of(root):
    return json.loads((root / "home.json").read_text())


def refusal(root, **options):
    with pytest.raises(HomeError) as refused:
        open_home(root, **options)
    assert str(root) in str(refused.value)
    return str(refused.value)


def test_a_new_home_is_made_and_stamped(tmp_path):
    root = tmp_path / "deep" / "home"
    home = open_home(root)
    assert stamp_of(root) == {"layout_version": 1, "path": str(root)}
    assert open_home(root) == home
    assert home.settings_file == home_module.DEFAULT_SETTINGS_FILE


def test_a_homes_own_settings_replace_the_projects(tmp_path):
    (tmp_path / "scoring.yaml").write_text("version: 1\n")
    assert open_home(tmp_path).settings_file == tmp_path / "scoring.yaml"


def test_files_dropped_before_the_first_command_are_welcome(tmp_path):
    (tmp_path / "inbox" / "salesforce").mkdir(parents=True)
    open_home(tmp_path)


def test_a_question_makes_no_home(tmp_path):
    root = tmp_path / "home"
    with pytest.raises(EmptyHomeError, match="holds no scores yet.*scoring land.*SCORING_HOME"):
        open_home(root, create=False)
    assert not root.exists()


@pytest.mark.parametrize("version", [0, 2, None, "1"])
def test_another_layout_is_refused_with_advice(tmp_path, version):
    (tmp_path / "home.json").write_text(json.dumps({"layout_version": version, "path": "x"}))
    message = refusal(tmp_path)
    assert f"layout version {version}, this program reads 1" in message
    assert "use the program's version that wrote it, or a new SCORING_HOME" in message


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"layout_version": 1}'])
def test_a_damaged_stamp_is_refused_with_advice(tmp_path, content):
    (tmp_path / "home.json").write_text(content)
    assert "restore it from a copy, or start a new SCORING_HOME" in refusal(tmp_path)


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    message = refusal(tmp_path)
    assert "holds other files (thesis.tex)" in message and "SCORING_HOME" in message
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("create", [True, False])
def test_a_file_is_refused(tmp_path, create):
    root = tmp_path / "home"
    root.write_text("x")
    assert "is a file; SCORING_HOME must name a folder" in refusal(root, create=create)


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    message = refusal(tmp_path / "file" / "home")
    assert "cannot be used" in message and "name another folder in SCORING_HOME" in message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_write_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    assert "Permission denied" in refusal(tmp_path / "home")


def test_a_disk_without_room_is_told(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(home_layout.os, "replace", full)
    assert "No space left on device" in refusal(tmp_path / "home")


def test_the_home_comes_from_the_environment_else_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert home_path() == tmp_path / ".scoring"
    monkeypatch.setenv("SCORING_HOME", "elsewhere")
    assert home_path() == tmp_path / "elsewhere"
    assert home_path("given") == tmp_path / "given"


def test_a_link_to_a_home_is_the_same_home(tmp_path):
    home = open_home(tmp_path / "home")
    (tmp_path / "link").symlink_to(home.root)
    assert open_home(tmp_path / "link") == home
    assert open_home(tmp_path / "home" / ".." / "home") == home


def test_a_moved_home_is_stamped_with_its_new_place(tmp_path):
    open_home(tmp_path / "old")
    (tmp_path / "old").rename(tmp_path / "new")
    home = open_home(tmp_path / "new")
    assert stamp_of(home.root)["path"] == str(tmp_path / "new")


def test_a_home_is_not_taken_over_while_another_writes(tmp_path, monkeypatch):
    root = open_home(tmp_path / "home").root
    monkeypatch.setattr(home_layout, "TAKEOVER_WAIT_SECONDS", 0.1)
    with another_writer(root):
        (root / "home.json").write_text(json.dumps({"layout_version": 1, "path": "/elsewhere"}))
        with pytest.raises(BusyError, match="a long refresh"):
            open_home(root)
    open_home(root)
    assert stamp_of(root)["path"] == str(root)


def test_a_second_writer_is_refused_and_told_who_writes(tmp_path):
    home = open_home(tmp_path)
    with another_writer(home.root) as holder:
        with pytest.raises(BusyError) as refused, home.writing("mine"):
            pytest.fail("two writers")
    message = str(refused.value)
    assert f"a long refresh (process {holder.pid}, since " in message
    assert "wait for it to end and try again" in message


def test_the_lock_is_free_when_its_holder_was_killed(tmp_path):
    home = open_home(tmp_path)
    with another_writer(home.root) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with home.writing("mine"):
            seen = json.loads((home.root / "warehouse" / "writer.json").read_text())
    assert (seen["what"], seen["pid"]) == ("mine", os.getpid())


def test_the_lock_is_free_after_an_error(tmp_path):
    home = open_home(tmp_path)
    with pytest.raises(ZeroDivisionError), home.writing("mine"):
        1 / 0  # noqa: B018
    with home.writing("mine again"):
        pass


@pytest.mark.parametrize(
    ("clock", "moment"),
    [
        ("2026-01-31T05:00:00Z", datetime(2026, 1, 31, 5)),
        ("2026-01-31T05:00:00+02:00", datetime(2026, 1, 31, 3)),
        ("2026-01-31T05:00:00", datetime(2026, 1, 31, 5)),
        ("2026-01-31 05:00", datetime(2026, 1, 31, 5)),
        ("2026-01-31", datetime(2026, 1, 31)),
    ],
)
def test_the_clock_may_be_given(monkeypatch, clock, moment):
    monkeypatch.setenv("SCORING_CLOCK", clock)
    assert utc_now() == moment


@pytest.mark.parametrize("clock", ["yesterday", "2026-02-30", "31.01.2026", "5"])
def test_a_clock_that_cannot_be_read_is_told(monkeypatch, clock):
    monkeypatch.setenv("SCORING_CLOCK", clock)
    with pytest.raises(HomeError, match="write it as in 2026-01-31T05:00:00Z"):
        utc_now()


def test_without_a_given_clock_it_is_the_machines(monkeypatch):
    for value in (None, ""):
        if value is not None:
            monkeypatch.setenv("SCORING_CLOCK", value)
        assert utc_now().tzinfo is None
        assert abs((utc_now() - datetime.now(UTC).replace(tzinfo=None)).total_seconds()) < 5


@pytest.mark.parametrize(
    ("arrived", "cutoff", "day"),
    [
        ("2026-01-31T04:59:59.999999", time(5), date(2026, 1, 30)),
        ("2026-01-31T05:00:00", time(5), date(2026, 1, 31)),
        ("2026-01-31T23:59:59", time(5), date(2026, 1, 31)),
        ("2026-02-01T00:00:00", time(5), date(2026, 1, 31)),
        ("2026-01-31T05:15:00", time(5, 30), date(2026, 1, 30)),
        ("2026-01-31T00:00:00", time(0), date(2026, 1, 31)),
        ("2026-03-01T02:00:00-05:00", time(5), date(2026, 3, 1)),
        ("2026-01-01T04:00:00", time(5), date(2025, 12, 31)),
    ],
)
def test_what_arrives_before_the_cutoff_belongs_to_the_day_before(arrived, cutoff, day):
    assert arrival_day(datetime.fromisoformat(arrived), cutoff) == day


def test_telemetry_is_off_unless_someone_asks_for_it(monkeypatch):
    for name in TELEMETRY_OFF:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DO_NOT_TRACK", "0")
    quiet_environment()
    assert os.environ["DO_NOT_TRACK"] == "0"
    assert os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "false"


@pytest.mark.parametrize("name", ["what?", "100%25", "br[1]", "st*r"])
def test_a_path_that_patterns_would_read_otherwise_is_refused(tmp_path, name):
    message = refusal(tmp_path / name)
    assert "a home's path cannot hold" in message
    assert "name another folder in SCORING_HOME" in message
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["with blank", "ünï", "o'clock", "a#b", "{x}", "a:b", "~tilde"])
def test_other_signs_in_a_path_are_fine(tmp_path, name):
    assert open_home(tmp_path / name).root == tmp_path / name


def test_nothing_is_begun_on_a_full_disk(tmp_path, monkeypatch):
    home = open_home(tmp_path)
    with home.writing("refresh"):
        pass
    monkeypatch.setattr(home_module, "LEAST_FREE_MB", 1 << 40)
    with pytest.raises(HomeError, match="MB left.*free some space"), home.writing("refresh"):
        pass


@pytest.mark.parametrize(
    "clock",
    ["nonsense", "2026-13-45", "2026W01", "0001-01-01T00:00:00+14:00", "9999-12-31", "20260131"],
)
def test_a_clock_that_shows_no_time_is_refused(monkeypatch, clock):
    monkeypatch.setenv("SCORING_CLOCK", clock)
    with pytest.raises(HomeError, match="write it as in 2026-01-31T05:00:00Z"):
        home_module.utc_now()
