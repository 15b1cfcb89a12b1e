"""What the columns of a person's own table are: the outcome, the time, who a row is of, and what may be learnt from.

Belongs here: from a frame and the names that a person gave to outcomes, times, groups and feature columns, or to a clear
mistake. Does not belong here: reading files, splitting, training.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from models.feature import Feature
from models.guards import unusable
from models.table_groups import Groups, groups_of
from models.table_numbers import read_numbers

POSITIVE_WORDS = frozenset({"1", "true", "yes", "won", "t", "y", "closed won", "closedwon"})
NEGATIVE_WORDS = frozenset(
    {"0", "false", "no", "lost", "f", "n", "not won", "closed lost", "closedlost"}
)
# What a 32-bit float can hold.
LARGEST = 3.4e38
DATES = (pl.Date, pl.Datetime)
SHOWN, NAMES_SHOWN = 6, 20


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
    what was left out in words. `words` are the cells of columns of numbers that are none ("-", "paid"), all numbers as one word:
    as missing values they look alike, and could hide what they know of the outcome.
    """

    features: pl.DataFrame
    words: pl.DataFrame
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
    given = [c for c in (columns.label, columns.time, columns.entity, *columns.drop) if c]
    # Numbers and the rows of the file are told before rows are left out, so that a row named is the row found.
    frame, words = _numbers(frame, given, warnings)
    rows = _with(np.arange(frame.height), frame[columns.label], warnings)
    time = None
    if columns.time:
        rows = _with(rows, frame[columns.time], warnings)
        time = _times(frame[columns.time], rows)
        order = time.to_frame("time").with_row_index("at").sort("time", "at")["at"]
        rows, time = rows[order.to_numpy()], time[order]
    frame, words = frame[rows], words[rows] if words.columns else words
    y = outcomes(frame[columns.label], columns.positive)
    features = _learnable(without(frame, given), time, warnings)
    left_out = unusable(features)
    warnings += [f"{name} is left out: {why}" for name, why in left_out.items()]
    features = without(features, left_out)
    if not features.columns:
        raise TableError(f"no column is left to learn from. {'. '.join(warnings)}")
    groups = groups_of(features, frame[columns.entity] if columns.entity else None, warnings)
    has_entities = columns.entity is not None
    return Table(features, without(words, left_out), y, time, groups, has_entities, tuple(warnings))


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
    """Values of an outcome as words that can be compared: 1, 1.0, 1.00 and " 1" are one."""
    return values.cast(pl.String).str.strip_chars().str.to_lowercase().str.replace(r"\.0+$", "")


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
        raise TableError(f"no column {', '.join(gone)}; {_names_like(gone, frame.columns)}")
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


def _names_like(gone: list[str], names: list[str]) -> str:
    """The names nearest to those that are not there, and what the table has, not all of a thousand."""
    lower = {name.lower(): name for name in reversed(names)}
    close = [near for one in gone for near in difflib.get_close_matches(one.lower(), lower, n=3)]
    meant = (
        f"is {' or '.join(dict.fromkeys(lower[near] for near in close))} meant? " if close else ""
    )
    more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return f"{meant}the table has {', '.join(names[:NAMES_SHOWN])}{more}"


def _said(values: pl.Series) -> pl.Series:
    """Which rows have a value: null, NaN and blanks are none."""
    if values.dtype.is_float():
        return values.is_not_null() & values.is_not_nan()
    if values.dtype == pl.String:
        return (values.str.strip_chars() != "").fill_null(False)
    return values.is_not_null()


def _with(rows: np.ndarray, values: pl.Series, warnings: list[str]) -> np.ndarray:
    """Those of the rows that have a value."""
    kept = rows[_said(values).to_numpy()[rows]]
    if len(kept) == 0:
        raise TableError(f"no row has a value of {values.name}: there is nothing to learn from")
    if left := len(rows) - len(kept):
        are = "row without a value of {} is" if left == 1 else "rows without a value of {} are"
        warnings.append(f"{left:,} {are.format(values.name)} left out")
    return kept


def _times(values: pl.Series, rows: np.ndarray) -> pl.Series:
    """Times of these rows of the file."""
    known = values[rows]
    if values.dtype.is_numeric() or values.dtype.is_temporal():
        return known
    counted = read_numbers(values) if values.dtype == pl.String else None
    if counted is not None and counted.numbers is not None and counted.words is None:
        return counted.numbers[rows]
    parsed = known.cast(pl.String).str.strip_chars().str.to_datetime(strict=False, time_zone="UTC")
    if parsed.null_count():
        at = int(parsed.is_null().arg_max() or 0)
        raise TableError(
            f"{values.name} of data row {rows[at] + 1:,} ({known[at]!r}) is no date, timestamp or number; "
            "write dates as 2026-01-31 or 2026-01-31T18:36:06Z"
        )
    return parsed


def _numbers(frame: pl.DataFrame, given: list[str], warnings: list[str]):
    """The frame with texts that are numbers as such, but for the columns `given`, and the cells of these that are none."""
    read: dict[str, pl.Series] = {}
    words: list[pl.Series] = []
    for name in without(frame, given).columns:
        found = read_numbers(frame[name]) if frame[name].dtype == pl.String else None
        if found is None:
            continue
        warnings.append(found.note)
        if found.numbers is not None:
            read[name] = found.numbers
        if found.words is not None:
            words.append(found.words)
    return pl.DataFrame([read.get(name, frame[name]) for name in frame.columns]), pl.DataFrame(
        words
    )


def _learnable(frame: pl.DataFrame, time: pl.Series | None, warnings: list[str]) -> pl.DataFrame:
    """Numbers, yes/no and texts; of dates their distance to the row's own time, where it is a date too."""
    kept: list[pl.Series] = []
    is_dated = time is not None and time.dtype in DATES
    for name in frame.columns:
        values = frame[name]
        if values.dtype.is_numeric():
            kept.append(_finite(values, warnings))
        elif values.dtype in (pl.String, pl.Boolean):
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


def _days_before(values: pl.Series, time: pl.Series) -> pl.Series:
    stamps = (one.cast(pl.Datetime("us")).cast(pl.Int64) for one in (time, values))
    at, then = stamps
    return ((at - then) / 86_400_000_000).alias(values.name)
