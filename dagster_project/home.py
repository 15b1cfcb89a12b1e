"""The home: the one folder (SCORING_HOME) that holds all state, and the clock.

Here: where things are, the lock that keeps two writers apart, and the only reads of the environment. Not here: opening a home
(home_layout.py), what is inside the files.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from dagster_project.config import DEFAULT_SETTINGS_FILE, Settings
from dagster_project.settings_file import load_settings

LEAST_FREE_MB = 64
_WRITTEN_CLOCK = re.compile(r"\d{4}-\d{2}-\d{2}")
TELEMETRY_OFF = {
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GX_ANALYTICS_ENABLED": "false",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "DAGSTER_DISABLE_TELEMETRY": "true",
    # XGBoost's threads must sleep, not spin, on shared cores.
    "OMP_WAIT_POLICY": "passive",
    # The same digest on every run: Git is never asked for the state of the checkout by MLflow.
    "GIT_PYTHON_REFRESH": "quiet",
}


class HomeError(Exception):
    """The home cannot be used; the message says why and what to do."""


class EmptyHomeError(HomeError):
    """There is nothing to answer with yet; the message says what fills the home."""


class BusyError(HomeError):
    """Another command is writing in this home; the message says which."""


def quiet_environment() -> None:
    """Switch the telemetry of every library off, and Dagster's batches on; call before importing any of them."""
    for name, value in TELEMETRY_OFF.items():
        os.environ.setdefault(name, value)
    # A table that is built for a month of days tells thirty events: stored together, they cost one transaction.
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "1000")
    # Dagster marks back-fill policies as beta; whoever runs a command can do nothing about it.
    warnings.filterwarnings("ignore", message=".*is currently in beta.*")


def utc_now() -> datetime:
    """The clock: SCORING_CLOCK (ISO 8601, for replays and tests), else the machine's time, in UTC without a zone."""
    given = os.environ.get("SCORING_CLOCK")
    if not given:
        return datetime.now(UTC).replace(tzinfo=None)
    try:
        moment = datetime.fromisoformat(given)
        utc = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        utc = None
    if utc is None or not _WRITTEN_CLOCK.match(given) or not 1970 <= utc.year <= 2200:
        raise HomeError(f"SCORING_CLOCK is {given!r}; write it as in 2026-01-31T05:00:00Z")
    return utc


@dataclass(frozen=True)
class Home:
    """Paths of one home; `open_home` (home_layout.py) makes and checks it.

    workplace: where the warehouse stands of one that derives again what is in the home's own (verification.py).
    """

    root: Path
    workplace: Path | None = None

    @property
    def inbox(self) -> Path:
        """Vendor files as they arrive: inbox/<vendor>/<YYYY-MM-DD>/."""
        return self.root / "inbox"

    @property
    def landing(self) -> Path:
        """Typed Parquet: landing/<vendor>/<table>/ds=<day of arrival>/."""
        return self.root / "landing"

    @property
    def quarantine(self) -> Path:
        """Rows and files that could not be landed, with the reason; laid out as landing."""
        return self.root / "quarantine"

    @property
    def held(self) -> Path:
        """Arrivals that failed their check, kept out of landing; laid out as landing."""
        return self.root / "held"

    @property
    def replaced(self) -> Path:
        """Arrivals in whose place others were landed on purpose, and the record of it; laid out as landing."""
        return self.root / "replaced"

    @property
    def warehouse(self) -> Path:
        """The pipeline's private DuckDB file."""
        return (self.workplace or self.root / "warehouse") / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """What analysts read."""
        return self.root / "published"

    @property
    def published_database(self) -> Path:
        """The read-only file that analysts query."""
        return self.published / "scores.duckdb"

    @property
    def mlflow_database(self) -> Path:
        """MLflow's tracking and registry database (sqlite)."""
        return self.root / "mlflow" / "mlflow.db"

    @property
    def mlflow_artifacts(self) -> Path:
        """MLflow's artifact folder."""
        return self.root / "mlflow" / "artifacts"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME of this home."""
        return self.root / "dagster"

    @property
    def dbt(self) -> Path:
        """dbt's parsed project and its log."""
        return self.root / "dbt"

    @property
    def dbt_target(self) -> Path:
        """Where dbt writes what it runs."""
        return (self.workplace or self.dbt) / "target"

    @property
    def verify(self) -> Path:
        """Where `scoring verify` derives scores again; empty when it is not at work."""
        return self.root / "verify"

    @property
    def expectations(self) -> Path:
        """Stored results of the checks, and Data Docs."""
        return self.root / "expectations"

    @property
    def settings_file(self) -> Path:
        """The home's own scoring.yaml, else the project's."""
        own = self.root / "scoring.yaml"
        return own if own.exists() else DEFAULT_SETTINGS_FILE

    def settings(self) -> Settings:
        """The settings in force. Raises SettingsError."""
        return load_settings(self.settings_file)

    def inbox_of(self, vendor: str, day: date) -> Path:
        """Folder in which a vendor's files of one day are dropped."""
        return self.inbox / vendor / day.isoformat()

    @contextmanager
    def writing(self, what: str, wait_seconds: float = 0) -> Iterator[None]:
        """Hold the home's write lock; the kernel frees it if this process dies.

        Raises BusyError naming the holder when the lock is not free within wait_seconds, HomeError when the disk is full.
        """
        from filelock import FileLock, Timeout

        folder = self.root / "warehouse"
        folder.mkdir(parents=True, exist_ok=True)
        _refuse_full_disk(folder)
        holder = folder / "writer.json"
        lock = FileLock(folder / "writer.lock", timeout=wait_seconds)
        try:
            lock.acquire()
        except Timeout:
            raise BusyError(f"this home is being written by {_holder_in_words(holder)}") from None
        try:
            holder.write_text(
                json.dumps(
                    {
                        "pid": os.getpid(),
                        "what": what,
                        "since": utc_now().isoformat(timespec="seconds"),
                    }
                )
            )
            yield
        finally:
            lock.release()


def _refuse_full_disk(folder: Path) -> None:
    """Asked before anything is written: SQLite and DuckDB say of a full disk only that something went wrong."""
    free = shutil.disk_usage(folder).free >> 20
    if free < LEAST_FREE_MB:
        raise HomeError(
            f"the disk that holds {folder.parent} has {free} MB left, a run needs {LEAST_FREE_MB}; free some space and run it "
            "again (what is published stays as it is)"
        )


def _holder_in_words(holder: Path) -> str:
    try:
        seen = json.loads(holder.read_text())
        return f"{seen['what']} (process {seen['pid']}, since {seen['since']} UTC); wait for it to end and try again"
    except (OSError, ValueError, KeyError):
        return "another command; wait for it to end and try again"


def home_path(given: str | os.PathLike | None = None) -> Path:
    """The home's folder: what is given, else SCORING_HOME, else ./.scoring."""
    # Links resolved: one folder under two names must not look like a home that moved to and fro.
    return Path(given or os.environ.get("SCORING_HOME") or ".scoring").expanduser().resolve()
