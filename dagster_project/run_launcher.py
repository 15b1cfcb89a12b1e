"""Is the process of a run still there?

Here: a run's sign of life, and the launcher that reads it for Dagster's run monitoring. Not here: the lock that keeps two
writers apart (home.py) and what a run does (assets/).

Dagster's own launcher cannot tell whether a run lives. A command that was killed would count as running for ever and, with
one run at a time, keep every later run in the queue.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster._core.launcher import DefaultRunLauncher
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.storage.dagster_run import DagsterRun
from filelock import FileLock, Timeout


@contextmanager
def sign_of_life(dagster_folder: Path, run_id: str) -> Iterator[None]:
    """Hold a lock for the length of a run; the kernel frees it when the run's process dies."""
    file = _lock_file(dagster_folder, run_id)
    file.parent.mkdir(parents=True, exist_ok=True)
    # Whoever asks for a sign of life holds the lock for a moment.
    with FileLock(file, timeout=10):
        try:
            yield
        finally:
            file.unlink(missing_ok=True)


def _lock_file(dagster_folder: Path, run_id: str) -> Path:
    return dagster_folder / "alive" / f"{run_id}.lock"


class HomeRunLauncher(DefaultRunLauncher):
    """Dagster's launcher, which also says whether a started run still lives; the daemon then marks it failed."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """True: run monitoring asks."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """RUNNING while its process holds the lock (or has not got that far yet), else NOT_FOUND."""
        file = _lock_file(Path(self._instance.root_directory), run.run_id)
        if not file.exists():
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        try:
            with FileLock(file, timeout=0):
                return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "the run's process has ended")
        except Timeout:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
