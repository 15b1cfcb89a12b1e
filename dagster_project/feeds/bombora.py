"""Bombora: the weekly Company Surge file.

Belongs here: its columns, which stand in the file in this order and without a header, and where the week
is found. Does not belong here: reading, landing, meaning (a row a metro lands; staging keeps one a domain,
topic and week).
"""

from __future__ import annotations

import polars as pl

from dagster_project.feeds.contract import Column, Table


def _text(name: str, *aliases: str, required: bool = False) -> Column:
    return Column(name, pl.String(), required, aliases)


COMPANY_SURGE = Table(
    vendor="bombora",
    name="company_surge",
    file_names=(
        "company_surge",
        "surge",
        "input_domains_topics",
        "input_domains_topics_sample",
    ),
    key=("domain", "topic", "metro_area"),
    stamps=("week_on",),
    created="week_on",
    known="week_on",
    is_headerless=True,
    day_in_name="week_on",
    repeats=True,
    columns=(
        _text("company_name"),
        _text("domain", "Company Domain", "Company URL", required=True),
        _text("size", "Company Size"),
        _text("industry"),
        _text("category", "Topic Category", "Theme"),
        _text("topic", "Topic Name", required=True),
        Column("composite_score", pl.Int64(), required=True),
        _text("bucket_code"),
        _text("metro_area"),
        Column("metro_composite_score", pl.Int64()),
        _text("metro_bucket_code"),
        _text("domain_origin_country", "Country"),
        Column("week_on", pl.Date(), required=True),
    ),
)

TABLES = (COMPANY_SURGE,)
