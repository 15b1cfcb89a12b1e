"""What people say of their account together: exact values, and what holds of any people."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.lead_rollup import COLUMNS, roll_up, with_roles

DAY = date(2026, 1, 31)
COMMITTEE = {"it": ("leader", "team"), "finance": ("anyone",)}
SCHEMA = {
    "as_of_date": pl.Date,
    "account_id": pl.String,
    "lead_id": pl.String,
    "job_function": pl.String,
    "seniority": pl.String,
    "own_actions_90d": pl.Int32,
    "lead_probability": pl.Float64,
}
ACCOUNTS = pl.DataFrame({"as_of_date": [DAY] * 2, "account_id": ["a", "nobody's"]})


def together(*people: tuple, committee=COMMITTEE, account: int = 0) -> dict:
    """The roll-up of one account whose people are (lead_id, job_function, seniority, own_actions_90d, lead_probability)."""
    rows = pl.DataFrame([(DAY, "a", *one) for one in people], schema=SCHEMA, orient="row")
    return roll_up(ACCOUNTS, with_roles(rows), committee).row(account, named=True)


def test_engaged_people_fill_seats_and_the_likeliest_is_named():
    assert together(
        ("p3", "it", "vp", 2, 0.5),
        ("p1", "it", "staff", 0, 0.5),
        ("p2", "finance", None, 1, 0.2),
        ("s", "it", "student", 9, 0.9),
    ) == {
        "people_known": 3,
        "people_engaged_90d": 2,
        "has_decision_maker_engaged": True,
        "committee_coverage": pytest.approx(2 / 3),
        "committee_engaged": ["it leader", "finance anyone"],
        # of two equally likely ones the first by id
        "best_lead_id": "p1",
        "best_lead_probability": 0.5,
        "leads_noisy_or": pytest.approx(1 - 0.5 * 0.5 * 0.8),
    }


def test_where_nobody_is_known_nothing_is_said():
    nothing = dict.fromkeys(COLUMNS)
    assert together(("p", "it", "vp", 1, 0.5), account=1) == nothing
    assert together() == nothing
    assert together(("s", "it", "student", 9, 0.9)) == nothing


def test_without_a_lead_model_or_feeds_the_rest_is_said():
    said = together(("p", "it", "director", 1, None))
    assert (
        said["committee_engaged"] == ["it leader"] and said["has_decision_maker_engaged"] is False
    )
    assert said["best_lead_id"] is said["best_lead_probability"] is said["leads_noisy_or"] is None
    said = together(("p", "it", "director", None, 0.1))
    assert said["people_known"] == 1 and said["best_lead_id"] == "p"
    unsaid = ("people_engaged_90d", "has_decision_maker_engaged", "committee_coverage")
    assert [said[name] for name in (*unsaid, "committee_engaged")] == [None] * 4


def test_a_title_that_is_not_known_is_no_decision_maker_and_sits_nowhere():
    said = together(("p", None, None, 1, 0.1))
    assert said["has_decision_maker_engaged"] is False and said["committee_engaged"] == []
    assert said["committee_coverage"] == 0


def test_without_seats_there_is_no_coverage():
    said = together(("p", "it", "vp", 1, 0.1), committee={})
    assert said["committee_coverage"] is said["committee_engaged"] is None


person = st.tuples(
    st.sampled_from(["it", "finance", "other", None]),
    st.sampled_from(["c_level", "director", "staff", "student", None]),
    st.integers(0, 3),
    st.floats(0, 1),
)


@given(st.lists(person, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_bounds_hold_and_order_does_not_matter(people, random):
    rows = [(f"p{place}", *one) for place, one in enumerate(people)]
    said = together(*rows)
    random.shuffle(rows)
    assert together(*rows) == said
    if said["people_known"] is None:
        return
    assert said["people_engaged_90d"] <= said["people_known"]
    assert said["best_lead_probability"] - 1e-12 <= said["leads_noisy_or"] <= 1
    assert len(said["committee_engaged"]) == round(3 * said["committee_coverage"])
    # one more person never lowers what all say together
    more = together(*rows, ("q", "it", "vp", 1, 0.5))
    assert more["leads_noisy_or"] >= said["leads_noisy_or"] - 1e-12
    assert more["committee_coverage"] >= said["committee_coverage"]
