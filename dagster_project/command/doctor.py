"""`scoring doctor`: is everything set up as it should be?

Here: one small examination each of Python, settings, home, disk, dbt project and definitions. Not here: mending anything.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from typing import Any

from dagster_project.home import Home, HomeError
from dagster_project.home_layout import open_home
from dagster_project.settings_file import SettingsError

LOW_DISK_BYTES = 1 << 30


def examine() -> list[dict[str, Any]]:
    """Findings in order: what was looked at, ok or not, and what was seen or what to do."""
    findings: list[dict[str, Any]] = [_python()]
    try:
        home = open_home()
    except HomeError as problem:
        return [*findings, _finding("home", False, str(problem))]
    findings.append(_finding("home", os.access(home.root, os.W_OK), str(home.root)))
    for what, look in _EXAMINATIONS.items():
        try:
            findings.append(_finding(what, *look(home)))
        except (SettingsError, HomeError) as problem:
            findings.append(_finding(what, False, str(problem)))
            break
    return findings


def _finding(what: str, ok: bool, seen: str) -> dict[str, Any]:
    return {"what": what, "ok": ok, "seen": seen}


def _python() -> dict[str, Any]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return _finding("python", (3, 11) <= sys.version_info[:2] <= (3, 13), version)


def _settings(home: Home) -> tuple[bool, str]:
    settings = home.settings()
    conversion = settings.conversion
    return True, (
        f"{home.settings_file}: {conversion.mode}, horizons {conversion.horizons_days} days, feeds {', '.join(settings.feeds)}"
    )


def _disk(home: Home) -> tuple[bool, str]:
    free = shutil.disk_usage(home.root).free
    return free > LOW_DISK_BYTES, f"{free / 1e9:.1f} GB free"


def _dbt(home: Home) -> tuple[bool, str]:
    from dagster_project.dbt_runner import DbtError, read_manifest

    try:
        nodes = read_manifest(home)["nodes"].values()
    except DbtError as problem:
        return False, str(problem)
    models = sum(1 for node in nodes if node["resource_type"] == "model")
    return (
        True,
        f"{models} models, {sum(1 for node in nodes if node['resource_type'] == 'test')} data tests",
    )


def _definitions(home: Home) -> tuple[bool, str]:
    from dagster_project.definitions import build_definitions

    repository = build_definitions(home).get_repository_def()
    # Dagster's own job, for assets that are launched by hand, is none that a person can name.
    jobs = sorted(name for name in repository.job_names if not name.startswith("__"))
    return (
        True,
        f"{len(repository.assets_defs_by_key)} assets, jobs {', '.join(jobs)}",
    )


_EXAMINATIONS: dict[str, Callable[[Home], tuple[bool, str]]] = {
    "settings": _settings,
    "disk": _disk,
    "dbt project": _dbt,
    "dagster definitions": _definitions,
}
