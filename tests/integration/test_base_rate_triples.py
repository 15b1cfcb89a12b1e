"""A population that begins to win three times as often, from landed files to the verdict and to what is served after it.

Belongs here: the training of a real home on such a history. Does not belong here: the verdict itself
(tests/behaviour/test_models_behaviour.py), drift of scored days (test_drift.py).
"""

from contextlib import closing
from datetime import date, timedelta

import duckdb
import pytest

from dagster_project.command import operations
from tests.small_world import SETTINGS, SmallWorld, landed_home, train

NO_WIN = "no win is known"
# One date measures the model: the first whose whole window lies after the change.
ONE_DATE = "  split: {test_days: 60}\n"
TRIPLES_ON = date(2020, 7, 1)
BEFORE, AFTER = date(2020, 6, 30), date(2020, 9, 30)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Trained the day before it, and scored long after it."""
    folder = tmp_path_factory.mktemp("triples")
    home = landed_home(
        folder / "home",
        AFTER,
        folder / "export",
        SmallWorld(accounts=1500, wins=0.08, triples_on=TRIPLES_ON),
    )
    (home.root / "scoring.yaml").write_text(SETTINGS + ONE_DATE)
    train(home, BEFORE)
    return home


def test_the_training_after_it_is_refused_for_drift_and_the_model_before_scores(home):
    _, trained = operations.retrain(home, AFTER, show=False)
    assert not trained.ok
    assert any(said.startswith("training refused (drift)") for said in trained.problems)
    assert "Scoring model 1 stays in force." in trained.problems
    assert not any(said.startswith(NO_WIN) for said in trained.warnings)
    outcome = operations.backfill(home, AFTER, AFTER, show=False)
    assert outcome.ok, outcome.problems
    with closing(duckdb.connect(str(home.published_database), read_only=True)) as connection:
        versions = connection.execute(
            "select scoring_model_version, verdict, why from model_versions order by 1"
        ).fetchall()
        scored = connection.execute(
            "select distinct scoring_model_version, score_basis from account_scores"
        ).fetchall()
    assert [version[:2] for version in versions] == [("1", "promote"), ("2", "drift")]
    assert "its probabilities do not hold" in versions[1][2]
    assert scored == [("1", "model")]


def test_a_training_warns_where_the_feed_of_outcomes_seems_to_have_stopped(home):
    _, trained = operations.retrain(home, AFTER + timedelta(days=120), show=False)
    (warning,) = (said for said in trained.warnings if said.startswith(NO_WIN))
    assert f"up to {AFTER + timedelta(days=120)}; the longest such silence before was " in warning
    assert "windows since then were taken for losses" in warning
