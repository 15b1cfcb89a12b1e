"""Rows that a file holds twice: the same key and change stamp, whatever chunk they stand in.

Belongs here: remembering what has been seen of a file, so that the first of two rows is kept. Does not
belong here: what becomes of the other (reader.py).
"""

from __future__ import annotations

import numpy as np
import polars as pl


class Repeats:
    """The keys and stamps of a file's rows so far, with the line where each first stood.

    Most chunks hold nothing that was there before. So each chunk is first compared by hashes, which
    costs the same however much has been seen; rows are compared only where hashes meet.
    """

    def __init__(self, key: tuple[str, ...]):
        self._same = [*key, "change_stamp"]
        self._seen: list[pl.DataFrame] = []
        self._hashes: list[np.ndarray] = []

    def split(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[tuple[int, int]]]:
        """The rows that come for the first time; of the others `_row` and the line of the first."""
        hashes = np.sort(rows.select(self._same).hash_rows(seed=0).to_numpy())
        may_repeat = bool((hashes[1:] == hashes[:-1]).any()) or self._met_before(hashes)
        fresh, repeated = self._compared(rows) if may_repeat else (rows, [])
        self._seen.append(fresh.select(*self._same, "source_line"))
        self._remember(hashes)
        return fresh, repeated

    def _met_before(self, hashes: np.ndarray) -> bool:
        for known in self._hashes:
            place = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
            if (known[place] == hashes).any():
                return True
        return False

    def _remember(self, hashes: np.ndarray) -> None:
        """Sorted runs, the smaller ones merged, so that there are only as many as doublings."""
        while self._hashes and len(self._hashes[-1]) <= len(hashes):
            hashes = np.sort(np.concatenate([self._hashes.pop(), hashes]), kind="stable")
        if len(hashes):
            self._hashes.append(hashes)

    def _compared(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[tuple[int, int]]]:
        keys = rows.select(*self._same, "source_line")
        known = pl.concat([*self._seen, keys]).group_by(self._same).agg(pl.col("source_line").min())
        first = keys.join(
            known.rename({"source_line": "first"}),
            on=self._same,
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )["first"]
        repeated = first != rows["source_line"]
        lines = zip(rows["_row"].filter(repeated), first.filter(repeated), strict=True)
        return rows.filter(~repeated), list(lines)
