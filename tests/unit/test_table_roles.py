"""Columns of a person's own table: outcomes, times, groups, and each mistake with what to do about it.

Not here: guards (test_guards.py), what is learnt (tests/behaviour/test_flat_table.py).
"""

from datetime import date, datetime
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from models.table_roles import Columns, TableError, outcomes, read_roles
from models.table_split import split_table


@pytest.mark.parametrize(
    ("values", "positive", "expected"),
    [
        ([0, 1, 1], None, [0, 1, 1]),
        ([0.0, 1.0, 0.0], None, [0, 1, 0]),
        ([True, False, True], None, [1, 0, 1]),
        (["No", " yes ", "YES"], None, [0, 1, 1]),
        (["won", "lost", "won"], None, [1, 0, 1]),
        (["lost", "lost"], None, [0, 0]),
        (["red", "blue", "red"], "Blue", [0, 1, 0]),
        (["won", "lost"], "lost", [0, 1]),
        (["signed", "lost"], None, [1, 0]),
        (["no", "maybe"], None, [0, 1]),
        ([True, False], "T", [1, 0]),
        ([1.0, 0.0], "1", [1, 0]),
        (["0.0", "1.0"], None, [0, 1]),
        ([Decimal("0.00"), Decimal("1.00")], None, [0, 1]),
        (["Closed Won", "Closed Lost"], None, [1, 0]),
    ],
)
def test_an_outcome_has_two_values(values, positive, expected):
    assert outcomes(pl.Series("y", values), positive).tolist() == expected


@pytest.mark.parametrize(
    ("values", "positive", "said"),
    [
        (["a", "b", "c"], None, "3 different values"),
        (["red", "blue"], None, "--positive"),
        (["yes", "won"], None, "--positive"),
        ([1, 2], None, "--positive"),
        (["open", "open"], None, "--positive"),
        (["red", "blue"], "green", "no row of y is 'green'"),
    ],
)
def test_an_outcome_that_is_none_says_what_to_do(values, positive, said):
    with pytest.raises(TableError, match=said):
        outcomes(pl.Series("y", values), positive)


def table(**more) -> pl.DataFrame:
    return pl.DataFrame({"x": [3.0, 1.0, 2.0, 5.0], "y": [1, 0, 0, 1]} | more)


@pytest.mark.parametrize(
    ("frame", "columns", "said"),
    [
        (table(), Columns("z"), "no column z; the table has x, y"),
        (table(), Columns("y", drop=("gone",)), "no column gone"),
        (table(), Columns("y", time="y"), "given twice"),
        (table(), Columns("y", drop=("x",)), "no column is left"),
        (table(t=["2026-01-01", "x", "2026-01-02", "2026-01-03"]), Columns("y", "t"), "row 2"),
        (pl.DataFrame({"x": [1.0], "y": [None]}), Columns("y"), "no row has a value of y"),
        (table().clear(), Columns("y"), "no rows"),
        (table(t=[None] * 4), Columns("y", time="t"), "no row has a value of t"),
        (table(t=[[1]] * 4), Columns("y", time="t"), "List"),
    ],
)
def test_a_mistake_names_the_column(frame, columns, said):
    with pytest.raises(TableError, match=said):
        read_roles(frame, columns)


@pytest.mark.parametrize(
    "times",
    [
        [3, 1, 2, 4],
        ["2026-03-01", "2026-01-01", "2026-02-01", "2026-04-01"],
        [date(2026, 3, 1), date(2026, 1, 1), date(2026, 2, 1), date(2026, 4, 1)],
        ["2026-01-03T10:00:00Z", "2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z", "2026-01-04T10:00:00Z"],
    ],
)  # fmt: skip
def test_rows_are_put_in_order_of_time(times):
    found = read_roles(table(t=times), Columns("y", time="t"))
    assert found.features["x"].to_list() == [1.0, 2.0, 3.0, 5.0]
    assert found.y.tolist() == [0, 0, 1, 1]


def test_of_a_date_its_distance_to_the_rows_time_is_learnt_and_nothing_without_one():
    frame = table(t=[datetime(2026, 1, 11)] * 4, since=[date(2026, 1, day) for day in (1, 2, 3, 4)])
    found = read_roles(frame, Columns("y", time="t")).features
    assert found["since"].to_list() == [10.0, 9.0, 8.0, 7.0]
    alone = read_roles(frame.drop("t"), Columns("y"))
    assert alone.features.columns == ["x"]
    assert "since is not learnt from" in alone.warnings[0]


def test_a_row_that_is_named_is_that_of_the_file_whatever_was_left_out_before():
    frame = table(t=["2026-01-01", "2026-01-02", "soon", "2026-01-03"])
    frame = frame.with_columns(pl.Series("y", [None, None, 1, 0]))
    with pytest.raises(TableError, match="data row 3 "):
        read_roles(frame, Columns("y", time="t"))


def test_a_misspelt_name_is_answered_with_the_nearest_ones_and_not_with_all():
    wide = pl.DataFrame({f"column_{n}": [1] for n in range(50)} | {"Outcome": [1]})
    with pytest.raises(TableError, match="is Outcome meant") as said:
        read_roles(wide, Columns("outcom"))
    assert "31 more" in str(said.value) and "column_20" not in str(said.value)
    with pytest.raises(TableError, match="no column zzz; the table has x, y$"):
        read_roles(table(), Columns("zzz"))


def test_cells_of_a_column_of_numbers_that_are_none_are_kept_as_words_beside_their_rows():
    price = [None, "-", *(f"{n}.5" for n in range(40)), "paid"]
    frame = pl.DataFrame(
        {"price": price, "y": [None, 0] + [0, 1] * 20 + [1], "t": range(43, 0, -1)}
    )
    found = read_roles(frame, Columns("y", time="t"))
    assert found.features["price"][0] is None and found.features["price"][-2:].to_list() == [
        0.5,
        None,
    ]
    assert found.words["price"][0] == "paid" and found.words["price"][-1] == "-"
    assert found.words["price"][1:-1].unique().to_list() == ["a number"]
    assert "'-' in data row 2" in found.warnings[0]


def test_rows_without_an_outcome_or_a_time_are_left_out_and_counted():
    frame = pl.DataFrame({"x": [1, 2, 3, 5], "y": [1, None, 0, 0], "t": [1, 2, None, 3]})
    found = read_roles(frame, Columns("y", time="t"))
    assert len(found.y) == 2 and len(found.warnings) == 2


def test_copies_are_one_group_but_not_where_equal_rows_are_the_rule():
    # however many there are, and whatever number they bear
    rng = np.random.default_rng(1)
    once = pl.DataFrame({"x": rng.normal(size=40), "z": rng.normal(size=40), "y": [0, 1] * 20})
    often = pl.concat([once] * 12).with_columns(pl.Series("id", rng.permutation(480)))
    found = read_roles(often, Columns("y"))
    assert len(np.unique(found.group)) == 40 and "440 rows repeat" in " ".join(found.warnings)
    # companies of which nothing is known look alike
    blank = pl.DataFrame({"x": [0.0] * 100, "z": [0.0] * 100, "y": [0, 1] * 50})
    assert len(np.unique(read_roles(pl.concat([once, blank]), Columns("y")).group)) == 140
    coarse = pl.DataFrame({"x": [0, 1] * 50, "y": [0, 1, 1, 0] * 25})
    assert len(np.unique(read_roles(coarse, Columns("y")).group)) == 100


def random_table(entities: int, rows: int = 600, seed: int = 1) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "x": rng.normal(size=rows),
            "y": (rng.random(rows) < 0.3).astype(int),
            "t": rng.integers(0, 50, rows),
            "who": rng.integers(0, entities, rows).astype(str),
        }
    )


@pytest.mark.parametrize("entities", [5, 50, 500])
@pytest.mark.parametrize("time", ["t", None])
def test_no_entity_stands_on_both_sides_and_the_test_is_later(entities, time):
    found = read_roles(random_table(entities), Columns("y", time=time, entity="who"))
    split = split_table(found, seed=7)
    assert split.parts
    for learnt, tested in split.parts:
        assert len(learnt) and len(tested)
        assert not set(found.group[learnt]) & set(found.group[tested])
        if time:
            assert found.time[int(learnt.max())] < found.time[int(tested.min())]


def test_the_last_fifth_by_time_is_tested_on_and_no_moment_is_torn():
    frame = random_table(600).with_columns(pl.int_range(pl.len()).cast(pl.String).alias("who"))
    found = read_roles(frame, Columns("y", time="t", entity="who"))
    (learnt, tested), = split_table(found, seed=7).parts  # fmt: skip
    assert len(learnt) + len(tested) == 600 and 90 <= len(tested) <= 150
    with pytest.raises(TableError, match="one t"):
        split_table(
            read_roles(frame.with_columns(pl.lit(1).alias("t")), Columns("y", time="t")), seed=7
        )


def test_numbers_that_trees_cannot_hold_count_as_missing_and_decimal_commas_are_read():
    frame = table(z=[1.0, float("inf"), 1e300, 2.0], price=["1,5", "2", "-3,25", None])
    found = read_roles(frame, Columns("y"))
    assert found.features["z"].to_list() == [1.0, None, None, 2.0]
    assert found.features["price"].to_list() == [1.5, 2.0, -3.25, None]
    assert "decimal commas" in found.warnings[0] and "2 values of z" in found.warnings[1]


def test_blank_outcomes_and_times_are_none():
    words = {"y": ["won", " ", "lost", "lost"], "t": [1.0, 2.0, float("nan"), 3.0]}
    found = read_roles(pl.DataFrame({"x": [1, 2, 3, 5]} | words), Columns("y", time="t"))
    assert found.y.tolist() == [1, 0] and len(found.warnings) == 2
