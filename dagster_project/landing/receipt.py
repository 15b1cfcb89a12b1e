"""What landing answers: a receipt for each file, or LandingError for a call that makes no sense.

Belongs here: these two types, which the command line and ingestion show to people. Does not belong
here: landing itself (door.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


class LandingError(Exception):
    """Wrong use: the message says what is wrong and what to do."""


@dataclass(frozen=True)
class Receipt:
    """What became of one file. `error` is set when the whole file was refused.

    `rows_landed` are rows of the file; a history import landed `states_at_creation` rows beside them
    (see known_at.py).
    """

    vendor: str
    table: str
    source_file: str
    sha256: str
    ds: date
    rows_landed: int = 0
    rows_quarantined: int = 0
    states_at_creation: int = 0
    ignored_columns: tuple[str, ...] = ()
    missing_optional_columns: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    already_landed: bool = False
    error: str | None = None
