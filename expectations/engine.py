"""The one door to Great Expectations (GX): imports it late and opens its stores.

Belongs here: switching GX's network features off, the import (about 4 seconds, so it happens
at the first validation and not when a command starts), the context over a store folder.
Does not belong here: what good data is (suites/), what a result means (report.py).

A process makes the context from the folder's present place. Nothing in the folder
holds an absolute path, so a copied or moved home needs no repair.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

RESULTS_FOLDER = "results"
DOCS_FOLDER = "data_docs"
SITE = "local"


def load_gx() -> ModuleType:
    """Return the great_expectations module with analytics switched off before it is imported."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    os.environ.setdefault("DO_NOT_TRACK", "true")
    import great_expectations

    return great_expectations


@cache
def open_context(store_dir: Path) -> Any:
    """Return a GX context whose results and documents live under store_dir, the same one each time.

    It reads no configuration file and writes none, neither here nor in the user's home.
    """
    gx = load_gx()
    from great_expectations.data_context.types.base import DataContextConfig

    config = DataContextConfig(
        config_version=4.0,
        analytics_enabled=False,
        progress_bars={"globally": False},
        stores=_stores(store_dir),
        expectations_store_name="expectations_store",
        validation_results_store_name="validation_results_store",
        checkpoint_store_name="checkpoint_store",
        data_docs_sites={SITE: _site(store_dir)},
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _stores(store_dir: Path) -> dict[str, dict[str, Any]]:
    """Only results are kept on disk: suites are code, checkpoints and definitions are not used."""
    in_memory = {"class_name": "InMemoryStoreBackend"}
    return {
        "validation_results_store": {
            "class_name": "ValidationResultsStore",
            "store_backend": _files(store_dir / RESULTS_FOLDER),
        },
        "expectations_store": {"class_name": "ExpectationsStore", "store_backend": in_memory},
        "checkpoint_store": {"class_name": "CheckpointStore", "store_backend": in_memory},
        "validation_definition_store": {
            "class_name": "ValidationDefinitionStore",
            "store_backend": in_memory,
        },
    }


def _site(store_dir: Path) -> dict[str, Any]:
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": _files(store_dir / DOCS_FOLDER),
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder", "show_cta_footer": False},
    }


def _files(folder: Path) -> dict[str, Any]:
    """A plain folder of files; the random store id that GX likes to leave there is suppressed."""
    return {
        "class_name": "TupleFilesystemStoreBackend",
        "base_directory": str(folder.resolve()),
        "suppress_store_backend_id": True,
    }
