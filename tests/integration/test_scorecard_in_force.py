"""A home without enough history is scored by its scorecard, until a scoring model takes over; restated days; features let go.

Belongs here: what the commands do and show on either side of the change. Not here: points and
components themselves (unit, behaviour).
"""

import json
from contextlib import closing
from datetime import date, timedelta

import dagster as dg
import duckdb
import polars as pl
import pytest
from click.testing import CliRunner

from dagster_project import dbt_runner
from dagster_project.assets.monitoring import _refuse_other_features
from dagster_project.assets.scoring import _refuse_days_without_features
from dagster_project.cli import main
from dagster_project.command import answers, operations
from dagster_project.command.errors import NoAnswer
from dagster_project.command.rollback import _withdraw, rollback
from dagster_project.resources import ScoringHome
from dagster_project.warehouse import connect
from models.registry import Registry
from models.search import BOUNDS
from tests.small_world import SETTINGS, landed_home

SCORECARD = """\
scorecard:
  hot_from: 70
  warm_from: 30
  lines:
    - {feature: won_deals_365d, at_least: 1, points: 20}
    - {feature: won_deals_365d, at_least: 3, points: 20}
    - feature: won_deals_total
      at_least: 1
      points: 30
      decay: {days_since: days_since_last_won, half_life_days: 180}
"""
PROBABILITIES = "probabilities_are_missing_where_a_scorecard_scored_and_only_there"
CONTRIBUTIONS = "contributions_sum_to_the_log_odds"
FIRST, TRAINED = date(2020, 12, 30), date(2020, 12, 31)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Scored by the scorecard on the first day; the next day a model is trained and scores."""
    folder = tmp_path_factory.mktemp("scorecard")
    home = landed_home(folder / "home", TRAINED, folder / "export")
    (home.root / "scoring.yaml").write_text(SETTINGS + SCORECARD)
    return home


@pytest.fixture
def ask(home, monkeypatch):
    monkeypatch.setenv("SCORING_HOME", str(home.root))

    def run(*arguments):
        found = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
        return found.exit_code, found.output

    return run


def stored(home, sql):
    with duckdb.connect(str(home.published_database), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def card(home, version):
    return " ".join((home.published / "model_cards" / f"{version}.html").read_text().split())


def test_1_a_refused_training_says_that_the_scorecard_stays_in_force(home):
    _, too_few_rows = operations.retrain(home, date(2018, 6, 30), show=False)
    _, too_few_wins = operations.retrain(home, date(2018, 10, 1), show=False)
    assert "at least 100 rows" in too_few_rows.problems[0]
    assert "training refused (too_little_data): 30 accounts" in too_few_wins.problems[0]
    for outcome in (too_few_rows, too_few_wins):
        assert not outcome.ok
        assert "stays in force (scorecard-" in outcome.problems[-1]


def test_2_a_day_without_a_champion_is_scored_by_the_scorecard(home, ask):
    outcome = operations.backfill(home, FIRST, FIRST, show=False)
    assert outcome.ok, outcome.problems
    rows = stored(
        home,
        "select score_basis, scoring_model_version, win_probability_90d, fit_score, "
        "engagement_score, intent_score from account_scores group by all",
    )
    ((basis, version, *nothing),) = rows
    assert basis == "scorecard" and version.startswith("scorecard-")
    assert nothing == [None] * 4
    bands, ranks = stored(
        home, "select count(distinct band), count(distinct rank) from account_scores"
    )[0]
    assert bands >= 2 and ranks == stored(home, "select count(*) from account_scores")[0][0]
    status, text = ask("top", "--limit", "5")
    assert status == 0
    assert "points)" in text and version in text and "points of the scorecard" in text
    assert json.loads(ask("top", "--limit", "1", "--json")[1])[0]["win_probability_90d"] is None


def test_3_points_of_the_factors_sum_to_the_score(home):
    (found,) = stored(
        home,
        "select max(abs(score - 100 * points / 70)) from (select account_id, sum(contribution) as points "
        "from score_reasons group by all) join account_scores using (account_id)",
    )
    assert found[0] < 1e-4


def test_4_the_lines_that_scored_a_day_stay_known(home):
    connection = connect(home)
    try:
        rows = connection.execute(
            "select scoring_model_version, content from scoring.scorecards"
        ).fetchall()
    finally:
        connection.close()
    ((version, content),) = rows
    assert (
        version == stored(home, "select any_value(scoring_model_version) from account_scores")[0][0]
    )
    assert len(json.loads(content)["lines"]) == 3


def test_5_a_model_takes_over_and_earlier_days_stay_as_they_are(home, ask):
    _, trained = operations.retrain(home, TRAINED, show=False)
    assert trained.ok, trained.problems
    assert "auc of scorecard" in trained.metadata["trained_models"]
    outcome = operations.backfill(home, FIRST, TRAINED, show=False)
    assert outcome.ok, outcome.problems
    rows = stored(
        home,
        "select as_of_date, any_value(score_basis), count(distinct score_basis), "
        "count(win_probability_90d) > 0, count(score_change_1d) from account_scores_daily group by 1 order by 1",
    )
    assert rows == [(FIRST, "scorecard", 1, False, 0), (TRAINED, "model", 1, True, 0)]
    text = ask("top", "--limit", "5")[1]
    assert "points of the scorecard" not in text and "model 2" in text
    account = stored(home, "select account_id from account_scores where rank = 1")[0][0]
    status, text = ask("explain", account)
    assert status == 0 and "taken turns" in text and "Log-odds" in text
    status, text = ask("explain", account, "--date", FIRST.isoformat())
    assert status == 0 and "Points" in text and "Log-odds" not in text
    assert answers.explain(home, account, None)["since"]["change"] is None


def test_6_a_scorecards_day_is_evaluated_by_its_order_alone(home):
    early = date(2020, 6, 30)
    assert operations.backfill(home, early, early, show=False).ok
    outcome = operations.evaluate(home, early, show=False)
    assert outcome.ok, outcome.problems
    ((predictor, auc, low, ece, lead),) = stored(
        home, "select predictor, auc, auc_low, ece, model_lead_auc from score_evaluation"
    )
    assert (predictor, ece, lead) == ("scorecard", None, None)
    assert auc > 0.6 and low > 0.5
    # an earlier version of the project made the warehouse: core is brought up to date first
    with closing(connect(home)) as connection:
        connection.execute("drop table core.core_account_survivor_version")
    measures = "select * from score_evaluation order by all"
    measured = stored(home, measures)
    assert operations.evaluate(home, early, show=False).ok
    assert stored(home, measures) == measured


def test_7_a_home_without_a_scorecard_says_what_to_do(home):
    settings = home.root / "scoring.yaml"
    settings.write_text(SETTINGS)
    try:
        day = FIRST - timedelta(days=7)
        outcome = operations.backfill(home, day, day, show=False)
    finally:
        settings.write_text(SETTINGS + SCORECARD)
    assert not outcome.ok
    assert "scoring.yaml holds no scorecard" in outcome.problems[0]
    assert f"scoring retrain --as-of {day}" in outcome.problems[0]


@pytest.mark.parametrize(
    ("day", "damage", "guard"),
    [
        (FIRST, "win_probabilities = map {90: 0.5}", PROBABILITIES),
        (FIRST, "score_basis = 'model'", PROBABILITIES),
        (TRAINED, "contribution_fit = contribution_fit + 0.001", CONTRIBUTIONS),
    ],
)
def test_8_a_row_whose_parts_do_not_fit_together_is_found(home, day, damage, guard):
    connection = connect(home)
    try:
        connection.execute("create or replace temp table kept as from scoring.account_predictions")
        connection.execute(
            f"update scoring.account_predictions set {damage} where as_of_date = ?", [day]
        )
        connection.execute(
            "create or replace table scoring.damaged as from scoring.account_predictions"
        )
        connection.execute("create or replace table scoring.whole as from kept")
    finally:
        connection.close()
    done = dbt_runner.build(home, ["account_scores_daily"], [day])
    connection = connect(home)
    try:
        connection.execute("delete from scoring.account_predictions")
        connection.execute("insert into scoring.account_predictions from scoring.whole")
        connection.execute("drop table scoring.whole; drop table scoring.damaged")
    finally:
        connection.close()
    failed = {node.name for node in done.problems if node.status != "skipped"}
    assert failed == {guard}
    assert not dbt_runner.build(home, ["account_scores_daily"], [day]).problems


def test_9_beside_a_scoring_model_a_refused_training_leaves_that_in_force(home):
    (version,) = stored(home, "select distinct scoring_model_version from account_scores")[0]
    assert version.isdigit()
    assert operations._in_force(home, TRAINED) == f"Scoring model {version} stays in force."


def test_10_a_restated_day_says_so_until_it_is_scored_by_its_own_again(home):
    told = "select bool_and(is_restated), any_value(score_basis) from account_scores_daily where as_of_date = ?"

    def said():
        with duckdb.connect(str(home.published_database), read_only=True) as connection:
            return connection.execute(told, [FIRST]).fetchone()

    rows = f"select * exclude (scored_at, run_id) from account_scores_daily where as_of_date = '{FIRST}' order by rank"
    before = stored(home, rows)
    assert said() == (False, "scorecard")
    assert operations.backfill(home, FIRST, TRAINED, model="latest", show=False).ok
    assert said() == (True, "model")
    # The newest model was champion on its own day: nothing is restated there.
    assert stored(home, "select bool_or(is_restated) from account_scores") == [(False,)]
    assert operations.backfill(home, FIRST, FIRST, show=False).ok
    assert said() == (False, "scorecard")
    assert stored(home, rows) == before


def test_11_features_of_older_days_are_let_go_and_made_again_where_they_are_asked_for(home):
    early = date(2020, 6, 30)
    measures = "select * exclude (outcomes_known_as_of) from score_evaluation"

    def days_with_features():
        with closing(connect(home)) as connection:
            found = connection.execute("select distinct as_of_date from datasets.scoring_set")
            return {day for (day,) in found.fetchall()}

    (home.root / "scoring.yaml").write_text(
        SETTINGS + SCORECARD + "retention: {feature_days: 100}\n"
    )
    measured = stored(home, measures)
    assert operations.backfill(home, early, early, show=False).ok
    assert early in days_with_features()  # a run of past days lets nothing go
    assert operations.backfill(home, TRAINED, TRAINED, show=False).ok
    assert {FIRST, TRAINED} <= days_with_features()
    assert min(days_with_features()) > TRAINED - timedelta(days=100)
    # Scored alone, from Dagster's pages, it would lose its scores.
    with pytest.raises(dg.Failure, match="they were let go"):
        _refuse_days_without_features(ScoringHome(path=str(home.root)), [early])
    _refuse_days_without_features(ScoringHome(path=str(home.root)), [TRAINED, date(2001, 1, 1)])
    assert operations.evaluate(home, early, show=False).ok
    assert stored(home, measures) == measured
    assert early in days_with_features()


def test_12_baselines_are_not_measured_on_features_that_were_not_scored():
    scored = pl.Series(["a", "b"])
    _refuse_other_features(FIRST, scored, scored)
    with pytest.raises(dg.Failure, match="Of 2 accounts .*, 1 have other features now"):
        _refuse_other_features(FIRST, scored, pl.Series(["a", "c"]))


def test_13_a_rollback_returns_to_the_scores_of_the_champion_before(home, ask):
    day = TRAINED + timedelta(days=1)
    rows = f"select * exclude (scored_at, run_id) from account_scores_daily where as_of_date = '{day}' order by rank"
    history = f"select * from account_scores_daily where as_of_date <= '{TRAINED}' order by all"
    assert operations.backfill(home, day, day, show=False).ok
    before, past = stored(home, rows), stored(home, history)
    (old,) = {row[0] for row in stored(home, "select scoring_model_version from account_scores")}
    settings = home.root / "scoring.yaml"
    assert "bootstrap_rounds: 50\n" in SETTINGS
    other = SETTINGS.replace("bootstrap_rounds: 50\n", "bootstrap_rounds: 50\n  seed: 8\n")
    settings.write_text(other + SCORECARD)
    # As good is not better: of the same day and from the same rows, the first stays.
    status, text = ask("retrain", "--as-of", TRAINED.isoformat())
    assert status == 0 and f"scoring model {old} stays" in " ".join(text.split())
    assert operations.backfill(home, day, day, show=False).ok
    assert stored(home, rows) == before
    # What it says is kept beside the champion's from then on, and of no day before it was trained.
    beside = "select distinct challenger_version, scoring_model_version, count(*) from challenger_scores group by all"
    assert stored(home, beside) == [(str(int(old) + 1), old, len(before))]
    with closing(connect(home)) as connection:
        days = connection.execute("select distinct as_of_date from scoring.challenger_predictions")
        assert days.fetchall() == [(day,)]
    settings.write_text(other + "  promotion: {must_beat: []}\n" + SCORECARD)
    _, outcome = operations.retrain(home, TRAINED, show=False, scores_from=day)
    assert outcome.ok, outcome.problems
    assert operations.backfill(home, day, day, show=False).ok
    (new,) = {row[0] for row in stored(home, "select scoring_model_version from account_scores")}
    assert new != old and stored(home, rows) != before
    assert f"scores from {TRAINED} to {TRAINED}." in card(home, old)
    assert f"scores from {day} on." in card(home, new)

    status, text = ask("rollback", "--why", "too fond of large accounts")
    text = " ".join(text.split())
    assert status == 0 and f"Scoring model {new} is withdrawn from {day} on" in text
    assert f"scoring model {old} scores from there" in text
    assert stored(home, rows) == before and stored(home, history) == past
    told = "select withdrawn_from, withdrawn_because from model_versions where scoring_model_version = "
    assert stored(home, f"{told} '{new}'") == [(day, "too fond of large accounts")]
    assert stored(home, f"{told} '{old}'") == [(None, None)]
    assert f"scores from {TRAINED} on." in card(home, old) and "Withdrawn" not in card(home, old)
    said = card(home, new)
    assert f"Withdrawn from {day} on: too fond of large accounts." in said
    assert "scores no day." in said
    # The same training is no new model, and does not bring the withdrawn one back.
    _, outcome = operations.retrain(home, TRAINED, show=False, scores_from=day)
    assert outcome.ok and operations._in_force(home, day) == f"Scoring model {old} stays in force."
    assert operations.backfill(home, day, day, show=False).ok
    assert stored(home, rows) == before


def test_14_a_rollback_that_died_is_finished_and_withdraws_nothing_more(home, ask):
    day = TRAINED + timedelta(days=1)
    registry = Registry(home.mlflow_database, home.mlflow_artifacts)
    version = registry.newest_champion()
    # died after the withdrawal, before the day was scored again
    withdrawn = _withdraw(home, registry, day, "")
    assert (withdrawn.withdrawn, withdrawn.from_day) == (version, day)
    assert registry.newest_champion() is None
    assert f"scores from {TRAINED} on." in card(home, version)
    status, text = ask("rollback")
    assert status == 0 and f"Scoring model {version} had been withdrawn" in " ".join(text.split())
    assert f"scores from {TRAINED} to {TRAINED}." in card(home, version)
    told = "select withdrawn_from from model_versions where scoring_model_version = "
    assert stored(home, f"{told} '{version}'") == [(day,)]
    assert stored(home, "select distinct score_basis from account_scores") == [("scorecard",)]
    with pytest.raises(NoAnswer, match="nothing to roll back"):
        rollback(home, None, "")


def test_15_a_training_may_search_and_says_what_it_found_wherever_it_is_asked(home, ask):
    status, text = ask("retrain", "--as-of", TRAINED.isoformat(), "--search", "0")
    assert status == 2 and "0 is not in the range x>=1" in text
    asked = ["retrain", "--as-of", TRAINED.isoformat(), "--search", "3", "--json"]
    answers_given = [json.loads(ask(*asked)[1]) for _ in range(2)]
    told = [one["assets"]["trained_models"] for one in answers_given]
    # The same search is the same training, and is registered once.
    assert told[0]["scoring_model"] == told[1]["scoring_model"]
    assert told[0]["search"] == told[1]["search"] and told[0]["search"]["trials"] == 3
    version = told[0]["scoring_model"]
    kept = answers.training(home, version)["search"]
    assert kept == told[0]["search"] and set(kept["found"]) == set(BOUNDS)
    registry = Registry(home.mlflow_database, home.mlflow_artifacts)
    record = json.loads((registry._folder(version).parent / "training.json").read_text())
    assert record["search"] == kept and record["settings"]["search_trials"] == 3
