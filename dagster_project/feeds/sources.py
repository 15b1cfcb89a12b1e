"""Opening a vendor's file: what it is by its bytes.

Belongs here: gzip, magic bytes, encodings that make a whole file unreadable, bytes as text. Does not
belong here: lines (blocks.py), columns and rows (csv_rows, jsonl_rows, parquet_rows), landing.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from dagster_project.feeds.contract import BadFile

MAX_RAW_CHARS = 2_000
NOT_UTF8 = "bytes that are not UTF-8 text"
ADVICE = "export it as CSV (UTF-8), JSON lines or Parquet and land it again"
_MAGIC = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a PNG image",
    b"BZh": "bzip2-compressed",
    b"\x28\xb5\x2f\xfd": "zstandard-compressed",
    b"7z\xbc\xaf": "a 7-zip archive",
}
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_CONTROL = bytes(set(range(32)) - {9, 10, 11, 12, 13, 27} | {127})


@dataclass
class Opened:
    """A file ready to read: its kind ('csv', 'jsonl' or 'parquet') and its uncompressed bytes.

    `path` is set where the file itself can be read at random (it is not compressed).
    """

    kind: str
    stream: BinaryIO
    path: Path | None


@contextmanager
def damage_is_bad_file() -> Iterator[None]:
    """Turn what a damaged gzip file raises while it is read into BadFile."""
    try:
        yield
    except EOFError as error:
        raise BadFile(
            "the gzip file ends too early, probably a cut-off transfer; copy or export it again"
        ) from error
    except (zlib.error, gzip.BadGzipFile) as error:
        raise BadFile(f"the gzip data is damaged ({error}); copy or export it again") from error


@contextmanager
def open_source(source: Path | bytes, name: str = "") -> Iterator[Opened]:
    """Open a path or bytes; raises BadFile when no reader can make anything of it.

    `name` (by default the path's) only breaks ties that the bytes leave open.
    """
    name = (name or getattr(source, "name", "")).lower().removesuffix(".gz")
    with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        plain = gzip.GzipFile(fileobj=raw) if zipped else raw
        stream = io.BufferedReader(plain, 1 << 16)
        with damage_is_bad_file():
            kind = _kind(stream.peek(), name)
        path = None if zipped or isinstance(source, bytes) else source
        yield Opened(kind, stream, path)


def _kind(head: bytes, name: str) -> str:
    if not head:
        raise BadFile("the file is empty (0 bytes); export it again")
    if head.startswith(b"PAR1"):
        return "parquet"
    if name.endswith(".parquet"):
        raise BadFile("the file is named .parquet but is not Parquet inside; export it again")
    _refuse_binary(head)
    first = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if first[:1] == b"[":
        raise BadFile("the file is one JSON array; write one JSON object a line (JSON lines)")
    if first[:9].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise BadFile(f"the file is a web page or XML, perhaps a log-in page; {ADVICE}")
    is_json = first[:1] == b"{" or name.endswith((".jsonl", ".ndjson", ".json"))
    return "jsonl" if is_json else "csv"


def _refuse_binary(head: bytes) -> None:
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            raise BadFile(f"the file is {what}, not text; {ADVICE}")
    # Judged by the first line alone: damage further down costs its own rows, not the file.
    line = re.split(rb"[\r\n]", head.lstrip(b"\r\n"), maxsplit=1)[0][:512]
    if head.startswith(_WIDE) or line.count(0) > len(line) * 0.2:
        raise BadFile(f"the file is UTF-16 or binary (full of NUL bytes), not UTF-8; {ADVICE}")
    if len(line) - len(line.translate(None, _CONTROL)) > len(line) * 0.05:
        raise BadFile(f"the file is binary, not text; {ADVICE}")


def decoded(text: str) -> str:
    """Latin-1 characters as the UTF-8 text they stand for; UnicodeDecodeError if they are none."""
    return text.encode("latin-1").decode("utf-8")


def shown(text: str) -> str:
    """A bad row's text for a person: undecodable bytes and NULs written out, length bounded."""
    readable = text.encode("latin-1", "replace").decode("utf-8", "backslashreplace")
    return readable.rstrip("\r\n").replace("\x00", "\\x00")[:MAX_RAW_CHARS]
