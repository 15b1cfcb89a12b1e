"""Record ids in Salesforce's spelling, made from numbers.

Here: 18-character ids and running numbers within a group. Not here: which record has which number (the
module that makes the record says so).
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa

_DIGITS = np.frombuffer(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", dtype=np.uint8
)
_CHECK = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", dtype=np.uint8)
_WIDTH = 12  # digits after the prefix of three
PREFIX = {
    "account": "001", "contact": "003", "user": "005", "opportunity": "006", "opportunity_history": "008",
    "contact_role": "00K", "lead": "00Q", "task": "00T", "event": "00U", "campaign_member": "00v",
    "account_history": "017", "campaign": "701",
}  # fmt: skip


def record_ids(kind: str, numbers: np.ndarray) -> pl.Series:
    """The ids of records by their numbers; negative numbers give nulls."""
    numbers = np.asarray(numbers, dtype=np.int64)
    letters = np.empty((len(numbers), 18), dtype=np.uint8)
    letters[:, :3] = np.frombuffer(PREFIX[kind].encode(), dtype=np.uint8)
    rest = np.abs(numbers)
    for place in range(_WIDTH):
        letters[:, 14 - place] = _DIGITS[rest % 62]
        rest = rest // 62
    letters[:, 3:5] = np.frombuffer(b"5g", dtype=np.uint8)
    is_capital = (letters[:, :15] >= 65) & (letters[:, :15] <= 90)
    bits = is_capital.reshape(-1, 3, 5) @ np.array([1, 2, 4, 8, 16])
    letters[:, 15:] = _CHECK[bits]
    return _strings(letters, 18).set(pl.Series(numbers < 0), None)


def _strings(letters: np.ndarray, width: int) -> pl.Series:
    offsets = pa.py_buffer(np.arange(0, letters.size + 1, width, dtype=np.int64))
    data = pa.py_buffer(np.ascontiguousarray(letters))
    array = pa.LargeStringArray.from_buffers(len(letters), offsets, data)
    return pl.Series(pl.from_arrow(array)).cast(pl.String)


def place_within(groups: np.ndarray) -> np.ndarray:
    """0, 1, 2, … within each run of equal values of a sorted array."""
    if len(groups) == 0:
        return np.zeros(0, dtype=np.int64)
    starts = np.r_[True, groups[1:] != groups[:-1]]
    first = np.flatnonzero(starts)
    return np.arange(len(groups)) - first[np.cumsum(starts) - 1]
