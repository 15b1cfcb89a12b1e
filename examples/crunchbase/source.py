"""Reading companies.csv, rounds.csv and acquisitions.csv as Crunchbase exported them.

Belongs here: encodings, line ends, the declared columns (and no others: the export also states how
each company's story ended), dates and amounts as they are written there, bad rows. Does not belong
here: what the rows mean in a CRM (convert.py).
"""

from __future__ import annotations

import gzip
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

from dagster_project.feeds.blocks import LineFeed
from dagster_project.feeds.csv_split import RowSplitter

COLUMNS = {
    "companies": (
        "permalink name category_code country_code state_code region city founded_at"
    ).split(),
    "rounds": (
        "company_permalink company_name funding_round_type funded_at raised_amount_usd"
    ).split(),
    "acquisitions": "company_permalink acquired_at".split(),
}
_ISO_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ].*)?")
_FIRST_YEAR, _LAST_YEAR = 1800, 2100
_MAX_AMOUNT = Decimal(10) ** 15
# What names of western companies are made of; anything else hints at a wrong guess.
_LIKELY = frozenset("áàâäãåçéèêëíìîïñóòôöõøúùûüýÿßæœÁÀÂÄÅÇÉÈÊÍÎÑÓÔÖÕØÚÜÆŒ®™©–—‘’“”…°·&£€")


class SourceError(Exception):
    """The source folder cannot be used; the message says what is missing and what to do."""


class Company(NamedTuple):
    """A company as far as it may be read; blank text where the source says nothing."""

    permalink: str
    name: str
    category: str = ""
    country: str = ""
    state: str = ""
    region: str = ""
    city: str = ""
    founded_on: date | None = None


class Round(NamedTuple):
    """A dated round; `amount` is a plain decimal number in US dollars, or blank."""

    permalink: str
    funded_on: date
    kind: str
    amount: str


@dataclass
class Source:
    """All that may be read, and counts of what could not."""

    companies: dict[str, Company] = field(default_factory=dict)
    rounds: list[Round] = field(default_factory=list)
    acquired: dict[str, date] = field(default_factory=dict)
    rounds_without_date: int = 0
    acquisitions_without_date: int = 0
    amounts_not_read: int = 0
    only_in_rounds: int = 0
    bad_rows: tuple[str, ...] = ()


def read_source(folder: Path) -> Source:
    """Read the three files (.csv or .csv.gz) of a folder; raises SourceError."""
    source = Source()
    bad: list[str] = []
    paths = {stem: _find(folder, stem) for stem in COLUMNS}
    for row in _rows(paths["companies"], "companies", bad):
        _add_company(source, row)
    names: dict[str, str] = {}
    for row in _rows(paths["rounds"], "rounds", bad):
        _add_round(source, row, names)
    for row in _rows(paths["acquisitions"], "acquisitions", bad):
        _add_acquisition(source, row)
    for permalink in {r.permalink for r in source.rounds} - source.companies.keys():
        source.companies[permalink] = Company(permalink, names.get(permalink, permalink))
        source.only_in_rounds += 1
    source.bad_rows = tuple(bad)
    return source


def _find(folder: Path, stem: str) -> Path:
    for name in (f"{stem}.csv", f"{stem}.csv.gz"):
        if (folder / name).is_file():
            return folder / name
    what = "has no" if folder.is_dir() else "is no folder, so it has no"
    raise SourceError(
        f"{folder} {what} {stem}.csv (or {stem}.csv.gz); "
        "give a folder with companies.csv, rounds.csv and acquisitions.csv"
    )


def _rows(path: Path, stem: str, bad: list[str]) -> Iterator[dict[str, str]]:
    """Rows by declared column, blanks around values dropped; bad rows are told to `bad`."""
    splitter = RowSplitter(LineFeed(io.BytesIO(_text(path).encode())))
    head = next(iter(splitter), None)
    names = [name.strip().lower() for name in head.fields] if head else []
    if missing := [c for c in COLUMNS[stem] if c not in names]:
        found = ", ".join(names) or "nothing"
        raise SourceError(f"{path}: column {', '.join(missing)} missing; the file has: {found}")
    places = {c: names.index(c) for c in COLUMNS[stem]}
    splitter.width = len(names)
    for record in splitter:
        row = {c: record.fields[i].strip() for c, i in places.items()} if record.fields else {}
        reason = record.reason or ("" if row[COLUMNS[stem][0]] else f"no {COLUMNS[stem][0]}")
        if reason:
            bad.append(f"{path.name} line {record.line}: {reason}; the row is left out")
        else:
            yield row


def _text(path: Path) -> str:
    """The file's text: UTF-8 if all of it is, else the likelier of Windows' and the old Mac's."""
    raw = path.read_bytes()
    if raw.startswith(b"\x1f\x8b"):
        try:
            raw = gzip.decompress(raw)
        except (EOFError, OSError, ValueError) as error:
            raise SourceError(f"{path}: damaged gzip file ({error}); copy it again") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return max(_guesses(raw), key=_likelihood)


def _guesses(raw: bytes) -> list[str]:
    """Decodings that are possible, the commoner first (the first of equals wins)."""
    texts = []
    for encoding in ("cp1252", "mac_roman", "latin-1"):
        try:
            texts.append(raw.decode(encoding))
        except UnicodeDecodeError:
            continue
    return texts


def _likelihood(text: str) -> int:
    """How much like names the characters outside ASCII look, given the one before each."""
    score = 0
    for before, char in re.findall(r"(?=(.)([^\x00-\x7f]))", text, re.DOTALL):
        if unicodedata.category(char) == "Sm":
            score -= 3
        elif before.islower() and char.isupper():
            score -= 2
        else:
            score += 1 if char in _LIKELY else -1
    return score


def _add_company(source: Source, row: dict[str, str]) -> None:
    region = "" if row["region"].lower() == "unknown" else row["region"]
    company = Company(
        row["permalink"],
        row["name"] or row["permalink"],
        row["category_code"],
        row["country_code"],
        row["state_code"],
        region,
        row["city"],
        _day(row["founded_at"]),
    )
    other = source.companies.get(company.permalink)
    # A company that stands twice: the fuller row, then the greater text, in any order.
    if other is None or _fullness(company) > _fullness(other):
        source.companies[company.permalink] = company


def _fullness(company: Company) -> tuple[int, str]:
    return sum(bool(value) for value in company), str(company)


def _add_round(source: Source, row: dict[str, str], names: dict[str, str]) -> None:
    permalink, name, day = row["company_permalink"], row["company_name"], _day(row["funded_at"])
    if day is None:
        source.rounds_without_date += 1
        return
    amount = _amount(row["raised_amount_usd"])
    source.amounts_not_read += amount is None
    source.rounds.append(Round(permalink, day, row["funding_round_type"], amount or ""))
    if name:
        names[permalink] = min(name, names.get(permalink, name))


def _add_acquisition(source: Source, row: dict[str, str]) -> None:
    day = _day(row["acquired_at"])
    if day is None:
        source.acquisitions_without_date += 1
        return
    permalink = row["company_permalink"]
    source.acquired[permalink] = min(day, source.acquired.get(permalink, day))


def _day(text: str) -> date | None:
    found = _ISO_DAY.fullmatch(text)
    try:
        day = date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None
    return day if day and _FIRST_YEAR <= day.year <= _LAST_YEAR else None


def _amount(text: str) -> str | None:
    """A plain decimal number, blank if there is none, None if it cannot be read."""
    plain = re.sub(r"[\s,$]", "", text)
    if not plain:
        return ""
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        return None
    if not amount.is_finite() or not 0 <= amount <= _MAX_AMOUNT:
        return None
    return f"{amount.normalize():f}"
