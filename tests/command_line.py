"""The `scoring` command and the example as a person runs them: processes of their own, in a terminal of 100 columns.

Belongs here: running them and holding on to what they said. Not here: what they should say (e2e).
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SCORING = Path(sys.executable).with_name("scoring")
EXAMPLE = ROOT / "examples" / "crunchbase" / "run"
# The clock and the run are not part of what is said about an account.
NOT_IN_DIGEST = ("scored_at", "run_id")


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err

    def json(self) -> Any:
        return json.loads(self.out)


def environment(**given: str) -> dict[str, str]:
    mine = ("SCORING_", "DAGSTER_", "MLFLOW_", "DBT_")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
    return plain | {"COLUMNS": "100"} | given


@dataclass(frozen=True)
class Scoring:
    """The `scoring` command on one home."""

    home: Path

    def __call__(self, *arguments: object, status: int | None = 0, **given: str) -> Said:
        """Run it; `status` is the exit status that must come of it (None: any)."""
        done = subprocess.run(
            [SCORING, *map(str, arguments)],
            env=environment(SCORING_HOME=str(self.home), **given),
            cwd=self.home.parent,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        said = Said(done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in said.all, said.all
        assert status is None or said.status == status, f"{arguments}: {said}"
        return said

    def query(self, sql: str) -> list[dict[str, Any]]:
        return self("query", sql, "--json").json()

    def scores(self, day: str | None = None) -> list[dict[str, Any]]:
        """All that is said about each account of a day (default: the latest), by account."""
        table = "account_scores_daily" if day else "account_scores"
        where = f"where as_of_date = date '{day}'" if day else ""
        return self.query(f"select * from scores.{table} {where} order by account_id")

    def digest(self, day: str | None = None) -> str:
        return digest(self.scores(day))


def widest(text: str) -> int:
    """Length of the longest line but for commands to copy: these are whole, however long the paths in them are."""
    commands = ("  SCORING_HOME=", f"  {SCORING}")
    return max(len(line) for line in text.splitlines() if not line.startswith(commands))


def digest(rows: list[dict[str, Any]]) -> str:
    """SHA-256 over the rows in order, without the clock and the run."""
    assert rows
    kept = [
        {name: v for name, v in sorted(row.items()) if name not in NOT_IN_DIGEST} for row in rows
    ]
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest()


def start_example(source: Path, as_of: str, home: Path) -> subprocess.Popen:
    """Start the example's run; its measures go to <home>.json, what it says to <home>.log."""
    with open(home.with_suffix(".log"), "w") as log:
        return subprocess.Popen(
            [
                EXAMPLE,
                source,
                "--as-of",
                as_of,
                "--home",
                home,
                "--json",
                home.with_suffix(".json"),
            ],
            env=environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
