"""A population that begins to win three times as often, from landed files to the verdict and to what is served after it.

Belongs here: the training of a real home on such a history. Does not belong here: the verdict itself
(tests/behaviour/test_models_behaviour.py), drift of scored days (test_drift.py).
"""

from contextlib import closing
from datetime import date

import duckdb
import pytest

from dagster_project.command import operations
from tests.small_world import SmallWorld, landed_home, train

TRIPLES_ON = date(2021, 1, 1)
BEFORE, AFTER = date(2020, 12, 31), date(2021, 5, 31)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Trained the day before it, and scored long after it."""
    folder = tmp_path_factory.mktemp("triples")
    home = landed_home(folder / "home", AFTER, folder / "export", SmallWorld(triples_on=TRIPLES_ON))
    train(home, BEFORE)
    return home


def test_the_training_after_it_is_refused_for_drift_and_the_model_before_scores(home):
    _, trained = operations.retrain(home, AFTER, show=False)
    assert trained.ok, trained.problems
    told = trained.metadata["trained_models"]
    assert told["verdict"] == "drift", told
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
