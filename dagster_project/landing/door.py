"""Landing: the one door by which vendor files come in.

Belongs here: bringing a file's rows, typed and stamped with both clocks, into the landing folder,
and its bad rows into quarantine. Does not belong here: how formats are read (feeds/), what files
look like on disk (store.py), when to land (ingestion, the command line).

A user's bad file never raises: it becomes a row in quarantine and the `error` of the receipt.
LandingError means that the call itself makes no sense (a path that is not there, an unknown
vendor); OSError means trouble with the disk and may be tried again.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from dagster_project.feeds import VENDORS
from dagster_project.feeds.contract import BadFile, BadRow, Table
from dagster_project.feeds.file_names import table_of
from dagster_project.feeds.reader import CHUNK_ROWS, TableReader
from dagster_project.landing.history import first_stamps_in_files, first_stamps_with_landed
from dagster_project.landing.known_at import KnownAt, with_clocks
from dagster_project.landing.receipt import LandingError, Receipt
from dagster_project.landing.store import (
    QUARANTINE_SCHEMA,
    OtherBytesError,
    damage,
    day_file,
    landed_before,
    landing_schema,
    rows_in,
    seal,
    sealed,
    sha256_of,
    write_parquet,
)

UNKNOWN_TABLE = "unknown"
NOT_AS_IT_WAS = (
    "it has landed before and was damaged since, and landed like this it would not be what it was; land it as it was landed "
    "then (for the same day, or with --history), or put the landed file back from a copy"
)
REPLACED = "replaced since by another file (`scoring status`), so left out"
_NO_DATA = (".tmp", ".part", ".crdownload", ".md")
_NO_DATA_NAMES = ("readme", "license", "licence", "notice")


@dataclass(frozen=True)
class _Door:
    """Where one file goes."""

    path: Path
    vendor: str
    table_name: str
    landing_dir: Path
    quarantine_dir: Path
    ds: date
    sha256: str

    @property
    def landed(self) -> Path:
        return day_file(self.landing_dir, self.vendor, self.table_name, self.ds, self.sha256)

    @property
    def quarantined(self) -> Path:
        return day_file(self.quarantine_dir, self.vendor, self.table_name, self.ds, self.sha256)

    def bad_rows(self, bad: list[BadRow]) -> pl.DataFrame:
        where = (self.vendor, self.table_name, self.ds, self.path.name)
        rows = [(*where, r.line, r.column, r.reason, r.raw, self.sha256) for r in bad]
        return pl.DataFrame(rows, schema=QUARANTINE_SCHEMA, orient="row")

    def receipt(self, **found: object) -> Receipt:
        return Receipt(self.vendor, self.table_name, self.path.name, self.sha256, self.ds, **found)


def data_files(path: Path) -> list[Path]:
    """The data files of a file or folder (with its subfolders), in order of their paths.

    Hidden files, unfinished ones (.tmp, .part) and readmes or licences are passed over. Raises
    LandingError when there is no such path.
    """
    if not path.exists():
        raise LandingError(f"{path}: there is no such file or folder; check the path")
    if not path.is_dir():
        return [path]
    return sorted(p for p in path.rglob("*") if p.is_file() and _is_data(p.relative_to(path)))


def _is_data(path: Path) -> bool:
    name = path.name.lower()
    hidden = any(part.startswith((".", "_")) for part in path.parts)
    return not (hidden or name.endswith(_NO_DATA) or name.startswith(_NO_DATA_NAMES))


def land_files(
    paths: Sequence[Path],
    vendor: str,
    landing_dir: Path,
    quarantine_dir: Path,
    ds: date,
    known: KnownAt,
    replaced_dir: Path | None = None,
) -> Iterator[Receipt]:
    """Land several files and yield their receipts one by one; not what stands in `replaced_dir` for the day.

    For a history import the parts of a table are looked at together first, so that a record's first
    version is found whichever part holds it.
    """
    tables = _tables(vendor)
    has_replaced = replaced_dir is not None and any(replaced_dir.glob(f"{vendor}/*/ds={ds}"))
    firsts: dict[str, pl.DataFrame] = {}
    if known.is_history:
        for table in tables:
            parts = [p for p in paths if table_of(p.name, tables) == table]
            if len(parts) > 1 and not table.known:
                firsts[table.name] = first_stamps_in_files(parts, table)
    for path in paths:
        table = table_of(path.name, tables)
        first = firsts.get(table.name) if table else None
        if has_replaced and table and path.is_file():
            sha256 = _identity(path, table)
            place = (vendor, table.name, ds, sha256)
            if (
                day_file(replaced_dir, *place).exists()
                and not day_file(landing_dir, *place).exists()
            ):
                yield Receipt(
                    vendor,
                    table.name,
                    path.name,
                    sha256,
                    ds,
                    already_landed=True,
                    warnings=(REPLACED,),
                )
                continue
        yield land_file(path, vendor, landing_dir, quarantine_dir, ds, known, first)


def land_file(
    path: Path,
    vendor: str,
    landing_dir: Path,
    quarantine_dir: Path,
    ds: date,
    known: KnownAt,
    first_stamps: pl.DataFrame | None = None,
    chunk_rows: int = CHUNK_ROWS,
) -> Receipt:
    """Land one file under `landing_dir/<vendor>/<table>/ds=<ds>/`; the table comes from its name.

    The same bytes again for the same day (for a history import: for any day) change nothing.
    Raises LandingError for wrong use and OSError for disk trouble; see the module for bad files.
    """
    tables = _tables(vendor)
    _refuse_no_file(path)
    table = table_of(path.name, tables)
    name = table.name if table else UNKNOWN_TABLE
    door = _Door(path, vendor, name, landing_dir, quarantine_dir, ds, _identity(path, table))
    if table is None:
        return _refuse(door, BadFile(_unknown_table(tables)))
    before = [
        landed
        for landed in landed_before(landing_dir, vendor, table.name, door.sha256)
        # Landed again, a damaged file is made anew.
        if not damage(landed)
    ]
    if door.landed in before or (known.is_history and before):
        return _again(door, door.landed if door.landed in before else before[0])
    try:
        return _land_rows(door, table, known, first_stamps, chunk_rows)
    except BadFile as error:
        return _refuse(door, error)


def _tables(vendor: str) -> tuple[Table, ...]:
    if vendor not in VENDORS:
        raise LandingError(f"unknown vendor '{vendor}'; known are: {', '.join(sorted(VENDORS))}")
    return VENDORS[vendor]


def _refuse_no_file(path: Path) -> None:
    if path.is_dir():
        raise LandingError(f"{path} is a folder; land its files one by one")
    if not path.exists():
        raise LandingError(f"{path}: there is no such file; check the path")


def _unknown_table(tables: tuple[Table, ...]) -> str:
    known = ", ".join(t.name for t in tables)
    return (
        f"the file's name says none of the tables that can be landed ({known}); "
        "if it holds one of them, rename it, for example to account.csv"
    )


def _identity(path: Path, table: Table | None) -> str:
    """SHA-256 of the file; of its name too where that says which day the rows are of: the same bytes are another week then."""
    digest = sha256_of(path)
    if table is None or not table.day_in_name:
        return digest
    return hashlib.sha256(f"{digest} {path.name}".encode()).hexdigest()


def file_identity(path: Path, tables: tuple[Table, ...]) -> str:
    """By what a vendor's file is known once it has been through the door: its name there begins with it."""
    return _identity(path, table_of(path.name, tables))


def _again(door: _Door, landed: Path) -> Receipt:
    seal(landed)
    quarantined = door.quarantine_dir / landed.relative_to(door.landing_dir)
    rows = _source_rows_in(landed)
    return door.receipt(
        rows_landed=rows,
        rows_quarantined=rows_in(quarantined),
        states_at_creation=rows_in(landed) - rows,
        already_landed=True,
    )


def _source_rows_in(path: Path) -> int:
    """Number of rows of the vendor's file that a landed file holds."""
    lines = pl.col("source_line").n_unique()
    return pl.scan_parquet(path).select(lines).collect().item()


def _refuse(door: _Door, error: BadFile) -> Receipt:
    row = BadRow(None, error.column, error.reason, None)
    write_parquet(door.bad_rows([row]).lazy(), door.quarantined)
    return door.receipt(rows_quarantined=1, error=error.reason)


def _land_rows(
    door: _Door,
    table: Table,
    known: KnownAt,
    first_stamps: pl.DataFrame | None,
    chunk_rows: int,
) -> Receipt:
    reader = TableReader(
        door.path,
        table,
        needs_stamp=known.is_history,
        chunk_rows=chunk_rows,
        file_day=known.day if known.is_given else None,
    )
    unread = door.path.stat()
    with tempfile.TemporaryDirectory(prefix="scoring-landing-") as spill:
        landed, quarantined = _spill(reader, Path(spill), door)
        _refuse_changed(door.path, unread)
        good = pl.scan_parquet(sorted(Path(spill).glob("good-*")))
        if known.is_history and not table.known:
            first_stamps = first_stamps_with_landed(good, table, door.landed, first_stamps)
        # Quarantine first: the landed file is what says that the whole file is done.
        if quarantined:
            write_parquet(pl.scan_parquet(sorted(Path(spill).glob("bad-*"))), door.quarantined)
        else:
            door.quarantined.unlink(missing_ok=True)
        try:
            # One that was damaged is made anew as it was, or not at all: its rows would be known from other days.
            rows = _landed(good, door, table, known, first_stamps)
            write_parquet(rows, door.landed, sealed(door.landed))
        except OtherBytesError:
            return door.receipt(error=NOT_AS_IT_WAS)
        seal(door.landed)
    return door.receipt(
        rows_landed=landed,
        rows_quarantined=quarantined,
        states_at_creation=rows_in(door.landed) - landed,
        ignored_columns=reader.ignored_columns,
        missing_optional_columns=reader.missing_optional_columns,
        warnings=() if landed + quarantined else ("the file has a header but no rows",),
    )


def _refuse_changed(path: Path, before: os.stat_result) -> None:
    after = path.stat()
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise OSError(f"{path} was written to while it was read; try again")


def _spill(reader: TableReader, folder: Path, door: _Door) -> tuple[int, int]:
    """Write typed chunks to a private folder, so that memory holds one chunk; count the rows."""
    landed = quarantined = 0
    for number, chunk in enumerate(reader):
        chunk.good.write_parquet(folder / f"good-{number:06d}", compression="lz4")
        landed += chunk.good.height
        if chunk.bad:
            door.bad_rows(chunk.bad).write_parquet(folder / f"bad-{number:06d}")
            quarantined += len(chunk.bad)
    return landed, quarantined


def _landed(
    good: pl.LazyFrame, door: _Door, table: Table, known: KnownAt, first: pl.DataFrame | None
) -> pl.LazyFrame:
    return (
        with_clocks(good, table, known, first, door.ds)
        .with_columns(
            pl.lit(door.ds, dtype=pl.Date).alias("ds"),
            pl.lit(door.path.name).alias("source_file"),
            pl.lit(door.sha256).alias("source_sha256"),
        )
        .select(list(landing_schema(table)))
    )
