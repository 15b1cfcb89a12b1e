"""Scored days against their scoring model in a real home: what is published of drift, and the training it asks for.

Belongs here: rows of feature_drift and calibration_drift, that they are those of the day, the sensor on a real home. Does not
belong here: the measures themselves (tests/unit/test_models_drift.py), the shape of the graph (tests/wiring).
"""

import json
from contextlib import closing
from datetime import date, timedelta
from types import SimpleNamespace

import dagster as dg
import duckdb
import pytest
from click.testing import CliRunner

from dagster_project import standing
from dagster_project.cli import main
from dagster_project.command import operations
from dagster_project.command.runs import run_job
from dagster_project.definitions import build_definitions
from dagster_project.drift_seen import drift_seen
from dagster_project.warehouse import connect
from tests.small_world import (
    HISTORY,
    OPPORTUNITY,
    SETTINGS,
    SmallWorld,
    _at,
    _write,
    landed_home,
    train,
)

MONITORING = "monitoring:\n  drift: {days_in_a_row: 2}\n"
TRAINED, OPENED = date(2020, 12, 31), [date(2020, 12, 31), date(2021, 1, 2)]
HORIZON = timedelta(days=90)
CLOSED = [day + HORIZON for day in OPENED]
RUSH = [CLOSED[-1] + timedelta(days=n) for n in (1, 2)]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Trained once; days scored then, and those on which their windows close."""
    folder = tmp_path_factory.mktemp("drift")
    home = landed_home(folder / "home", CLOSED[-1], folder / "export")
    (home.root / "scoring.yaml").write_text(SETTINGS + MONITORING)
    train(home, TRAINED)
    score(home, OPENED)
    score(home, CLOSED)
    return home


def score(home, days):
    """Score the days from the first to the last; what the run warns of."""
    outcome = operations.backfill(home, days[0], days[-1], show=False)
    assert outcome.ok, outcome.problems
    return outcome.warnings


def published(home, sql):
    with closing(duckdb.connect(str(home.published_database), read_only=True)) as connection:
        return connection.execute(sql).fetchall()


def said(home):
    """All that is said of days up to the last that closed a window."""
    return [
        published(home, f"select * from {table} where as_of_date <= '{CLOSED[-1]}' order by all")
        for table in ("feature_drift", "calibration_drift")
    ]


def sensor_tick(home, cursor=None):
    definitions = build_definitions(home)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(
            instance=instance, cursor=cursor, repository_def=definitions.get_repository_def()
        )
        return definitions.resolve_sensor_def("retrain_on_drift").evaluate_tick(context)


def test_each_scored_day_is_held_against_the_reference_and_steady(home):
    found = published(
        home,
        "select kind, count(*), count(distinct as_of_date), count(distinct name), min(scoring_model_version), "
        "count(*) filter (level = 'drift'), bool_and(psi >= 0 and psi_limit_by_chance >= 0) "
        "from feature_drift group by 1 order by 1",
    )
    by_kind = {kind: rest for kind, *rest in found}
    days = len(range((OPENED[-1] - OPENED[0]).days + 1)) + len(
        range((CLOSED[-1] - CLOSED[0]).days + 1)
    )
    assert by_kind["score"] == [days, days, 1, "1", 0, True]
    assert by_kind["features"] == [days, days, 1, "1", 0, True]
    rows, of_days, features, *_ = by_kind["feature"]
    assert (of_days, rows) == (days, days * features) and features > 10
    # what all accounts have alike on the day (the heat of the market) has the rest
    weights = "select sum(weight) between 0.5 and 1.000001 from feature_drift where kind = 'feature' group by as_of_date"
    assert {ok for (ok,) in published(home, weights)} == {True}


def test_windows_that_closed_are_held_against_what_was_won_in_them(home):
    found = published(
        home,
        "select scored_on, as_of_date, accounts, converted, predicted, days_so_far, round(ratio, 9), level "
        "from calibration_drift order by 1",
    )
    assert [row[0] for row in found] == [OPENED[0] + timedelta(days=n) for n in range(3)]
    predicted = dict(
        published(
            home, "select as_of_date, sum(win_probability_90d) from account_scores_daily group by 1"
        )
    )
    wins = SmallWorld().wins
    observed = expected = 0
    for place, (opened, closed, accounts, converted, told, days, ratio, level) in enumerate(
        found, 1
    ):
        assert closed == opened + HORIZON and accounts == 400
        assert converted == len({account for account, day, _ in wins if opened < day <= closed})
        assert told == pytest.approx(predicted[opened], rel=1e-12)
        observed, expected = observed + converted, expected + told
        assert (days, ratio) == (place, round(observed / expected, 9))
        assert level in ("steady", "watch")


def test_days_scored_in_another_order_say_the_same(home):
    before = said(home)
    with closing(connect(home)) as connection:
        connection.execute("delete from scoring.matured_days")
        connection.execute("delete from scoring.feature_stability")
    score(home, CLOSED)
    score(home, OPENED)
    assert said(home) == before


def test_a_day_that_a_later_model_restated_is_no_evidence_for_it(home):
    before = said(home)
    restate = "update scoring.account_predictions set is_restated = ? where as_of_date = ?"
    with closing(connect(home)) as connection:
        connection.execute(restate, [True, OPENED[0]])
    score(home, CLOSED)
    held = published(home, "select scored_on, days_so_far from calibration_drift order by 1")
    assert held == [(OPENED[0] + timedelta(days=n), n) for n in (1, 2)]
    with closing(connect(home)) as connection:
        connection.execute(restate, [False, OPENED[0]])
    score(home, CLOSED)
    assert said(home) == before


def test_what_was_said_at_another_primary_horizon_stands(home):
    before = said(home)
    with closing(connect(home)) as connection:
        connection.execute(
            "insert into scoring.matured_days by name select * replace (30 as horizon_days, scored_on + 30 as as_of_date) "
            "from scoring.matured_days"
        )
    assert score(home, CLOSED) == ()
    rows = "select count(*), min(days_so_far) from calibration_drift where horizon_days = 30"
    assert published(home, rows) == [(3, 1)]
    with closing(connect(home)) as connection:
        connection.execute("delete from scoring.matured_days where horizon_days = 30")
    score(home, CLOSED)
    assert said(home) == before


def test_a_run_warns_that_outcomes_have_left_the_predictions(home):
    before = said(home)
    with closing(connect(home)) as connection:
        connection.execute(
            "insert into scoring.matured_days by name select * exclude (k) replace (scored_on - k::integer as scored_on, "
            "as_of_date - k::integer as as_of_date, 200 as converted, 40.0 as predicted) "
            f"from scoring.matured_days, range(40, 60) as t(k) where scored_on = '{OPENED[0]}'"
        )
    (warning,) = score(home, CLOSED)
    assert warning.startswith("scoring model 1: outcomes left the predictions: on all its days")
    with closing(connect(home)) as connection:
        connection.execute(f"delete from scoring.matured_days where scored_on < '{OPENED[0]}'")
    assert score(home, CLOSED) == () and said(home) == before


def test_what_was_said_of_a_day_that_was_let_go_stands(home):
    before = said(home)
    standing.let_go(home, OPENED[-1] + timedelta(days=1))
    score(home, CLOSED)
    assert said(home) == before


def test_status_says_it(home, monkeypatch):
    monkeypatch.setenv("SCORING_HOME", str(home.root))
    shown = CliRunner().invoke(main, ["status"], catch_exceptions=False, env={"COLUMNS": "100"})
    assert f"Drift of model 1, as of {CLOSED[-1]}" in shown.output
    assert "predicted; ratio" in shown.output and "scoring retrain" not in shown.output
    told = json.loads(CliRunner().invoke(main, ["status", "--json"], catch_exceptions=False).output)
    assert told["drift"]["asks_for_training"] is False
    assert [row["name"] for row in told["drift"]["population"]] == ["score", "all features"]
    # all days are new: one look, which says what the table says of the newest of them
    (look,) = told["drift"]["outcomes"]
    row = told["drift"]["calibration"]
    assert (look["days"], look["scored_on"]) == (row["days_so_far"], row["scored_on"])
    for name in ("ratio", "ratio_low", "ratio_high", "level", "horizon_days"):
        assert look[name] == row[name]


def test_status_goes_on_beside_a_damaged_registry(home, monkeypatch):
    monkeypatch.setenv("SCORING_HOME", str(home.root))
    whole = home.mlflow_database.read_bytes()
    home.mlflow_database.write_bytes(b"no database, but a text that somebody saved there")
    try:
        shown = CliRunner().invoke(main, ["status"], catch_exceptions=False)
    finally:
        home.mlflow_database.write_bytes(whole)
    assert shown.exit_code == 0 and "is damaged" in shown.output
    assert f"Drift of model 1, as of {CLOSED[-1]}" in shown.output


def test_other_commands_say_that_the_registry_is_damaged(home, monkeypatch):
    monkeypatch.setenv("SCORING_HOME", str(home.root))
    whole = home.mlflow_database.read_bytes()
    home.mlflow_database.write_bytes(b"no database, but a text that somebody saved there")
    try:
        shown = CliRunner().invoke(main, ["rollback"])
    finally:
        home.mlflow_database.write_bytes(whole)
    assert shown.exit_code == 2 and "mlflow.db is damaged" in shown.output


def test_a_sensor_looks_at_the_newest_days_by_themselves(home):
    """Behind 200 days of the same model that came out as predicted, three on which four times as many were won."""
    whole = home.published_database.read_bytes()
    try:
        with closing(duckdb.connect(str(home.published_database))) as connection:
            connection.execute(
                "insert into calibration_drift by name select * exclude (k) replace (scored_on - k::integer as scored_on, "
                "as_of_date - k::integer as as_of_date, 200 as converted, 200.0 as predicted) "
                f"from calibration_drift, range(40, 240) as t(k) where scored_on = '{OPENED[0]}'"
            )
            connection.execute(
                "update calibration_drift set predicted = 30, converted = 120 "
                f"where scored_on >= '{OPENED[0]}'"
            )
        (request,) = sensor_tick(home).run_requests
        with closing(duckdb.connect(str(home.published_database))) as connection:
            connection.execute("update calibration_drift set converted = predicted")
        steady = sensor_tick(home)
    finally:
        home.published_database.write_bytes(whole)
    why = request.tags["scoring/because"]
    assert "on its newest days" in why and "on all its days" not in why
    assert "over 3 scored days" in why and not steady.run_requests


def test_a_sensor_is_silent_on_what_is_steady(home):
    tick = sensor_tick(home)
    assert not tick.run_requests
    assert tick.skip_message == f"nothing asks for a training as of {CLOSED[-1]}"


@pytest.fixture(scope="module")
def rushed(home, tmp_path_factory):
    """Two days on which everybody wins three deals, some of which are said to have been won in windows that had closed."""
    before = said(home)
    folder = tmp_path_factory.mktemp("rush")
    accounts = [account for account, _ in SmallWorld().accounts]
    wins = [(n, account, RUSH[0]) for n, account in enumerate(3 * accounts, 100_000)]
    wins += [
        (n, account, OPENED[-1] + timedelta(days=5)) for n, account in enumerate(accounts, 200_000)
    ]
    _write(
        folder / "Opportunity.csv",
        OPPORTUNITY,
        [
            [f"O{n}", a, f"Deal {n}", "New", "Closed Won", 900, day, _at(day), _at(RUSH[0])]
            for n, a, day in wins
        ],
    )
    _write(
        folder / "OpportunityHistory.csv",
        HISTORY,
        [[f"H{n}", f"O{n}", "Closed Won", _at(day)] for n, _, day in wins],
    )
    landed = operations.land(home, "salesforce", [folder], RUSH[0], is_history=False, show=False)
    assert landed.ok, landed.problems
    score(home, [OPENED[0], OPENED[-1]])
    return SimpleNamespace(before=before, warnings=score(home, [CLOSED[0], RUSH[-1]]))


def test_what_lands_later_changes_nothing_of_a_day(home, rushed):
    assert said(home) == rushed.before


def test_a_run_warns_of_a_population_that_moved(rushed):
    (warning,) = (one for one in rushed.warnings if "drifted" in one)
    assert f"on {RUSH[-1]} and 1 more of these days all features drifted" in warning
    assert "scoring model 1 compares with: PSI" in warning and "most by" in warning


def test_a_population_that_moved_is_found_and_named(home, rushed):
    found = published(
        home,
        "select as_of_date, level, words from feature_drift where name = 'all features' and as_of_date > "
        f"'{CLOSED[-1]}' order by 1",
    )
    assert [row[:2] for row in found] == [(day, "drift") for day in RUSH]
    assert "won" in found[0][2]


def test_the_sensor_asks_for_one_training_and_says_why(home, rushed):
    tick = sensor_tick(home)
    (request,) = tick.run_requests
    assert request.partition_key == "2021-04-01"
    why = request.tags["scoring/because"]
    assert f"drifted on 2 scored days in a row up to {RUSH[-1]}" in why
    config = request.run_config["ops"]
    assert config["scoring_model"]["config"]["because"] == why
    assert {one["config"]["as_of"] for one in config.values()} == {RUSH[-1].isoformat()}
    # asked once, whatever became of it
    again = sensor_tick(home, tick.cursor)
    assert not again.run_requests and "none before" in again.skip_message


def test_the_training_keeps_why_it_was_asked_for_and_no_other_is(home, rushed):
    (request,) = sensor_tick(home).run_requests
    config = {op: one["config"] for op, one in request.run_config["ops"].items()}
    why = config["scoring_model"]["because"]
    done = run_job(
        home,
        "retrain",
        request.partition_key,
        config=config,
        tags=request.tags,
        show_progress=False,
    )
    assert done.ok, done.problems
    score(home, RUSH)
    found = published(home, "select trained_as_of, trained_because from model_versions order by 1")
    assert found == [(TRAINED, None), (RUSH[-1], why)]
    card = (home.published / "model_cards" / "2.html").read_text()
    assert "Trained before the quarter" in card and "scored days in a row" in card
    tick = sensor_tick(home)
    assert not tick.run_requests
    assert drift_seen(home).trained_as_of == RUSH[-1]
    assert f"as of {RUSH[-1]}, so none before" in tick.skip_message
