"""Answers as JSON for programs.

Belongs here: turning what queries and runs return into plain JSON.
Does not belong here: text for people (terminal/).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, timedelta
from datetime import time as time_of_day
from decimal import Decimal
from enum import Enum
from typing import Any


def to_json(value: Any) -> str:
    """Return indented JSON: dates in ISO form, NaN and infinity as null, decimals as numbers."""
    return json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False)


def snake_case(value: Any) -> Any:
    """The same with names for programs: Dagster shows "rows landed" to people, JSON says rows_landed."""
    if isinstance(value, Mapping):
        return {str(name).replace(" ", "_"): snake_case(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [snake_case(item) for item in value]
    return value


def _plain(value: Any) -> Any:
    """Plain JSON types, all the way down."""
    if value is None or isinstance(value, (bool, int, str)):
        return _encodable(value) if isinstance(value, str) else _number(value)
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, (float, Decimal)):
        return _number(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (date, time_of_day)):
        return None if value != value else value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(item) for item in value), key=str)
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        return _plain(value.tolist())
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [_plain(item) for item in value]
    return _encodable(str(value))


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        whole = value.is_finite() and value == value.to_integral_value()
        value = int(value) if whole else float(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _key(key: Any) -> str:
    return key if isinstance(key, str) else str(_plain(key))


def _encodable(text: str) -> str:
    """Half of a surrogate pair cannot be written as UTF-8."""
    return text.encode("utf-8", errors="replace").decode("utf-8")
