"""Values as text that a terminal may show.

Here: one line a value, made literal, cut or broken to a width. Not here: where it is printed (console.py, tables.py), what a
value means (wording.py).

Everything that comes from data is shown literally: no rich markup, no escape sequences, no
characters that turn the reading direction.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

NOTHING = "–"
CODE_OR_WORD = re.compile(r"[^\s`]*`[^`]*`\S*|\S+")
ESCAPE_SEQUENCE = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07)")


def literal(value: Any) -> str:
    """Return a value as text for people: one line, nothing a terminal would obey, – for null."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (float, Decimal)):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, Mapping):
        return ", ".join(f"{literal(key)} {literal(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(literal(item) for item in value)
    return harmless(str(value)).strip()


def shorten(text: str, width: int) -> str:
    """Return the text in at most `width` terminal cells, ending in … if something was cut."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…"


def filled(line: str, width: int) -> list[str]:
    """Return a line as lines of at most `width` cells, broken between words but not within `commands`."""
    from rich.cells import cell_len

    lines = [""]
    for word in CODE_OR_WORD.findall(line):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and cell_len(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def as_text(value: Any) -> Any:
    """Return a rich text of a value, without markup."""
    from rich.text import Text

    return Text(literal(value))


def harmless(text: str) -> str:
    """Return a text without anything that a terminal would obey."""
    return "".join(_visible(character) for character in ESCAPE_SEQUENCE.sub("", text))


def _visible(character: str) -> str:
    """The character, or a space for controls (escape sequences) and direction switches."""
    is_switch = character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return " " if is_switch or unicodedata.category(character) in ("Cc", "Cs") else character
