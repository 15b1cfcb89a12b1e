"""Two full runs of the example on a small source and a small demo, shared by all end-to-end tests: they cost most of the time.

Belongs here: those runs. Not here: running commands (tests/command_line.py), the source (tests/crunchbase_sample.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from tests.command_line import Said, Scoring, start_example
from tests.crunchbase_sample import sample, with_ends_put_back

AS_OF = date(2010, 3, 31)
COMPANIES = 1500
DEMO_SIZE = ("--accounts", "400", "--months", "18")


@dataclass(frozen=True)
class ExampleRun:
    """A finished run of the example."""

    source: Path
    scoring: Scoring
    log: str
    measures: dict[str, Any]

    @property
    def home(self) -> Path:
        return self.scoring.home


@dataclass
class _Running:
    source: Path
    home: Path
    process: Popen

    def finished(self) -> ExampleRun:
        status = self.process.wait(timeout=600)
        log = self.home.with_suffix(".log").read_text()
        assert status == 0, log
        measures = json.loads(self.home.with_suffix(".json").read_text())
        return ExampleRun(self.source, Scoring(self.home), log, measures)


@pytest.fixture(scope="session")
def _running(request, tmp_path_factory):
    """Both runs, at the same time where both are asked for: half of each is start-up on one core."""
    folder = tmp_path_factory.mktemp("e2e")
    source = sample(folder / "source", COMPANIES)
    started = {"first": _Running(source, folder / "a", _start(source, folder / "a"))}
    wanted = {name for item in request.session.items for name in item.fixturenames}
    if "altered_run" in wanted:
        altered = with_ends_put_back(source, folder / "altered", AS_OF)
        home = folder / "elsewhere" / "b"
        home.parent.mkdir()
        started["altered"] = _Running(altered, home, _start(altered, home))
    yield started
    for run in started.values():
        run.process.kill()
        run.process.wait()


def _start(source: Path, home: Path) -> Popen:
    return start_example(source, AS_OF.isoformat(), home)


@pytest.fixture(scope="session")
def first_run(_running) -> ExampleRun:
    """The example's run as of AS_OF. Nothing may change its home: copy it first."""
    return _running["first"].finished()


@pytest.fixture(scope="session")
def altered_run(_running) -> ExampleRun:
    """The same companies with their ends put back, in another home."""
    return _running["altered"].finished()


@pytest.fixture(scope="session")
def scores(first_run) -> list[dict[str, Any]]:
    """All rows of account_scores of the first run, by account."""
    return first_run.scoring.scores()


@pytest.fixture(scope="session")
def small_demo(tmp_path_factory) -> tuple[Scoring, Said]:
    """A small demo home, and what was said. Nothing may change it: copy it first."""
    scoring = Scoring(tmp_path_factory.mktemp("demo") / "home")
    return scoring, scoring("demo", *DEMO_SIZE)
