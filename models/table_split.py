"""Which rows of a table a model is tested on, and which it may learn from for that.

Belongs here: splits by time and by folds, with no group of rows on both sides. Does not belong here: training.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from sklearn.model_selection import StratifiedGroupKFold

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


def split_table(table: Table, seed: int) -> TableSplit:
    """The last fifth by time; without a time stratified folds. Raises TableError where all rows have one time."""
    return _by_time(table, seed) if table.time is not None else _folds(table, seed)


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
    described = {
        "kind": "time",
        "by": time.name,
        "train": _span(table, train),
        "test": _span(table, test),
    }
    if len(both):
        described["groups_on_both_sides"] = len(both)
        described["rows_left_out"] = n - len(train) - len(test)
    return TableSplit(((train, test),), described)


def _folds(table: Table, seed: int) -> TableSplit:
    parts = _stratified(table.y, table.group, seed)
    described = {
        "kind": "folds",
        "folds": len(parts),
        "grouped": bool(len(np.unique(table.group)) < len(table.y)),
    }
    return TableSplit(parts, described)


def _stratified(y: np.ndarray, group: np.ndarray, seed: int) -> tuple:
    """Folds with equal rates and whole groups; none where an outcome has fewer rows or groups than folds."""
    if min(y.sum(), len(y) - y.sum()) < FOLDS or len(np.unique(group)) < FOLDS:
        return ()
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    return tuple(folds.split(y, y, group))


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
