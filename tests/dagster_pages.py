"""`scoring ui` as a process of its own, and the GraphQL interface that Dagster's pages use.

Belongs here: starting, asking and ending it, with nothing left behind. Does not belong here: assertions about runs.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from dagster_project.home import Home

SCORING = [sys.executable, "-m", "dagster_project.cli"]
PROJECT = Path(__file__).parents[1]
REPOSITORY = {"repositoryLocationName": "account_scoring", "repositoryName": "__repository__"}

DRY_RUN = """mutation ($selector: ScheduleSelector!, $at: Float) {
  scheduleDryRun(selectorData: $selector, timestamp: $at) {
    ... on DryRunInstigationTick {
      evaluationResult { runRequests { runKey tags { key value } } error { message } } }
    ... on PythonError { message } } }"""
SCHEDULE = """query ($selector: ScheduleSelector!) { scheduleOrError(scheduleSelector: $selector) {
    ... on Schedule { pipelineName scheduleState { status } } } }"""
LAUNCH = """mutation ($run: ExecutionParams!) { launchRun(executionParams: $run) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
BACKFILL = """mutation ($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
BACKFILL_STATE = """query ($id: String!) { partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status runs { runId } } } }"""
RUNS = """{ runsOrError { ... on Runs { results {
    runId jobName status startTime endTime tags { key value } } } } }"""
EVENTS = """query ($id: ID!) { logsForRun(runId: $id) { ... on EventConnection { events {
    ... on MessageEvent { eventType stepKey message } } } } }"""


class Pages:
    """The GraphQL interface of a running webserver."""

    def __init__(self, port: int):
        self._address = f"http://127.0.0.1:{port}/graphql"

    def ask(self, query: str, **variables: Any) -> Any:
        """The one field that was asked for."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(self._address, body, {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as problem:
            answer = json.load(problem)
        assert "errors" not in answer, answer["errors"]
        (value,) = answer["data"].values()
        return value

    def run_requests(self, schedule: str, at: float) -> list[dict]:
        """What a schedule asks for when it ticks at this moment (the dry run of the pages): job, run key, tags."""
        selector = {**REPOSITORY, "scheduleName": schedule}
        answer = self.ask(DRY_RUN, selector=selector, at=at)["evaluationResult"]
        assert answer["error"] is None, answer["error"]["message"]
        job = self.ask(SCHEDULE, selector=selector)["pipelineName"]
        return [request | {"jobName": job} for request in answer["runRequests"]]

    def launch(self, job: str, tags: list[dict]) -> str:
        """Put a run into the queue, as the pages' launch button does; returns its id."""
        run = {
            "selector": {**REPOSITORY, "jobName": job},
            "runConfigData": "{}",
            "mode": "default",
            "executionMetadata": {"tags": tags},
        }
        return self.ask(LAUNCH, run=run)["run"]["runId"]

    def runs(self) -> dict[str, dict]:
        """All runs by id, tags as a dict."""
        found = self.ask(RUNS)["results"]
        return {r["runId"]: r | {"tags": {t["key"]: t["value"] for t in r["tags"]}} for r in found}

    def runs_of(self, **tags: str) -> list[dict]:
        """The runs that have these tags, the newest first."""
        return [r for r in self.runs().values() if tags.items() <= r["tags"].items()]

    def events(self, run_id: str) -> list[dict]:
        """The event log of a run."""
        return self.ask(EVENTS, id=run_id)["events"]

    def event_types(self, run_id: str) -> list[str]:
        """Kinds of events in order."""
        return [event["eventType"] for event in self.events(run_id)]

    def finished(self, run_id: str, timeout: float = 240) -> dict:
        """The run, once it is over."""
        over = ("SUCCESS", "FAILURE", "CANCELED")
        return until(lambda: self._if_status(run_id, over), f"run {run_id} is over", timeout)

    def _if_status(self, run_id: str, wanted: tuple[str, ...]) -> dict | None:
        run = self.runs()[run_id]
        return run if run["status"] in wanted else None


def until(found: Callable[[], Any], what: str, timeout: float = 240) -> Any:
    """The first answer that is not empty. Fails after the timeout, naming what did not come."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        time.sleep(0.3)
    raise AssertionError(f"not within {timeout:.0f} s: {what}")


def environment(home: Home) -> dict[str, str]:
    """For a command on this home."""
    return os.environ | {"SCORING_HOME": str(home.root), "PYTHONPATH": str(PROJECT)}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class ScoringUi:
    """A `scoring ui` process. Whatever it starts carries a mark in its environment and can be found again."""

    def __init__(self, home: Home, log: Path):
        self.port, self.log = free_port(), log
        self._mark = f"STARTED_BY_TEST={log}"
        line = [*SCORING, "ui", "--port", str(self.port), "--mlflow-port", str(free_port())]
        marked = environment(home) | {"STARTED_BY_TEST": str(log)}
        with log.open("w") as file:
            self._process = subprocess.Popen(
                line, env=marked, stdout=file, stderr=file, start_new_session=True
            )

    def wait_until_it_serves(self) -> Pages:
        """The pages, once all of them answer."""
        over = lambda: self._process.poll() is not None  # noqa: E731
        until(lambda: "Ctrl-C ends all" in self.log.read_text() or over(), "the pages", 180)
        assert not over(), self.log.read_text()
        return Pages(self.port)

    def end_with(self, number: signal.Signals) -> int:
        """Send it a signal; its exit status."""
        self._process.send_signal(number)
        return self._process.wait(30)

    def family(self) -> list[int]:
        """Its process and all that came from it, as /proc knows them."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                marks = (folder / "environ").read_bytes().split(b"\0")
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if self._mark.encode() in marks and state != "Z":
                found.append(int(folder.name))
        return found

    def make_sure_it_ended(self) -> None:
        """Nothing is left behind, whatever happened."""
        if self._process.poll() is None:
            self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(30)
        for pid in self.family():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextmanager
def scoring_ui(home: Home, log: Path) -> Iterator[ScoringUi]:
    """A started `scoring ui`, which is gone afterwards."""
    started = ScoringUi(home, log)
    try:
        yield started
    finally:
        started.make_sure_it_ended()
