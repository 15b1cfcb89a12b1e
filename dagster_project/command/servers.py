"""`scoring ui`: Dagster's web pages, its daemon (schedules, queue) and MLflow's pages, on this machine only unless told.

Here: starting and ending those processes together. Not here: what they show.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from dagster_project.command.runs import prepare_instance, workspace_file
from dagster_project.home import Home


def commands(home: Home, host: str, port: int, mlflow_port: int) -> dict[str, list[str]]:
    """The command line of each process."""
    scripts = Path(sys.executable).parent
    workspace = str(workspace_file())
    found = {
        "Dagster": [
            str(scripts / "dagster-webserver"),
            "-h",
            host,
            "-p",
            str(port),
            "-w",
            workspace,
        ],
        "the daemon": [str(scripts / "dagster-daemon"), "run", "-w", workspace],
    }
    if home.mlflow_database.exists():
        found["MLflow"] = [
            *(
                str(scripts / "mlflow"),
                "server",
                "--host",
                host,
                "--port",
                str(mlflow_port),
                "--workers",
                "1",
            ),
            *("--backend-store-uri", f"sqlite:///{home.mlflow_database}"),
            *("--default-artifact-root", home.mlflow_artifacts.as_uri()),
        ]
    return found


def serve(home: Home, host: str, port: int, mlflow_port: int) -> int:
    """Run until Ctrl-C, SIGTERM, or until one of the processes ends; then end the others. Returns an exit status."""
    prepare_instance(home)
    # Both before the first process starts: none is left behind, and none ignores Ctrl-C because a script started us.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    started = {
        name: subprocess.Popen(
            command, cwd=workspace_file().parent, env=os.environ.copy(), start_new_session=True
        )
        for name, command in commands(home, host, port, mlflow_port).items()
    }
    print(f"Dagster: http://{host}:{port}", file=sys.stderr)
    if "MLflow" in started:
        print(f"MLflow:  http://{host}:{mlflow_port}", file=sys.stderr)
    print("Ctrl-C ends all of them.", file=sys.stderr, flush=True)
    try:
        while True:
            for name, process in started.items():
                if process.poll() is not None:
                    print(
                        f"error: {name} ended with status {process.returncode}; ending the others",
                        file=sys.stderr,
                    )
                    return 1
            time.sleep(0.5)
    except KeyboardInterrupt:
        return 0
    finally:
        _end(list(started.values()))


def _end(processes: list[subprocess.Popen], patience_seconds: float = 10) -> None:
    """Ask each process group to end, then make it."""
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline and any(process.poll() is None for process in processes):
        time.sleep(0.1)
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
