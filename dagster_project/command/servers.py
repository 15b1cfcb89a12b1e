"""`scoring ui`: Dagster's web pages, its daemon (schedules, queue) and MLflow's pages, on this machine only unless told.

Here: starting and ending those processes together. Not here: what they show.

One code server answers the pages and the daemon alike. Left to themselves each starts its own, and the daemon a new one
every minute.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from filelock import FileLock, Timeout

from dagster_project.command.errors import WrongUse
from dagster_project.command.runs import prepare_instance, workspace_file
from dagster_project.home import Home

CODE = "the code server"
DAGSTER = "Dagster"
MLFLOW = "MLflow"
WORKSPACE = """\
load_from:
  - grpc_server: {{socket: "{socket}", location_name: account_scoring}}
"""


def commands(
    home: Home, host: str, port: int, mlflow_port: int, folder: Path
) -> dict[str, list[str]]:
    """The command line of each process, the code server first. folder: its socket, and the workspace that names it."""
    scripts = Path(sys.executable).parent
    gate, workspace = str(folder / "socket"), str(folder / "workspace.yaml")
    module = ["-m", "dagster_project.definitions", "--location-name", "account_scoring"]
    found = {
        CODE: [str(scripts / "dagster"), "code-server", "start", "--socket", gate, *module],
        DAGSTER: [
            *(str(scripts / "dagster-webserver"), "-w", workspace),
            *("-h", host, "-p", str(port)),
        ],
        "the daemon": [str(scripts / "dagster-daemon"), "run", "-w", workspace],
    }
    if home.mlflow_database.exists():
        found[MLFLOW] = [
            *(str(scripts / "mlflow"), "server", "--workers", "1"),
            *("--host", host, "--port", str(mlflow_port)),
            *("--backend-store-uri", f"sqlite:///{home.mlflow_database}"),
            *("--default-artifact-root", home.mlflow_artifacts.as_uri()),
        ]
    return found


def serve(home: Home, host: str, port: int, mlflow_port: int) -> int:
    """Run until Ctrl-C, SIGTERM, or until one of the processes ends; then end the others. Returns an exit status.

    Raises WrongUse when a port is taken, or the home served already (two daemons would start each scheduled run twice).
    """
    prepare_instance(home)
    try:
        with FileLock(home.dagster / "ui.lock", timeout=0):
            return _serve(home, host, port, mlflow_port)
    except Timeout:
        raise WrongUse(f"the pages of {home.root} are served already; end that one first") from None


def _serve(home: Home, host: str, port: int, mlflow_port: int) -> int:
    # Set before the first process starts: none is left behind, and none ignores Ctrl-C because a script started us.
    _on_signals(signal.default_int_handler)
    started: dict[str, subprocess.Popen] = {}
    with tempfile.TemporaryDirectory(prefix="scoring-ui-") as folder:
        try:
            lines = commands(home, host, port, mlflow_port, Path(folder))
            _refuse_taken(host, {"--port": port, "--mlflow-port": mlflow_port})
            log = _new_log(home)
            print(
                f"starting; this takes about 20 seconds (log: {log})", file=sys.stderr, flush=True
            )
            ports = {DAGSTER: port, MLFLOW: mlflow_port}
            return _watch(home, lines, started, Path(folder), ports, host, log)
        except KeyboardInterrupt:
            return 0
        finally:
            _on_signals(signal.SIG_IGN)
            _end(list(started.values()))


def _new_log(home: Home) -> Path:
    """What the processes say goes there; what they said the last time is kept beside it."""
    log = home.dagster / "logs" / "ui.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists():
        log.replace(log.with_name("ui.before.log"))
    return log


def _watch(
    home: Home,
    lines: dict[str, list[str]],
    started: dict[str, subprocess.Popen],
    folder: Path,
    ports: dict[str, int],
    host: str,
    log: Path,
) -> int:
    """Start the code server, when it answers the others, say where the pages are; return when any of them ends."""
    gate = folder / "socket"
    (folder / "workspace.yaml").write_text(WORKSPACE.format(socket=gate))
    silent = [name for name in lines if name in ports]
    while True:
        if not started:
            started[CODE] = _start(lines[CODE], log)
        elif len(started) == 1 and _code_answers(gate):
            started |= {name: _start(line, log) for name, line in lines.items() if name != CODE}
        for name in [n for n in silent if n in started and _answers(host, ports[n])]:
            silent.remove(name)
            if not silent:
                print(in_words(home, {n: ports[n] for n in lines if n in ports}, host), flush=True)
        for name, process in started.items():
            if process.poll() is not None:
                print(
                    f"error: {name} ended with status {process.returncode}; ending the others. What it said: {log}",
                    file=sys.stderr,
                )
                return 1
        time.sleep(0.3)


def in_words(home: Home, ports: dict[str, int], host: str) -> str:
    """Where the pages are, one line each, and how to end them."""
    dagster = f"http://{host}:{ports[DAGSTER]}"
    mlflow = "no pages before the first training; start this again then"
    if MLFLOW in ports:
        mlflow = f"http://{host}:{ports[MLFLOW]}"
        # Loaded late: it brings what trains models along.
        from models.registry import Registry

        experiment = Registry(home.mlflow_database, home.mlflow_artifacts).experiment_id()
        mlflow += f" (trainings: {mlflow}/#/experiments/{experiment}/runs)" if experiment else ""
    return f"Dagster: {dagster} (runs: {dagster}/runs)\nMLflow: {mlflow}\nCtrl-C ends all of them."


def _start(line: list[str], log: Path) -> subprocess.Popen:
    """In a session of its own, so that the whole family can be ended, and nobody else's signals reach it."""
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "PYTHONWARNINGS": "ignore"}
    with log.open("a") as file:
        return subprocess.Popen(
            line,
            cwd=workspace_file().parent,
            env=os.environ | quiet,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


def _on_signals(handler: object) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _refuse_taken(host: str, ports: dict[str, int]) -> None:
    for option, port in ports.items():
        if _answers(host, port):
            raise WrongUse(f"port {port} of {host} is taken; name another with {option}")


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def _code_answers(gate: Path) -> bool:
    """Whether definitions can be asked for (a broken scoring.yaml is an answer too: the pages show it)."""
    from dagster._core.errors import DagsterUserCodeUnreachableError
    from dagster._grpc.client import DagsterGrpcClient

    try:
        DagsterGrpcClient(socket=str(gate)).ping("")
    except DagsterUserCodeUnreachableError:
        return False
    return True


def _end(processes: list[subprocess.Popen], patience_seconds: float = 10) -> None:
    """Ask each family of processes to end, then make it."""
    for process in processes:
        _signal_family(process, signal.SIGTERM)
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline and any(_signal_family(p, 0) for p in processes):
        time.sleep(0.1)
    for process in processes:
        _signal_family(process, signal.SIGKILL)
        process.wait()


def _signal_family(process: subprocess.Popen, number: int) -> bool:
    """Send a signal to a process and all it started; False when none of them is left."""
    process.poll()
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return False
    return True
