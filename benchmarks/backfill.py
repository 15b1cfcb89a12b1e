"""What a back-fill of 90 days costs against a refresh of one: `python -m benchmarks.backfill HOME` (a demo home, not changed).

Both are commands of their own, start-up included. The back-fill computes everything: nothing that earlier runs left stands.
On the default demo and two cores at 2.5 GHz: a refresh 28.0 s, the back-fill 113.3 s, 4.0 times as long.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from dagster_project import standing
from dagster_project.home import Home
from dagster_project.publisher import last_published

DAYS = 90
SCORING = Path(sys.executable).with_name("scoring")


def seconds(home: Path, *arguments: str) -> float:
    """Run a command on the home; raises CalledProcessError when it fails."""
    started = time.monotonic()
    environment = os.environ | {"SCORING_HOME": str(home)}
    subprocess.run([SCORING, *arguments], env=environment, check=True, capture_output=True)
    return time.monotonic() - started


def main() -> None:
    """Print both times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    given = parser.parse_args().home
    with tempfile.TemporaryDirectory(dir=given.resolve().parent) as folder:
        copied = Path(shutil.copytree(given, Path(folder) / "home"))
        # The first command in a copy parses the project for its new place.
        seconds(copied, "refresh")
        refreshes = [seconds(copied, "refresh") for _ in range(3)]
        one = sorted(refreshes)[1]
        home = Home(copied)
        standing.forget_all(home)
        last = last_published(home)
        first = last - timedelta(days=DAYS - 1)
        many = seconds(copied, "backfill", "--from", str(first), "--to", str(last))
    print(f"refresh of a day {one:.1f} s (of {', '.join(f'{s:.1f}' for s in refreshes)})")
    print(
        f"back-fill of {DAYS} days, {first} to {last}: {many:.1f} s, {many / one:.1f} times a refresh"
    )


if __name__ == "__main__":
    main()
