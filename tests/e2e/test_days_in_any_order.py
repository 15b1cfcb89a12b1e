"""A day's scores are the same whichever days were scored before it, one by one or in one run.

Belongs here: orders of refreshes and back-fills, on the demo's later days. Not here: features of one day against those of many
(tests/integration/test_build_days.py), what lands late (test_late_and_replaced.py).
"""

from __future__ import annotations

import shutil

import pytest

from dagster_project import standing
from dagster_project.home import Home
from tests.command_line import Scoring

pytestmark = pytest.mark.long
DAYS = ["2026-07-01", "2026-07-02"]


@pytest.fixture(scope="module")
def forward(small_demo, tmp_path_factory) -> Scoring:
    """Two refreshes, each of the next day. Nothing may change its home: copy it first."""
    scoring = copy_of(small_demo[0], tmp_path_factory.mktemp("forward") / "home")
    for day in DAYS:
        scoring("refresh", "--date", day)
    return scoring


def copy_of(scoring: Scoring, folder) -> Scoring:
    return Scoring(shutil.copytree(scoring.home, folder))


def said_of(scoring: Scoring) -> dict[str, str]:
    """The digest of each day, and of the latest scores."""
    return {day: scoring.digest(day) for day in DAYS} | {"latest": scoring.digest()}


def test_days_refreshed_out_of_order_are_scored_again_and_then_the_same(
    small_demo, forward, tmp_path
):
    """Each refresh lands its own day: those scored too early are said to rest on less than there is."""
    scoring = copy_of(small_demo[0], tmp_path / "home")
    early, late = DAYS
    assert f"files of {early} wait" in scoring("refresh", "--date", late, status=2).err
    scoring("refresh", "--date", late, "--skip")
    assert scoring("status", "--json").json()["waiting_days"][0] == early
    said = scoring("refresh", "--date", early)
    assert f"scoring backfill --from {late} --to {late}" in " ".join(said.out.split())
    assert scoring("status", "--json").json()["stale_days"] == [late]
    scoring("backfill", "--from", late, "--to", late)
    assert scoring("status", "--json").json()["stale_days"] == []
    assert said_of(scoring) == said_of(forward)


@pytest.mark.parametrize("spans", [[(0, 1)], [(1, 1), (0, 0)]], ids=["one run", "backward"])
def test_days_filled_again_from_nothing_are_the_same(forward, tmp_path, spans):
    scoring = copy_of(forward, tmp_path / "home")
    for first, last in spans:
        standing.forget_all(Home(scoring.home))
        scoring("backfill", "--from", DAYS[first], "--to", DAYS[last])
    assert said_of(scoring) == said_of(forward)
