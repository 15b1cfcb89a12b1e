import numpy as np
import polars as pl

from models.explanation import in_words
from models.reasons import top_reasons
from models.settings import DealWords
from tests.factories import feature_named

WORDS = DealWords(singular="round", plural="rounds")


def made_up(*rows, most_for=3) -> list[str]:
    """Reasons of one account out of (feature, contribution, value)."""
    features = [feature_named(name) for name, _, _ in rows]
    frame = pl.DataFrame({name: [value] for name, _, value in rows})
    values = np.array([[amount for _, amount, _ in rows]])

    def say(feature, chosen, _):
        return in_words(feature, chosen, WORDS)["reason"]

    return top_reasons(frame, features, values, say, most_for).to_list()[0]


def test_reasons_for_come_first_and_like_features_are_said_once():
    assert made_up(
        ("won_deals_730d", 0.5, 3),
        ("won_deals_total", 0.2, 7),
        ("days_since_last_won", -0.4, 900),
        ("last_won_type", 0.001, "pilot"),
    ) == ["+ 3 rounds in the last 2 years", "- last round 2.5 years ago"]


def test_the_strongest_that_points_the_same_way_speaks_for_its_topic():
    """Here the strongest of all points the other way."""
    found = made_up(
        ("won_deals_365d", -0.4, 0), ("won_deals_730d", 0.35, 3), ("won_deals_total", 0.3, 7)
    )
    assert found == ["+ 3 rounds in the last 2 years"]


def test_features_of_one_topic_that_cancel_out_are_not_said():
    assert made_up(("won_deals_730d", 0.5, 3), ("won_deals_total", -0.5, 7)) == []


def test_what_is_true_of_the_whole_market_is_no_accounts_reason():
    found = made_up(("market_heat_365d", -0.9, 0.17), ("won_deals_730d", 0.5, 3))
    assert found == ["+ 3 rounds in the last 2 years"]


def test_nothing_is_said_for_an_account_that_lacks_what_it_should_have_more_of():
    """It may speak against it; and that a rival's tool was never seen may well speak for it."""
    found = made_up(
        ("days_since_last_reply", 0.5, None), ("days_since_competing_tool_change", 0.1, None)
    )
    assert found == ["+ no competing tool ever detected"]
    assert made_up(("days_since_last_reply", -0.5, None)) == ["- no reply to an email in 6 months"]
    assert made_up(("days_since_last_reply", 0.5, 3.0)) == ["+ last reply to an email 3 days ago"]


def test_a_count_is_held_against_the_pace_before_where_that_is_known():
    found = made_up(("pricing_views_30d", 0.5, 9), ("pricing_views_90d", 0.1, 13))
    assert found == ["+ 9 views of the pricing page in 30 days, up from 2 a month before"]
    assert made_up(("pricing_views_30d", 0.5, 9)) == ["+ 9 views of the pricing page in 30 days"]
    distinct = made_up(("people_active_30d", 0.5, 9), ("people_active_90d", 0.1, 13))
    assert distinct == ["+ 9 people active in 30 days"]


def test_no_more_reasons_than_asked_for():
    rows = (
        ("won_deals_730d", 0.5, 3),
        ("employee_count", 0.3, 60),
        ("last_won_type", 0.1, "pilot"),
        ("days_since_last_won", -0.4, 900),
        ("visits_30d", -0.3, 1),
        ("meetings_held_90d", -0.2, 0),
    )
    assert [text[:2] for text in made_up(*rows, most_for=2)] == ["+ ", "+ ", "- ", "- "]


def test_each_row_has_its_own_reasons_whatever_stands_beside_it():
    features = [feature_named("won_deals_730d"), feature_named("employee_count")]
    frame = pl.DataFrame({"won_deals_730d": [3, 1, None], "employee_count": [60, None, 7]})
    values = np.array([[0.5, -0.1], [-0.5, 0.6], [0.0, 0.0]])

    def say(feature, chosen, amounts):
        values = chosen[feature.name]
        return pl.Series([f"{feature.name} {v} {a}" for v, a in zip(values, amounts, strict=True)])

    every = top_reasons(frame, features, values, say).to_list()
    assert every == [
        ["+ won_deals_730d 3 0.5", "- employee_count 60 -0.1"],
        ["+ employee_count None 0.6", "- won_deals_730d 1 -0.5"],
        [],
    ]
    assert top_reasons(frame[1:2], features, values[1:2], say).to_list() == every[1:2]
