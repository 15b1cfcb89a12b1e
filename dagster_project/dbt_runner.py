"""dbt in this process: where the project is, its manifest, and one build.

Here: parsing when the project changed, the environment variables that dbt models read, and turning dbt's results into
plain records. Not here: which models belong to which asset or job (assets/transform.py, assets/training.py).

Why in process: `dbt build` through its command line costs 8-11 s a call, with a ready manifest 1.4 s.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dagster_project.config import PROJECT_ROOT
from dagster_project.home import Home, quiet_environment

DBT_PROJECT = PROJECT_ROOT / "dbt"
_EPHEMERAL_FLAGS = ["--no-use-colors", "--log-level", "none", "--log-level-file", "none"]


class DbtError(Exception):
    """dbt could not be parsed or started; the message is dbt's own."""


@dataclass(frozen=True)
class NodeResult:
    """What came of one dbt node: a model, a seed or a test."""

    unique_id: str
    name: str
    resource_type: str
    status: str
    message: str
    seconds: float
    rows: int | None = None
    failures: int | None = None

    @property
    def ok(self) -> bool:
        """True unless the node failed or was skipped."""
        return self.status in ("success", "pass", "warn")


@dataclass
class Build:
    """What one `dbt build` did."""

    nodes: list[NodeResult] = field(default_factory=list)

    @property
    def problems(self) -> list[NodeResult]:
        """Nodes that failed or were skipped because of a failure."""
        return [node for node in self.nodes if not node.ok]

    def followed_by(self, later: Build) -> Build:
        """Both as one: a node that was built twice took the time of both, and is what the later build says."""
        before = {node.unique_id: node for node in self.nodes}
        for node in later.nodes:
            if node.unique_id in before:
                node = replace(node, seconds=before[node.unique_id].seconds + node.seconds)
            before[node.unique_id] = node
        return Build(list(before.values()))

    def in_words(self) -> str:
        """The failures, one line each."""
        failed = [n for n in self.problems if n.status != "skipped"]
        skipped = len(self.problems) - len(failed)
        lines = [f"{n.resource_type} {n.name}: {n.message or n.status}" for n in failed]
        if skipped:
            lines.append(f"({skipped} nodes after these were not built)")
        return "\n".join(lines)


def project_digest(home: Home | None = None) -> str:
    """Hash of every file dbt parses, and of dbt's version; another value asks for another parse.

    With a home, also of its settings, which compiled SQL reads.
    """
    versions = f"{version('dbt-core')} {version('dbt-duckdb')}"
    if home is not None:
        versions += f" {home.settings().for_dbt()}"
    content = _content_digest(tuple(sorted(_project_files())))
    return hashlib.sha256(f"{versions} {content}".encode()).hexdigest()[:16]


def _project_files() -> Iterator[tuple[str, int, int]]:
    """Path, size and time of writing of each file that dbt parses."""
    for folder, folders, names in os.walk(DBT_PROJECT):
        if folder == str(DBT_PROJECT) and "target" in folders:
            folders.remove("target")
        for name in names:
            if name.endswith((".sql", ".yml", ".csv", ".md")):
                seen = os.stat(path := os.path.join(folder, name))
                yield path, seen.st_size, seen.st_mtime_ns


@lru_cache(maxsize=4)  # a run asks some forty times
def _content_digest(files: tuple[tuple[str, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for path, _, _ in files:
        place = os.path.relpath(path, DBT_PROJECT)
        digest.update(place.encode() + b"\0" + Path(path).read_bytes())
    return digest.hexdigest()


def manifest_path(home: Home) -> Path:
    """The manifest of the project as it is now, parsed if need be (6 s, once for each change).

    Raises DbtError with dbt's message.
    """
    target = home.dbt / f"parsed-{project_digest()}"
    manifest = target / "manifest.json"
    if not manifest.exists():
        _parse(home, target)
    return manifest


def parse_ahead(home: Home) -> None:
    """Have another process parse the project, if need be, on another core: whoever wants the manifest waits for it.

    What goes wrong there is told by the parse of whoever wants it.
    """
    if not (home.dbt / f"parsed-{project_digest()}").exists():
        _parsing.append(
            subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, str(home.root)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )


# Kept so that Python does not complain of one that is still at work.
_parsing: list[subprocess.Popen] = []


def _parse(home: Home, target: Path) -> None:
    from filelock import FileLock

    home.dbt.mkdir(parents=True, exist_ok=True)
    with FileLock(home.dbt / "parse.lock"):
        if (target / "manifest.json").exists():
            return
        staging = home.dbt / f"parsing-{os.getpid()}"
        result = _invoke(home, ["parse", "--no-partial-parse", "--target-path", str(staging)], None)
        if not result.success:
            raise DbtError(f"the dbt project does not parse: {result.exception or result.result}")
        _discard_old_parses(home)
        os.replace(staging, target)


def _discard_old_parses(home: Home) -> None:
    import shutil

    for stale in home.dbt.glob("parsed-*"):
        shutil.rmtree(stale)


def dbt_environment(
    home: Home,
    as_of_dates: Iterable[date] = (),
    labels_as_of: date | None = None,
    most_new: int | None = None,
) -> dict[str, str]:
    """The environment variables through which a build learns its place, window and settings."""
    environment = {
        "SCORING_HOME": str(home.root),
        "SCORING_WAREHOUSE": str(home.warehouse),
        "SCORING_SETTINGS": home.settings().for_dbt(),
        "DBT_PROFILES_DIR": str(DBT_PROJECT),
        "SCORING_AS_OF_DATES": ",".join(day.isoformat() for day in sorted(set(as_of_dates))),
        "SCORING_LABELS_AS_OF": labels_as_of.isoformat() if labels_as_of else "",
        "SCORING_MOST_NEW": str(most_new or ""),
        "SCORING_MEMORY": os.environ.get("SCORING_MEMORY") or _memory(),
    }
    return environment


@cache
def _memory() -> str:
    """What DuckDB may take before it spills to disk: half of the machine's, for Python and validations work beside it.

    DuckDB itself knows how much there is (also within a container) and would take four fifths.
    """
    import duckdb

    with duckdb.connect() as connection:
        (limit,) = connection.execute("select current_setting('memory_limit')").fetchone()
    number, unit = limit.split()
    return f"{float(number) * 0.5 / 0.8:.1f}{unit}"


def build(
    home: Home,
    select: Sequence[str],
    as_of_dates: Iterable[date] = (),
    labels_as_of: date | None = None,
    leave_out: Sequence[str] = (),
    most_new: int | None = None,
    with_tests: bool = True,
) -> Build:
    """Build the selected models with their data tests for a window of as-of dates. Unit tests are left to `make test`.

    leave_out: names of data tests that are not run. most_new: see large_feeds.py. with_tests: whether any are. Raises
    DbtError when dbt cannot start; failures of nodes are in the result.
    """
    done = Build()
    if not select:
        return done  # dbt would take that for everything
    manifest = _manifest(home)
    os.environ.update(dbt_environment(home, as_of_dates, labels_as_of, most_new))
    # Names are looked for among names only; what came of a build is read from dbt's own objects and not from its files.
    arguments = ["build", "--select", *(f"fqn:{name}" for name in select)]
    arguments += ["--exclude-resource-type", "unit_test", "--no-write-json"]
    if not with_tests:
        arguments += ["--exclude-resource-type", "test"]
    if leave_out:
        arguments += ["--exclude", *leave_out]
    # A test that compares two tables runs only where both have been built.
    arguments += ["--indirect-selection", "buildable", "--target-path", str(home.dbt_target)]
    result = _invoke(home, arguments, manifest)
    if result.result is None:
        raise DbtError(f"dbt could not build: {result.exception}")
    done.nodes = [_record(node) for node in result.result.results]
    return done


def run_command(home: Home, arguments: Sequence[str]) -> int:
    """Run any dbt command on this home's warehouse (`scoring dbt ...`); dbt prints for itself. Returns its exit status.

    Raises DbtError for a command that dbt does not know.
    """
    from dbt.cli.main import dbtRunner

    quiet_environment()
    home.warehouse.parent.mkdir(parents=True, exist_ok=True)
    os.environ.update(dbt_environment(home))
    target = ["--target-path", str(home.dbt_target)]
    result = dbtRunner().invoke([*arguments, *_places(home), *target])
    if result.result is None and result.exception is not None:
        raise DbtError(str(result.exception))
    return 0 if result.success else 1


def _places(home: Home) -> list[str]:
    """Where dbt finds the project and writes its log, as options."""
    log = str(home.dbt / "logs")
    return [
        "--project-dir",
        str(DBT_PROJECT),
        "--profiles-dir",
        str(DBT_PROJECT),
        "--log-path",
        log,
    ]


def _invoke(home: Home, arguments: list[str], manifest: object):
    from dbt.cli.main import dbtRunner

    quiet_environment()
    home.warehouse.parent.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        {
            k: v
            for k, v in dbt_environment(home).items()
            if k not in os.environ or k in ("SCORING_HOME", "SCORING_WAREHOUSE")
        }
    )
    try:
        return dbtRunner(manifest=manifest).invoke([*_EPHEMERAL_FLAGS, *arguments, *_places(home)])
    finally:
        release_warehouse()


def release_warehouse() -> None:
    """Close dbt-duckdb's connection, which it keeps for the life of the process: Python opens the file next."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    if DuckDBConnectionManager._ENV is not None:
        DuckDBConnectionManager._ENV.close()
    DuckDBConnectionManager.close_all_connections()


# A process builds several times, so what is loaded is kept.
_manifests: dict[Path, Future] = {}
_loading = ThreadPoolExecutor(max_workers=1, thread_name_prefix="dbt")


def load_ahead(home: Home) -> None:
    """Load dbt and the parsed project in a thread, while a run waits for other processes.

    Raises DbtError when the project does not parse; whatever else goes wrong, the first build raises.
    """
    path = manifest_path(home)
    if path not in _manifests:
        _manifests[path] = _loading.submit(_load, home, path)


def _load(home: Home, path: Path) -> object:
    from dbt.contracts.graph.manifest import Manifest

    manifest = Manifest.from_msgpack((path.parent / "partial_parse.msgpack").read_bytes())
    # Its first command makes what dbt keeps for the life of a process; this one reads no table.
    _invoke(home, ["list", "--resource-type", "seed", "--quiet"], manifest)
    return manifest


def _manifest(home: Home) -> object:
    """The parsed project as dbt's own object."""
    load_ahead(home)
    return _manifests[manifest_path(home)].result()


def names_of(home: Home, layers: Sequence[str]) -> set[str]:
    """Names of the models and seeds in these folders of dbt/models and dbt/seeds."""
    return {
        node.name
        for node in _manifest(home).nodes.values()
        if node.resource_type in ("model", "seed") and node.fqn[1] in layers
    }


def landed_tables_of(home: Home, names: Collection[str]) -> dict[str, set[str]]:
    """By model: the landed tables (`salesforce__account`) that it is made of, itself or through other models."""
    manifest = _manifest(home)
    found: dict[str, set[str]] = {}

    def of(unique_id: str) -> set[str]:
        if unique_id in manifest.sources:
            source = manifest.sources[unique_id]
            return {source.name} if source.source_name == "landing" else set()
        if unique_id not in found:
            node = manifest.nodes[unique_id]
            parents = [] if node.resource_type == "seed" else node.depends_on.nodes
            found[unique_id] = set().union(*map(of, parents))
        return found[unique_id]

    models = (node for node in manifest.nodes.values() if node.resource_type == "model")
    return {node.name: of(node.unique_id) for node in models if node.name in names}


def configured(home: Home, setting: str) -> dict[str, Any]:
    """Models that have a setting of ours in their config block, and what it says."""
    nodes = _manifest(home).nodes.values()
    return {n.name: n.config[setting] for n in nodes if n.config.get(setting) is not None}


def dataless(home: Home) -> set[str]:
    """Names of views and seeds: what stays right as long as project and settings stay the same."""
    nodes = _manifest(home).nodes.values()
    return {
        node.name
        for node in nodes
        if node.resource_type == "seed" or node.config.materialized == "view"
    }


def read_manifest(home: Home) -> dict:
    """The manifest as plain JSON, as dagster-dbt wants it."""
    return json.loads(manifest_path(home).read_bytes())


def _record(result: object) -> NodeResult:
    response = result.adapter_response or {}
    return NodeResult(
        unique_id=result.node.unique_id,
        name=result.node.name,
        resource_type=str(result.node.resource_type.value),
        status=str(result.status.value if hasattr(result.status, "value") else result.status),
        message=_first_lines(result.message or ""),
        seconds=round(result.execution_time, 3),
        rows=response.get("rows_affected"),
        failures=result.failures,
    )


def _first_lines(message: str, lines: int = 6) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", message).strip()
    return "\n".join(plain.splitlines()[:lines])


if __name__ == "__main__":
    manifest_path(Home(Path(sys.argv[1])))
