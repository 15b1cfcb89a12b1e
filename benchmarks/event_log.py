"""What a run's events cost: Dagster's own SQLite event log beside ours, on a run of 60 assets and 60 checks.

Run: .venv/bin/python benchmarks/event_log.py
"""

import tempfile
import time
from pathlib import Path

from dagster_project.home import quiet_environment

quiet_environment()

import dagster as dg  # noqa: E402 - after telemetry is off

OURS = """
event_log_storage:
  module: dagster_project.event_log
  class: HomeEventLog
  config: {base_dir: %s}
"""
ASSETS = 60
DAILY = dg.DailyPartitionsDefinition("2026-01-01")


@dg.multi_asset(
    specs=[dg.AssetSpec(f"table_{i}") for i in range(ASSETS)],
    check_specs=[dg.AssetCheckSpec("is_sound", asset=f"table_{i}") for i in range(ASSETS)],
    partitions_def=DAILY,
)
def everything():
    """Assets that cost nothing but their events."""
    for i in range(ASSETS):
        yield dg.MaterializeResult(asset_key=f"table_{i}", metadata={"rows": i})
        yield dg.AssetCheckResult(asset_key=f"table_{i}", check_name="is_sound", passed=True)


def seconds(configuration: str) -> tuple[float, float]:
    """Wall and processor seconds of one run."""
    with tempfile.TemporaryDirectory() as folder:
        text = "telemetry: {enabled: false}\n"
        text += configuration % Path(folder, "history", "runs") if configuration else ""
        Path(folder, "dagster.yaml").write_text(text)
        job = dg.Definitions(assets=[everything], jobs=[dg.define_asset_job("all")])
        with dg.DagsterInstance.from_config(folder) as instance:
            wall, processor = time.perf_counter(), time.process_time()
            job.resolve_job_def("all").execute_in_process(
                instance=instance, partition_key="2026-01-05"
            )
            return time.perf_counter() - wall, time.process_time() - processor


if __name__ == "__main__":
    for name, configuration in {"Dagster's own": "", "ours": OURS}.items():
        found = [seconds(configuration) for _ in range(3)]
        wall, processor = (min(values) for values in zip(*found, strict=True))
        print(f"{name:14} {wall:6.2f} s, {processor:5.2f} s of processor")
