"""Expectation suites as blocking asset checks: what fails here is not built on, and not published.

Here: which suite guards which hand-over, on which rows. Not here: the expectations themselves (expectations/suites).
"""

from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from dagster_project.assets.ingestion import landing_key
from dagster_project.automation import days_of
from dagster_project.config import Settings
from dagster_project.feeds import VENDORS
from dagster_project.home import Home
from dagster_project.landing.store import hold_arrival
from dagster_project.publisher import horizon_columns
from dagster_project.resources import ScoringHome
from dagster_project.warehouse import replace_rows

# Written by the check of account_scores_daily, so it is no asset of its own; shown where its readers are.
PASSED_DAYS = dg.AssetSpec(
    "passed_days",
    description="Days whose scores passed their check; no other day is published.",
    group_name="marts",
    kinds={"duckdb"},
)
# What one validation needs: the frame, its suite and the partition it stands for.
Validation = tuple[Any, Any, str]


def suite_checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """All hand-over checks: feeds, training set, scores."""
    checks = []
    for vendor in settings.feeds:
        tables = [table.name for table in VENDORS[vendor]]
        checks.append(_feed_arrived(vendor, tables[0]))
        for table in tables:
            key, hold = landing_key(vendor, table), _hold_refused(vendor, table)
            rows = _rows_of(vendor, table, settings)
            arrival = _arrival_of(vendor, table, settings)
            checks.append(_suite_check(key, "rows_are_sound", rows, hold))
            checks.append(_suite_check(key, "was_readable", arrival, hold))
    checks.append(_suite_check(dg.AssetKey("training_set"), "is_sound", _training_set))
    scores = dg.AssetKey("account_scores_daily")
    checks.append(_suite_check(scores, "is_sound", _account_scores, _remember_passed_days))
    return checks


def _suite_check(
    asset: dg.AssetKey,
    name: str,
    validations: Callable[[ScoringHome, dg.AssetCheckExecutionContext], Iterable[Validation]],
    consequence: Callable[[ScoringHome, str, list[Any]], str] | None = None,
) -> dg.AssetChecksDefinition:
    """The one way from a suite to a check: run it on each frame, store the results, fail on anything critical.

    consequence: what follows from the reports (home, run id, reports); what it says is told with the failure.
    """

    @dg.asset_check(
        asset=asset,
        name=name,
        blocking=True,
        description="Great Expectations suite; stored in Data Docs.",
    )
    def check(
        context: dg.AssetCheckExecutionContext, scoring_home: ScoringHome
    ) -> dg.AssetCheckResult:
        from expectations.runner import validate

        reports = [
            validate(
                frame,
                suite,
                name=asset.path[-1],
                run_id=context.run.run_id,
                partition=partition,
                store_dir=scoring_home.home.expectations,
            )
            for frame, suite, partition in validations(scoring_home, context)
        ]
        findings = [
            f"{report.partition}: {finding.text()}"
            for report in reports
            for finding in report.findings
        ]
        passed = all(report.success for report in reports)
        critical = [
            f"{report.partition}: {f.text()} {f.advice}"
            for report in reports
            for f in report.failed_critical
        ]
        if consequence:
            told = consequence(scoring_home, context.run.run_id, reports)
            critical += [told] if told else []
        return dg.AssetCheckResult(
            passed=passed and not findings,
            severity=dg.AssetCheckSeverity.ERROR if not passed else dg.AssetCheckSeverity.WARN,
            description="\n".join(critical or findings) or None,
            metadata={
                "rows": sum(report.rows for report in reports),
                "expectations": sum(report.statistics["evaluated"] for report in reports),
                "findings": findings,
            },
        )

    return check


def _hold_refused(vendor: str, table: str) -> Callable:
    """An arrival that fails is taken out of landing, so that no later day is built on it."""

    def hold(scoring_home: ScoringHome, run_id: str, reports: list[Any]) -> str:
        home = scoring_home.home
        held = [
            hold_arrival(
                home.landing, home.held, vendor, table, date.fromisoformat(report.partition)
            )
            for report in reports
            if not report.success
        ]
        return f"Held back in {', '.join(map(str, held))}; land a corrected file." if held else ""

    return hold


def _remember_passed_days(scoring_home: ScoringHome, run_id: str, reports: list[Any]) -> str:
    """Only days that passed are published, now or by a later run."""
    judged = [date.fromisoformat(report.partition) for report in reports]
    passed = [day for day, report in zip(judged, reports, strict=True) if report.success]
    frame = pl.DataFrame(
        {"as_of_date": passed, "run_id": [run_id] * len(passed)},
        schema={"as_of_date": pl.Date, "run_id": pl.String},
    )
    connection = scoring_home.connect()
    try:
        replace_rows(connection, "passed_days", frame, "as_of_date", judged)
    finally:
        connection.close()
    return ""


def _feed_arrived(vendor: str, table: str) -> dg.AssetChecksDefinition:
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


def _landed(home: Home, vendor: str, table: str, day: date) -> pl.DataFrame | None:
    files = sorted((home.landing / vendor / table / f"ds={day}").glob("*.parquet"))
    return (
        pl.concat([pl.read_parquet(file) for file in files], how="diagonal_relaxed")
        if files
        else None
    )


def _rows_of(vendor: str, table: str, settings: Settings) -> Callable:
    """The rows that landed, arrival by arrival."""

    def validations(
        scoring_home: ScoringHome, context: dg.AssetCheckExecutionContext
    ) -> Iterable[Validation]:
        from expectations.suites import crm

        suites = {
            "account": crm.account_suite,
            "opportunity": partial(
                crm.opportunity_suite, won_stages=settings.conversion.won_stages
            ),
            "opportunity_history": crm.opportunity_history_suite,
        }
        for day in days_of(context):
            frame = _landed(scoring_home.home, vendor, table, day)
            if frame is not None and frame.height:
                yield frame, suites[table](day), day.isoformat()

    return validations


def _arrival_of(vendor: str, table: str, settings: Settings) -> Callable:
    """How many rows landed and how many were refused, arrival by arrival."""

    def validations(
        scoring_home: ScoringHome, context: dg.AssetCheckExecutionContext
    ) -> Iterable[Validation]:
        from expectations.suites.arrival import arrival_facts, arrival_suite

        for day in days_of(context):
            frame = _landed(scoring_home.home, vendor, table, day)
            # A history import adds rows that no file has (states at creation): count lines.
            lines = ["source_sha256", "source_line"]
            rows = 0 if frame is None else frame.select(lines).n_unique()
            files = set() if frame is None else set(frame["source_sha256"])
            bad = _refused_rows(scoring_home.home.quarantine / vendor / table / f"ds={day}", files)
            if frame is not None or bad:
                facts = arrival_facts({table: rows}, {table: bad})
                suite = arrival_suite(settings.checks.max_quarantined_share)
                yield facts, suite, day.isoformat()

    return validations


def _refused_rows(folder: Path, files: set[str]) -> int:
    """Refused rows of the landed files; a file that was refused whole counts as one.

    Rows of a file that is held back say nothing of the one that was sent in its place.
    """
    refused = sorted(folder.glob("*.parquet"))
    if not refused:
        return 0
    rows = pl.concat(
        [pl.read_parquet(file, columns=["source_line", "source_sha256"]) for file in refused]
    )
    return rows.filter(
        pl.col("source_line").is_null() | pl.col("source_sha256").is_in(files)
    ).height


def _training_set(
    scoring_home: ScoringHome, context: dg.AssetCheckExecutionContext
) -> Iterable[Validation]:
    from expectations.suites.training_set import training_set_suite
    from models.feature_contract import usable_features

    settings = scoring_home.home.settings().for_training()
    connection = scoring_home.connect()
    try:
        frame = connection.execute("from datasets.training_set").pl()
        (labels_as_of,) = connection.execute(
            "select max(labels_as_of) from labels.label_conversion "
            "where as_of_date in (select as_of_date from datasets.training_set)"
        ).fetchone()
    finally:
        connection.close()
    features = usable_features(settings.snapshot_attributes, settings.left_out_features)
    suite = training_set_suite(
        feature_columns=[feature.name for feature in features],
        labels_as_of=labels_as_of or date.max,
        horizon_days=settings.horizon_days,
    )
    yield frame, suite, str(labels_as_of)


# A day is held against the last one that stood: also when days between were refused, or a refused day would only have to
# wait for the next. Back-fills leap further, and there companies come and go.
COMPARED_WITHIN_DAYS = 31


def _accounts_before(connection: Any, day: date, of_this_run: list[date]) -> int:
    """Accounts scored on the latest earlier day that passed its check or is judged in this run; 0 if there is none."""
    (accounts,) = connection.execute(
        "select count(*) from marts.account_scores_daily where as_of_date = ("
        "select max(as_of_date) from (select as_of_date from scoring.passed_days union select unnest($of_this_run::date[])) "
        "where as_of_date < $day::date and as_of_date >= $day::date - $within::integer)",
        {"of_this_run": of_this_run, "day": day, "within": COMPARED_WITHIN_DAYS},
    ).fetchone()
    return accounts


def _account_scores(
    scoring_home: ScoringHome, context: dg.AssetCheckExecutionContext
) -> Iterable[Validation]:
    from expectations.suites.account_scores import account_scores_suite

    settings = scoring_home.home.settings()
    connection = scoring_home.connect()
    try:
        for day in days_of(context):
            before = _accounts_before(connection, day, days_of(context))
            (eligible,) = connection.execute(
                "select count(*) from spine.spine_account_day where as_of_date = ? and is_eligible",
                [day],
            ).fetchone()
            frame = connection.execute(
                f"select {horizon_columns(settings)} from marts.account_scores_daily where as_of_date = ?",
                [day],
            ).pl()
            suite = account_scores_suite(
                as_of_date=day,
                horizons_days=settings.conversion.horizons_days,
                eligible_count=eligible,
                previous_count=before or None,
                max_change=settings.checks.max_change_of_accounts,
                explained=settings.explanation.max_accounts_per_day,
            )
            yield frame, suite, day.isoformat()
    finally:
        connection.close()
