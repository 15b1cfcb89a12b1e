"""Numbers and names of an answer in words.

Here: units, shares, counts, sizes, and what an account or a scoring model is called. Not here: values of no known meaning
(text.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster_project.command.terminal.text import NOTHING, literal

KILO = 1000
UNITS = {"days": ("day", "days"), "years": ("year", "years"), "usd": ("USD", "USD")}


def company(row: Mapping[str, Any]) -> str:
    """The account's name, else its domain, else its id."""
    return literal(row.get("account_name") or row.get("domain") or row.get("account_id"))


def is_scorecard(row: Mapping[str, Any]) -> bool:
    """Whether a scorecard gave the score: then there is no probability."""
    return row.get("score_basis") == "scorecard"


def scored_by(row: Mapping[str, Any]) -> str:
    """The scoring model, or the scorecard (whose version says itself that it is one)."""
    if is_scorecard(row):
        return literal(row.get("scoring_model_version"))
    restated = ", in place of that day's" if row.get("is_restated") else ""
    return (
        f"{literal(row.get('score_basis'))} {literal(row.get('scoring_model_version'))}{restated}"
    )


def with_unit(feature: str | None, value: Any) -> str:
    """A stored feature value (text) as a short number with the unit that the feature's name ends in."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return literal(value)
    text = f"{int(number):,}" if number.is_integer() else literal(number)
    units = [UNITS[word] for word in (feature or "").split("_") if word in UNITS]
    return " ".join([text, *(one if abs(number) == 1 else many for one, many in units)])


def counted(number: int, thing: str) -> str:
    """A number of things, as in 1 row, 2 rows."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def percent(value: float | None) -> str:
    """A share (0-1) as a percentage; small ones keep a digit, so that 0.4% is not 0%."""
    if value is None or value != value:
        return NOTHING
    return f"{value:.0%}" if value >= 0.1 or value == 0 else f"{value:.1%}"


def decimal(value: float | None, digits: int) -> str:
    """A number with a fixed number of digits, – for null."""
    return NOTHING if value is None or value != value else f"{value:,.{digits}f}"


def signed(value: float, digits: int) -> str:
    """A number with its sign; zero has none."""
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text


def size_text(size_bytes: float) -> str:
    """A size in the unit that reads best."""
    for unit in ("B", "kB", "MB", "GB"):
        if size_bytes < KILO:
            return f"{size_bytes:.0f} {unit}"
        size_bytes /= KILO
    return f"{size_bytes:.1f} TB"
