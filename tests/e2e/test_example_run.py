"""The example's run: who is scored, what is published about each account, and that the story's end changes nothing.

Belongs here: the result of full runs. Not here: the questions people ask of it (test_questions.py).
"""

from __future__ import annotations

import math

import duckdb
import pytest

from tests.command_line import digest
from tests.crunchbase_sample import converted, eligible, read
from tests.e2e.conftest import AS_OF

MEASURES = {
    *("n", "positives", "auc", "auc_low", "auc_high", "pr_auc", "brier", "brier_base", "log_loss"),
    *("lift_top_decile", "ece"),
}
# Blueprint, section 8.
PEOPLE = {
    *("people_known", "people_engaged_90d", "has_decision_maker_engaged", "committee_coverage"),
    *("committee_engaged", "best_lead_id", "best_lead_probability", "leads_noisy_or"),
}
COLUMNS = {
    *(
        "account_id",
        "account_name",
        "domain",
        "owner_id",
        "as_of_date",
        "score",
        "win_probability_365d",
    ),
    *("expected_days_to_close", "band", "grade", "tier", "segment"),
    *("fit_score", "engagement_score", "intent_score", "readiness_score"),
    *("expected_deal_usd", "expected_value_usd", "rank", "score_change_1d", "score_change_7d"),
    *("reasons", "flags", "score_basis", "scoring_model_version", "is_restated"),
    *("raw_probability", "contribution_base", "contribution_fit", "contribution_engagement"),
    *("contribution_intent", "contribution_relationship"),
    *PEOPLE,
    *("feature_contract_version", "feature_digest", "scored_at", "run_id"),
}
NOT_SAID_YET = {
    *("engagement_score", "intent_score", "expected_days_to_close", "owner_id"),
    # Crunchbase's companies come without people.
    *PEOPLE,
}
TABLES = {
    *("account_scores", "account_scores_daily", "excluded_accounts", "score_reasons"),
    *("score_reasons_daily", "model_versions", "model_reliability", "score_evaluation"),
    *("feed_health", "quarantined_rows", "model_groups", "challenger_scores"),
    *("segment_conversion", "icp_profile", "suggested_points"),
    *("feature_drift", "calibration_drift", "lead_scores"),
}


def test_the_measures_have_the_names_that_the_issue_gives(first_run):
    measures = first_run.measures
    assert {"as_of", "baselines"} | MEASURES <= set(measures)
    assert measures["as_of"] == AS_OF.isoformat()
    beside = {"logistic_regression", "untuned_xgboost", "rule", "suggested_scorecard"}
    assert set(measures["baselines"]) == beside
    for values in (measures, *measures["baselines"].values()):
        assert MEASURES <= set(values)
        assert all(isinstance(values[name], int | float) for name in MEASURES)
        assert values["auc_low"] < values["auc"] < values["auc_high"]
        assert 0.5 < values["auc"] < 0.95


def test_those_are_scored_and_count_as_converting_whom_the_files_name(first_run):
    expected = eligible(first_run.source, AS_OF)
    won = converted(read(first_run.source, "rounds"), AS_OF)
    assert first_run.measures["n"] == len(expected)
    assert first_run.measures["positives"] == len(expected & won)
    for values in first_run.measures["baselines"].values():
        assert (values["n"], values["positives"]) == (len(expected), len(expected & won))


def test_the_run_ends_with_whom_to_call_why_and_where_to_ask(first_run):
    assert "Whom to call first, as of 2010-03-31" in first_run.log
    assert "scoring query" in first_run.log and str(first_run.home) in first_run.log
    assert "Crunchbase (CC BY)" in first_run.log
    assert "Traceback" not in first_run.log and "Warning" not in first_run.log


def test_one_row_an_eligible_account_with_all_columns(first_run, scores):
    assert len(scores) == len({row["account_id"] for row in scores}) == first_run.measures["n"]
    assert {frozenset(row) for row in scores} == {frozenset(COLUMNS)}
    names = {row["permalink"]: row["name"] for row in read(first_run.source, "companies")}
    expected = [names[company] for company in eligible(first_run.source, AS_OF)]
    assert sorted(row["account_name"] for row in scores) == sorted(expected)


def test_what_cannot_be_said_is_null_and_all_else_is_said(scores):
    for row in scores:
        assert all(row[name] is None for name in NOT_SAID_YET)
        assert row["score_change_1d"] is None and row["score_change_7d"] is None
        # The fit of a company of which neither region nor founding day is on record cannot be said either.
        sometimes = {
            "domain",
            "score_change_1d",
            "score_change_7d",
            "fit_score",
            "grade",
            "segment",
        }
        said = COLUMNS - NOT_SAID_YET - sometimes
        assert all(row[name] is not None for name in said)
        assert row["reasons"] and all(text[:2] in ("+ ", "- ") for text in row["reasons"])
        assert {"no web data", "no intent data", "no technology data"} <= set(row["flags"])
        assert row["as_of_date"] == AS_OF.isoformat() and row["score_basis"] == "model"
        assert row["account_id"].startswith("salesforce:001")
    fits = [row["fit_score"] for row in scores if row["fit_score"] is not None]
    assert len(fits) > len(scores) / 2 and all(0 <= fit <= 100 for fit in fits)


def test_ranks_scores_probabilities_and_bands_agree(scores):
    ranked = sorted(scores, key=lambda row: row["rank"])
    assert [row["rank"] for row in ranked] == list(range(1, len(scores) + 1))
    for better, worse in zip(ranked, ranked[1:], strict=False):
        assert better["score"] >= worse["score"]
        assert better["win_probability_365d"] >= worse["win_probability_365d"]
    assert all(0 <= row["score"] <= 100 for row in scores)
    assert all(0 < row["win_probability_365d"] < 1 for row in scores)
    order = ["hot", "warm", "cold"]
    places = [order.index(row["band"]) for row in ranked]
    assert places == sorted(places) and set(places) == {0, 1, 2}


def test_contributions_sum_to_the_log_odds_of_the_raw_probability(first_run):
    sums = {
        row["account_id"]: row["log_odds"]
        for row in first_run.scoring.query(
            "select account_id, sum(contribution) as log_odds from scores.score_reasons group by 1"
        )
    }
    warehouse = first_run.home / "warehouse" / "warehouse.duckdb"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        raw = dict(
            connection.execute(
                "select account_id, raw_probability from scoring.account_predictions "
                "where as_of_date = ?",
                [AS_OF],
            ).fetchall()
        )
    # each factor on its own is kept of the best hundred of days as old as this one
    assert len(sums) == 100 and len(raw) == first_run.measures["n"]
    best = sorted(raw, key=lambda account: (-raw[account], account))[:100]
    assert sums.keys() == set(best)
    worst = max(abs(sums[a] - math.log(raw[a] / (1 - raw[a]))) for a in best)
    assert worst < 1e-4


def test_all_tables_are_published_and_described(first_run):
    query = first_run.scoring.query
    assert {row["name"] for row in query("show tables")} == TABLES
    bare = query(
        "select table_name, column_name from duckdb_columns() "
        "where not internal and comment is null and database_name = 'scores'"
    )
    assert not bare


def test_acquired_companies_are_excluded_by_name_of_the_rule(first_run, scores):
    excluded = first_run.scoring.query("select * from scores.excluded_accounts")
    assert excluded and all(row["exclusion_rule"] for row in excluded)
    assert not {row["account_id"] for row in excluded} & {row["account_id"] for row in scores}


@pytest.mark.parametrize("table", ["account_scores", "score_reasons", "score_evaluation"])
def test_how_the_stories_ended_changes_nothing(first_run, altered_run, table):
    """End-state columns, another encoding, CR line ends, another order, another folder."""
    sql = f"select * from scores.{table} order by all"
    assert digest(first_run.scoring.query(sql)) == digest(altered_run.scoring.query(sql))


def test_the_altered_run_measures_the_same(first_run, altered_run):
    assert first_run.measures == altered_run.measures
