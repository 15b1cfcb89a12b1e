"""Expectation suites as blocking asset checks: what fails here is not built on, and not published.

Here: which suite guards which hand-over, on which rows. Not here: the expectations themselves (expectations/suites).
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from dagster_project.assets.ingestion import Landed, landing_key
from dagster_project.automation import days_of
from dagster_project.config import Settings
from dagster_project.feed_checks import feed_arrived, files_of, hold_refused, rows_of
from dagster_project.feeds import VENDORS
from dagster_project.resources import ScoringHome
from dagster_project.training_set import read_training_set
from dagster_project.validations import Judged, Validation, account_scores_validations
from dagster_project.warehouse import replace_rows, write_down
from expectations.process import validation_process
from expectations.suites.training_set import training_set_suite
from models.feature_contract import usable_features

# Written by the check of account_scores_daily, so it is no asset of its own; shown where its readers are.
PASSED_DAYS = dg.AssetSpec(
    "passed_days",
    description="Days whose scores passed their check; no other day is published.",
    group_name="marts",
    kinds={"duckdb"},
)


@dataclass(frozen=True)
class Guard:
    """One check: the validations that judge an asset, and what follows from their reports.

    consequence: takes home, run id, and each validation with its report; what it says is told with a failure.
    about: what the stored result is called by, if not by the asset. follows_a_build: dbt has built tables before it.
    """

    asset: dg.AssetKey
    name: str
    validations: Callable[[ScoringHome, dg.AssetCheckExecutionContext], Iterable[Validation]]
    consequence: Callable[[ScoringHome, str, list[Judged]], str] | None = None
    about: str = ""
    follows_a_build: bool = False

    @property
    def subject(self) -> str:
        """The name under which results are stored."""
        return self.about or self.asset.path[-1]

    @property
    def spec(self) -> dg.AssetCheckSpec:
        """As Dagster shows it."""
        return dg.AssetCheckSpec(
            self.name,
            asset=self.asset,
            blocking=True,
            description="Great Expectations suite; stored in Data Docs.",
        )


def suite_checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """All hand-over checks: feeds (one step a vendor), training set, scores."""
    checks = []
    for vendor in settings.feeds:
        checks.append(feed_arrived(vendor, VENDORS[vendor][0].name))
        checks.append(_suite_checks(_feed_step(vendor), _feed_guards(vendor, settings)))
    training_set = Guard(dg.AssetKey("training_set"), "is_sound", _training_set)
    scores = Guard(
        dg.AssetKey("account_scores_daily"),
        "is_sound",
        _account_scores,
        _remember_passed_days,
        follows_a_build=True,
    )
    checks.append(_suite_checks("training_set_is_sound", [training_set]))
    checks.append(_suite_checks("account_scores_are_sound", [scores]))
    return checks


def _feed_step(vendor: str) -> str:
    return f"{vendor}_is_sound"


def _feed_guards(vendor: str, settings: Settings) -> list[Guard]:
    tables = [table.name for table in VENDORS[vendor]]
    # One for all files, since each validation costs a tenth of a second; shown where data_arrived is.
    readable = Guard(
        landing_key(vendor, tables[0]),
        "files_were_readable",
        files_of(vendor, settings),
        hold_refused(vendor, tables),
        about=f"landing_{vendor}",
    )
    return [
        readable,
        *(
            Guard(
                landing_key(vendor, table.name),
                "rows_are_sound",
                rows_of(vendor, table, settings),
                hold_refused(vendor, [table.name]),
            )
            for table in VENDORS[vendor]
        ),
    ]


def asking_ahead(settings: Settings) -> Landed:
    """What landing calls when all files of a table have landed, and with no table when all of a vendor's have: their rows are
    validated while the next ones land.

    The checks, which stand after all landing, then find their answers on the way. Nothing is asked in a run without them.
    """
    guards = {vendor: _feed_guards(vendor, settings) for vendor in settings.feeds}

    def landed(
        vendor: str,
        table: str | None,
        context: dg.AssetExecutionContext,
        scoring_home: ScoringHome,
    ) -> None:
        if not context.job_def.has_node_named(_feed_step(vendor)):
            return
        for guard in guards[vendor]:
            asked = context.run.run_id, guard.spec.key
            is_meant = table is None or guard.subject == landing_key(vendor, table).path[-1]
            if is_meant and asked not in _asked_ahead:
                _asked_ahead[asked] = _asking.submit(_ask_all, [guard], scoring_home, context)

    return landed


# Validations under way, by run and check.
_asked_ahead: dict[tuple[str, dg.AssetCheckKey], Future] = {}
_asking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="asking ahead")


def _suite_checks(step: str, guards: list[Guard]) -> dg.AssetChecksDefinition:
    """The one way from suites to checks: run them on each frame, store the results, fail on anything critical."""

    @dg.multi_asset_check(name=step, specs=[guard.spec for guard in guards], can_subset=True)
    def check(
        context: dg.AssetCheckExecutionContext, scoring_home: ScoringHome
    ) -> Iterator[dg.AssetCheckResult]:
        run_id, store = context.run.run_id, scoring_home.home.expectations
        wanted = {g.spec.key: g for g in guards if g.spec.key in context.selected_asset_check_keys}
        ahead = {key: _asked_ahead.pop((run_id, key), None) for key in wanted}
        asked = _ask_all(
            [guard for key, guard in wanted.items() if not ahead[key]], scoring_home, context
        )
        if any(guard.follows_a_build for guard in wanted.values()):
            write_down(
                scoring_home.home
            )  # while rows are validated on another core; else the run's end would wait for it
        for key, guard in wanted.items():
            asked |= ahead[key].result() if ahead[key] else {}
            ask = partial(_ask, name=guard.subject, run_id=run_id, store=store)
            judged = _judge(asked[key], ask)
            told = guard.consequence(scoring_home, run_id, judged) if guard.consequence else ""
            yield _result(guard, [report for _, report in judged], told)

    return check


def _ask_all(
    guards: Iterable[Guard], scoring_home: ScoringHome, context: Any
) -> dict[dg.AssetCheckKey, list[tuple[Validation, Future]]]:
    """Ask for all before the first answer is waited for: rows are read here while others are validated there."""
    ask = partial(_ask, run_id=context.run.run_id, store=scoring_home.home.expectations)
    return {
        guard.spec.key: [
            ask(one, guard.subject) for one in guard.validations(scoring_home, context)
        ]
        for guard in guards
    }


def _ask(asked: Validation, name: str, run_id: str, store: Path) -> tuple[Validation, Future]:
    """Hand a validation to the process that has Great Expectations loaded; its frame is not kept here."""
    report = validation_process().submit(
        asked.frame,
        asked.make_suite,
        name=name,
        run_id=run_id,
        partition=asked.partition,
        store_dir=store,
        rows=asked.rows,
    )
    return asked._replace(frame=None), report


def _judge(
    pending: list[tuple[Validation, Future]],
    ask: Callable[[Validation], tuple[Validation, Future]],
) -> list[Judged]:
    """Each validation with its report; several days that fail together are judged one by one."""
    judged: list[Judged] = []
    for asked, answer in pending:
        report = answer.result()
        if asked.one_by_one and not report.success:
            judged += _judge([ask(one) for one in asked.one_by_one()], ask)
        else:
            judged.append((asked, report))
    return judged


def _result(guard: Guard, reports: list[Any], told: str) -> dg.AssetCheckResult:
    findings = [f"{_of(r)}{finding.text()}" for r in reports for finding in r.findings]
    critical = [f"{_of(r)}{f.text()} {f.advice}" for r in reports for f in r.failed_critical]
    critical += [told] if told else []
    passed = all(report.success for report in reports)
    warnings = [f"{_of(r)}{finding.said}" for r in reports for finding in r.warnings]
    return dg.AssetCheckResult(
        asset_key=guard.asset,
        check_name=guard.name,
        passed=passed and not findings,
        severity=dg.AssetCheckSeverity.ERROR if not passed else dg.AssetCheckSeverity.WARN,
        description="\n".join(critical or warnings) or None,
        metadata={
            "rows": sum(report.rows for report in reports),
            "rows looked at": sum(report.rows_checked for report in reports),
            "expectations": sum(report.statistics["evaluated"] for report in reports),
            "findings": findings,
        },
    )


def _of(report: Any) -> str:
    """Which arrival or day a report is of; nothing where there is none."""
    return f"{report.partition}: " if report.partition not in ("", "None") else ""


def _remember_passed_days(scoring_home: ScoringHome, run_id: str, judged: list[Judged]) -> str:
    """Only days that passed are published, now or by a later run."""
    days = sorted({day for asked, _ in judged for day in asked.days})
    failed = {day for asked, report in judged if not report.success for day in asked.days}
    passed = [day for day in days if day not in failed]
    frame = pl.DataFrame(
        {"as_of_date": passed, "run_id": [run_id] * len(passed)},
        schema={"as_of_date": pl.Date, "run_id": pl.String},
    )
    connection = scoring_home.connect()
    try:
        replace_rows(connection, "passed_days", frame, "as_of_date", days)
    finally:
        connection.close()
    return ""


def _training_set(
    scoring_home: ScoringHome, context: dg.AssetCheckExecutionContext
) -> Iterable[Validation]:
    is_of_customers = scoring_home.home.settings().conversion.mode == "expansion"
    settings = scoring_home.home.settings().for_training()
    connection = scoring_home.connect()
    try:
        # The rows that are learnt from; that the whole has one row an account and day, dbt tests.
        frame, _ = read_training_set(connection, settings)
        (labels_as_of,) = connection.execute(
            "select max(labels_as_of) from labels.label_conversion "
            "where as_of_date in (select as_of_date from datasets.training_set)"
        ).fetchone()
    finally:
        connection.close()
    features = usable_features(
        settings.snapshot_attributes,
        settings.left_out_features,
        versioned_attributes=settings.versioned_attributes,
    )
    suite = partial(
        training_set_suite,
        feature_columns=[feature.name for feature in features],
        # Who has won a deal is a customer, and out of the reckoning where new business is looked for.
        never_filled=[one.name for one in features if one.is_of_won_deals and not is_of_customers],
        labels_as_of=labels_as_of or date.max,
        horizons_days=settings.horizons,
    )
    yield Validation(frame, suite, str(labels_as_of))


def _account_scores(
    scoring_home: ScoringHome, context: dg.AssetCheckExecutionContext
) -> Iterable[Validation]:
    """The run's days, several at a time: a back-fill of months would spend most of its time on checking days singly."""
    return account_scores_validations(
        scoring_home.connect, scoring_home.home.settings(), days_of(context)
    )
