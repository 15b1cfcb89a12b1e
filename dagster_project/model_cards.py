"""Model cards → published/model_cards/: a page for each version, made from what MLflow keeps of its training.

Here: where cards stand, and which version one is compared with. Not here: what stands on a card (models/model_card.py).
"""

from __future__ import annotations

from pathlib import Path

from dagster_project.home import Home
from dagster_project.publisher import move_into_place
from models.model_card import Earlier, model_card
from models.registry import Registry


def card_path(home: Home, version: str) -> Path:
    """Where the card of a version stands."""
    return home.published / "model_cards" / f"{version}.html"


def write_card(home: Home, registry: Registry, version: str) -> Path:
    """Make the card of a version (again) and return its path. Raises RegistryError where there is no such version."""
    record, pictures = registry.load_record(version)
    before = registry.version_before(version)
    earlier = Earlier(before, registry.load_record(before)[0]) if before else None
    since = registry.champion_from(version)
    because = registry.trained_because(version)
    page = model_card(version, record, pictures, earlier, since and since.isoformat(), because)
    path = card_path(home, version)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(page, encoding="utf-8")
    move_into_place(temporary, path)
    return path
