"""Great Expectations in its own process: the same answers, clear words when it dies, no orphan."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial

import polars as pl
import pytest

from expectations.process import ValidationError, ValidationProcess, validation_process
from expectations.runner import validate
from expectations.suites.arrival import arrival_facts, arrival_suite

MAKE = partial(arrival_suite, 0.2)


def asked(folder):
    return {"name": "account", "run_id": "run-1", "partition": "2026-01-31", "store_dir": folder}


def delivered(refused=0):
    return pl.DataFrame(
        {"source_file": "account.csv", "landed": 100, "refused": refused, "usual": None}
    )


@pytest.fixture(scope="module")
def process():
    return ValidationProcess()


@pytest.mark.parametrize("refused", [0, 90])
def test_it_answers_as_a_validation_here_would(process, tmp_path, refused):
    facts = arrival_facts(delivered(refused=refused))
    there = process.submit(facts, MAKE, **asked(tmp_path / "there")).result()
    assert there == validate(facts, MAKE(), **asked(tmp_path / "here"))
    assert there.success == (refused == 0)


def test_answers_come_in_the_order_of_the_questions(process, tmp_path):
    facts = arrival_facts(delivered())
    about = [asked(tmp_path) | {"partition": f"2026-01-{day:02}"} for day in range(1, 10)]
    answers = [process.submit(facts, MAKE, **one) for one in about]
    assert [answer.result().partition for answer in answers] == [one["partition"] for one in about]


def test_a_broken_suite_is_told_and_the_next_question_answered(process, tmp_path):
    for broken, words in (
        (partial(json.loads, "{"), "JSONDecodeError"),
        (unknown_there, "ModuleNotFoundError"),
    ):
        with pytest.raises(ValidationError, match=words):
            process.submit(pl.DataFrame({"a": [1]}), broken, **asked(tmp_path)).result()
    facts = arrival_facts(delivered())
    assert process.submit(facts, MAKE, **asked(tmp_path)).result().success


def unknown_there():
    """The process cannot import a module of the tests."""


def test_a_killed_process_is_told_and_replaced(tmp_path):
    facts = arrival_facts(delivered())
    first = validation_process()
    assert first.submit(facts, MAKE, **asked(tmp_path)).result().success
    os.kill(first._child.pid, signal.SIGKILL)
    first._child.wait()
    with pytest.raises(ValidationError, match="has ended"):
        first.submit(facts, MAKE, **asked(tmp_path)).result()
    assert validation_process() is not first
    assert validation_process().submit(facts, MAKE, **asked(tmp_path)).result().success


def test_it_does_not_outlive_a_killed_parent():
    code = (
        "from expectations.process import validation_process; import time\n"
        "print(validation_process()._child.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 10
    while is_running(child) and time.monotonic() < until:
        time.sleep(0.2)
    assert not is_running(child)


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
