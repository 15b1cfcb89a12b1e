"""What a day's numbers of accounts and people are held against."""

from datetime import date, timedelta

import duckdb
import pytest

from dagster_project.config import DEFAULT_SETTINGS_FILE
from dagster_project.people import DAYS_KEPT
from dagster_project.settings_file import load_settings
from dagster_project.validations import (
    COMPARED_WITHIN_DAYS,
    _counts,
    _people,
    account_scores_validations,
)
from expectations.runner import validate

FIRST = date(2026, 1, 1)
SECOND, THIRD = FIRST + timedelta(days=1), FIRST + timedelta(days=2)


@pytest.fixture
def scored():
    """Day 1 scored 100 accounts and passed; day 2 scored 40 and was refused; day 3 is judged now."""
    with duckdb.connect() as connection:
        connection.execute("create schema marts; create schema scoring; create schema spine")
        connection.execute(
            "create table marts.account_scores_daily (as_of_date date, rank bigint, score double, score_basis text, "
            "account_id text, account_name text, domain text, owner_id text, win_probabilities map(integer, double), "
            "reasons text[], scoring_model_version text)"
        )
        connection.execute(
            "create table spine.spine_account_day (as_of_date date, is_eligible boolean)"
        )
        connection.execute("create table scoring.passed_days (as_of_date date)")
        connection.execute(
            "create table scoring.trained_models "
            "(scoring_model_version text, horizon_days int, other_horizons text, leads text)"
        )
        connection.execute("create table scoring.account_predictions (as_of_date date)")
        connection.execute(
            "create table scoring.lead_predictions (as_of_date date, lead_id text, account_id text, lead_type text, "
            "lead_probability double, lead_score double, scoring_model_version text)"
        )
        connection.execute("create schema datasets")
        connection.execute("create table datasets.lead_scoring_set (as_of_date date, lead_id text)")
        for day, accounts in ((FIRST, 100), (SECOND, 40), (THIRD, 41)):
            connection.execute(
                "insert into marts.account_scores_daily by name select ? as as_of_date, range + 1 as rank, 50.0 as score, "
                "'model' as score_basis from range(?)",
                [day, accounts],
            )
        connection.execute("insert into scoring.passed_days values (?)", [FIRST])
        yield connection


def accounts_before(connection, day, of_this_run):
    """What the day is held against; None if nothing is."""
    counts = _counts(connection, load_settings(DEFAULT_SETTINGS_FILE), of_this_run)
    (row,) = counts.filter(counts["as_of_date"] == day).to_dicts()
    return row["previous"]


def test_a_refused_day_is_nothing_to_compare_with(scored):
    assert accounts_before(scored, THIRD, [THIRD]) == 100


def test_a_day_of_the_same_run_is_unless_its_own_number_is_refused(scored):
    assert accounts_before(scored, THIRD, [SECOND, THIRD]) == 100
    scored.execute(
        "insert into marts.account_scores_daily by name select ? as as_of_date, range + 1 as rank, 50.0 as score, "
        "'model' as score_basis from range(50)",
        [SECOND],
    )
    assert accounts_before(scored, THIRD, [SECOND, THIRD]) == 90


def test_before_the_first_day_there_is_nothing(scored):
    assert accounts_before(scored, FIRST, [FIRST]) is None


def test_a_day_too_long_ago_is_not_compared_with(scored):
    last = FIRST + timedelta(days=COMPARED_WITHIN_DAYS)
    assert accounts_before(scored, last, [last]) == 100
    assert accounts_before(scored, last + timedelta(days=1), [last + timedelta(days=1)]) is None


def test_days_that_fail_together_are_judged_one_by_one_long_after_they_were_read(scored):
    days = [FIRST, SECOND, THIRD]
    together = list(
        account_scores_validations(scored.cursor, load_settings(DEFAULT_SETTINGS_FILE), days)
    )
    assert [one.days for one in together] == [tuple(days)] * 2
    singly = list(together[-1].one_by_one())
    assert [(one.days, one.frame.height) for one in singly] == [
        ((FIRST,), 100),
        ((SECOND,), 40),
        ((THIRD,), 41),
    ]


def test_a_day_without_reasons_shows_among_days_that_have_them(scored):
    """The three days have 181 accounts and the first of them no reasons at all."""
    scored.execute(
        "update marts.account_scores_daily set reasons = ['+ a reason'] where as_of_date != ?",
        [FIRST],
    )
    days = [FIRST, SECOND, THIRD]
    counts, _ = account_scores_validations(
        scored.cursor, load_settings(DEFAULT_SETTINGS_FILE), days
    )
    assert counts.frame.select("without_reasons", "without_reasons_allowed").rows() == [
        (100, 5),
        (0, 2),
        (0, 2),
    ]


def put_people(connection, day, known: int, scored: int, probability: float | None = 0.2):
    connection.execute(
        "insert into datasets.lead_scoring_set select ?, 'p' || range from range(?)", [day, known]
    )
    connection.execute(
        "insert into scoring.lead_predictions "
        "select $1, 'p' || range, 'a', 'contact', $3::double, $3::double * 100, '7' from range($2)",
        [day, scored, probability],
    )


def people_findings(connection, days, tmp_path) -> dict:
    """Day → names of what is found wrong with its people."""
    found = {}
    for one in _people(connection.cursor, days):
        report = validate(
            one.frame,
            one.make_suite(),
            name="people",
            run_id="run",
            partition=one.partition,
            store_dir=tmp_path,
        )
        found[one.days[0]] = [finding.expectation for finding in report.findings]
    return found


def test_people_that_were_not_scored_or_nobody_knows_are_found(scored, tmp_path):
    put_people(scored, FIRST, known=5, scored=5)
    put_people(scored, SECOND, known=5, scored=0)
    put_people(scored, THIRD, known=4, scored=5)
    assert people_findings(scored, [FIRST, SECOND, THIRD], tmp_path) == {
        FIRST: [],
        SECOND: ["every_person_scored"],
        THIRD: ["every_person_scored"],
    }


def test_days_whose_people_are_not_kept_and_homes_without_people_are_asked_nothing(
    scored, tmp_path
):
    assert people_findings(scored, [THIRD], tmp_path) == {}
    days = [THIRD + timedelta(days=n) for n in range(DAYS_KEPT + 2)]
    for day in days:
        put_people(scored, day, known=3, scored=3 if day in days[-DAYS_KEPT:] else 0)
    scored.execute("delete from scoring.passed_days")
    assert people_findings(scored, days, tmp_path) == {day: [] for day in days[-DAYS_KEPT:]}


@pytest.mark.parametrize(
    ("leads", "probability", "wrong"),
    [
        ('{"importance": {}, "auc": 0.7}', None, ["probability_where_modelled"]),
        ('{"importance": {}, "auc": 0.7}', 0.2, []),
        ('{"why_not": "no person has an outcome"}', None, []),
        (None, None, []),
    ],
)
def test_nobody_lacks_a_probability_where_there_is_a_lead_model(
    scored, tmp_path, leads, probability, wrong
):
    scored.execute("insert into scoring.trained_models values ('7', 90, '{}', ?)", [leads])
    put_people(scored, THIRD, known=3, scored=3, probability=probability)
    assert people_findings(scored, [THIRD], tmp_path) == {THIRD: wrong}
