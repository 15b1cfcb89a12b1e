"""Model cards → published/model_cards/: a page for each version, made from what MLflow keeps of its training.

Here: where cards stand, which version one is compared with. Not here: what stands on a card (models/model_card.py), whose days
change with a version (models/reign.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from jinja2 import UndefinedError

from dagster_project.home import Home
from dagster_project.publisher import move_into_place
from models.model_card import Earlier, model_card
from models.registry import Registry


def card_path(home: Home, version: str) -> Path:
    """Where the card of a version stands."""
    return home.published / "model_cards" / f"{version}.html"


def renew_cards(home: Home, registry: Registry, versions: Iterable[str]) -> list[str]:
    """Make the cards of these versions again, whose days as champion have changed.

    Returns, in words, which could not be made: what was kept of an old training may be gone, or be less than cards show now.
    Their cards stay as they are, and nobody's rollback or training waits for them.
    """
    left = []
    for version in versions:
        try:
            write_card(home, registry, version)
        except (OSError, KeyError, ValueError, UndefinedError) as problem:
            said = " ".join(str(problem).split())
            left.append(f"the card of scoring model {version} may be out of date: {said}")
    return left


def write_card(home: Home, registry: Registry, version: str) -> Path:
    """Make the card of a version (again) and return its path. Raises RegistryError where there is no such version."""
    record, pictures = registry.load_record(version)
    before = registry.version_before(version)
    earlier = Earlier(before, registry.load_record(before)[0]) if before else None
    page = model_card(
        version,
        record,
        pictures,
        earlier,
        _days(registry.reigns(version)),
        registry.trained_because(version),
        _withdrawn(*registry.withdrawal(version)),
    )
    path = card_path(home, version)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(page, encoding="utf-8")
    move_into_place(temporary, path)
    return path


def _days(reigns: Iterable[tuple[date, date | None]]) -> str | None:
    """The days on which a version is champion, in words; None without one."""
    said = [f"from {first} to {last}" if last else f"from {first} on" for first, last in reigns]
    return " and ".join(said) or None


def _withdrawn(since: date | None, why: str | None) -> str | None:
    if since is None:
        return None
    return f"from {since} on: {why}" if why else f"from {since} on"
