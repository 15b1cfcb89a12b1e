"""Which rows of a table a model is tested on, and which it may learn from for that.

Belongs here: splits by time and by folds, with no group of rows on both sides, and how many rows have an equal one on the other
side all the same. Does not belong here: which rows hang together (table_groups.py), training.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from models.encoding import uniform
from models.table_roles import Table, TableError

TEST_SHARE = 0.2
FOLDS = 5
# Of groups that have rows on both sides of the cut, this share is tested on.
SHARE_OF_GROUPS = 1 / 3


@dataclass(frozen=True)
class TableSplit:
    """Pairs of row numbers, to learn from and to be tested on, and what was done in JSON-ready words."""

    parts: tuple[tuple[np.ndarray, np.ndarray], ...]
    described: dict
    warnings: tuple[str, ...] = ()


def split_table(table: Table, seed: int) -> TableSplit:
    """The last fifth by time; without a time stratified folds. Raises TableError where all rows have one time."""
    split = _by_time(table, seed) if table.time is not None else _folds(table, seed)
    content, tested = table.groups.content, sum(len(later) for _, later in split.parts)
    alike = sum(int(np.isin(content[later], content[known]).sum()) for known, later in split.parts)
    if not alike:
        return split
    why = "so many look alike that they count as rows of a kind and not as copies"
    warning = f"{alike:,} of the {tested:,} rows tested on equal a row that was learnt from: {why}"
    described = split.described | {"tested_rows_with_an_equal_one_learnt": alike}
    return TableSplit(split.parts, described, (warning,))


def inner_split(y: np.ndarray, group: np.ndarray, in_time: bool, seed: int) -> tuple | None:
    """Rows to grow trees on and to stop by: the last fifth (of rows in order of time), else
    a fold. None of too few rows."""
    first = int((1 - TEST_SHARE) * len(y))
    rows, tried = np.arange(len(y)), []
    if in_time:
        tried = [(rows[:first][~np.isin(group[:first], group[first:])], rows[first:])]
    # where most groups run through all of the time, groups are kept apart instead
    tried += _stratified(y, group, seed)[:1]
    for earlier, later in tried:
        is_whole = all(0 < y[part].sum() < len(part) for part in (earlier, later))
        if is_whole and len(earlier) >= len(y) / 2:
            return earlier, later
    return None


def _by_time(table: Table, seed: int) -> TableSplit:
    time, n = table.time, len(table.y)
    starts = (
        np.flatnonzero(np.r_[False, (time[1:] != time[:-1]).to_numpy()])
        if n > 1
        else np.array([], int)
    )
    if len(starts) == 0:
        raise TableError(
            f"all rows have one {time.name}: there is no later part to test on; leave --time out"
        )
    first = int(starts[np.argmin(np.abs(starts - (1 - TEST_SHARE) * n))])
    earlier, later = np.arange(first), np.arange(first, n)
    both = np.intersect1d(table.group[earlier], table.group[later])
    tested = both[uniform(pl.Series(both.astype(str)), str(seed)) < SHARE_OF_GROUPS]
    learnt = np.setdiff1d(both, tested)
    train = earlier[~np.isin(table.group[earlier], tested)]
    test = later[~np.isin(table.group[later], learnt)]
    train = _without_copies(table, train, test)
    described = {
        "kind": "time",
        "by": time.name,
        "train": _span(table, train),
        "test": _span(table, test),
    }
    if len(both):
        described["groups_on_both_sides"] = len(both)
    if len(train) + len(test) < n:
        described["rows_left_out"] = n - len(train) - len(test)
    return TableSplit(((train, test),), described)


def _folds(table: Table, seed: int) -> TableSplit:
    whole = _stratified(table.y, table.group, seed)
    parts = tuple((_without_copies(table, train, test), test) for train, test in whole)
    described = {
        "kind": "folds",
        "folds": len(parts),
        "grouped": bool(len(np.unique(table.group)) < len(table.y)),
    }
    left = sum(len(before[0]) - len(after[0]) for before, after in zip(whole, parts, strict=True))
    if left:
        described["rows_left_out_of_a_fold"] = round(left / len(parts))
    return TableSplit(parts, described)


def _without_copies(table: Table, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Rows to learn from of which no copy is tested on: where copies run through all entities, groups do not keep them apart."""
    return train[~np.isin(table.groups.copy[train], table.groups.copy[test])]


def _stratified(y: np.ndarray, group: np.ndarray, seed: int) -> tuple:
    """Folds with equal rates and whole groups; none where an outcome has fewer rows or groups than folds."""
    if min(y.sum(), len(y) - y.sum()) < FOLDS or len(np.unique(group)) < FOLDS:
        return ()
    fold, rows = fold_of(y, group, seed), np.arange(len(y))
    return tuple((rows[fold != number], rows[fold == number]) for number in range(FOLDS))


def fold_of(y: np.ndarray, group: np.ndarray, seed: int) -> np.ndarray:
    """The fold of each row: groups stay whole, and folds have about as many rows of either outcome.

    Groups alike in rows and conversions are dealt out in a random order, evenly, as rows without groups all are; what is left
    over, fewer than FOLDS of a kind, goes one by one, the largest first, to where its outcomes are fewest.
    """
    _, group = np.unique(group, return_inverse=True)
    rows, hits = np.bincount(group), np.bincount(group, weights=y)
    order = np.random.default_rng(seed).permutation(len(rows))
    order = order[np.lexsort((hits[order], -rows[order]))]
    starts = np.r_[True, (np.diff(rows[order]) != 0) | (np.diff(hits[order]) != 0)]
    alike = np.diff(np.r_[np.flatnonzero(starts), len(order)])
    place = np.arange(len(order)) - np.repeat(np.flatnonzero(starts), alike)
    fold = np.empty(len(order), np.int64)
    fold[order] = place % FOLDS
    is_left = place >= np.repeat(alike - alike % FOLDS, alike)
    _deal(fold, order[is_left], np.c_[hits, rows - hits])
    return fold[group]


def _deal(fold: np.ndarray, groups: np.ndarray, outcomes: np.ndarray) -> None:
    """Put each of these groups where its outcomes, weighted by how rare they are, are fewest so far."""
    weight = outcomes / np.maximum(outcomes.sum(axis=0), 1) ** 2
    held = np.zeros((FOLDS, 2))
    for number in groups:
        fold[number] = np.argmin(held @ weight[number])
        held[fold[number]] += outcomes[number]


def _span(table: Table, rows: np.ndarray) -> dict:
    if len(rows) == 0:
        return {"rows": 0, "positives": 0}
    first, last = table.time[int(rows[0])], table.time[int(rows[-1])]
    return {
        "rows": len(rows),
        "positives": int(table.y[rows].sum()),
        "from": first if isinstance(first, (int, float)) else str(first),
        "to": last if isinstance(last, (int, float)) else str(last),
    }
