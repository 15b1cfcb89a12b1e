"""What a landed arrival of technology detections must look like.

Belongs here: the rows of detections in one arrival folder.
Does not belong here: which tools compete or complement (scoring.yaml), row counts (arrival.py).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from expectations.suites.landed import clocks, domains, not_future, once
from expectations.vocabulary import present, some_and_many, suite, warning


def detection_facts(landed: pl.DataFrame) -> pl.DataFrame:
    """The landed rows with `days_seen`: from first to last detection."""
    seen = (pl.col("last_detected") - pl.col("first_detected")).dt.total_days()
    return landed.with_columns(seen.alias("days_seen"))


def technology_detection_suite(known_day: date) -> Any:
    """Return the suite for landed detections of one arrival (frame: `detection_facts`)."""
    return suite(
        "technology_detection",
        "Technology detections as they were landed in one arrival.",
        [
            *clocks(known_day),
            present(
                "domain_present",
                "domain",
                "Every detection names its domain.",
                "Companies are matched by domain: ask the vendor for it.",
            ),
            *domains("domain"),
            present(
                "technology_present",
                "technology",
                "Every detection names the technology.",
                "Export the technology's name.",
            ),
            once(
                "detection_once",
                "detections (domain, technology and both dates)",
                ["domain", "technology", "first_detected", "last_detected"],
            ),
            *some_and_many(
                "ColumnValuesToNotBeNull",
                "first_detection_known",
                "Every detection says when the technology was first seen.",
                "Export first_detected; without it a tool is known only since it was last seen.",
                block_below=0.50,
                column="first_detected",
            ),
            *some_and_many(
                "ColumnValuesToBeBetween",
                "first_before_last",
                "A technology is last seen on or after the day it was first seen.",
                "The two date columns may have changed places: compare them with the vendor's list.",
                block_below=0.95,
                column="days_seen",
                min_value=0,
            ),
            not_future("first_detected", known_day),
            not_future("last_detected", known_day),
            warning(
                "ColumnValuesToNotBeNull",
                "category_known",
                "Nearly every detection names the technology's category.",
                "Complements and competitors are told apart by name and category: export it.",
                column="category",
                mostly=0.90,
            ),
        ],
    )
