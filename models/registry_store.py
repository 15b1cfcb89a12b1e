"""MLflow's sqlite file as it is on disk: the versions that it registers, and the places of their artefacts.

Belongs here: SQL on MLflow's own tables. Does not belong here: MLflow's client, and what a version is asked for (registry.py).

A daily refresh asks which model is champion, and need not load MLflow for that.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from models.reign import Version

MODEL_NAME = "account_scoring"
# every column of MLflow's tables that may hold the place of an artefact
LOCATIONS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


class RegistryError(Exception):
    """A version that the registry does not hold, or a registry that cannot be read."""


def read_versions(database: Path, model: str) -> list[Version]:
    """All versions of a registered model, by number. Raises RegistryError on a damaged file."""
    labels: dict[int, dict[str, str]] = {}
    for version, key, value in read_rows(
        database, "select version, key, value from model_version_tags where name = ?", model
    ):
        labels.setdefault(version, {})[key] = value
    return [
        Version(version, run_id, source, labels.get(version, {}))
        for version, run_id, source in read_rows(
            database,
            "select version, run_id, source from model_versions"
            " where name = ? and current_stage != 'Deleted_Internal' order by version",
            model,
        )
    ]


def read_rows(database: Path, sql: str, *values: str) -> list[tuple]:
    """Rows of MLflow's own tables; none while nothing was ever registered. Raises RegistryError on a damaged file."""
    if not database.exists():
        return []
    with _opened(database) as connection:
        asked = "select 1 from sqlite_master where name = 'model_version_tags'"
        made = connection.execute(asked).fetchone()
        return connection.execute(sql, values).fetchall() if made else []


@contextmanager
def _opened(database: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        try:
            yield connection
        except sqlite3.DatabaseError as problem:
            if "not a database" not in str(problem) and "malformed" not in str(problem):
                raise
            # from None: a run is answered by the innermost error, and that one does not name the file
            raise RegistryError(
                f"{database} is damaged: {problem}. Put a copy of it from a backup in its place; what is published stays as it is"
            ) from None


def relocate(db_path: Path, old_root: Path, new_root: Path) -> int:
    """Rewrite artefact places under `old_root` to `new_root` in MLflow's sqlite file.

    MLflow stores absolute places; this lets a copied or moved home work. Places elsewhere stay.
    Returns how many were rewritten. Nothing else may have the file open for writing. Raises RegistryError on a damaged file.
    """
    changed = 0
    pairs = (
        (str(Path(old_root)), str(Path(new_root))),
        (Path(old_root).as_uri(), Path(new_root).as_uri()),
    )
    with _opened(db_path) as connection, connection:
        present = {row[0] for row in connection.execute("select name from sqlite_master")}
        for table, column in LOCATIONS:
            for old, new in pairs:
                if table in present:
                    changed += _rewrite(connection, table, column, old, new)
    return changed


def _rewrite(connection, table: str, column: str, old: str, new: str) -> int:
    # the names come from LOCATIONS above; only the values are data
    return connection.execute(
        f"update {table} set {column} = ? || substr({column}, ?)"
        f" where {column} = ? or substr({column}, 1, ?) = ?",
        (new, len(old) + 1, old, len(old) + 1, f"{old}/"),
    ).rowcount
