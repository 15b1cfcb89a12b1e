"""Runs a suite on a frame, stores the result, says in words what was found.

Belongs here: `validate`, and which expectations look at all rows and which at a sample.
Does not belong here: suites (suites/), pages (data_docs.py), what to do with a failure
(dagster_project/checks.py).

GX 1.24 has no polars source and no working DuckDB one, so it always sees a pandas frame. Above
`max_rows` rows, row-wise expectations look at a sample drawn with a fixed seed and the report says
so; expectations about the whole (row counts, uniqueness, means, distinct values) always see all
rows, since a sample would answer another question.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.engine import load_gx, open_context
from expectations.frames import as_pandas, sample
from expectations.report import (
    EXAMPLES_SHOWN,
    ValidationReport,
    finding_of,
    redact,
    without_markup,
)
from expectations.store import partition_day, result_path, safe, write_result

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

MAX_ROWS = 200_000
# A sample of values is asked for that is wide enough to hold several different ones.
VALUES_ASKED = EXAMPLES_SHOWN * 4


def validate(
    frame: pd.DataFrame | pl.DataFrame,
    suite: Any,
    *,
    name: str,
    run_id: str,
    partition: str,
    store_dir: Path,
    max_rows: int = MAX_ROWS,
    seed: int = 0,
    rows: int | None = None,
) -> ValidationReport:
    """Run a suite (GX ExpectationSuite) on a frame and store the result below store_dir.

    name: what is checked, e.g. the table; partition: its partition key ("2011-03-31"); run_id: the
    run that asked, kept in the result. The same suite, partition and name replace their earlier
    result. rows: how many there are, if the frame is a sample drawn already. Data that breaks
    expectations never raises; a broken suite or disk does.
    """
    store_dir = Path(store_dir)
    table = as_pandas(frame)
    seen = sample(table, max_rows, seed)
    context = open_context(store_dir)
    results = _run(context, suite, table, seen)
    for result in results:
        redact(result)
    report = _report(results, suite.name, name, partition, run_id, rows or len(table), len(seen))
    write_result(store_dir, Path(report.result_file), _stored_text(context, results, report))
    return report


def build_data_docs(store_dir: Path) -> Path:
    """Build the pages of all stored results and return the path of their index.html."""
    from expectations.data_docs import build

    return build(Path(store_dir))


def _run(context: Any, suite: Any, table: pd.DataFrame, seen: pd.DataFrame) -> list[Any]:
    """Return the GX results in the suite's order."""
    batch = _batch(context, "all_rows", table)
    part = batch if seen is table else _batch(context, "sample", seen)
    asked = [item for item in suite.expectations if item.meta.get("min_rows", 0) <= len(table)]
    whole = [item for item in asked if _needs_all_rows(item)]
    rowwise = [item for item in asked if not _needs_all_rows(item)]
    groups = [(batch, asked)] if part is batch else [(batch, whole), (part, rowwise)]
    results = [result for group in groups for result in _run_group(*group)]
    order = {item.meta["name"]: place for place, item in enumerate(suite.expectations)}
    return sorted(results, key=lambda result: order[result.expectation_config.meta["name"]])


def _run_group(batch: Any, expectations: list[Any]) -> list[Any]:
    from great_expectations import ExpectationSuite

    group = ExpectationSuite(name="group", expectations=[item.copy() for item in expectations])
    wanted = {"result_format": "BASIC", "partial_unexpected_count": VALUES_ASKED}
    return batch.validate(group, result_format=wanted).results


def _batch(context: Any, name: str, table: pd.DataFrame) -> Any:
    return _definition(context, name).get_batch({"dataframe": table})


def _definition(context: Any, name: str) -> Any:
    """What GX makes a frame known by; made once a context, since GX writes it down in YAML each time."""
    if name not in context.data_sources.all():
        asset = context.data_sources.add_pandas(name).add_dataframe_asset(name)
        return asset.add_batch_definition_whole_dataframe(name)
    return context.data_sources.get(name).get_asset(name).get_batch_definition(name)


def _needs_all_rows(expectation: Any) -> bool:
    """True unless the expectation judges each row by itself."""
    from great_expectations.expectations.expectation import (
        ColumnMapExpectation,
        ColumnPairMapExpectation,
        MulticolumnMapExpectation,
    )

    rowwise = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)
    asks_uniqueness = "Unique" in type(expectation).__name__
    return asks_uniqueness or not isinstance(expectation, rowwise)


def _report(
    results: list[Any],
    suite: str,
    name: str,
    partition: str,
    run_id: str,
    rows: int,
    rows_checked: int,
) -> ValidationReport:
    findings = tuple(finding_of(result) for result in results if not result.success)
    blocking = sum(finding.severity == "critical" for finding in findings)
    statistics = {
        "evaluated": len(results),
        "passed": len(results) - len(findings),
        "failed_critical": blocking,
        "failed_warning": len(findings) - blocking,
    }
    file = result_path(suite, partition, name).as_posix()
    return ValidationReport(
        name, suite, partition, run_id, rows, rows_checked, statistics, findings, file
    )


def _stored_text(context: Any, results: list[Any], report: ValidationReport) -> str:
    """The result as GX's own store would write it, without clocks, random ids and paths."""
    from great_expectations.core import ExpectationSuiteValidationResult, RunIdentifier

    for result in results:
        config = result.expectation_config
        config.kwargs.pop("batch_id", None)
        # GX's pages of results show this sentence, but neither severity nor notes
        effect = "Blocks" if config.severity == "critical" else "Warns"
        advice = "" if result.success else f" What to do: {config.notes}"
        config.description = f"{effect}: {config.description}{advice}"
        result.result = without_markup(result.result)
    evaluated, passed = report.statistics["evaluated"], report.statistics["passed"]
    stored = ExpectationSuiteValidationResult(
        success=passed == evaluated,
        results=results,
        suite_name=safe(report.suite),
        statistics={
            "evaluated_expectations": evaluated,
            "successful_expectations": passed,
            "unsuccessful_expectations": evaluated - passed,
            "success_percent": 100.0 * passed / evaluated if evaluated else None,
        },
        meta={
            "run_id": RunIdentifier(safe(report.partition), partition_day(report.partition)),
            "great_expectations_version": load_gx().__version__,
            "active_batch_definition": {},
            "batch_markers": {},
            "batch_spec": {},
            "account_scoring": _summary(report),
        },
    )
    return context.validation_results_store.serialize(stored)


def _summary(report: ValidationReport) -> dict[str, Any]:
    """What the index of the pages shows of a result."""
    plain = report.to_dict()
    kept = ("name", "suite", "partition", "run_id", "rows", "rows_checked", "success", "statistics")
    failed = [finding.description for finding in report.failed_critical]
    warned = [finding.description for finding in report.warnings]
    return {key: plain[key] for key in kept} | {"failed": failed, "warned": warned}
