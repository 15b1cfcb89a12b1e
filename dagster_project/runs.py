"""Commands as Dagster runs: one job through the home's own instance, so that the UI shows what the command line did.

Here: the instance's configuration, one run in this process, its progress lines and its failures in words. Not here: what
the jobs do (automation.py, assets/).
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from dagster_project.home import BusyError, Home, quiet_environment

DAGSTER_YAML = """\
# Made by the scoring command; edit scoring.yaml instead where it offers a setting.
telemetry: {enabled: false}
nux: {enabled: false}
concurrency:
  runs: {max_concurrent_runs: 1}   # two runs never write the warehouse together
run_monitoring: {enabled: true}    # a run whose process died is marked failed
"""


@dataclass(frozen=True)
class RunOutcome:
    """What came of one run."""

    job: str
    run_id: str
    ok: bool
    problems: tuple[str, ...]
    metadata: Mapping[str, Mapping[str, Any]]
    seconds: float


def prepare_instance(home: Home) -> None:
    """Write the instance's dagster.yaml and point DAGSTER_HOME and SCORING_HOME of this process at the home."""
    quiet_environment()
    home.dagster.mkdir(parents=True, exist_ok=True)
    config = home.dagster / "dagster.yaml"
    if not config.exists() or config.read_text() != DAGSTER_YAML:
        config.write_text(DAGSTER_YAML)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    os.environ["SCORING_HOME"] = str(home.root)


def run_job(
    home: Home,
    job: str,
    partition: str | None = None,
    days: tuple[date, date] | None = None,
    config: Mapping[str, Any] | None = None,
    show_progress: bool = True,
) -> RunOutcome:
    """Run one job in this process for one partition, or for a range of days in a single run.

    config: op name → op configuration. Raises BusyError when another command is writing.
    """
    prepare_instance(home)
    import dagster as dg

    from dagster_project.automation import RANGE_END, RANGE_START
    from dagster_project.definitions import build_definitions

    started = time.monotonic()
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        definitions = build_definitions(home, lock_wait_seconds=0)
        tags = {RANGE_START: days[0].isoformat(), RANGE_END: days[1].isoformat()} if days else {}
        with _progress_on_stderr(show_progress):
            result = definitions.resolve_job_def(job).execute_in_process(
                instance=instance,
                partition_key=partition,
                tags=tags,
                run_config={
                    "ops": {name: {"config": dict(values)} for name, values in (config or {}).items()},
                    "loggers": {"console": {"config": {"log_level": "INFO"}}},
                },
                raise_on_error=False,
            )
        problems = tuple(_problems(instance, result.run_id))
        return RunOutcome(
            job=job,
            run_id=result.run_id,
            ok=result.success,
            problems=problems,
            metadata=_metadata(instance, result.run_id),
            seconds=time.monotonic() - started,
        )


def _problems(instance: Any, run_id: str) -> list[str]:
    """Failures of a run in the words of what failed, without tracebacks, each once.

    Raises BusyError when the run could not take the write lock.
    """
    problems: dict[str, None] = {}
    for record in instance.all_logs(run_id):
        event = record.dagster_event
        if event is None:
            continue
        kind = event.event_type_value
        if kind in ("STEP_FAILURE", "PIPELINE_FAILURE", "RUN_FAILURE", "ENGINE_EVENT", "RESOURCE_INIT_FAILURE"):
            error = getattr(event.event_specific_data, "error", None)
            if error is not None:
                _raise_if_busy(error)
                problems.setdefault(_innermost(event))
        elif kind == "ASSET_CHECK_EVALUATION":
            check = event.event_specific_data
            if not check.passed and check.severity.value == "ERROR":
                problems.setdefault(f"check {check.check_name} on {check.asset_key.to_user_string()}: {check.description or 'failed'}")
    return list(problems)


def _raise_if_busy(error: Any) -> None:
    while error is not None:
        if error.cls_name == BusyError.__name__:
            raise BusyError(error.message.split(": ", 1)[-1].strip())
        error = error.cause


def _innermost(event: Any) -> str:
    data = event.event_specific_data
    failure = getattr(data, "user_failure_data", None)
    if failure is not None and failure.description:
        return failure.description
    error = data.error
    while error.cause is not None:
        error = error.cause
    step = f"{event.step_key}: " if event.step_key else ""
    return step + error.message.strip()


def _metadata(instance: Any, run_id: str) -> dict[str, dict[str, Any]]:
    """Metadata of each materialised asset, by asset key."""
    found: dict[str, dict[str, Any]] = {}
    for record in instance.all_logs(run_id):
        if record.dagster_event and record.dagster_event.event_type_value == "ASSET_MATERIALIZATION":
            materialization = record.dagster_event.event_specific_data.materialization
            values = {name: value.value for name, value in materialization.metadata.items()}
            found[materialization.asset_key.to_user_string()] = values
    return found


class _progress_on_stderr:
    """Short lines of a run's progress on stderr, in the place of Dagster's own event lines."""

    def __init__(self, show: bool) -> None:
        self.handler = _StepLines(show)

    def __enter__(self) -> None:
        self.logger = logging.getLogger("dagster")
        self.before = self.logger.handlers[:], self.logger.propagate
        self.logger.handlers = [self.handler]
        self.logger.propagate = False

    def __exit__(self, *_: object) -> None:
        self.logger.handlers, self.logger.propagate = self.before


class _StepLines(logging.Handler):
    def __init__(self, show: bool) -> None:
        super().__init__()
        self.show = show
        self.started = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", {}) or {}
        event = meta.get("dagster_event")
        if not self.show or event is None or event.event_type_value not in ("STEP_START", "STEP_RESTARTED", "STEP_UP_FOR_RETRY"):
            return
        what = {"STEP_START": "", "STEP_RESTARTED": " (again)", "STEP_UP_FOR_RETRY": " failed, will be tried again"}
        name = event.step_key.replace("_", " ")
        print(f"{time.monotonic() - self.started:6.1f} s  {name}{what[event.event_type_value]}", file=sys.stderr, flush=True)


def workspace_file() -> Path:
    """The workspace that webserver and daemon load."""
    return Path(__file__).resolve().parents[1] / "workspace.yaml"
