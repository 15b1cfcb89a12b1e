"""Technographics: which technology was seen on which domain, and from when to when.

Belongs here: the declared columns, key and stamps of detections. Does not belong here: reading, landing,
meaning (dbt makes versions of them).
"""

from __future__ import annotations

import polars as pl

from dagster_project.feeds.contract import Column, Table

TECHNOLOGY_DETECTION = Table(
    vendor="technographics",
    name="technology_detection",
    file_names=(
        "technology_detection",
        "technology_detections",
        "technology",
        "technologies",
        "detections",
    ),
    key=("domain", "technology"),
    created="first_detected",
    stamps=("last_detected", "first_detected"),
    # Until when it was seen is learnt week by week; at its first detection nobody knew.
    state=("last_detected",),
    columns=(
        Column("domain", required=True, aliases=("Company Domain", "Website")),
        Column("technology", required=True, aliases=("Technology Name", "Product")),
        Column("category", aliases=("Technology Category",)),
        Column("first_detected", pl.Date(), aliases=("First Detected Date", "First Seen")),
        Column("last_detected", pl.Date(), aliases=("Last Detected Date", "Last Seen")),
    ),
)

TABLES = (TECHNOLOGY_DETECTION,)
