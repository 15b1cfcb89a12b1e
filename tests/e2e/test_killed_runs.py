"""A run killed at any moment leaves the published scores whole, and run again ends as if nothing had happened.

Belongs here: SIGKILL at moments spread over the measured length of a refresh and of a back-fill, publishing included. Not here:
what is refused while another run writes (test_daily_refresh.py).

Here a few moments; `KILLS=30 python -m pytest tests/e2e/test_killed_runs.py` takes thirty of each.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import subprocess
import time
from datetime import date, timedelta

import duckdb
import pytest

from tests.command_line import SCORING, Scoring, environment

LAST = date(2026, 6, 30)
KILLS = int(os.environ.get("KILLS", "3"))
BACKFILL = ("backfill", "--from", "2026-06-28", "--to", "2026-06-30")


def moments(seed: int) -> list[float]:
    """Shares of a run's length, one drawn in each of as many equal parts."""
    draw = random.Random(seed)
    return [(place + draw.random()) / KILLS for place in range(KILLS)]


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


def test_a_killed_refresh_is_run_again_as_if_nothing_had_happened(homes):
    calm, other = homes
    for number, share in enumerate(moments(1), start=1):
        day = LAST + timedelta(days=number)
        before = served(other)
        seconds = timed(calm, "refresh")
        killed(other, "refresh", after=share * seconds)
        assert served(other) in (before, served(calm))
        other("refresh", "--date", str(day))
        assert served(other) == served(calm) and served(calm)[0] == day
        assert history(other) == history(calm)


def test_a_killed_backfill_leaves_each_day_as_it_was_and_is_run_again(homes):
    calm, other = homes
    before = history(calm)
    seconds = timed(calm, *BACKFILL)
    assert history(calm) == before
    for share in moments(2):
        killed(other, *BACKFILL, after=share * seconds)
        assert history(other) == before and served(other) == served(calm)
        other(*BACKFILL)
        assert history(other) == before and served(other) == served(calm)
