"""A run that dies at any moment leaves the published scores whole, and run again ends as if nothing had happened.

Belongs here: SIGKILL at moments spread over the measured length of a refresh, of its publishing and of a back-fill; disks that
fill up. Not here: what is refused while another run writes (test_daily_refresh.py).

`make test` kills one refresh; `make test-long KILLS=30` takes thirty moments of each.
"""

from __future__ import annotations

import hashlib
import os
import random
import resource
import shutil
import signal
import subprocess
import time
from datetime import date, timedelta

import duckdb
import pytest

from tests.command_line import SCORING, Scoring, environment

LAST = date(2026, 6, 30)
KILLS = int(os.environ.get("KILLS", "1"))
LATE_ACCOUNT = (
    "Id,Name,Website,Industry,CreatedDate,SystemModstamp,IsDeleted\n"
    "001LATE0000000001,Late Lumber,late-lumber.example,Software,2026-06-01T09:00:00Z,2026-06-28T09:00:00Z,false\n"
)
BACKFILL = ("backfill", "--from", "2026-06-28", "--to", "2026-06-30")


def moments(seed: int, kills: int = KILLS) -> list[float]:
    """Shares of a run's length, one drawn in each of as many equal parts."""
    draw = random.Random(seed)
    return [(place + draw.random()) / kills for place in range(kills)]


def copy_of(scoring: Scoring, folder) -> Scoring:
    return Scoring(shutil.copytree(scoring.home, folder))


def timed(scoring: Scoring, *arguments: str) -> float:
    """Run it in peace; returns seconds."""
    started = time.monotonic()
    scoring(*arguments)
    return time.monotonic() - started


def killed(scoring: Scoring, *arguments: str, after: float) -> None:
    """Start it, kill it after so many seconds (it may have ended), and see that no process of its stays."""
    process = subprocess.Popen(
        [SCORING, *arguments],
        env=environment(SCORING_HOME=str(scoring.home)),
        cwd=scoring.home.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(timeout=after)
    except subprocess.TimeoutExpired:
        children = children_of(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
        until = time.monotonic() + 10
        while any(map(lives, children)):
            assert time.monotonic() < until, "a child outlived the run"
            time.sleep(0.1)


def children_of(pid: int) -> list[int]:
    tasks = os.listdir(f"/proc/{pid}/task")
    texts = [open(f"/proc/{pid}/task/{task}/children").read() for task in tasks]
    return [int(child) for text in texts for child in text.split()]


def lives(pid: int) -> bool:
    try:
        return open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def served(scoring: Scoring) -> tuple[date, str]:
    """The latest day as an analyst reads it, and what it says."""
    with duckdb.connect(
        str(scoring.home / "published" / "scores.duckdb"), read_only=True
    ) as scores:
        (day,) = scores.execute("select distinct as_of_date from account_scores").fetchall()
        sql = "select * exclude (scored_at, run_id) from {} order by account_id"
        rows = scores.execute(sql.format("account_scores")).fetchall()
        why = scores.execute(
            "select * from score_reasons order by account_id, factor_rank"
        ).fetchall()
    return day[0], hashlib.sha256(repr((rows, why)).encode()).hexdigest()


def history(scoring: Scoring) -> dict[date, str]:
    """Each published day, and what it says."""
    with duckdb.connect(
        str(scoring.home / "published" / "scores.duckdb"), read_only=True
    ) as scores:
        rows = scores.execute(
            "select as_of_date, md5(string_agg(md5(columns(* exclude (as_of_date, scored_at, run_id))::varchar), ',' "
            "order by account_id)) from account_scores_daily group by as_of_date"
        ).fetchall()
    return {day: repr(said) for day, *said in rows}


@pytest.fixture
def homes(small_demo, tmp_path):
    """The same home twice: one is left in peace."""
    return copy_of(small_demo[0], tmp_path / "calm"), copy_of(small_demo[0], tmp_path / "killed")


@pytest.mark.parametrize("kills", [1, pytest.param(KILLS, marks=pytest.mark.long)])
def test_a_killed_refresh_is_run_again_as_if_nothing_had_happened(homes, kills):
    calm, other = homes
    for number, share in enumerate(moments(1, kills), start=1):
        day = LAST + timedelta(days=number)
        before = served(other)
        seconds = timed(calm, "refresh")
        killed(other, "refresh", after=share * seconds)
        assert served(other) in (before, served(calm))
        other("refresh", "--date", str(day))
        assert served(other) == served(calm) and served(calm)[0] == day
        assert history(other) == history(calm)


@pytest.mark.long
def test_a_run_killed_while_it_publishes_is_run_again_as_if_nothing_had_happened(homes):
    """Publishing is the end of a run, and short: here all moments are in it."""
    calm, other = homes
    for number, share in enumerate(moments(3), start=1):
        day = LAST + timedelta(days=number)
        before = served(other)
        seconds, publishing = publishing_of(calm, "refresh")
        killed(other, "refresh", after=seconds - publishing * (1 - share))
        assert served(other) in (before, served(calm))
        other("refresh", "--date", str(day))
        assert served(other) == served(calm) and history(other) == history(calm)


def publishing_of(scoring: Scoring, *arguments: str) -> tuple[float, float]:
    """Run it; returns its seconds, and those from the first change of what is published to its end."""
    begun, started = time.time(), time.monotonic()
    scoring(*arguments)
    seconds = time.monotonic() - started
    published = (scoring.home / "published").rglob("*")
    changed = [f.stat().st_mtime for f in published if f.is_file() and f.stat().st_mtime > begun]
    return seconds, seconds - (min(changed) - begun)


@pytest.mark.long
def test_a_killed_backfill_leaves_each_day_old_or_new_and_is_run_again(homes, tmp_path):
    """A late file is in force, so that the days come out different from before."""
    calm, other = homes
    (tmp_path / "account.csv").write_text(LATE_ACCOUNT)
    old = history(calm)
    for scoring in homes:
        scoring("land", "salesforce", tmp_path / "account.csv", "--date", "2026-06-28")
    before = shutil.copytree(other.home, tmp_path / "before")
    seconds = timed(calm, *BACKFILL)
    new = history(calm)
    changed = {day for day in new if new[day] != old[day]}
    assert changed == {date(2026, 6, day) for day in (28, 29, 30)}
    for share in moments(2):
        killed(other, *BACKFILL, after=share * seconds)
        seen = history(other)
        assert all(seen[day] in (old[day], new[day]) for day in old)
        assert served(other)[0] == LAST
        other(*BACKFILL)
        assert history(other) == new and served(other) == served(calm)
        shutil.rmtree(other.home)
        shutil.copytree(before, other.home)


def test_a_run_whose_files_may_not_grow_says_so_and_is_run_again(homes):
    calm, other = homes
    calm("refresh")
    before = served(other), history(other)
    for megabytes in (0.05, 2)[:KILLS]:
        said = limited(other, int(megabytes * 2**20), "refresh")
        assert said.returncode == 1 and "Traceback" not in said.stdout + said.stderr
        assert said.stderr.strip()
        assert (served(other), history(other)) == before
    other("refresh")
    assert served(other) == served(calm) and history(other) == history(calm)


def limited(scoring: Scoring, most: int, *arguments: str) -> subprocess.CompletedProcess:
    """Run it where no file may grow beyond so many bytes."""
    return subprocess.run(
        [SCORING, *arguments],
        env=environment(SCORING_HOME=str(scoring.home)),
        cwd=scoring.home.parent,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=600m", "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(mounted, capture_output=True).returncode:
        pytest.skip(
            "this machine lets nobody mount a file system; see the test of files that may not grow"
        )
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.long
def test_a_disk_that_fills_up_leaves_what_is_served_and_the_run_is_run_again(
    small_demo, small_disk, tmp_path
):
    calm = copy_of(small_demo[0], tmp_path / "calm")
    other = copy_of(small_demo[0], small_disk / "home")
    for number, share in enumerate(moments(4), start=1):
        before = served(other), history(other)
        seconds = timed(calm, "refresh")
        process = subprocess.Popen(
            [SCORING, "refresh"],
            env=environment(SCORING_HOME=str(other.home)),
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        time.sleep(share * seconds)
        fill(small_disk / "filler")
        said, _ = process.communicate()
        assert "Traceback" not in said
        if process.returncode:
            assert "space" in said or "full" in said or "disk" in said, said
            assert (served(other), history(other)) == before
        (small_disk / "filler").unlink()
        other("refresh", "--date", str(LAST + timedelta(days=number)))
        assert served(other) == served(calm) and history(other) == history(calm)


def fill(place) -> None:
    with open(place, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(2**20))
        except OSError:
            pass
