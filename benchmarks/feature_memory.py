"""What the features of several days take: seconds and memory by number of days built together.

Run: python -m benchmarks.feature_memory HOME [DAYS ...]   (a home that nobody else writes; its last days are built again)
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from dagster_project import dbt_runner, warehouse
from dagster_project.assets.transform import build_days
from dagster_project.home_layout import open_home


def measure(folder: str, days: int) -> None:
    """Build the last days of the home in this process and print what it took."""
    home = open_home(Path(folder))
    with closing(warehouse.connect(home)) as connection:
        last, accounts = connection.execute(
            "select max(as_of_date), max(n) from (select as_of_date, count(*) as n from datasets.scoring_set group by all)"
        ).fetchone()
    names = dbt_runner.names_of(home, ("spine", "features")) | {"scoring_set"}
    started = time.perf_counter()
    done = build_days(home, names, [last - timedelta(days=n) for n in range(days)][::-1])
    if done.problems:
        sys.exit(done.in_words())
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{days:5} days x {accounts:,} accounts: {seconds:6.1f} s, {peak:,} MB at most")


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[2] == "--one":
        measure(sys.argv[1], int(sys.argv[3]))
    else:
        for days in sys.argv[2:] or ["1", "30", "90"]:
            command = [
                sys.executable,
                "-m",
                "benchmarks.feature_memory",
                sys.argv[1],
                "--one",
                days,
            ]
            subprocess.run(command, check=True)
