"""What the columns of a person's own table are: the outcome, the time, who a row is of, and what may be learnt from.

Belongs here: from a frame and the names that a person gave to outcomes, times, groups and feature columns, or to a clear
mistake. Does not belong here: reading files, splitting, training.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from models.feature import Feature
from models.guards import unusable
from models.table_groups import Groups, groups_of

POSITIVE_WORDS = frozenset({"1", "true", "yes", "won", "t", "y"})
NEGATIVE_WORDS = frozenset({"0", "false", "no", "lost", "f", "n", "not won"})
# What a 32-bit float can hold.
LARGEST = 3.4e38
DATES = (pl.Date, pl.Datetime)
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
    """Rows with an outcome, in order of time where there is one: features, outcomes 0/1, times, and what hangs together, with
    what was left out in words.
    """

    features: pl.DataFrame
    y: np.ndarray
    time: pl.Series | None
    groups: Groups
    has_entities: bool
    warnings: tuple[str, ...]

    @property
    def group(self) -> np.ndarray:
        """A number a row, equal for rows that must stand on one side of a split."""
        return self.groups.together


def read_roles(frame: pl.DataFrame, columns: Columns) -> Table:
    """Tell the roles apart. Raises TableError on columns that are not there, outcomes that are not two, times that are none."""
    _require(frame, columns)
    warnings: list[str] = []
    frame = _with(frame, _said(frame[columns.label]), columns.label, warnings)
    if columns.time:
        frame = _with(frame, _said(frame[columns.time]), columns.time, warnings)
        time = _times(frame[columns.time])
        order = time.to_frame("time").with_row_index("at").sort("time", "at")["at"]
        frame, time = frame[order], time[order]
    else:
        time = None
    y = outcomes(frame[columns.label], columns.positive)
    given = [c for c in (columns.label, columns.time, columns.entity, *columns.drop) if c]
    features = _learnable(without(frame, given), time, warnings)
    left_out = unusable(features)
    warnings += [f"{name} is left out: {why}" for name, why in left_out.items()]
    features = without(features, left_out)
    if not features.columns:
        raise TableError(f"no column is left to learn from. {'. '.join(warnings)}")
    groups = groups_of(features, frame[columns.entity] if columns.entity else None, warnings)
    return Table(features, y, time, groups, columns.entity is not None, tuple(warnings))


def without(frame: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """The other columns. Names are taken as they are: polars reads "*" and "^a.*$" as patterns."""
    gone = set(names)
    return pl.DataFrame([frame[name] for name in frame.columns if name not in gone])


def outcomes(values: pl.Series, positive: str | None = None) -> np.ndarray:
    """0/1 of a column that holds 0 and 1, true and false or two words. Raises TableError on anything else."""
    texts = _words(values)
    found = sorted(texts.unique().to_list())
    shown = ", ".join(found[:SHOWN]) + (" …" if len(found) > SHOWN else "")
    if len(found) > 2:
        raise TableError(
            f"{values.name} holds {len(found)} different values ({shown}); an outcome has two, such as 0 and 1 or won and lost"
        )
    if positive is None:
        word = _positive_of(found)
        if word is None:
            raise TableError(
                f"which value of {values.name} means converted ({shown})? Say it with --positive WORD"
            )
    else:
        word = _words(pl.Series([positive])).item()
        if values.dtype == pl.Boolean and word in POSITIVE_WORDS | NEGATIVE_WORDS:
            word = "true" if word in POSITIVE_WORDS else "false"
        if word not in found:
            raise TableError(f"no row of {values.name} is {positive!r}; it holds {shown}")
    return (texts == word).cast(pl.Float64).to_numpy()


def _words(values: pl.Series) -> pl.Series:
    """Values of an outcome as words that can be compared: 1, 1.0 and " 1" are one."""
    return values.cast(pl.String).str.strip_chars().str.to_lowercase().str.strip_suffix(".0")


def _positive_of(found: list[str]) -> str | None:
    """Which of the values means converted: a word for it, or what stands beside a word for the contrary; "" is none of them."""
    named = [word for word in found if word in POSITIVE_WORDS]
    others = [word for word in found if word not in POSITIVE_WORDS | NEGATIVE_WORDS]
    if len(found) == 1:
        return (named or [None if others else ""])[0]
    is_counted = all(word.isdigit() for word in found) and found != ["0", "1"]
    if len(named) == 1 and not is_counted:
        return named[0]
    return others[0] if len(others) == 1 and not (named or is_counted) else None


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
    for name in roles:
        kind = frame[name].dtype
        if kind.is_nested() or kind in (pl.Binary, pl.Object, pl.Time, pl.Duration):
            raise TableError(
                f"{name} holds values of type {kind}; an outcome, a time or an entity cannot"
            )
    if frame.height == 0:
        raise TableError("the table has no rows")


def _said(values: pl.Series) -> pl.Series:
    """Which rows have a value: null, NaN and blanks are none."""
    if values.dtype.is_float():
        return values.is_not_null() & values.is_not_nan()
    if values.dtype == pl.String:
        return (values.str.strip_chars() != "").fill_null(False)
    return values.is_not_null()


def _with(frame: pl.DataFrame, said: pl.Series, name: str, warnings: list[str]) -> pl.DataFrame:
    kept = frame.filter(said)
    if kept.height == 0:
        raise TableError(f"no row has a value of {name}: there is nothing to learn from")
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
    kept: list[pl.Series] = []
    is_dated = time is not None and time.dtype in DATES
    for name in frame.columns:
        values = frame[name]
        if values.dtype.is_numeric():
            kept.append(_finite(values, warnings))
        elif values.dtype == pl.String:
            kept.append(_perhaps_numbers(values, warnings))
        elif values.dtype == pl.Boolean:
            kept.append(values)
        elif values.dtype in (pl.Categorical, pl.Enum):
            kept.append(values.cast(pl.String))
        elif values.dtype in DATES and is_dated:
            kept.append(_days_before(values, time))
        else:
            dated = "a date says nothing without --time, the date of the row"
            why = dated if values.dtype in DATES else f"values of type {values.dtype}"
            warnings.append(f"{name} is not learnt from: {why}")
    if not kept:
        raise TableError("no column is left to learn from")
    return pl.DataFrame(kept)


def _finite(values: pl.Series, warnings: list[str]) -> pl.Series:
    """Without what the trees cannot hold: infinities and numbers beyond a 32-bit float."""
    if values.dtype.is_integer():
        return values
    numbers = values.cast(pl.Float64)
    is_fit = (numbers.abs() <= LARGEST).fill_null(True) | numbers.is_nan().fill_null(False)
    if wrong := int((~is_fit).sum()):
        warnings.append(
            f"{wrong:,} values of {values.name} are infinite or too large and count as missing"
        )
    return pl.select(pl.when(is_fit).then(numbers)).to_series().alias(values.name)


def _perhaps_numbers(values: pl.Series, warnings: list[str]) -> pl.Series:
    known = values.drop_nulls().str.strip_chars()
    if not len(known) or not known.str.contains(r"^-?\d+(,\d+)?$").all():
        return values
    warnings.append(f"{values.name} is read as numbers with decimal commas")
    numbers = values.str.strip_chars().str.replace(",", ".", literal=True)
    return numbers.cast(pl.Float64, strict=False).alias(values.name)


def _days_before(values: pl.Series, time: pl.Series) -> pl.Series:
    stamps = (one.cast(pl.Datetime("us")).cast(pl.Int64) for one in (time, values))
    at, then = stamps
    return ((at - then) / 86_400_000_000).alias(values.name)
