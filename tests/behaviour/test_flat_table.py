"""What the trainer says of a person's own table: signal, none, leaks, drift, too little; and that it says the same twice.

Not here: single rules of columns (tests/unit/test_guards.py), the command (tests/e2e/test_table.py).
"""

import json

import numpy as np
import polars as pl
import pytest

from models.flat_table import judge_table
from models.settings import TrainingSettings
from models.table_roles import Columns

SETTINGS = TrainingSettings(bootstrap_rounds=100)
N = 1500


def world(seed: int = 5, rows: int = N) -> pl.DataFrame:
    """Two numbers and a word that know something of the outcome, one number that does not."""
    rng = np.random.default_rng(seed)
    a, b, word = rng.normal(size=rows), rng.normal(size=rows), rng.choice(["x", "y"], rows)
    logit = -1.5 + a + 0.7 * b + np.where(word == "x", 0.8, 0)
    return pl.DataFrame(
        {
            "a": a,
            "b": b,
            "word": word,
            "noise": rng.normal(size=rows),
            "day": np.arange(rows),
            "won": (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(int),
        }
    )


def said(frame: pl.DataFrame, **roles) -> dict:
    return judge_table(frame, Columns("won", **roles), SETTINGS)


@pytest.mark.parametrize("roles", [{}, {"time": "day"}])
def test_a_table_with_signal_may_be_used(roles):
    found = said(world(), **roles)
    assert (found["verdict"], found["leak_suspects"]) == ("promote", [])
    assert found["auc_low"] > 0.6 and found["lift_top_decile"] > 1.5
    assert found["n"] == N and found["brier"] < found["brier_base"]
    assert set(list(found["strongest_features"])[:2]) <= {"a", "b"}


def test_the_same_table_gives_the_same_answer_twice_whatever_the_order_of_columns():
    once = said(world(), time="day")
    assert json.dumps(once) == json.dumps(said(world(), time="day"))


def test_shuffled_outcomes_have_no_signal():
    frame = world()
    dealt = frame["won"].sample(fraction=1, shuffle=True, seed=3)
    found = said(frame.with_columns(dealt.alias("won")))
    assert found["verdict"] == "no_signal"
    assert found["auc_low"] <= 0.5 <= found["auc_high"]


@pytest.mark.parametrize("roles", [{}, {"time": "day"}])
def test_a_leak_is_named_and_measures_are_filled_in(roles):
    frame = world().with_columns((pl.col("won") * 3 + pl.col("noise")).alias("closed_value"))
    found = said(frame, **roles)
    assert found["verdict"] == "leakage"
    assert [suspect["column"] for suspect in found["leak_suspects"]] == ["closed_value"]
    assert "closed_value" in found["why"] and found["auc"] > 0.9


def test_a_leak_that_no_column_tells_alone_is_refused_by_the_whole():
    frame = world()
    # the sign of a product: neither factor alone knows anything
    rng = np.random.default_rng(1)
    left = rng.normal(size=N)
    right = np.sign(left) * np.where(frame["won"].to_numpy() > 0, 1, -1) * (0.2 + rng.random(N))
    frame = frame.with_columns(pl.Series("left", left), pl.Series("right", right))
    found = said(frame)
    assert found["verdict"] == "leakage"
    strongest = found["leak_suspects"][0]["column"]
    assert strongest in ("left", "right")
    assert "too good to be true" in found["leak_suspects"][0]["why"]
    # the other one's name lifts nothing; this one's does, and the answer says so
    (other,) = {"left", "right"} - {strongest}
    assert said(frame, allow=(other,))["verdict"] == "leakage"
    lifted = said(frame, allow=(strongest,))
    assert (lifted["verdict"], lifted["leak_suspects"]) == ("promote", [])
    assert f"a person vouches for {strongest}" in lifted["why"]
    assert "below suspicion" not in lifted["why"]
    (warning,) = (one for one in lifted["warnings"] if "was allowed" in one)
    assert warning.startswith(f"{strongest} looks like a leak and was allowed: AUC ")
    assert "as a whole, limit 0.95" in warning
    assert not any("was allowed" in one for one in found["warnings"])


def test_a_person_may_overrule_a_suspicion_by_name_and_that_is_said():
    frame = world().with_columns((pl.col("won") * 1.6 + pl.col("noise")).alias("told"))
    assert said(frame)["verdict"] == "leakage"
    found = said(frame, allow=("told",))
    assert (found["verdict"], found["leak_suspects"]) == ("promote", [])
    assert any("told looks like a leak and was allowed" in warning for warning in found["warnings"])
    assert "a person vouches for told" in found["why"]
    assert said(frame, drop=("told",))["verdict"] == "promote"


def test_names_of_columns_mean_nothing():
    plain = said(world())
    odd = world().rename({"a": "account_id", "b": "amount [EUR]", "word": "*", "noise": "^a.*$"})
    found = said(odd)
    assert (found["verdict"], found["auc"]) == (plain["verdict"], plain["auc"])
    assert {"account_id", "amount [EUR]"} <= set(found["strongest_features"])


def test_few_conversions_are_too_few_and_are_measured_all_the_same():
    frame = world().with_columns(
        pl.when(pl.int_range(pl.len()) % 50 == 0).then(1).otherwise(0).alias("won")
    )
    found = said(frame)
    assert found["verdict"] == "too_little_data" and "30 rows" in found["why"]
    assert found["auc"] is not None
    nobody = said(frame.with_columns(pl.lit(0).alias("won")))
    assert (nobody["verdict"], nobody["auc"]) == ("too_little_data", None)


@pytest.mark.parametrize(("late", "is_enough"), [(2, False), (5, True)])
def test_few_conversions_to_test_on_are_too_few_however_many_there_are_to_learn_from(
    late, is_enough
):
    frame = world().with_columns(is_late=pl.col("day") >= 0.8 * N)
    # of the late conversions the likeliest remain, so that the interval alone would say that it ranks well
    best = frame.filter("is_late", pl.col("won") == 1).sort("a", descending=True)["day"][:late]
    kept = ~pl.col("is_late") | pl.col("day").is_in(best.implode())
    frame = frame.with_columns(won=pl.when(kept).then("won").otherwise(0)).drop("is_late")
    found = said(frame, time="day")
    assert found["positives"] > 200 and found["auc_low"] > 0.5
    assert (found["verdict"] != "too_little_data") == is_enough
    few = f"there are {late} rows that converted and" in found["why"]
    assert few == (not is_enough)


def test_a_base_rate_that_triples_is_drift():
    frame = world()
    rng = np.random.default_rng(2)
    late = frame["day"].to_numpy() >= 0.8 * N
    kept = np.where(late, 1.0, np.where(frame["won"].to_numpy() > 0, 0.25, 1.0))
    found = said(frame.filter(pl.Series(rng.random(N) < kept)), time="day")
    assert found["verdict"] == "drift"
    assert "were predicted" in found["why"]


def turned(early: tuple[float, float], late: tuple[float, float]) -> pl.DataFrame:
    """A number whose slope, and an outcome whose log-odds, are others in the last fifth: (level, slope)."""
    rng = np.random.default_rng(2)
    rows = 3000
    a, is_late = rng.normal(size=rows), np.arange(rows) >= 0.8 * rows
    level, slope = (np.where(is_late, then, first) for first, then in zip(early, late, strict=True))
    won = (rng.random(rows) < 1 / (1 + np.exp(-(level + slope * a)))).astype(int)
    return pl.DataFrame({"a": a, "day": np.arange(rows), "won": won})


def test_probabilities_worse_than_none_are_drift_although_their_mean_holds():
    found = said(turned((-1, 1.5), (-1, 0.2)), time="day")
    assert found["auc_low"] > 0.5 and found["brier"] > found["brier_base"]
    assert found["verdict"] == "drift" and "worse than telling everyone the same" in found["why"]
    assert said(turned((-1, 1.5), (-1, 1.5)), time="day")["verdict"] == "promote"


def test_a_rate_that_moves_less_than_drift_is_told():
    found = said(turned((0.0, 0.8), (-0.7, 0.8)), time="day")
    (warning,) = found["warnings"]
    assert found["verdict"] == "promote" and "times too high" in warning
    assert said(turned((0.0, 0.8), (0.0, 0.8)), time="day")["warnings"] == []


def test_copies_of_rows_do_not_make_a_random_outcome_look_learnt():
    rng = np.random.default_rng(4)
    frame = world(rows=500).with_columns(pl.Series("won", (rng.random(500) < 0.3).astype(int)))
    copied = pl.concat([frame, frame, frame]).drop("day")
    assert said(copied)["verdict"] == "no_signal"


@pytest.mark.parametrize("roles", [{"drop": ("day",)}, {"time": "day"}])
def test_copies_under_other_entities_do_not_make_a_random_outcome_look_learnt(roles):
    rng = np.random.default_rng(4)
    frame = world(rows=500).with_columns(
        pl.Series("won", (rng.random(500) < 0.3).astype(int)),
        pl.int_range(pl.len()).alias("who"),
    )
    copies = [
        frame.with_columns(pl.col("who") + 1000 * n, day=pl.Series(rng.permutation(500)))
        for n in range(3)
    ]
    found = said(pl.concat(copies), entity="who", **roles)
    assert found["verdict"] == "no_signal", found["why"]
    assert any("1,000 rows repeat a row of another who" in one for one in found["warnings"])


def test_rows_of_one_entity_do_not_vouch_for_each_other():
    rng = np.random.default_rng(6)
    who = rng.integers(0, 150, N)
    # what is learnt of an entity by heart helps nobody else
    own, fate = rng.normal(size=(150, 4)), (rng.random(150) < 0.4).astype(int)
    frame = pl.DataFrame({f"f{n}": own[who, n] for n in range(4)}).with_columns(
        pl.Series("who", who), pl.Series("jitter", rng.normal(size=N)), pl.Series("won", fate[who])
    )
    assert said(frame, drop=("who",))["auc"] > 0.9
    assert said(frame, entity="who")["auc"] < 0.65


@pytest.mark.parametrize(("beside", "is_leak"), [("conversions", True), ("any", False)])
def test_a_word_in_a_column_of_numbers_that_stands_beside_conversions_alone_is_a_leak(
    beside, is_leak
):
    frame = world()
    rows = (
        frame["won"].cast(pl.Boolean).arg_true() if beside == "conversions" else pl.Series(range(N))
    )
    at = rows.sample(40, seed=1).to_list()
    price = [f"{value:.3f}" for value in np.random.default_rng(2).normal(size=N)]
    for row in at:
        price[row] = "approved"
    found = said(frame.with_columns(pl.Series("price", price)))
    assert [s["column"] for s in found["leak_suspects"]] == (["price"] if is_leak else [])
    assert any("40 cells that are none count as missing" in w for w in found["warnings"])


def test_one_cell_that_cannot_be_read_costs_nothing():
    frame = world()
    texts = frame["a"].cast(pl.String).to_list()
    texts[700] = "oops"
    whole, marred = said(frame), said(frame.with_columns(pl.Series("a", texts)))
    assert marred["verdict"] == "promote" and abs(marred["auc"] - whole["auc"]) < 0.01
    assert (
        "a is read as numbers; 1 cell that is none counts as missing, the first 'oops' in data row 701"
        in marred["warnings"]
    )
