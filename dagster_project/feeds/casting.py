"""From a file's own values to declared types, with the reason for each value that does not fit.

Belongs here: what counts as a number, a date, a truth value; limits; the words people read when a
value is refused. Does not belong here: rows and files (the *_rows modules), duplicates (reader.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime

import polars as pl

from dagster_project.feeds.contract import Column

_Read = Callable[[pl.Series], pl.Series]
# Amounts become integer cents downstream; beyond this they would not fit.
MAX_NUMBER = 1e16
# Years that every library downstream can hold (nanosecond clocks end in 2262).
FIRST_YEAR, LAST_YEAR = 1600, 2261

_NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_MOMENT = (
    r"^(\d{4}-\d{2}-\d{2})"
    r"(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*"
    r"(?:Z|UTC|([+-])(\d{2}):?(\d{2})?)?)?$"
)
# As programs write moments: to the second, in UTC. Nearly all are, and these are quickly read.
_PLAIN_MOMENT = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.0{1,9})?(?:Z|[+-]00:?00| UTC)?$"
_PLAIN_DAY = r"^\d{4}-\d{2}-\d{2}$"
# What a published reason may show of a value: dates, numbers and slips of the pen in them, and the
# words programs write for "nothing". Not what may be a name, a telephone or a card number.
_MOST_DIGITS_SHOWN = 12
_NUMBER_LIKE = re.compile(
    r"-{0,2}(?:\d*[.,]?\d+|\d+[.,]|\d{1,3}(?:[.,_]\d{3})+(?:[.,]\d{1,2})?)"
    r"(?:[eE][+-]?\d{1,3}|x\d+|[A-Za-z%]{0,2})"
)
_DATE_LIKE = re.compile(
    r"(?:\d{4}[-/.]\d{1,2}(?:[-/.]\d{1,2})?|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2}))"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)? ?(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_NO_VALUE = re.compile(
    r"[+-]?(?:inf|infinity|nan)|null|nil|none|n/?a|#n/a|#ref!|#value!|#name\?|#num!|#div/0!|-+|\?+",
    re.IGNORECASE,
)
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


def cast(raw: pl.Series, column: Column, has_no_nul: bool = False) -> tuple[pl.Series, pl.Series]:
    """Cast to the column's type: (values, mask of rows whose value was there but does not fit).

    Blank text is null. Numbers are finite and below MAX_NUMBER; moments without a zone are UTC,
    others are brought to UTC; a date keeps the calendar day that is written. `has_no_nul` saves
    looking for NUL bytes where a format has none.
    """
    text = _without_blanks(_as_text(raw))
    typed = _typed(raw, text, column)
    if column.dtype != pl.String:
        wrong = text.is_not_null() & typed.is_null()
    elif has_no_nul:
        wrong = pl.repeat(False, len(text), eager=True)
    else:
        wrong = text.str.contains("\x00", literal=True).fill_null(False)
    if column.clean is not None:
        typed = column.clean(typed)
    return typed.alias(column.name), wrong


def _as_text(raw: pl.Series) -> pl.Series:
    if raw.dtype == pl.Binary:
        return raw.cast(pl.String, strict=False)
    return raw.cast(pl.String)


def _without_blanks(text: pl.Series) -> pl.Series:
    """Blank text as null. Only what begins with a blank, or beyond ASCII, may be blank: few values."""
    may_be = ((text < "!") | (text >= "\x85")).fill_null(False)
    if not may_be.any():
        return text
    blank = may_be & (text.set(~may_be, "x").str.strip_chars() == "").fill_null(False)
    return text.set(blank, None) if blank.any() else text


def _typed(raw: pl.Series, text: pl.Series, column: Column) -> pl.Series:
    dtype = column.dtype
    if column.parse is not None:
        parsed = column.parse(text.str.strip_chars())
        return _in_range(parsed) if parsed.dtype.is_temporal() else parsed
    if dtype == pl.String:
        return text
    if raw.dtype.is_temporal() and dtype in (pl.Date, pl.Datetime):
        return _in_range(_native_moment(raw, dtype))
    if dtype == pl.Boolean:
        return _quickly(text, _plain_truth, _truth)
    if dtype == pl.Float64:
        return _float(text.str.strip_chars())
    if dtype == pl.Int64:
        return _quickly(text, _plain_whole, _whole)
    if dtype == pl.Date:
        return _in_range(_quickly(text, _plain_day, lambda rest: _moment(rest, as_date=True)))
    return _in_range(_quickly(text, _plain_moment, lambda rest: _moment(rest, as_date=False)))


def _quickly(text: pl.Series, plain: _Read, careful: _Read) -> pl.Series:
    """What `plain` makes of values in the usual spelling, and `careful` of the others."""
    value = plain(text)
    rest = (value.is_null() & text.is_not_null()).arg_true()
    if rest.is_empty():
        return value
    return value.scatter(rest, careful(text.gather(rest).str.strip_chars()))


def _plain_truth(text: pl.Series) -> pl.Series:
    return text.replace_strict(_TRUTH, default=None, return_dtype=pl.Boolean)


def _truth(text: pl.Series) -> pl.Series:
    return _plain_truth(text.str.to_lowercase())


def _plain_whole(text: pl.Series) -> pl.Series:
    digits = text.str.contains(r"^\d{1,15}$").fill_null(False)
    return text.set(~digits, None).cast(pl.Int64, strict=False)


def _plain_day(text: pl.Series) -> pl.Series:
    days = text.str.contains(_PLAIN_DAY).fill_null(False)
    return text.set(~days, None).str.to_date("%Y-%m-%d", strict=False)


def _plain_moment(text: pl.Series) -> pl.Series:
    """Moments to the second in UTC, as programs write them, with the first one's mark of the time."""
    seconds = text.str.contains(_PLAIN_MOMENT).fill_null(False)
    mark = "T" if "T" in (text.drop_nulls().head(1).str.slice(10, 1).to_list() or [""]) else " "
    clock = text.set(~seconds, None).str.head(19)
    return clock.str.to_datetime(
        f"%Y-%m-%d{mark}%H:%M:%S", time_unit="us", strict=False, cache=False
    )


def _native_moment(raw: pl.Series, dtype: pl.DataType) -> pl.Series:
    if raw.dtype == pl.Time:
        return pl.Series(raw.name, [None] * len(raw), dtype=dtype)
    if isinstance(raw.dtype, pl.Datetime) and raw.dtype.time_zone:
        raw = raw.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return raw.cast(dtype, strict=False)


def _float(text: pl.Series) -> pl.Series:
    number = text.set(~text.str.contains(_NUMBER).fill_null(False), None).str.strip_prefix("+")
    value = number.cast(pl.Float64, strict=False)
    return value.set(~(value.is_finite() & (value.abs() < MAX_NUMBER)).fill_null(False), None)


def _whole(text: pl.Series) -> pl.Series:
    """Whole numbers, also when written '100.0' as spreadsheets do."""
    value = _float(text)
    whole = value.set((value != value.floor()).fill_null(False), None)
    return whole.cast(pl.Int64, strict=False)


def _moment(text: pl.Series, as_date: bool) -> pl.Series:
    part = text.str.extract_groups(_MOMENT).struct.unnest()
    day, clock, second, fraction, sign, hours, minutes = (
        part.to_series(i) for i in range(part.width)
    )
    written = pl.DataFrame(
        [
            day.alias("day"),
            clock.fill_null("00:00").alias("clock"),
            second.fill_null("00").alias("second"),
            (fraction.fill_null("") + "000000").str.slice(0, 6).alias("micros"),
            sign.fill_null("+").alias("sign"),
            hours.cast(pl.Int64).fill_null(0).alias("hours"),
            minutes.cast(pl.Int64).fill_null(0).alias("minutes"),
        ]
    ).select(
        pl.format("{} {}:{}.{}", "day", "clock", "second", "micros")
        .str.to_datetime("%Y-%m-%d %H:%M:%S%.6f", time_unit="us", strict=False)
        .alias("local"),
        (
            pl.duration(hours="hours", minutes="minutes")
            * pl.when(pl.col("sign") == "-").then(-1).otherwise(1)
        ).alias("offset"),
        ((pl.col("hours") <= 15) & (pl.col("minutes") <= 59)).alias("is_offset"),
    )
    as_type = pl.col("local").dt.date() if as_date else pl.col("local") - pl.col("offset")
    return written.select(pl.when("is_offset").then(as_type)).to_series()


def _in_range(moment: pl.Series) -> pl.Series:
    kind = date if moment.dtype == pl.Date else datetime
    first, last = kind(FIRST_YEAR, 1, 1), kind(LAST_YEAR + 1, 1, 1)
    inside = moment.is_between(first, last, closed="left").fill_null(True)
    return moment if inside.all() else moment.set(~inside, None)


def _shown(text: str) -> str:
    """The value itself if it has the shape of a number or a date, else its length alone: in a
    shifted row it may name a person.

    The reason is published, the row's text stays in the home's quarantine.
    """
    value = text.strip()
    digits = sum(character.isdigit() for character in value)
    is_number = value.isascii() and digits <= _MOST_DIGITS_SHOWN and _NUMBER_LIKE.fullmatch(value)
    is_date = value.isascii() and _DATE_LIKE.fullmatch(value)
    if is_number or is_date or _NO_VALUE.fullmatch(value):
        return f"'{value}'"
    return f"(a text of {len(text)} characters)"


def why_wrong(value: object, column: Column) -> str:
    """The reason in words for a value that `cast` refused, with what to write instead."""
    text = str(value)
    shown = _shown(text)
    if column.expects:
        return f"{column.name} {shown} is not {column.expects}"
    if column.dtype == pl.String:
        return f"{column.name} holds a NUL byte; export the file again"
    if column.dtype == pl.Boolean:
        return f"{column.name} {shown} is neither true nor false; write true or false"
    if column.dtype in (pl.Float64, pl.Int64):
        return _why_no_number(text.strip(), shown, column)
    found = pl.Series([text.strip()])
    if column.dtype in (pl.Date, pl.Datetime) and _moment(found, as_date=True)[0] is not None:
        return (
            f"{column.name} {shown}: the year is outside {FIRST_YEAR}-{LAST_YEAR}; "
            "correct it or leave it empty"
        )
    example = "2011-03-31" if column.dtype == pl.Date else "2011-03-31T18:36:06Z"
    return f"{column.name} {shown} is not a date; write it as {example}"


def _why_no_number(text: str, shown: str, column: Column) -> str:
    if pl.Series([text]).str.contains(_NUMBER)[0]:
        if abs(float(text)) >= MAX_NUMBER:
            return f"{column.name} {shown} is too large (limit {MAX_NUMBER:.0e}); correct it"
        return f"{column.name} {shown} is not a whole number; round it"
    return (
        f"{column.name} {shown} is not a number; write plain digits with a decimal point, "
        "such as 1234.5 (no currency sign, no thousands separator)"
    )
