"""What several files of unit tests share.

Belongs here: fixtures. Not here: made records (tests/factories.py).
"""

from __future__ import annotations

import pytest


@pytest.fixture
def plain_environment(monkeypatch):
    """Nobody says how wide it is, and the home is the folder's own."""
    for name in ("COLUMNS", "SCORING_HOME", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
