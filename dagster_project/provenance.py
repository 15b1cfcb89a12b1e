"""What scores are made with beside the data: the features' SQL, the code, the settings, the kind of processor.

Here: digests and names of those. Not here: keeping them (assets/scoring.py), holding them against each other
(verification.py).
"""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from dagster_project.config import PROJECT_ROOT
from dagster_project.dbt_runner import DBT_PROJECT
from dagster_project.home import Home

# Folders and files of dbt/ that say what a feature is: `scoring_set`, `lead_scoring_set` and all that they are made of.
_FEATURES = (
    "models/staging",
    "models/core",
    "models/spine",
    "models/features",
    "models/datasets/scoring_set.sql",
    "models/datasets/lead_scoring_set.sql",
    "macros",
    "seeds",
    "dbt_project.yml",
)


@dataclass(frozen=True)
class MadeWith:
    """What a run scored with; where all digests are equal, equal data give equal scores."""

    features_digest: str
    code_digest: str
    settings_digest: str
    code_version: str
    processor: str

    def as_row(self) -> dict[str, str]:
        """Its fields by name."""
        return asdict(self)


def made_with(home: Home) -> MadeWith:
    """What this checkout would score with, in this home, on this machine."""
    settings = home.settings()
    # What a row of scores takes from them beside its features and its model.
    taken = [settings.explanation, settings.leads, settings.for_training().deal_words]
    said = [sorted(settings.feeds), *(one.model_dump(mode="json") for one in taken)]
    return MadeWith(
        features_digest=_digest(_features_digest(), settings.for_dbt(), version("duckdb")),
        code_digest=_digest(trainer_digest(), _rows_digest(), version("xgboost-cpu")),
        settings_digest=_digest(json.dumps(said, sort_keys=True)),
        code_version=code_version(),
        processor=f"{platform.system()} {platform.machine()} {_processor()}".strip(),
    )


def trainer_digest() -> str:
    """SHA-256 over models/: the same rows and settings give another model, or other scores, only when it changes."""
    digest = hashlib.sha256()
    for file in sorted((PROJECT_ROOT / "models").glob("*.py")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


@cache
def code_version() -> str:
    """The checkout's commit (with + when it has changes), or the package's version outside a checkout."""
    try:
        answer = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=12"],
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        answer = None
    if answer and answer.returncode == 0 and answer.stdout.strip():
        return answer.stdout.strip()
    return version("account-scoring")


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _features_digest() -> str:
    digest = hashlib.sha256()
    for place in _FEATURES:
        found = DBT_PROJECT / place
        for file in [found] if found.is_file() else sorted(found.rglob("*")):
            # What YAML says of a model is its words and tests.
            if file.suffix in (".sql", ".csv") or file == found:
                if file.is_file():
                    name = file.relative_to(DBT_PROJECT).as_posix()
                    digest.update(name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _rows_digest() -> str:
    """Of the one file beside models/ that says what a row of scores holds."""
    return hashlib.sha256(
        (PROJECT_ROOT / "dagster_project" / "scored_rows.py").read_bytes()
    ).hexdigest()


def _processor() -> str:
    """The model's name where the system says one: floating-point sums may differ between kinds."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, "")
