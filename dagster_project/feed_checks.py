"""What the checks of a landed vendor table look at, and what follows when one fails.

Here: rows and files of an arrival as validations, holding back what failed, a day without data. Not here: running
validations (checks.py), which suite guards which table (feed_suites.py).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median

import dagster as dg
import polars as pl

from dagster_project.assets.ingestion import landing_key
from dagster_project.automation import days_of
from dagster_project.config import Settings
from dagster_project.feed_suites import FEED_SUITES, landed_files, rows_by_file, rows_to_check
from dagster_project.feeds import VENDORS
from dagster_project.feeds.contract import Table
from dagster_project.feeds.file_names import days_in
from dagster_project.home import Home
from dagster_project.landing.replacement import restore
from dagster_project.landing.store import hold_arrival, rows_in
from dagster_project.resources import ScoringHome
from dagster_project.validations import Judged, Validation
from expectations.suites.arrival import arrival_facts, arrival_suite

# Of a table whose files are whole days or weeks, a file is held against so many before it.
FILES_COMPARED, LEAST_FILES_COMPARED = 28, 4


def hold_refused(vendor: str, tables: Sequence[str]) -> Callable:
    """What fails of an arrival is taken out of landing, so that no later day is built on it."""

    def hold(scoring_home: ScoringHome, run_id: str, judged: list[Judged]) -> str:
        home = scoring_home.home
        held = {
            hold_arrival(home.landing, home.held, vendor, table, day, asked.files)
            for asked, report in judged
            if not report.success
            for day in asked.days
            for table in tables
        } - {None}
        if not held:
            return ""
        for place in held:
            restore(place, home.landing, home.replaced)
        return (
            f"Held back in {', '.join(map(str, sorted(held)))}. Correct the file and land it again; if it came from "
            f"{home.inbox / vendor}/<day>, take it out of there or put the corrected one in its place, and run the day again."
        )

    return hold


def feed_arrived(vendor: str, table: str) -> dg.AssetChecksDefinition:
    """No data at all for the day: nothing may be scored. Only this vendor's missing: a warning."""

    @dg.asset_check(
        asset=landing_key(vendor, table),
        name="data_arrived",
        blocking=True,
        description="Something has landed for the day. A day without any data is not scored.",
    )
    def check(
        context: dg.AssetCheckExecutionContext, scoring_home: ScoringHome
    ) -> dg.AssetCheckResult:
        landing = scoring_home.home.landing
        days = days_of(context)
        of_any = [day for day in days if any(landing.glob(f"*/*/ds={day}/*.parquet"))]
        of_vendor = [day for day in days if any((landing / vendor).glob(f"*/ds={day}/*.parquet"))]
        span = f"{days[0]}" if len(days) == 1 else f"{days[0]} to {days[-1]}"
        inbox = scoring_home.home.inbox_of(vendor, days[0])
        return dg.AssetCheckResult(
            passed=bool(of_vendor),
            severity=dg.AssetCheckSeverity.WARN if of_any else dg.AssetCheckSeverity.ERROR,
            description=None
            if of_vendor
            else f"no data has landed for {span}: put {vendor}'s files into {inbox}",
            metadata={"days with data": len(of_vendor), "days": len(days)},
        )

    return check


def rows_of(vendor: str, table: Table, settings: Settings) -> Callable:
    """The rows that landed, arrival by arrival; of a large arrival a sample."""

    def validations(
        scoring_home: ScoringHome, context: dg.AssetCheckExecutionContext
    ) -> Iterable[Validation]:
        guard = FEED_SUITES[vendor, table.name]
        for day in days_of(context):
            files = landed_files(scoring_home.home.landing, vendor, table.name, day)
            rows, total = rows_to_check(files, table, day) if files else (None, 0)
            if total:
                suite = partial(guard.make, day, settings)
                yield Validation(guard.facts(rows), suite, day.isoformat(), total, (day,))

    return validations


def files_of(vendor: str, settings: Settings) -> Callable:
    """How many rows of each file of a vendor landed and how many were refused, arrival by arrival; if too many, file by file."""

    def validations(
        scoring_home: ScoringHome, context: dg.AssetCheckExecutionContext
    ) -> Iterable[Validation]:
        home = scoring_home.home
        for day in days_of(context):
            files = pl.concat(_files(home, vendor, table.name, day) for table in VENDORS[vendor])
            if files.height:
                whole = _arrival(files, settings, day)
                singly = partial(map, partial(_arrival, settings=settings, day=day), _each(files))
                yield whole._replace(one_by_one=singly if files.height > 1 else None)

    return validations


def _files(home: Home, vendor: str, table: str, day: date) -> pl.DataFrame:
    refused = home.quarantine / vendor / table / f"ds={day}"
    landed = landed_files(home.landing, vendor, table, day)
    files = rows_by_file(landed, sorted(refused.glob("*.parquet")))
    usual = _usual_rows(home, vendor, table, day) if files.height else None
    return files.with_columns(pl.lit(usual, dtype=pl.Float64).alias("usual"))


def _usual_rows(home: Home, vendor: str, table: str, day: date) -> float | None:
    """Median of the rows of the table's last files before a day; None where a file is no whole day or week, or they are few."""
    declared = next(one for one in VENDORS[vendor] if one.name == table)
    if not (declared.day_in_name or declared.day_of_file):
        return None
    earlier = sorted(home.landing.glob(f"{vendor}/{table}/ds=*/*.parquet"))
    before = [file for file in earlier if file.parent.name < f"ds={day}"][-FILES_COMPARED:]
    rows = [rows_in(file) for file in before if _is_of_one_day(file)]
    return float(median(rows)) if len(rows) >= LEAST_FILES_COMPARED else None


def _is_of_one_day(landed: Path) -> bool:
    """Whether the vendor's file was one day's or week's: an import may hold months."""
    name = pl.scan_parquet(landed).select("source_file").head(1).collect()
    return name.height > 0 and len(days_in(name.item())) == 1


def _arrival(files: pl.DataFrame, settings: Settings, day: date) -> Validation:
    partition = f"{day} {files['source_file'][0]}" if files.height == 1 else day.isoformat()
    suite = partial(arrival_suite, settings.checks.max_quarantined_share)
    sent = tuple(files["source_sha256"])
    return Validation(arrival_facts(files), suite, partition, days=(day,), files=sent)


def _each(files: pl.DataFrame) -> Iterable[pl.DataFrame]:
    return files.iter_slices(n_rows=1)
