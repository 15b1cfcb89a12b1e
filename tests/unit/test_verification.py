"""What is said of a stored score that was derived again: the same, different, or made with another version."""

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from dagster_project.provenance import MadeWith
from dagster_project.verification import Verification, _compare

NOW = MadeWith("features", "code", "settings", "v2", "this processor")
ROW = {
    "as_of_date": date(2026, 1, 31),
    "account_id": "salesforce:001",
    "scoring_model_version": "1",
    "run_id": "r",
    "feature_digest": "d1",
    "score": 50.0,
    "band": "warm",
    "fit_score": None,
    "engagement_score": 1.5,
    "intent_score": None,
    "flags": ["little data"],
    "reasons": ["+ visits"],
    "score_basis": "model",
    "feature_contract_version": "c",
    "win_probability_90d": 0.25,
    "people_engaged_90d": 2,
    "best_lead_probability": 0.4,
}


def frame(**changed):
    return pl.DataFrame([ROW | changed], schema_overrides={"reasons": pl.List(pl.String)})


def compared(stored=None, derived=None, made=NOW, **found):
    result = Verification(rows=1, **found)
    derived = frame() if derived is None else derived
    _compare(frame(**(stored or {})), derived, {"r": made} if made else {}, NOW, result)
    return result


def test_an_equal_row_is_the_same():
    found = compared()
    assert (found.same, found.different, found.is_proven) == (1, 0, True)


def test_reasons_are_compared_where_there_were_any():
    assert compared(stored={"reasons": None}).same == 1
    assert compared(stored={"reasons": ["+ meetings"]}).different == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"score": 50.00000001},
        {"win_probability_90d": None},
        {"fit_score": 3.0},
        {"flags": []},
        {"feature_digest": "d2"},
    ],
)
def test_a_changed_value_is_a_difference(changed):
    found = compared(derived=frame(**changed))
    assert (found.same, found.different, found.is_proven) == (0, 1, False)
    assert [one.column for one in found.differences] == list(changed)


def test_a_row_that_is_not_derived_is_a_difference():
    found = compared(derived=frame().clear())
    assert found.different == 1 and found.differences[0].column == "(the row)"


@pytest.mark.parametrize(
    ("made", "changed", "words"),
    [
        (
            MadeWith("old", "code", "settings", "v1", "this processor"),
            {"feature_digest": "d2"},
            "SQL",
        ),
        (MadeWith("features", "old", "settings", "v1", "p"), {"score": 9.0}, "the code"),
        (MadeWith("features", "code", "old", "v1", "p"), {"flags": []}, "scoring.yaml"),
    ],
)
def test_what_was_made_with_other_is_named_and_no_difference(made, changed, words):
    found = compared(derived=frame(**changed), made=made)
    assert (found.not_comparable, found.different, found.is_proven) == (1, 0, True)
    assert words in found.differences[0].made_with_other
    assert "v1 made it" in found.differences[0].made_with_other


def test_a_run_that_is_not_on_record_excuses_nothing():
    assert compared(derived=frame(score=9.0), made=None).different == 1
    assert compared(made=None).same == 1


def test_what_this_code_cannot_apply_is_no_difference_if_another_code_made_it():
    gone = {"1": "the frame lacks columns: visits_7d"}
    for made in (NOW, None):
        assert compared(derived=frame().clear(), made=made, unreadable_models=gone).different == 1
    for changed in ({"features_digest": "old"}, {"code_digest": "old"}):
        made = replace(NOW, **changed, code_version="v1")
        found = compared(derived=frame().clear(), made=made, unreadable_models=gone)
        assert (found.not_comparable, found.is_proven) == (1, True)
        assert found.differences[0].made_with_other == f"{gone['1']}; version v1 made it"


def test_other_features_do_not_excuse_a_score_that_changed_by_itself():
    made = MadeWith("old", "code", "settings", "v1", "this processor")
    assert compared(derived=frame(score=9.0), made=made).different == 1


def test_other_sql_of_people_explains_what_is_said_of_them_and_nothing_else():
    other_sql = replace(NOW, features_digest="old", code_version="v1")
    changed = {"people_engaged_90d": 3, "best_lead_probability": 0.5}
    found = compared(derived=frame(**changed), made=other_sql)
    assert (found.not_comparable, found.is_proven) == (1, True)
    assert {one.column for one in found.differences} == set(changed)
    assert all("SQL" in one.made_with_other for one in found.differences)
    with_score = frame(**changed, score=9.0)
    assert compared(derived=with_score, made=other_sql).different == 1
    other_code = replace(NOW, code_digest="old")
    assert (
        "the code"
        in compared(derived=frame(**changed), made=other_code).differences[0].made_with_other
    )


def test_what_is_said_of_people_by_the_same_sql_and_code_is_a_difference():
    for changed in ({"people_engaged_90d": 3}, {"best_lead_probability": None}):
        found = compared(derived=frame(**changed))
        assert (found.different, found.is_proven) == (1, False)


def test_another_processor_may_round_and_no_more():
    made = MadeWith("features", "code", "settings", "v2", "another processor")
    assert compared(derived=frame(score=50.0 + 1e-8), made=made).nearly == 1
    assert compared(derived=frame(score=50.0 + 1e-5), made=made).different == 1
    rounded = frame(score=50.0 + 1e-8, feature_digest="d2")
    assert compared(derived=rounded, made=made).nearly == 1
    assert compared(derived=frame(score=50.0 + 1e-8)).different == 1


def test_rows_of_a_damaged_model_are_not_compared():
    found = compared(derived=frame().clear(), damaged_models={"1": "gone"})
    assert (found.same, found.different, found.is_proven) == (0, 0, False)
