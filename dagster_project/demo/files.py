"""Writing the world's files: the same rows give the same bytes, and files grow block by block.

Here: CSV, gzip and Parquet as vendors send them. Not here: what stands in them.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

_MOMENT = "%Y-%m-%dT%H:%M:%S.000Z"
_GZIP_LEVEL = 4


class WorldError(Exception):
    """The world cannot be written here; the message says why and what to do."""


def append_csv(rows: pl.DataFrame, path: Path) -> None:
    """Add rows to a CSV file; a new file begins with the header."""
    new = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        rows.write_csv(file, include_header=new, datetime_format=_MOMENT)


def append_gzip(data: bytes, path: Path) -> None:
    """Add a gzip member to a file (readers see one stream); no name and no time in its header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(gzip.compress(data, _GZIP_LEVEL, mtime=0))


def append_headerless_csv_gz(rows: pl.DataFrame, path: Path) -> None:
    """Add rows to a gzipped CSV file without header."""
    buffer = io.BytesIO()
    rows.write_csv(buffer, include_header=False)
    append_gzip(buffer.getvalue(), path)


def append_jsonl_gz(rows: pa.Table, path: Path) -> None:
    """Add nested rows to a gzipped file of JSON lines."""
    buffer = io.BytesIO()
    pl.from_arrow(rows).write_ndjson(buffer)
    append_gzip(buffer.getvalue(), path)


class GrowingParquet:
    """Parquet files of one folder that take rows batch by batch, each batch one row group."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, name: str, rows: pl.DataFrame) -> None:
        """Append rows to `<name>.parquet`; the first batch says the columns."""
        self.add_table(name, rows.to_arrow(compat_level=pl.CompatLevel.oldest()))

    def add_table(self, name: str, table: pa.Table) -> None:
        """The same for rows in Arrow's own form."""
        if name not in self._writers:
            self._writers[name] = pq.ParquetWriter(
                self._folder / f"{name}.parquet", table.schema, compression="zstd"
            )
        if table.num_rows:
            self._writers[name].write_table(table)

    def close(self) -> None:
        """Finish all files."""
        for writer in self._writers.values():
            writer.close()


def write_json(content: Mapping[str, object], path: Path) -> None:
    """Write one JSON object, keys in their order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def refuse_used(*folders: Path) -> None:
    """Raise WorldError if one of the folders holds something: a world is written into empty ones."""
    for folder in folders:
        if folder.exists() and any(folder.iterdir()):
            raise WorldError(
                f"{folder} is not empty; a demo world is only written into a home without other data"
            )
