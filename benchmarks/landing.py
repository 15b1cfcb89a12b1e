"""How fast files land: seeded files in the vendors' shapes, landed through the door, rows a second.

Belongs here: making such files and timing `land_file`. Does not belong here: assertions (tests/).

    python -m benchmarks.landing [--scale 1.0] [--only PART_OF_A_NAME]
"""

from __future__ import annotations

import argparse
import gzip
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl

from dagster_project.landing.door import land_file
from dagster_project.landing.known_at import KnownAt

DAY = date(2024, 1, 31)
_MICROS = 1_706_659_200_000_000


def tasks(rows: int) -> pl.DataFrame:
    """Salesforce tasks as Data Loader writes them."""
    number = pl.int_range(rows)
    stamp = pl.format(
        "2024-01-{}T09:30:00.000+0000", (number % 31 + 1).cast(pl.String).str.zfill(2)
    )
    person = (number % 5000).cast(pl.String).str.zfill(12)
    return pl.select(
        Id=pl.format("00T{}AAA", number.cast(pl.String).str.zfill(12)),
        WhoId=pl.format("003{}AAA", person),
        WhatId=pl.lit(None, pl.String),
        AccountId=pl.format("001{}AAA", person),
        Subject=pl.format("Email: offer {}, second round", number % 97),
        ActivityDate=pl.format("2024-01-{}", (number % 31 + 1).cast(pl.String).str.zfill(2)),
        Status=pl.lit("Completed"),
        Priority=pl.lit("Normal"),
        Type=pl.lit("Email"),
        TaskSubtype=pl.lit("Email"),
        CallDisposition=pl.lit(None, pl.String),
        IsClosed=pl.lit("true"),
        OwnerId=pl.lit("005000000000001AAA"),
        CompletedDateTime=stamp,
        IsDeleted=pl.lit("false"),
        CreatedDate=stamp,
        LastModifiedDate=stamp,
        SystemModstamp=stamp,
    )


def surge(rows: int) -> pl.DataFrame:
    """Rows of a weekly Company Surge file: a domain, its topics, its metros."""
    number = pl.int_range(rows)
    return pl.select(
        company_name=pl.lit(None, pl.String),
        domain=pl.format("company{}.example", number // 40),
        size=pl.lit(None, pl.String),
        industry=pl.lit(None, pl.String),
        category=pl.format("category {}", number % 12),
        topic=pl.format("topic {}", number % 40),
        composite_score=number % 101,
        bucket_code=(number % 4000).cast(pl.String),
        metro_area=pl.when(number % 3 > 0).then(pl.lit("greater boston area")),
        metro_composite_score=number % 97,
        metro_bucket_code=(number % 3000).cast(pl.String),
        domain_origin_country=pl.lit("United States"),
    )


def _param(key: str, text: pl.Expr | None = None, whole: pl.Expr | None = None) -> pl.Expr:
    none = pl.lit(None, pl.String)
    value = pl.struct(
        string_value=none if text is None else text,
        int_value=pl.lit(None, pl.Int64) if whole is None else whole,
        float_value=pl.lit(None, pl.Float64),
        double_value=pl.lit(None, pl.Float64),
    )
    return pl.struct(key=pl.lit(key), value=value)


def events(rows: int) -> pl.DataFrame:
    """A day of the GA4 export, nested."""
    number = pl.int_range(rows)
    page = pl.format("https://www.stratus.example/docs/page-{}", number % 300)
    return pl.select(
        event_date=pl.lit(f"{DAY:%Y%m%d}"),
        event_timestamp=number * 170_000 % 86_400_000_000 + _MICROS,
        event_name=pl.when(number % 5 == 0)
        .then(pl.lit("session_start"))
        .otherwise(pl.lit("page_view")),
        event_params=pl.concat_list(
            _param("page_location", page),
            _param("page_title", pl.format("Page {}", number % 300)),
            _param("ga_session_id", whole=number // 7),
            _param("ga_session_number", whole=number % 9),
            _param("engagement_time_msec", whole=number % 60_000),
            _param("company_domain", pl.format("company{}.example", number % 2000)),
        ),
        event_bundle_sequence_id=number,
        user_id=pl.lit(None, pl.String),
        user_pseudo_id=pl.format("{}.1700000000", number // 7),
        device=pl.struct(
            category=pl.lit("desktop"),
            operating_system=pl.lit("Windows"),
            web_info=pl.struct(browser=pl.lit("Chrome"), hostname=pl.lit("www.stratus.example")),
        ),
        geo=pl.struct(
            country=pl.lit("United States"), region=pl.lit("Ohio"), city=pl.lit("Columbus")
        ),
        traffic_source=pl.struct(
            name=pl.lit("(direct)"), medium=pl.lit("(none)"), source=pl.lit("(direct)")
        ),
        stream_id=pl.lit("1234567"),
        platform=pl.lit("WEB"),
    )


def _csv(frame: pl.DataFrame, path: Path, header: bool = True, quoted: str = "necessary") -> None:
    data = frame.write_csv(include_header=header, quote_style=quoted).encode()
    path.write_bytes(gzip.compress(data, 6) if path.suffix == ".gz" else data)


def _jsonl(frame: pl.DataFrame, path: Path) -> None:
    path.write_bytes(gzip.compress(frame.write_ndjson().encode(), 6))


def _with_line_breaks(frame: pl.DataFrame) -> pl.DataFrame:
    """Every twentieth subject holds a line break, as texts of people do."""
    broken = pl.format('Re: offer\n"quoted", {}', pl.col("Id"))
    return frame.with_columns(
        pl.when(pl.int_range(pl.len()) % 20 == 0).then(broken).otherwise("Subject").alias("Subject")
    )


CASES: dict[str, tuple[str, str, int, Callable[[int, Path], None]]] = {
    "ga4 events, Parquet": (
        "ga4", "events_20240131.parquet", 500_000, lambda n, p: events(n).write_parquet(p)
    ),
    "ga4 events, JSONL.gz": (
        "ga4", "events_20240131.jsonl.gz", 500_000, lambda n, p: _jsonl(events(n), p)
    ),
    "bombora rows, CSV.gz": (
        "bombora", "company_surge_2024-01-28.csv.gz", 1_000_000, lambda n, p: _csv(surge(n), p, False)
    ),
    "salesforce tasks, CSV": (
        "salesforce", "Task.csv", 300_000, lambda n, p: _csv(tasks(n), p)
    ),
    "salesforce tasks, CSV, all quoted": (
        "salesforce", "Task-q.csv", 300_000, lambda n, p: _csv(tasks(n), p, quoted="always")
    ),
    "salesforce tasks, CSV, 5 % with line breaks": (
        "salesforce", "Task-b.csv", 300_000, lambda n, p: _csv(_with_line_breaks(tasks(n)), p)
    ),
}  # fmt: skip


def run(scale: float, only: str, history: bool) -> None:
    """Make each file, land it, print rows a second and the peak of memory so far."""
    for name, (vendor, file_name, full, make) in CASES.items():
        if only not in name:
            continue
        rows = max(1, int(full * scale))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / file_name
            make(rows, path)
            known = KnownAt.history() if history else KnownAt.on(DAY)
            started, worked = time.perf_counter(), time.process_time()
            receipt = land_file(path, vendor, Path(folder) / "l", Path(folder) / "q", DAY, known)
            took, cpu = time.perf_counter() - started, time.process_time() - worked
            size = path.stat().st_size / 1e6
        assert receipt.rows_landed == rows, receipt
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        print(
            f"{name:44} {rows:9,} rows {size:6.1f} MB {took:6.2f} s {rows / took:9,.0f} rows/s "
            f"(CPU {cpu:.2f} s, {rows / cpu:,.0f} rows/s; peak {peak:,.0f} MB)"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", default="")
    parser.add_argument("--history", action="store_true")
    asked = parser.parse_args()
    run(asked.scale, asked.only, asked.history)
