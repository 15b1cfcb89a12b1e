"""A day's scores are the same whichever days were scored before it, one by one or in one run.

Belongs here: orders of refreshes and back-fills, on the demo's later days. Not here: features of one day against those of many
(tests/integration/test_build_days.py), what lands late (test_late_and_replaced.py).
"""

from __future__ import annotations

import shutil
from contextlib import closing

import pytest

from dagster_project import standing
from dagster_project.home import Home
from dagster_project.warehouse import connect
from tests.command_line import Scoring, digest

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


def test_a_day_says_the_same_alone_and_as_one_of_several_in_a_home_without_scores(
    small_demo, tmp_path
):
    """Also how many accounts are explained, and of how many each factor is kept."""
    days, said = ["2026-06-10", "2026-06-18"], {}
    for last in days:
        scoring = copy_of(small_demo[0], tmp_path / last)
        forget_scores(scoring)
        scoring("backfill", "--from", days[0], "--to", last)
        factors = "select * from scores.score_reasons_daily order by account_id, factor_rank"
        first = [row for row in scoring.query(factors) if row["as_of_date"] == days[0]]
        said[last] = scoring.digest(days[0]), digest(first)
    assert said[days[0]] == said[days[1]]


def forget_scores(scoring: Scoring) -> None:
    """As in a home in which all has landed and nothing was scored yet."""
    shutil.rmtree(scoring.home / "published")
    with closing(connect(Home(scoring.home))) as connection:
        for table in ("account_predictions", "factor_contributions", "scored_days", "passed_days"):
            connection.execute(f"delete from scoring.{table}")
        for table in ("account_scores_daily", "score_reasons_daily"):
            connection.execute(f"delete from marts.{table}")
