"""CSV at speed: the lines of a block that are rows beyond doubt, read all at once.

Belongs here: telling such lines from others, and reading them. What is found must be what csv_split.py
finds line by line (a test holds the two against each other). Does not belong here: all other lines.
"""

from __future__ import annotations

import csv
import io

import numpy as np
import polars as pl

from dagster_project.feeds.blocks import Block
from dagster_project.feeds.contract import Header

_VALUE = r'(?:"(?:[^"]|"")*"|[^",]*)'


def plain_rows(block: Block, width: int) -> tuple[pl.Series | None, np.ndarray]:
    """The block's lines and which of them are, if a row starts there, one whole row of `width` values.

    Such a line has no quotes and the right number of commas, or each of its quotes opens, closes or
    doubles where it should.
    """
    lines = block.column
    if lines is None:
        return None, np.zeros(len(block), dtype=bool)
    commas = lines.str.count_matches(",", literal=True) == width - 1
    has_quote = lines.str.contains('"', literal=True)
    # Reading a block drops a byte order mark at its start, which here is part of a value.
    has_mark = lines.str.starts_with("\ufeff")
    plain = commas & ~has_quote & ~has_mark
    if width == 1:
        plain &= lines.str.strip_chars() != ""
    if has_quote.any():
        quoted = (
            pl.when(has_quote & ~has_mark & (lines.str.len_bytes() <= csv.field_size_limit()))
            .then(lines)
            .str.contains(f"^{_VALUE}(?:,{_VALUE}){{{width - 1}}}$")
            .fill_null(False)
        )
        plain = pl.select(pl.lit(plain) | quoted).to_series()
    return lines, plain.to_numpy()


def rows_of(lines: pl.Series, header: Header) -> pl.DataFrame:
    """Plain lines as text columns under the declared names."""
    found = pl.read_csv(
        io.BytesIO(lines.str.join("\n").item().encode()),
        has_header=False,
        columns=sorted(set(header.index.values())),
        infer_schema=False,
        empty_string_is_null=False,
    )
    return found.select(pl.col(f"column_{i}").alias(name) for name, i in header.index.items())
