"""What Dagster assets get from outside: the home with its write lock, the clock, the warehouse.

Here: Dagster resources. Not here: reads of the environment (home.py) or SQL (warehouse.py).
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime

import dagster as dg
import duckdb

from dagster_project import warehouse
from dagster_project.home import Home, utc_now
from dagster_project.home_layout import open_home
from dagster_project.run_launcher import sign_of_life
from models.registry import Registry


class ScoringHome(dg.ConfigurableResource):
    """The home a run works in. The run holds the home's write lock from its first step to its last."""

    path: str
    # A scheduled run waits for another to end; a command says at once who holds the lock.
    lock_wait_seconds: float = 3600

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["ScoringHome"]:
        """Hold the write lock for the length of the run. Raises BusyError."""
        home, run = open_home(self.path), context.run
        if run is None:
            raise dg.DagsterInvariantViolationError("the home is given to runs only")
        # Assets launched by hand run in a job that Dagster names __ASSET_JOB.
        job = "a run of Dagster's pages" if run.job_name.startswith("__") else run.job_name
        what = f"{job} (run {run.run_id[:8]})"
        with (
            sign_of_life(home.dagster, run.run_id),
            home.writing(what, self.lock_wait_seconds),
            # Kept open: a run asks for it some fifteen times, and the last one to close it writes a checkpoint.
            closing(warehouse.connect(home)),
        ):
            yield self

    @property
    def home(self) -> Home:
        """The opened home."""
        return open_home(self.path)

    def now(self) -> datetime:
        """The injected clock, UTC."""
        return utc_now()

    def registry(self) -> Registry:
        """MLflow tracking and registry in the home (sqlite and a folder)."""
        home = self.home
        home.mlflow_artifacts.mkdir(parents=True, exist_ok=True)
        return Registry(home.mlflow_database, home.mlflow_artifacts)

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A connection to the private warehouse."""
        return warehouse.connect(self.home)
