"""What the columns of a person's own table are: the outcome, the time, who a row is of, and what may be learnt from.

Belongs here: from a frame and the names that a person gave to outcomes, times, groups and feature columns, or to a clear
mistake. Does not belong here: reading files, splitting, training.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from models.feature import Feature

POSITIVE_WORDS = frozenset({"1", "true", "yes", "won", "t", "y"})
NEGATIVE_WORDS = frozenset({"0", "false", "no", "lost", "f", "n", "not won"})
# Of fewer different rows than this share of all, equal rows are the rule and no sign of copies.
COPIES_FROM = 0.1
SHOWN = 6


class TableError(ValueError):
    """A table that cannot be judged as asked; the message says what to change."""


@dataclass(frozen=True)
class Columns:
    """The names a person gave. `allow` names columns that may be learnt from although they look like leaks."""

    label: str
    time: str | None = None
    entity: str | None = None
    drop: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    positive: str | None = None


@dataclass(frozen=True)
class Table:
    """Rows with an outcome, in order of time where there is one: features, outcomes 0/1, times, and the group of each row
    (its entity, else rows that are copies of each other), with what was left out in words.
    """

    features: pl.DataFrame
    y: np.ndarray
    time: pl.Series | None
    group: np.ndarray
    has_entities: bool
    warnings: tuple[str, ...]


def read_roles(frame: pl.DataFrame, columns: Columns) -> Table:
    """Tell the roles apart. Raises TableError on columns that are not there, outcomes that are not two, times that are none."""
    _require(frame, columns)
    warnings: list[str] = []
    frame = _with(frame, pl.col(columns.label).is_not_null(), columns.label, warnings)
    if columns.time:
        frame = _with(frame, pl.col(columns.time).is_not_null(), columns.time, warnings)
        time = _times(frame[columns.time])
        order = time.to_frame("time").with_row_index("at").sort("time", "at")["at"]
        frame, time = frame[order], time[order]
    else:
        time = None
    if frame.height == 0:
        raise TableError(f"no row has a value of {columns.label}: there is nothing to learn from")
    y = outcomes(frame[columns.label], columns.positive)
    given = [c for c in (columns.label, columns.time, columns.entity, *columns.drop) if c]
    features = _learnable(frame.drop(given), time, warnings)
    group = _groups(frame, features, columns.entity, warnings)
    return Table(features, y, time, group, columns.entity is not None, tuple(warnings))


def outcomes(values: pl.Series, positive: str | None = None) -> np.ndarray:
    """0/1 of a column that holds 0 and 1, true and false or two words. Raises TableError on anything else."""
    texts = values.cast(pl.String).str.strip_chars().str.to_lowercase()
    if values.dtype.is_float():
        texts = texts.str.strip_suffix(".0")
    found = sorted(texts.drop_nulls().unique().to_list())
    shown = ", ".join(found[:SHOWN]) + (" …" if len(found) > SHOWN else "")
    if len(found) > 2:
        raise TableError(
            f"{values.name} holds {len(found)} different values ({shown}); an outcome has two, such as 0 and 1 or won and lost"
        )
    word = positive.strip().lower() if positive is not None else None
    if word is None:
        named = [text for text in found if text in POSITIVE_WORDS]
        if len(named) == 2 or not (named or set(found) & NEGATIVE_WORDS):
            raise TableError(
                f"which value of {values.name} means converted ({shown})? Say it with --positive WORD"
            )
        word = named[0] if named else ""
    elif word not in found:
        raise TableError(f"no row of {values.name} is {positive!r}; it holds {shown}")
    return (texts == word).cast(pl.Float64).to_numpy()


def features_of(frame: pl.DataFrame) -> tuple[Feature, ...]:
    """A feature a column: numbers as they are, texts as categories."""
    return tuple(
        Feature(
            name,
            "table",
            name,
            "category" if frame[name].dtype == pl.String else "number",
            "text" if frame[name].dtype == pl.String else "points",
            f"{name}: {{value}}",
            f"no {name} on record",
        )
        for name in frame.columns
    )


def _require(frame: pl.DataFrame, columns: Columns) -> None:
    asked = [columns.label, columns.time, columns.entity, *columns.drop, *columns.allow]
    if gone := [name for name in asked if name is not None and name not in frame.columns]:
        raise TableError(f"no column {', '.join(gone)}; the table has {', '.join(frame.columns)}")
    roles = [name for name in (columns.label, columns.time, columns.entity) if name]
    if twice := {name for name in roles if roles.count(name) > 1 or name in columns.drop}:
        raise TableError(f"{', '.join(sorted(twice))} is given twice, for different things")
    if frame.height == 0:
        raise TableError("the table has no rows")


def _with(frame: pl.DataFrame, there: pl.Expr, name: str, warnings: list[str]) -> pl.DataFrame:
    kept = frame.filter(there)
    if left := frame.height - kept.height:
        warnings.append(f"{left:,} rows without a value of {name} are left out")
    return kept


def _times(values: pl.Series) -> pl.Series:
    if values.dtype.is_numeric() or values.dtype.is_temporal():
        return values
    parsed = values.cast(pl.String).str.strip_chars().str.to_datetime(strict=False, time_zone="UTC")
    if parsed.null_count():
        at = int(parsed.is_null().arg_max() or 0)
        raise TableError(
            f"{values.name} of data row {at + 1} ({values[at]!r}) is no date, timestamp or number; "
            "write dates as 2026-01-31 or 2026-01-31T18:36:06Z"
        )
    return parsed


def _learnable(frame: pl.DataFrame, time: pl.Series | None, warnings: list[str]) -> pl.DataFrame:
    """Numbers, yes/no and texts; of dates their distance to the row's own time, where it is a date too."""
    kept: dict[str, pl.Series] = {}
    for name in frame.columns:
        values = frame[name]
        if values.dtype.is_numeric() or values.dtype in (pl.Boolean, pl.String):
            kept[name] = values.cast(pl.Float64) if values.dtype.is_decimal() else values
        elif values.dtype in (pl.Categorical, pl.Enum):
            kept[name] = values.cast(pl.String)
        elif (
            values.dtype in (pl.Date, pl.Datetime) and time is not None and time.dtype.is_temporal()
        ):
            kept[name] = _days_before(values, time)
        else:
            why = (
                "a date says nothing without --time"
                if values.dtype.is_temporal()
                else f"values of type {values.dtype}"
            )
            warnings.append(f"{name} is not learnt from: {why}")
    if not kept:
        raise TableError("no column is left to learn from")
    return pl.DataFrame(kept)


def _days_before(values: pl.Series, time: pl.Series) -> pl.Series:
    stamps = (one.cast(pl.Datetime("us")).cast(pl.Int64) for one in (time, values))
    at, then = stamps
    return ((at - then) / 86_400_000_000).alias(values.name)


def _groups(
    frame: pl.DataFrame, features: pl.DataFrame, entity: str | None, warnings: list[str]
) -> np.ndarray:
    """A number a row, equal for rows that must stand on one side of a split."""
    if entity is not None:
        alone = pl.format("row {}", pl.int_range(pl.len()))
        known = frame.select(pl.col(entity).cast(pl.String))
        if none := known[entity].null_count():
            warnings.append(f"{none:,} rows without a value of {entity} stand each for themselves")
        return _numbered(known.select(pl.coalesce(pl.format("of {}", pl.col(entity)), alone)))
    copies = features.hash_rows(seed=0).to_frame()
    different = copies.n_unique()
    if different < COPIES_FROM * features.height:
        return np.arange(features.height)
    if again := features.height - different:
        warnings.append(f"{again:,} rows repeat another row; copies stand on one side of the split")
    return _numbered(copies)


def _numbered(frame: pl.DataFrame) -> np.ndarray:
    """Numbers by first appearance."""
    (name,) = frame.columns
    first = frame.with_row_index("at").select(pl.col("at").min().over(name))
    return first["at"].rank("dense").cast(pl.Int64).to_numpy() - 1
