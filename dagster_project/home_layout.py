"""Opening the home: made at first use, its layout version checked, mended after a move.

Here: home.json, and what a moved or copied folder needs. Not here: where things are in a home, its lock (home.py).
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from dagster_project.home import EmptyHomeError, Home, HomeError, home_path

LAYOUT_VERSION = 1
TAKEOVER_WAIT_SECONDS = 60
# What file patterns (polars, DuckDB) and database addresses (sqlite) would read as something else.
_NOT_IN_PATHS = "?%*[]"
# What a person may have laid into a home before the first command.
_OWN = {
    "inbox",
    "scoring.yaml",
    "warehouse",
    "landing",
    "quarantine",
    "home.json.tmp",
    "dagster",
    "dbt",
}


def open_home(given: str | os.PathLike | None = None, create: bool = True) -> Home:
    """Open the home, made if need be; mend what held the path of another place if the folder was moved or copied.

    Raises HomeError when the layout is another version's, the folder is something else or out of reach, EmptyHomeError
    when it is missing and not to be made.
    """
    home = Home(home_path(given))
    if odd := [sign for sign in _NOT_IN_PATHS if sign in str(home.root)]:
        raise HomeError(
            f"{home.root}: a home's path cannot hold {' '.join(odd)}; name another folder in SCORING_HOME"
        )
    try:
        return _opened(home, create)
    except OSError as problem:
        raise HomeError(
            f"{home.root} cannot be used: {problem.strerror or problem}; mend that, or name another folder in SCORING_HOME"
        ) from None


def _opened(home: Home, create: bool) -> Home:
    stamp = home.root / "home.json"
    if not stamp.exists():
        _make(home, stamp, create)
        return home
    seen = _read_stamp(stamp)
    if seen.get("layout_version") != LAYOUT_VERSION:
        raise HomeError(
            f"{home.root} has layout version {seen.get('layout_version')}, this program reads {LAYOUT_VERSION}; "
            "use the program's version that wrote it, or a new SCORING_HOME"
        )
    if seen.get("path") != str(home.root):
        _moved(home, seen.get("path"), stamp)
    return home


def _make(home: Home, stamp: Path, create: bool) -> None:
    if home.root.exists() and not home.root.is_dir():
        raise HomeError(f"{home.root} is a file; SCORING_HOME must name a folder")
    if not create:
        raise EmptyHomeError(
            f"{home.root} holds no scores yet; `make demo`, or `scoring land` and then `scoring retrain` and `scoring backfill`, "
            "fill it (SCORING_HOME names the folder)"
        )
    strangers = (
        [p.name for p in home.root.iterdir() if p.name not in _OWN] if home.root.exists() else []
    )
    if strangers:
        raise HomeError(
            f"{home.root} holds other files ({', '.join(sorted(strangers)[:3])}); name an empty or new folder in SCORING_HOME"
        )
    home.root.mkdir(parents=True, exist_ok=True)
    _write_stamp(home, stamp)


def _read_stamp(stamp: Path) -> dict:
    try:
        seen = json.loads(stamp.read_text())
    except ValueError:
        seen = None
    if not isinstance(seen, dict):
        raise HomeError(f"{stamp} is damaged; restore it from a copy, or start a new SCORING_HOME")
    return seen


def _write_stamp(home: Home, stamp: Path) -> None:
    temporary = stamp.with_name("home.json.tmp")
    temporary.write_text(
        json.dumps({"layout_version": LAYOUT_VERSION, "path": str(home.root)}) + "\n"
    )
    os.replace(temporary, stamp)


def _moved(home: Home, old_path: str | None, stamp: Path) -> None:
    """MLflow's artefact locations and the published history view hold absolute paths: make them anew."""
    if not old_path:
        raise HomeError(
            f"{stamp} names no path; restore it from a copy, or start a new SCORING_HOME"
        )
    from dagster_project.publisher import republish_views
    from models.registry_store import relocate

    with home.writing("taking over a moved or copied home", TAKEOVER_WAIT_SECONDS):
        if home.mlflow_database.exists():
            relocate(home.mlflow_database, Path(old_path), home.root)
        republish_views(home)
        _write_stamp(home, stamp)
