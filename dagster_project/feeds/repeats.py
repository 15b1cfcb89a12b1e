"""Rows that a file holds twice: the same key and change stamp, whatever chunk they stand in.

Belongs here: remembering what has been seen of a file, so that the first of two rows is kept. Does not
belong here: what becomes of the other (reader.py).
"""

from __future__ import annotations

import polars as pl


class Repeats:
    """The keys and stamps of a file's rows so far, with the line where each first stood.

    Most chunks hold nothing that was there before. So each chunk is first compared by hashes, which
    costs the same however much has been seen; rows are compared only where hashes meet.
    """

    def __init__(self, key: tuple[str, ...]):
        self._same = [*key, "change_stamp"]
        self._seen: list[pl.DataFrame] = []

    def split(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[tuple[int, int]]]:
        """The rows that come for the first time; of the others `_row` and the line of the first."""
        keys = rows.select(*self._same, "source_line", "_row")
        here = keys.with_columns(
            pl.col("source_line").first().over(self._same).alias("first_here"),
            pl.lit(None, dtype=pl.Int64).alias("first_before"),
        )
        for seen in self._seen:
            found = here.join(
                seen.select(*self._same, pl.col("source_line").alias("found")),
                on=self._same,
                how="left",
                nulls_equal=True,
                maintain_order="left",
            )
            here = found.with_columns(
                pl.coalesce("first_before", "found").alias("first_before")
            ).drop("found")
        here = here.with_columns(pl.coalesce("first_before", "first_here").alias("first"))
        repeated = here.filter(pl.col("first") != pl.col("source_line"))
        fresh = here.filter(pl.col("first") == pl.col("source_line"))
        self._seen.append(fresh.select(*self._same, "source_line"))
        new = rows.filter(pl.Series(here["first"] == here["source_line"]))
        return new, list(zip(repeated["_row"], repeated["first"], strict=True))
