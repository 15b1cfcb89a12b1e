"""Commands as Dagster runs: one job through the home's own instance, so that the UI shows what the command line did.

Here: the instance's configuration, one run in this process, its progress lines and its failures in words. Not here: what
the jobs do (automation.py, assets/).
"""

from __future__ import annotations

import atexit
import gc
import json
import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Thread
from typing import Any

from dagster_project.home import BusyError, Home, quiet_environment

DAGSTER_YAML = """\
# Made by the scoring command; edit scoring.yaml instead where it offers a setting.
telemetry: {enabled: false}
nux: {enabled: false}
concurrency:
  runs: {max_concurrent_runs: 1}   # two runs never write the warehouse together
run_launcher: {module: dagster_project.run_launcher, class: HomeRunLauncher}
event_log_storage:
  module: dagster_project.event_log
  class: HomeEventLog
  config: {base_dir: %s}
run_monitoring: {enabled: true, poll_interval_seconds: 30}   # a run whose process died is marked failed
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
    # What steps and checks found and did not stop the run for.
    warnings: tuple[str, ...] = ()
    # Ctrl-C or SIGTERM: whoever asked wants no further run either.
    interrupted: bool = False


def prepare_instance(home: Home) -> None:
    """Write the instance's dagster.yaml and point DAGSTER_HOME and SCORING_HOME of this process at the home."""
    quiet_environment()
    home.dagster.mkdir(parents=True, exist_ok=True)
    config = home.dagster / "dagster.yaml"
    # The path is this home's: a home that was moved gets another file here.
    wanted = DAGSTER_YAML % json.dumps(str(home.dagster / "history" / "runs"))
    if not config.exists() or config.read_text() != wanted:
        config.write_text(wanted)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    os.environ["SCORING_HOME"] = str(home.root)


def run_job(
    home: Home,
    job: str,
    partition: str | None = None,
    days: tuple[date, date] | None = None,
    config: Mapping[str, Any] | None = None,
    show_progress: bool = True,
    tags: Mapping[str, str] | None = None,
) -> RunOutcome:
    """Run one job in this process for one partition, or for a range of days in a single run.

    config: op name → op configuration. Raises BusyError when another command is writing.
    """
    prepare_instance(home)
    # Asked before the seconds that Dagster takes to load, and before there is a run that could only fail.
    with home.writing(job):
        pass
    _collect_seldom()
    from expectations.process import validation_process

    # It gets ready on another core while Dagster loads here.
    validation_process()
    import dagster as dg

    from dagster_project import dbt_runner
    from dagster_project.automation import RANGE_END, RANGE_START
    from dagster_project.definitions import build_definitions
    from models import _xgboost

    started = time.monotonic()
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        definitions = build_definitions(
            home, lock_wait_seconds=0, loggers={"console": _step_lines_logger(show_progress)}
        )
        if job != "land":
            dbt_runner.load_ahead(home)
            Thread(target=_xgboost.load, name="xgboost").start()
        span = {RANGE_START: days[0].isoformat(), RANGE_END: days[1].isoformat()} if days else {}
        result = definitions.resolve_job_def(job).execute_in_process(
            instance=instance,
            partition_key=partition,
            tags={**span, **(tags or {})},
            run_config={
                "ops": {name: {"config": dict(values)} for name, values in (config or {}).items()},
                "loggers": {"console": {}},
            },
            raise_on_error=False,
        )
        logged = (record.dagster_event for record in instance.all_logs(result.run_id))
        events = [event for event in logged if event is not None]
        return RunOutcome(
            job=job,
            run_id=result.run_id,
            ok=result.success,
            problems=tuple(_problems(events)),
            warnings=tuple(_warnings(events)),
            interrupted=_was_interrupted(events),
            metadata=_metadata(events),
            seconds=time.monotonic() - started,
        )


def _collect_seldom() -> None:
    """Dagster and dbt keep very many objects; looking through all of them for garbage again and again slows a run down."""
    gc.set_threshold(100_000, 50, 100)
    # Python looks through all of them several times more before it ends.
    atexit.register(gc.freeze)


def _problems(events: Sequence[Any]) -> list[str]:
    """Failures of a run in the words of what failed, without tracebacks, each once.

    Raises BusyError when the run could not take the write lock.
    """
    if _was_interrupted(events):
        return [_interrupted(_metadata(events))]
    steps: dict[str, None] = {}
    whole: dict[str, None] = {}
    for event in events:
        data = event.event_specific_data
        if event.event_type_value == "ASSET_CHECK_EVALUATION":
            if not data.passed and data.severity.value == "ERROR":
                steps.setdefault(data.description or f"check {data.check_name} failed")
        elif (
            getattr(data, "error", None) is not None
            and event.event_type_value != "STEP_UP_FOR_RETRY"
        ):
            _raise_if_busy(data.error)
            if data.error.cls_name == "DagsterAssetCheckFailedError":
                continue  # said better by the check itself
            (steps if event.event_type_value == "STEP_FAILURE" else whole).setdefault(
                _innermost(event)
            )
    return list(steps or whole)


def _warnings(events: Sequence[Any]) -> list[str]:
    """What steps and checks found and did not stop the run for, each once. That a vendor sends nothing on a day is most often its
    way.
    """
    from dagster_project.automation import WARNING

    found = dict.fromkeys(
        facts[WARNING] for facts in _metadata(events).values() if WARNING in facts
    )
    for event in events:
        if event.event_type_value != "ASSET_CHECK_EVALUATION":
            continue
        check = event.event_specific_data
        if check.check_name == "data_arrived":
            continue
        if not check.passed and check.severity.value == "WARN" and check.description:
            found.setdefault(check.description)
    return list(found)


def _raise_if_busy(error: Any) -> None:
    while error is not None:
        if error.cls_name == BusyError.__name__:
            raise BusyError(error.message.split(": ", 1)[-1].strip())
        error = error.cause


def _was_interrupted(events: Sequence[Any]) -> bool:
    for event in events:
        error = getattr(event.event_specific_data, "error", None)
        while error is not None:
            if error.cls_name in ("DagsterExecutionInterruptedError", "KeyboardInterrupt"):
                return True
            error = error.cause
    return False


def _interrupted(made: Mapping[str, Any]) -> str:
    """What an interrupted run (Ctrl-C, SIGTERM) leaves, by the assets that it had made."""
    if "published_scores" in made:
        return "interrupted after its scores had been published; run it again for the rest"
    if "trained_models" in made:
        return "interrupted after its training had been judged (`scoring status`); run it again for the rest"
    return "interrupted; nothing was published or promoted by it; run it again"


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


def _metadata(events: Sequence[Any]) -> dict[str, dict[str, Any]]:
    """Metadata of each materialised asset, by asset key."""
    found: dict[str, dict[str, Any]] = {}
    for event in events:
        if event.event_type_value == "ASSET_MATERIALIZATION":
            materialization = event.event_specific_data.materialization
            values = {name: _plain(value) for name, value in materialization.metadata.items()}
            found[materialization.asset_key.to_user_string()] = values
    return found


def _plain(value: Any) -> Any:
    """A metadata value as text, numbers, lists and dicts; a table is a list of dicts."""
    records = getattr(value, "records", None)
    return value.value if records is None else [dict(record.data) for record in records]


# Between lines that say how far a step has come.
SECONDS_OF_SILENCE = 15


class _StepLines(logging.Handler):
    """A line on stderr for each step that starts, and now and then how far it has come, in the place of Dagster's own lines."""

    def __init__(self, show: bool) -> None:
        super().__init__()
        self.show = show
        self.started = self.spoke = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        """Print the steps of a run as they start or are tried again, and the progress of long ones."""
        from dagster_project.automation import PROGRESS

        said = getattr(record, "dagster_meta", None) or {}
        event, message = said.get("dagster_event"), said.get("orig_message") or ""
        if event is not None and event.event_type_value in _SHOWN:
            name = " ".join(event.step_key.replace("_", " ").split())
            self._print(f"{name}{_SHOWN[event.event_type_value]}")
        elif event is None and message.startswith(PROGRESS):
            if time.monotonic() - self.spoke > SECONDS_OF_SILENCE:
                self._print(f"  {message.removeprefix(PROGRESS)}")

    def _print(self, text: str) -> None:
        if self.show:
            self.spoke = time.monotonic()
            print(f"{self.spoke - self.started:6.1f} s  {text}", file=sys.stderr, flush=True)


_SHOWN = {
    "STEP_START": "",
    "STEP_RESTARTED": " (again)",
    "STEP_UP_FOR_RETRY": ": failed, will be tried again",
}


def _step_lines_logger(show: bool) -> Any:
    import dagster as dg

    @dg.logger(description="Short progress lines for the scoring command.")
    def step_lines(context: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.Logger("scoring progress", level=logging.DEBUG)
        logger.addHandler(_StepLines(show))
        return logger

    return step_lines


def workspace_file() -> Path:
    """The workspace that webserver and daemon load."""
    return Path(__file__).resolve().parents[2] / "workspace.yaml"
