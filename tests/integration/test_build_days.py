"""Days built several at a time are what they are when built together; a failure ends the build."""

from datetime import date, timedelta

import pytest
import yaml

from dagster_project import dbt_runner, standing
from dagster_project.assets import transform
from dagster_project.command import operations
from dagster_project.config import DEFAULT_SETTINGS_FILE
from tests.dbt_world import DAYS, WORLD, new_home, rows
from tests.small_world import landed_home

ASKED = [date.fromisoformat(day) for day in DAYS]
TRAINING_SET = "from datasets.training_set order by as_of_date, account_id"
OF_A_MONTH = {
    "mode": "expansion",
    "horizons_days": [30],
    "primary_horizon_days": 30,
    "recording_starts": "2020-01-01",
}
SCORING_SET = "from datasets.scoring_set order by as_of_date, account_id"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return new_home(tmp_path_factory.mktemp("days") / "home", WORLD)


@pytest.fixture
def builds(monkeypatch):
    """The days and the number of models of each dbt build."""
    asked = []
    build = dbt_runner.build

    def watched(home, select, as_of_dates, *others, **more):
        asked.append((list(as_of_dates), len(select)))
        return build(home, select, as_of_dates, *others, **more)

    monkeypatch.setattr(dbt_runner, "build", watched)
    return asked


def test_days_built_one_by_one_are_those_built_together(home, builds, monkeypatch):
    names = transform.features_of(home)
    assert not transform.build_days(home, names, ASKED).problems
    together = rows(home, SCORING_SET)
    assert {day for _, day, *_ in together} == set(ASKED)

    builds.clear()
    monkeypatch.setattr(transform, "ROWS_TOGETHER", 1)
    done = transform.build_days(home, names, ASKED)
    assert not done.problems and rows(home, SCORING_SET) == together
    assert [days for days, _ in builds] == [ASKED, *([day] for day in ASKED)]
    undated = dbt_runner.names_of(home, ("staging", "core"))
    assert [models for _, models in builds] == [len(undated)] + [len(names - undated)] * len(ASKED)
    names_built = [node.name for node in done.nodes]
    assert len(names_built) == len(set(names_built)) and names <= set(names_built)


def test_what_is_learnt_from_holds_every_day_also_when_features_are_built_day_by_day(
    tmp_path, builds, monkeypatch
):
    home = new_home(tmp_path / "home", WORLD)
    settings = yaml.safe_load(DEFAULT_SETTINGS_FILE.read_text())
    settings["conversion"] |= OF_A_MONTH
    (home.root / "scoring.yaml").write_text(yaml.safe_dump(settings))
    names = transform.features_of(home) | {"label_conversion", "training_set"}
    known = date(2020, 6, 30)
    assert not transform.build_days(home, names, ASKED, known).problems
    together = rows(home, TRAINING_SET)
    assert {day for _, day, *_ in together} == set(ASKED)
    assert [days for days, _ in builds] == [ASKED, ASKED]  # what has landed, then all else

    builds.clear()
    monkeypatch.setattr(transform, "ROWS_TOGETHER", 1)
    assert not transform.build_days(home, names, ASKED, known).problems
    assert rows(home, TRAINING_SET) == together
    assert [days for days, _ in builds] == [ASKED, *([day] for day in ASKED), ASKED]


def test_of_some_days_only_the_others_features_are_built(home, builds):
    """Rows of days that stand stay as they are, and are learnt from like the others."""
    names = transform.features_of(home)
    assert not transform.build_days(home, names, ASKED).problems
    before = rows(home, SCORING_SET)
    builds.clear()
    assert not transform.build_days(home, names, ASKED, feature_days=ASKED[1:2]).problems
    assert [days for days, models in builds if models] == [ASKED, ASKED[1:2]]
    assert rows(home, SCORING_SET) == before


def test_nothing_is_built_after_a_failure(home, builds, monkeypatch):
    monkeypatch.setattr(transform, "ROWS_TOGETHER", 1)
    days = [*ASKED, date(2020, 3, 6)]
    monkeypatch.setattr(dbt_runner, "build", failing_on(ASKED[1], builds, dbt_runner.build))
    done = transform.build_days(home, {"spine_account_day", "core_account_version"}, days)
    assert [node.message for node in done.problems] == ["the disk is full"]
    assert [days for days, _ in builds] == [days, [days[0]]]


def test_a_home_without_core_is_told_what_failed_in_core(tmp_path, monkeypatch):
    """How many accounts there are is asked only of a core that has been built."""
    failed = dbt_runner.NodeResult("m.core", "core", "model", "error", "no such column", 0.1)
    monkeypatch.setattr(dbt_runner, "build", lambda *a, **k: dbt_runner.Build([failed]))
    home = new_home(tmp_path / "home")
    done = transform.build_days(home, transform.features_of(home), ASKED)
    assert [node.message for node in done.problems] == ["no such column"]


def test_a_back_fill_that_died_goes_on_after_its_last_part(tmp_path, monkeypatch):
    last = date(2020, 12, 31)
    home = landed_home(tmp_path / "home", last, tmp_path / "export")
    days = [last - timedelta(n) for n in (2, 1, 0)]
    builds: list = []
    with monkeypatch.context() as patch:
        patch.setattr(transform, "ROWS_TOGETHER", 1)
        patch.setattr(dbt_runner, "build", failing_on(last, builds, dbt_runner.build))
        assert not operations.backfill(home, days[0], last, show=False).ok
    stand, left = standing.standing(home, transform.features_of(home), days)
    assert left == [last]
    assert "core_account_version" in stand


def failing_on(day, builds, build):
    failed = dbt_runner.NodeResult("m.spine", "spine", "model", "error", "the disk is full", 0.1)

    def maybe(home, select, as_of_dates, *others, **more):
        if list(as_of_dates) == [day]:
            return dbt_runner.Build([failed])
        return build(home, select, as_of_dates, *others, **more)

    return maybe
