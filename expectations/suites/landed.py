"""Facts that hold for landed rows of every vendor; suites of vendors are built from them.

Belongs here: the record's key and versions, the two clocks, believable stamps, mass deletions.
Does not belong here: anything about one vendor's columns (crm.py and its neighbours).
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from expectations.vocabulary import critical, present, some_and_many, warning

SAFE_ID = r"^[^\s\x00-\x1f]{1,64}$"
FIRST_SANE_DAY = date(1990, 1, 1)
DATES_AHEAD = timedelta(days=3653)
# A host name with at least one dot: no scheme, no path, no blanks, no @.
DOMAIN = r"^(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$"


def keys(key: str, thing: str, pattern: str) -> list[Any]:
    """The record's own id: there, safe to join on, and of the vendor's shape."""
    return [
        present(
            "id_present",
            key,
            f"Every {thing} has an id.",
            "Rows without an id cannot be followed through time: export the Id column.",
        ),
        *some_and_many(
            "ColumnValuesToMatchRegex",
            "id_is_safe",
            "Ids are 1 to 64 characters without blanks.",
            "The columns of the file have probably shifted: look at the delimiter and quoting.",
            block_below=0.95,
            show_values=False,
            column=key,
            regex=SAFE_ID,
        ),
        warning(
            "ColumnValuesToMatchRegex",
            "id_has_vendor_shape",
            "Ids have the vendor's shape (Salesforce: 15 or 18 letters and digits).",
            "A spreadsheet may have rewritten them (1.2E+14): export again without opening it.",
            show_values=False,
            column=key,
            regex=pattern,
        ),
    ]


def versions() -> list[Any]:
    """A version of a mutable record is its id with its change stamp."""
    return [
        warning(
            "CompoundColumnsToBeUnique",
            "version_once",
            "Each version of a record (id and change stamp) arrives once a day.",
            "Staging keeps one of them; look why the export repeats rows.",
            column_list=["id", "system_modstamp"],
        )
    ]


def once(name: str, thing: str, columns: list[str]) -> Any:
    """A row that never changes arrives once."""
    return warning(
        "CompoundColumnsToBeUnique",
        name,
        f"A row of {thing} arrives once.",
        "Staging keeps one of them; look why the export repeats rows.",
        show_values=False,
        column_list=columns,
    )


def clocks(known_day: date, days_ahead: int = 0) -> list[Any]:
    """Both clocks are set, and nothing is known later than the day it arrived.

    days_ahead: how far stamps may lie after the arrival (another clock than UTC counts the days).
    """
    return [
        present(
            "known_at_present",
            "known_at",
            "Every landed row says from which day on it was known.",
            "This is a fault of landing: report it; the as-of promise rests on this column.",
        ),
        critical(
            "ColumnValuesToBeBetween",
            "known_by_arrival",
            f"No row is known later than its arrival on {known_day.isoformat()}.",
            "This is a fault of landing: report it; the as-of promise rests on this column.",
            column="known_at",
            max_value=end_of(known_day),
        ),
        present(
            "occurred_at_present",
            "occurred_at",
            "Every landed row says when it happened.",
            "This is a fault of landing: report it with the source file.",
        ),
        *some_and_many(
            "ColumnValuesToBeBetween",
            "occurred_in_sane_years",
            f"Change stamps lie between {FIRST_SANE_DAY.year} and the day of the arrival.",
            "Look at the time zone and date format of the export; future rows wait for their day.",
            block_below=0.50,
            column="occurred_at",
            min_value=start_of(FIRST_SANE_DAY),
            max_value=end_of(known_day + timedelta(days=days_ahead)),
        ),
    ]


def believable(name: str, known_day: date) -> list[Any]:
    """A date that a person entered: plans may lie ahead, but not by decades."""
    return some_and_many(
        "ColumnValuesToBeBetween",
        f"{name}_believable",
        f"{name} lies between {FIRST_SANE_DAY.year} and ten years ahead.",
        "Correct the date in the CRM; a default such as 1900 or 9999 is no date.",
        block_below=0.95,
        column=name,
        min_value=start_of(FIRST_SANE_DAY),
        max_value=end_of(known_day + DATES_AHEAD),
    )


def domains(name: str, block_below: float = 0.80) -> list[Any]:
    """A domain is a host name: not a URL, not an address, no blanks."""
    return some_and_many(
        "ColumnValuesToMatchRegex",
        f"{name}_is_a_domain",
        f"{name} is a bare domain such as example.com: no https://, no path, no blanks.",
        "Rows of other domains match no account: ask the vendor for bare domains.",
        block_below=block_below,
        show_values=False,
        column=name,
        regex=DOMAIN,
    )


def not_future(name: str, known_day: date) -> Any:
    """A vendor stamp that cannot lie after the arrival."""
    return warning(
        "ColumnValuesToBeBetween",
        f"{name}_sane",
        f"{name} lies between {FIRST_SANE_DAY.year} and the day of the arrival.",
        "Look at the time zone and date format of the export.",
        column=name,
        min_value=start_of(FIRST_SANE_DAY),
        max_value=end_of(known_day),
    )


def not_wiped(things: str) -> Any:
    """A mass deletion is looked at before it is believed."""
    return warning(
        "ColumnValuesToBeInSet",
        "not_mostly_deleted",
        f"Fewer than half of the {things} of an arrival are deletions.",
        "A mass deletion is rarely meant: ask who ran it before the scores follow it.",
        column="is_deleted",
        value_set=[False],
        mostly=0.5,
    )


def start_of(day: date) -> datetime:
    """First moment of the day (UTC, without a zone, as landed)."""
    return datetime.combine(day, time.min)


def end_of(day: date) -> datetime:
    """Last microsecond of the day: GX bounds are inclusive and dates are read as midnight."""
    return datetime.combine(day, time.max)
