"""A run's sign of life, and what the launcher reads from it."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from dagster._core.launcher.base import WorkerStatus

from dagster_project.run_launcher import HomeRunLauncher, sign_of_life

HOLD = (
    "import sys, time; from pathlib import Path; from dagster_project.run_launcher import sign_of_life\n"
    "with sign_of_life(Path(sys.argv[1]), 'r1'): print('held', flush=True); time.sleep(60)"
)


@pytest.fixture
def launcher(tmp_path):
    made = HomeRunLauncher()
    instance = SimpleNamespace(root_directory=str(tmp_path))
    made._instance_weakref = lambda: instance
    made._kept = instance
    return made


def status(launcher) -> WorkerStatus:
    return launcher.check_run_worker_health(SimpleNamespace(run_id="r1")).status


def test_a_run_that_holds_its_lock_lives(launcher, tmp_path):
    with sign_of_life(tmp_path, "r1"):
        assert status(launcher) == WorkerStatus.RUNNING
    assert list((tmp_path / "alive").iterdir()) == []


def test_a_run_that_has_not_come_so_far_is_left_alone(launcher):
    assert status(launcher) == WorkerStatus.RUNNING


def test_a_run_whose_process_was_killed_is_gone(launcher, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "held\n"
        assert status(launcher) == WorkerStatus.RUNNING
    finally:
        process.kill()
        process.wait()
    assert status(launcher) == WorkerStatus.NOT_FOUND
