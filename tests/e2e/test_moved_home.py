"""A home that was copied to another place works from there, with the place it came from gone.

Belongs here: answers and scoring in a copied home. Not here: the stamp (tests/unit/test_home.py).
"""

from __future__ import annotations

import shutil

import pytest

from tests.command_line import Scoring, digest
from tests.e2e.conftest import AS_OF

DAY = AS_OF.isoformat()


@pytest.fixture(scope="module")
def copied(first_run, tmp_path_factory):
    """A copy of the first home; the first one stands under another name as long as it is used."""
    copy = tmp_path_factory.mktemp("moved") / "another place" / "home"
    shutil.copytree(first_run.home, copy)
    away = first_run.home.with_name("away")
    first_run.home.rename(away)
    yield Scoring(copy)
    away.rename(first_run.home)


def test_it_answers(copied, scores):
    best = min(scores, key=lambda row: row["rank"])
    assert copied("top", "--limit", 1, "--json").json() == [best]
    assert copied("explain", best["account_id"], "--json").json()["score"] == best


def test_its_history_is_read_from_the_new_place(copied, scores):
    assert copied.scores(DAY) == scores
    shutil.rmtree(copied.home / "published" / "score_reasons_daily")
    said = copied("query", "select count(*) from scores.score_reasons_daily", status=2)
    assert str(copied.home) in said.err


def test_it_scores_the_same_day_again_and_says_the_same(copied, first_run, scores):
    outcome = copied("backfill", "--from", DAY, "--to", DAY, "--json").json()
    assert outcome["ok"] and outcome["problems"] == []
    again = copied.scores()
    assert {row["run_id"] for row in again} == {outcome["run_id"]}
    assert {row["run_id"] for row in again}.isdisjoint(row["run_id"] for row in scores)
    assert digest(again) == digest(scores)
    assert not first_run.home.exists(), "nothing was written at the old place"
