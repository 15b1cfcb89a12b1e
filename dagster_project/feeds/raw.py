"""What a file format hands on to casting: rows still in the file's own types.

Belongs here: RawChunk only, so that the formats and casting need not know each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from dagster_project.feeds.contract import BadRow


@dataclass(frozen=True)
class RawChunk:
    """`frame`: the declared columns in the file; `lines`: each row's place; `text(i)`: its text.

    `has_no_nul`: the format's reader has seen that no value holds a NUL byte.
    """

    frame: pl.DataFrame
    lines: list[int]
    text: Callable[[int], str]
    bad: list[BadRow]
    has_no_nul: bool = False
