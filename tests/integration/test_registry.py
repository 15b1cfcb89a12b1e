"""Trainings in a real MLflow on sqlite, in a temporary home."""

import json
import shutil
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import pytest

from dagster_project.home_layout import open_home
from dagster_project.model_cards import card_path, renew_cards
from models.registry import CHAMPION, MODEL_NAME, Registry, RegistryError
from models.registry_store import read_rows, relocate
from models.training import train
from tests.factories import training_rows, training_settings

DAY = date(2009, 3, 31)


def open_registry(home: Path) -> Registry:
    (home / "artifacts").mkdir(parents=True, exist_ok=True)
    return Registry(home / "mlflow.db", home / "artifacts")


@pytest.fixture(scope="module")
def rows():
    return training_rows(accounts=300)


@pytest.fixture(scope="module")
def promoted(rows):
    result = train(rows, training_settings(rows), {"trained_as_of": DAY.isoformat()})
    assert result.verdict.is_promoted
    return result


@pytest.fixture(scope="module")
def refused():
    rows = training_rows(accounts=300, signal=0.0)
    result = train(rows, training_settings(rows))
    assert not result.verdict.is_promoted
    return result


@pytest.fixture(scope="module")
def empty_home(tmp_path_factory):
    home = tmp_path_factory.mktemp("empty home")
    registry = open_registry(home)
    assert registry.newest_champion() is None
    registry._client.search_registered_models()
    assert registry.newest_champion() is None
    return home


@pytest.fixture
def home(empty_home, tmp_path):
    # MLflow takes seconds to make its tables: make them once, copy them for each test
    copy = tmp_path / "home with space"
    shutil.copytree(empty_home, copy)
    relocate(copy / "mlflow.db", empty_home, copy)
    return copy


def register(registry, result, rows, day=DAY, digest="d1", champion_from=None, because=""):
    settings = training_settings(rows)
    return registry.register(
        result,
        settings=settings,
        trained_as_of=day,
        champion_from=champion_from or day,
        digest=digest,
        code_version="abc",
        because=because,
    )


def test_a_registered_model_comes_back_the_same(home, promoted, rows):
    registry = open_registry(home)
    version, run_id = register(registry, promoted, rows)
    loaded = registry.load_version(version)
    assert loaded.score(rows).equals(promoted.model.score(rows))
    baselines = registry.load_baselines(version)
    beside = {"logistic_regression", "untuned_xgboost", "rule", "suggested_scorecard"}
    assert set(baselines) == beside
    run = registry._client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["test.auc"] == pytest.approx(promoted.metrics["auc"])
    assert run.data.params["booster.max_depth"] == "3"
    assert run.data.tags["code_version"] == "abc"
    files = {p.name for p in (home / "artifacts").rglob("*") if p.is_file()}
    assert {"reliability.png", "gain.png", "lift.png", "feature_importance.png"} <= files
    assert {"feature_contract.json", "training.json", "scoring_model.json"} <= files
    record = json.loads(next((home / "artifacts").rglob("training.json")).read_text())
    assert record["model_digest"] == promoted.model.digest()


def test_what_days_are_held_against_and_why_it_was_trained_are_kept(home, promoted, rows):
    registry = open_registry(home)
    due, _ = register(registry, promoted, rows)
    early, run_id = register(registry, promoted, rows, digest="d2", because="score drifted")
    assert registry.load_drift_reference(due) == promoted.drift_reference
    assert [registry.trained_because(version) for version in (due, early)] == [
        None,
        "score drifted",
    ]
    assert registry._client.get_run(run_id).data.tags["trained_because"] == "score drifted"
    # a model from before this was kept scores all the same
    for path in (home / "artifacts").rglob("drift_reference.json"):
        path.unlink()
    assert registry.load_drift_reference(early) is None
    assert registry.load_version(early).digest() == promoted.model.digest()


def test_the_same_training_is_registered_once(home, promoted, rows):
    first = register(open_registry(home), promoted, rows)
    again = register(open_registry(home), promoted, rows)
    assert again == first
    assert register(open_registry(home), promoted, rows, digest="d2") != first


def test_a_training_on_a_day_whose_scores_are_out_scores_from_the_next_day_on(home, promoted, rows):
    registry = open_registry(home)
    old, _ = register(registry, promoted, rows)
    new, _ = register(registry, promoted, rows, digest="d2", champion_from=DAY + timedelta(days=1))
    assert registry.champion_as_of(DAY) == old
    assert registry.champion_as_of(DAY + timedelta(days=1)) == new == registry.newest_champion()


def test_a_training_that_broke_off_is_simply_run_again(home, promoted, rows):
    registry = open_registry(home)
    in_the_way = home / "artifacts" / MODEL_NAME
    in_the_way.write_text("a file where the folder of artefacts should be")
    with pytest.raises(OSError):
        register(registry, promoted, rows)
    in_the_way.unlink()
    assert registry.champion_as_of(DAY) is None
    version, run_id = register(registry, promoted, rows)
    assert version == "1"
    experiment = registry._client.get_experiment_by_name(MODEL_NAME).experiment_id
    runs = registry._client.search_runs([experiment])
    assert {run.info.run_id: run.info.status for run in runs}[run_id] == "FINISHED"
    assert sorted(run.info.status for run in runs) == ["FINISHED", "KILLED"]


def test_the_champion_of_a_day_is_the_newest_trained_by_then(home, promoted, refused, rows):
    registry = open_registry(home)
    assert registry.champion_as_of(DAY) is None
    newer, _ = register(registry, promoted, rows, date(2010, 3, 31), "new")
    older, _ = register(registry, promoted, rows, date(2009, 3, 31), "old")
    bad, _ = register(registry, refused, rows, date(2010, 12, 31), "bad")
    assert registry.champion_as_of(date(2009, 3, 30)) is None
    assert registry.champion_as_of(date(2009, 3, 31)) == older
    assert registry.champion_as_of(date(2010, 3, 30)) == older
    assert registry.champion_as_of(date(2011, 1, 1)) == newer
    assert registry.newest_champion() == newer
    tags = registry._client.get_model_version(MODEL_NAME, bad).tags
    assert tags["verdict"] == refused.verdict.verdict
    assert "champion_from" not in tags
    assert registry._client.get_model_version(MODEL_NAME, newer).aliases == [CHAMPION]
    # what the registry reads from MLflow's tables is what MLflow says
    for told in registry._client.search_model_versions(f"name = '{MODEL_NAME}'"):
        read = registry._version(told.version)
        assert (read.source, read.run_id, read.tags) == (told.source, told.run_id, told.tags)


def test_of_two_trainings_of_a_day_the_later_one_counts(home, promoted, rows):
    registry = open_registry(home)
    register(registry, promoted, rows, DAY, "one")
    second, _ = register(registry, promoted, rows, DAY, "two")
    assert registry.champion_as_of(DAY) == registry.newest_champion() == second


def test_a_moved_home_works_from_its_new_place(home, promoted, rows, tmp_path):
    version, _ = register(open_registry(home), promoted, rows)
    moved = tmp_path / "elsewhere"
    shutil.move(home, moved)
    assert relocate(moved / "mlflow.db", home, moved) > 0
    assert relocate(moved / "mlflow.db", home, moved) == 0
    registry = open_registry(moved)
    assert registry.load_version(version).digest() == promoted.model.digest()
    second, _ = register(registry, promoted, rows, date(2010, 3, 31), "more")
    assert registry.load_version(second).digest() == promoted.model.digest()
    assert not home.exists()


def test_relocation_leaves_neighbours_alone(home, tmp_path):
    assert relocate(home / "mlflow.db", Path(str(home)[:-1]), tmp_path / "x") == 0


def test_a_damaged_file_is_named_and_a_question_that_fails_is_not_called_damage(
    home, promoted, rows, tmp_path
):
    damaged = tmp_path / "mlflow.db"
    damaged.write_bytes(b"no database, but a text that somebody saved there")
    for asked in (
        lambda: relocate(damaged, home, tmp_path),
        Registry(damaged, tmp_path).newest_champion,
    ):
        with pytest.raises(
            RegistryError, match="mlflow.db is damaged: file is not a database"
        ) as found:
            asked()
        # a run is answered by its innermost error
        assert found.value.__cause__ is None
    register(open_registry(home), promoted, rows)
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        read_rows(home / "mlflow.db", "select version from nowhere")


def test_an_unknown_version_is_an_error(home):
    with pytest.raises(RegistryError, match="version 7"):
        open_registry(home).load_version("7")


def test_nothing_is_written_where_the_caller_stands(home, promoted, rows, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    register(open_registry(home), promoted, rows)
    assert not (tmp_path / "mlruns").exists()


def test_whom_a_training_has_to_beat_does_not_hang_on_whether_it_has_run_before(
    home, promoted, rows
):
    registry = open_registry(home)
    day, later = date(2010, 3, 31), date(2010, 6, 30)
    assert registry.champion_before(day, day, "of day") is None
    older, _ = register(registry, promoted, rows, date(2009, 3, 31), "old")
    own, _ = register(registry, promoted, rows, day, "of day")
    register(registry, promoted, rows, later, "later")
    assert registry.champion_before(day, day, "of day") == older
    # another training of that day has to beat the first one
    assert registry.champion_before(day, day, "other settings") == own
    assert registry.champion_before(date(2008, 12, 31), date(2008, 12, 31), "older yet") is None


def test_a_version_keeps_the_model_that_it_was_measured_by(home, promoted, rows):
    registry = open_registry(home)
    version, _ = register(registry, promoted, rows)
    later = promoted.test_rows
    mine = rows.join(later.select("as_of_date", "account_id"), on=["as_of_date", "account_id"])
    said = registry.load_tester(version).score(mine).sort("as_of_date", "account_id")
    told = later.sort("as_of_date", "account_id")
    for column, name in (
        ("raw_probability", "raw_probability"),
        (f"win_probability_{promoted.model.primary_horizon_days}d", "probability"),
    ):
        assert said[column].equals(told[name].rename(column)), column
    assert said["raw_probability"].sum() != (
        registry.load_version(version).score(mine)["raw_probability"].sum()
    )


def test_cards_say_the_days_of_now_and_one_that_cannot_be_made_holds_nothing_up(
    home, promoted, rows
):
    registry, place = open_registry(home), open_home(home.parent / "scored")
    old, _ = register(registry, promoted, rows)
    new, _ = register(registry, promoted, rows, date(2010, 3, 31), "d2")
    assert registry.concerned(new) == [old, new]
    assert renew_cards(place, registry, registry.concerned(new)) == []
    assert f"scores from {DAY} to 2010-03-30." in " ".join(
        card_path(place, old).read_text().split()
    )
    registry.withdraw(new, date(2010, 3, 31), "")
    (registry._folder(new).parent / "training.json").unlink()
    (left,) = renew_cards(place, registry, registry.concerned(new))
    assert left.startswith(f"the card of scoring model {new} may be out of date: ")
    assert f"scores from {DAY} on." in " ".join(card_path(place, old).read_text().split())
