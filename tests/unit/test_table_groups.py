"""Copies of rows under other names: on one side of every split, and what is said where that cannot be.

Not here: other roles of columns (test_table_roles.py), what is learnt (tests/behaviour/test_flat_table.py).
"""

import time

import numpy as np
import polars as pl
import pytest

from models.table_roles import Columns, read_roles
from models.table_split import FOLDS, fold_of, split_table

ROWS = 300
TIMES = pytest.mark.parametrize("time", ["t", None])


def once(seed: int = 1, entities: int = 100) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "x": rng.normal(size=ROWS),
            "z": rng.normal(size=ROWS),
            "y": (rng.random(ROWS) < 0.3).astype(int),
            "t": rng.permutation(ROWS),
            "who": [f"a{n}" for n in rng.integers(0, entities, ROWS)],
        }
    )


def split(frame: pl.DataFrame, time: str | None):
    drop = () if time else ("t",)
    table = read_roles(frame, Columns("y", time=time, entity="who", drop=drop))
    return table, split_table(table, seed=7)


def on_both_sides(numbers: np.ndarray, parts) -> int:
    return sum(int(np.isin(numbers[tested], numbers[learnt]).sum()) for learnt, tested in parts)


@TIMES
def test_a_table_without_copies_is_left_alone_and_nothing_is_said(time):
    table, found = split(once(), time)
    assert table.groups.together.tolist() == table.groups.own.tolist()
    assert (table.warnings, found.warnings) == ((), ())
    assert "rows_left_out_of_a_fold" not in found.described


@TIMES
def test_entities_that_share_rows_stand_on_one_side(time):
    # each entity comes again under another name, the same rows at other times
    other = once().with_columns(who="b" + pl.col("who"), t=pl.Series(range(ROWS)))
    table, found = split(pl.concat([once(), other]), time)
    assert len(np.unique(table.group)) == len(np.unique(table.groups.own)) / 2
    assert "300 rows repeat a row of another who" in table.warnings[0]
    for learnt, tested in found.parts:
        assert len(learnt) and len(tested)
    for numbers in (table.groups.own, table.groups.content):
        assert on_both_sides(numbers, found.parts) == 0
    assert found.warnings == ()


def test_chains_of_shared_rows_hang_together():
    frame = once().with_columns(who=pl.int_range(pl.len()).cast(pl.String))
    # 0 shares a row with 1, which shares another with 2
    ties = frame[[0, 1]].with_columns(who=pl.Series(["1", "2"]))
    table = read_roles(pl.concat([frame, ties]), Columns("y", entity="who", drop=("t",)))
    assert len(set(table.group[[0, 1, 2, ROWS, ROWS + 1]])) == 1
    assert len(np.unique(table.group)) == ROWS - 2


@TIMES
def test_where_copies_would_join_nearly_all_the_entities_copies_of_tested_rows_are_not_learnt(time):
    rng = np.random.default_rng(2)
    dealt = once().with_columns(who=pl.Series([f"a{n}" for n in rng.integers(0, 100, ROWS)]))
    dealt = dealt.with_columns(pl.Series("t", rng.permutation(ROWS)))
    table, found = split(pl.concat([once(), dealt]), time)
    assert len(np.unique(table.group)) > 90
    assert "more than a fifth of all rows hang together" in table.warnings[0]
    for numbers in (table.groups.own, table.groups.content):
        assert on_both_sides(numbers, found.parts) == 0
    assert found.described["rows_left_out" if time else "rows_left_out_of_a_fold"] > 0
    assert all(len(learnt) > ROWS / 2 for learnt, _ in found.parts)


@TIMES
def test_rows_that_very_many_have_in_common_stand_on_both_sides_and_are_counted(time):
    blank = pl.DataFrame(
        {"x": 0.0, "z": 0.0, "y": [0, 1] * 50, "t": range(1, 300, 3)}
    ).with_columns(who="c" + pl.int_range(pl.len()).cast(pl.String))
    table, found = split(pl.concat([once(), blank]), time)
    alike = on_both_sides(table.groups.content, found.parts)
    assert alike > 10 if time else alike == 100
    assert on_both_sides(table.groups.own, found.parts) == 0
    (warning,) = found.warnings
    assert warning.startswith(f"{alike} of the ") and "equal a row that was learnt from" in warning
    assert found.described["tested_rows_with_an_equal_one_learnt"] == alike


def test_a_rows_copies_within_one_entity_are_no_news():
    table, found = split(pl.concat([once(), once()]), None)
    assert table.groups.together.tolist() == table.groups.own.tolist()
    assert (table.warnings, found.warnings) == ((), ())


def test_the_same_rows_hang_together_in_any_order():
    frame = pl.concat([once(), once().with_columns(who="b" + pl.col("who"))])
    frame = frame.with_columns(pl.Series("nr", np.random.default_rng(3).permutation(2 * ROWS)))

    def groups(rows: pl.DataFrame) -> set:
        table = read_roles(rows, Columns("y", entity="who", drop=("nr", "t")))
        numbered = rows.select("nr", group=pl.Series(table.group)).group_by("group").agg("nr")
        return {frozenset(one) for one in numbered["nr"].to_list()}

    assert groups(frame) == groups(frame.sort("nr"))


@pytest.mark.parametrize(
    "sizes",
    [
        [1] * 1003,
        [1] * 900 + [7] * 20 + [30, 31, 32],
        [n % 9 + 1 for n in range(300)],
        [150, 140, 130, 120, 110, 100],
    ],
)
def test_folds_keep_groups_whole_and_have_equally_many_rows_of_either_outcome(sizes):
    rng = np.random.default_rng(3)
    group = rng.permutation(np.repeat(np.arange(len(sizes)) * 7, sizes))
    y = (rng.random(len(group)) < 0.2).astype(float)
    fold = fold_of(y, group, seed=7)
    assert len(np.unique(np.c_[group, fold], axis=0)) == len(sizes)
    for outcome in (0, 1):
        counts = np.bincount(fold[y == outcome], minlength=FOLDS)
        assert counts.max() - counts.min() <= max(4, max(sizes))
    assert np.array_equal(fold, fold_of(y, group, seed=7))
    # numbers of groups are names
    assert np.array_equal(fold, fold_of(y, group + 5, seed=7))
    assert len(sizes) < FOLDS + 2 or (fold != fold_of(y, group, seed=8)).any()


def test_folds_of_many_rows_take_no_time():
    rng = np.random.default_rng(3)
    group = np.r_[np.arange(180_000), rng.integers(0, 5000, 20_000)]
    began = time.process_time()
    fold_of((rng.random(200_000) < 0.15).astype(float), group, seed=7)
    assert time.process_time() - began < 3
