"""The landing and quarantine folders: what their files look like and how they are written.

Belongs here: paths, parquet schemas, atomic and repeatable writing. Does not belong here: reading
vendors' files, and deciding what lands (door.py).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from dagster_project.feeds import VENDORS
from dagster_project.feeds.contract import STAMP, Table

CLOCK_SCHEMA = {
    "occurred_at": STAMP,
    "known_at": pl.Date(),
    "ds": pl.Date(),
    "source_file": pl.String(),
    "source_line": pl.Int64(),
    "source_sha256": pl.String(),
}
QUARANTINE_SCHEMA = {
    "vendor": pl.String(),
    "table_name": pl.String(),
    "ds": pl.Date(),
    "source_file": pl.String(),
    "source_line": pl.Int64(),
    "column_name": pl.String(),
    "reason": pl.String(),
    "raw_row": pl.String(),
    "source_sha256": pl.String(),
}
_ROW_GROUP = 100_000
# Beside a landed file: its SHA-256.
SEAL = ".sha256"


def landing_schema(table: Table) -> dict[str, pl.DataType]:
    """The columns of a landed file, in order."""
    return {c.name: c.dtype for c in table.landed_columns} | CLOCK_SCHEMA


def day_file(root: Path, vendor: str, table: str, ds: date, sha256: str) -> Path:
    """Where the rows of one source file stand that arrived on day `ds`."""
    return root / vendor / table / f"ds={ds.isoformat()}" / f"{sha256[:16]}.parquet"


def landed_before(root: Path, vendor: str, table: str, sha256: str) -> list[Path]:
    """The landed files of the same source bytes, of any day; also one that is gone and has left its seal."""
    found = (root / vendor / table).glob(f"ds=*/{sha256[:16]}.*")
    return sorted({f.with_suffix(".parquet") for f in found if f.suffix in (".parquet", SEAL)})


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes as they are (a compressed file is not unpacked)."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def rows_in(path: Path) -> int:
    """Number of rows of a parquet file; 0 if there is no such file."""
    return pl.scan_parquet(path).select(pl.len()).collect().item() if path.exists() else 0


def first_known_on(landed: Path) -> date | None:
    """The first day of which a landed file says anything; None if it has no rows.

    That is the first day on which a row was known. Of an import, of which rows were known before they arrived, it is the first
    day of all: changes that it tells of also say what was before them.
    """
    rows = pl.scan_parquet(landed).select(
        pl.col("known_at").min().alias("first"),
        (pl.col("known_at") < pl.col("ds")).any().alias("is_import"),
    )
    ((first, is_import),) = rows.collect().iter_rows()
    return date.min if is_import else first


def newest_known_on(landing_dir: Path) -> date | None:
    """The newest day on which a landed row became known; None if nothing has landed.

    Rows are known on their folder's day or before (an import), so that mostly the newest folders alone are read.
    """
    folders: dict[date, list[Path]] = {}
    for folder in landing_dir.glob("*/*/ds=*"):
        day = date.fromisoformat(folder.name.removeprefix("ds="))
        folders.setdefault(day, []).append(folder)
    newest = date.min
    for day in sorted(folders, reverse=True):
        if day <= newest:
            break
        for landed in (file for folder in folders[day] for file in folder.glob("*.parquet")):
            last = pl.scan_parquet(landed).select(pl.col("known_at").max()).collect().item()
            newest = max(newest, last or date.min)
    return None if newest == date.min else newest


class OtherBytesError(Exception):
    """What was to be made anew came out different."""


def write_parquet(rows: pl.LazyFrame, path: Path, sha256: str | None = None) -> None:
    """Write rows to `path` so that a reader sees the whole file or none; same rows, same bytes.

    sha256: what the file's must be; otherwise nothing is written and OtherBytesError raised.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Hidden and without the suffix, so that no glob over the folder can meet it.
    temporary = path.parent / f".{path.stem}.{os.getpid()}.tmp"
    try:
        rows.sink_parquet(
            temporary, compression="zstd", row_group_size=_ROW_GROUP, maintain_order=True
        )
        if sha256 and sha256_of(temporary) != sha256:
            raise OtherBytesError(f"{path} would hold other rows than before")
        _sync(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync(path.parent)


def seal(landed: Path) -> None:
    """Put the SHA-256 of a landed file beside it, as `sha256sum --check` reads it, if it has none yet."""
    place = landed.with_suffix(SEAL)
    if not place.exists():
        temporary = place.with_name(f".{place.name}.{os.getpid()}.tmp")
        temporary.write_text(f"{sha256_of(landed)}  {landed.name}\n")
        _sync(temporary)
        os.replace(temporary, place)


def sealed(landed: Path) -> str | None:
    """The SHA-256 that a landed file's seal says; None where it has none, or one that cannot be read."""
    try:
        return landed.with_suffix(SEAL).read_text().split()[0]
    except (OSError, IndexError, UnicodeDecodeError):
        return None


def seal_all(landing_dir: Path) -> None:
    """Seal what an earlier version has landed."""
    for landed in landing_dir.glob("*/*/ds=*/*.parquet"):
        seal(landed)


def identity(landed: Path) -> str | None:
    """SHA-256 of a landed file as its seal says, or of its bytes where it has none; None when it has just gone."""
    try:
        return sealed(landed) or sha256_of(landed)
    except FileNotFoundError:
        return None


def damage(landed: Path) -> str | None:
    """What is wrong with a landed file; None while it is as it landed, or has no seal (landed by an earlier version)."""
    if not landed.with_suffix(SEAL).exists():
        return None
    said = sealed(landed)
    if not said:
        return f"its seal ({landed.stem}{SEAL}) cannot be read"
    try:
        return None if sha256_of(landed) == said else "its bytes are not those that landed"
    except FileNotFoundError:
        return "it is gone"
    except OSError as error:
        return f"it cannot be read ({error.strerror})"


def damaged(landing_dir: Path) -> dict[Path, str]:
    """All sealed files that are not as they landed, with what is wrong."""
    sealed = sorted(
        place.with_suffix(".parquet") for place in landing_dir.glob(f"*/*/ds=*/*{SEAL}")
    )
    return {landed: wrong for landed in sealed if (wrong := damage(landed))}


def write_schemas(
    landing_dir: Path,
    quarantine_dir: Path,
    vendors: Mapping[str, tuple[Table, ...]] = VENDORS,
) -> None:
    """Write a file without rows for each declared table, so that no query finds an empty folder."""
    for tables in vendors.values():
        for table in tables:
            path = landing_dir / table.vendor / table.name / "_schema.parquet"
            _write_schema(landing_schema(table), path)
    _write_schema(QUARANTINE_SCHEMA, quarantine_dir / "_schema.parquet")


def hold_arrival(
    landing_dir: Path, held_dir: Path, vendor: str, table: str, ds: date, files: Sequence[str] = ()
) -> Path | None:
    """Move what landed of a table on a day out of landing, and return where it stands now; None where there was nothing.

    files: SHA-256 of the vendor's files that are meant; none: all of the day.
    """
    arrival = landing_dir / vendor / table / f"ds={ds.isoformat()}"
    held = held_dir / vendor / table / arrival.name
    meant = {day_file(landing_dir, vendor, table, ds, sha256).name for sha256 in files}
    found = [file for file in sorted(arrival.glob("*.parquet")) if not meant or file.name in meant]
    for file in found:
        held.mkdir(parents=True, exist_ok=True)
        if (place := file.with_suffix(SEAL)).exists():
            os.replace(place, held / place.name)
        os.replace(file, held / file.name)
    return held if found else None


def _write_schema(schema: Mapping[str, pl.DataType], path: Path) -> None:
    if not path.exists() or pl.read_parquet_schema(path) != pl.Schema(schema):
        write_parquet(pl.LazyFrame(schema=schema), path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
