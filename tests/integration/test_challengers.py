"""The challenger of a day in a real home: the same in whatever order days are scored, and nobody's day hangs on it.

Belongs here: rows of challenger_predictions and challenger_scores, and what is said where there are none. Does not belong here:
which version is a day's challenger (tests/unit/test_reign.py).
"""

from contextlib import closing
from datetime import date, timedelta

import duckdb
import polars as pl
import pytest
from click.testing import CliRunner

from dagster_project.assets import scoring
from dagster_project.challengers import Challengers
from dagster_project.cli import main
from dagster_project.command import operations
from dagster_project.warehouse import connect
from models.registry import Registry
from tests.small_world import SETTINGS, landed_home, train

DAY = date(2020, 12, 31)
BESIDE = [DAY + timedelta(days=n) for n in (1, 2)]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A model scored the day; then another training of that day was kept out."""
    folder = tmp_path_factory.mktemp("challengers")
    home = landed_home(folder / "home", DAY, folder / "export")
    train(home, DAY)
    score(home, DAY, DAY)
    seed = SETTINGS.replace("bootstrap_rounds: 50\n", "bootstrap_rounds: 50\n  seed: 8\n")
    (home.root / "scoring.yaml").write_text(seed)
    _, outcome = operations.retrain(home, DAY, show=False)
    assert outcome.metadata["trained_models"]["verdict"] == "keep", outcome.metadata
    return home


def score(home, first, last):
    outcome = operations.backfill(home, first, last, show=False)
    assert outcome.ok, outcome.problems
    return outcome


def registry_of(home):
    return Registry(home.mlflow_database, home.mlflow_artifacts)


def kept(home):
    """All that challengers said, and what is published of the latest day."""
    with closing(connect(home)) as connection:
        rows = connection.execute("from scoring.challenger_predictions order by all").fetchall()
    with closing(duckdb.connect(str(home.published_database), read_only=True)) as published:
        return rows, published.execute("from challenger_scores order by all").fetchall()


def test_single_days_and_a_backfill_of_the_same_days_say_the_same(home, monkeypatch):
    for day in BESIDE:
        score(home, day, day)
    # The day itself was scored before the training: it has no challenger, also when it is scored again.
    score(home, DAY, DAY)
    singly = kept(home)
    assert {row[0] for row in singly[0]} == set(BESIDE) and {row[-1] for row in singly[0]} == {"2"}
    assert len(singly[1]) == 400
    assert score(home, DAY, BESIDE[-1]).warnings == ()
    assert kept(home) == singly
    # so many rows together that each day stands alone
    monkeypatch.setattr(scoring, "ROWS_TOGETHER", 500)
    score(home, DAY, BESIDE[-1])
    assert kept(home) == singly


def test_a_registry_from_before_first_days_were_kept_says_the_same(home):
    registry = registry_of(home)
    before = registry.challengers_as_of([DAY, *BESIDE])
    assert before == {DAY: None} | dict.fromkeys(BESIDE, "2")
    assert registry._version("2").tags["challenger_from"] == BESIDE[0].isoformat()
    registry._client.delete_model_version_tag("account_scoring", "2", "challenger_from")
    assert registry.challengers_as_of([DAY, *BESIDE]) == before


def test_a_damaged_challenger_holds_no_day_up_and_is_told_of(home, monkeypatch):
    whole = kept(home)
    file = next(registry_of(home)._folder("2").glob("horizon_*.ubj"))
    content = file.read_bytes()
    monkeypatch.setenv("SCORING_HOME", str(home.root))
    asked = ["backfill", "--from", BESIDE[0].isoformat(), "--to", BESIDE[1].isoformat()]
    try:
        file.write_bytes(content[: len(content) // 2])
        outcome = score(home, *BESIDE)
        (warning,) = outcome.warnings
        assert warning.startswith("challenger 2 was not asked: ") and "SHA-256 differs" in warning
        assert outcome.metadata["challenger_predictions"]["warning"] == warning
        assert kept(home) == ([], [])
        shown = CliRunner().invoke(main, asked, catch_exceptions=False)
        assert shown.exit_code == 0 and "challenger 2 was not asked" in shown.output
    finally:
        file.write_bytes(content)
    assert score(home, *BESIDE).warnings == ()
    assert kept(home) == whole


def test_a_challenger_that_knows_a_feature_that_is_gone_is_told_of(home):
    with closing(connect(home)) as connection:
        frame = connection.execute(
            "from datasets.scoring_set where as_of_date = ? order by account_id", [BESIDE[0]]
        ).pl()
    registry = registry_of(home)
    challengers = Challengers(registry, BESIDE, 90)
    assert challengers.said(frame).height == 400 and challengers.warning is None
    gone = registry.load_version("2").encoder.names[0]
    assert challengers.said(frame.drop(gone)).height == 0
    assert challengers.warning == f"challenger 2 was not asked: the frame lacks columns: {gone}"
    no_number = frame.with_columns(pl.lit("seven").alias(gone))
    assert challengers.said(no_number).height == 0 and "conversion" in challengers.warning


def test_a_challenger_that_knows_no_such_horizon_is_told_of(home):
    challengers = Challengers(registry_of(home), BESIDE, 30)
    assert challengers.warning == "challenger 2 was not asked: it knows no horizon of 30 days"


def test_a_challenger_whose_folder_cannot_be_opened_is_told_of(home):
    folder = registry_of(home)._folder("2")
    aside = folder.with_name("aside")
    folder.rename(aside)
    try:
        assert "so no scoring model" in Challengers(registry_of(home), BESIDE, 90).warning
        folder.write_text("a file where the model's folder should be")
        assert "Not a directory" in Challengers(registry_of(home), BESIDE, 90).warning
        folder.unlink()
    finally:
        aside.rename(folder)
