"""Salesforce: the declared tables and the spelling of record ids.

Belongs here: columns, keys, stamps and variants of Salesforce tables, as exports (API names),
reports (labels) and connectors (snake case) deliver them. Does not belong here: reading, landing,
meaning (dbt staging gives the columns their meaning).
"""

from __future__ import annotations

import re

import polars as pl

from dagster_project.feeds.contract import STAMP, Column, Table, Variant

_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHORT_ID = re.compile(r"[A-Za-z0-9]{15}")


def long_id(record_id: str) -> str:
    """The 18-character form of a 15-character record id; anything else comes back unchanged.

    Reports export 15 characters that differ by case, the API 18: three more that say which letters
    are capitals, one for each block of five.
    """
    if not _SHORT_ID.fullmatch(record_id):
        return record_id
    blocks = (record_id[i : i + 5] for i in (0, 5, 10))
    return record_id + "".join(
        _SUFFIX[sum(1 << i for i, char in enumerate(block) if "A" <= char <= "Z")]
        for block in blocks
    )


def long_ids(ids: pl.Series) -> pl.Series:
    """`long_id` for a column; blanks around ids are dropped, only short ids cost any work."""
    trimmed = ids.str.strip_chars()
    short = trimmed.str.len_chars() == 15
    if not short.any():
        return trimmed
    return pl.Series(
        ids.name, [long_id(v) if v is not None else None for v in trimmed], dtype=pl.String
    )


def _id(name: str, *aliases: str, required: bool = False) -> Column:
    return Column(name, pl.String(), required, aliases, clean=long_ids)


def _text(name: str, *aliases: str, required: bool = False) -> Column:
    return Column(name, pl.String(), required, aliases)


def _stamp(name: str, required: bool = False) -> Column:
    return Column(name, STAMP, required)


# A connector's own time of reading stands in where the export carries no stamp at all.
_SYNCED = Column("_fivetran_synced", STAMP, landed=False)
_STAMPS = ("system_modstamp", "last_modified_date", "created_date", "_fivetran_synced")

ACCOUNT = Table(
    vendor="salesforce",
    name="account",
    file_names=("account", "accounts"),
    stamps=_STAMPS,
    state=("type", "owner_id", "parent_id", "master_record_id", "is_deleted"),
    columns=(
        _id("id", "AccountId", required=True),
        _text("name", "Account Name"),
        _text("website"),
        _text("industry"),
        _text("type"),
        Column("number_of_employees", pl.Int64(), aliases=("Employees",)),
        Column("annual_revenue", pl.Float64()),
        _text("billing_country"),
        _text("billing_state", "Billing State/Province"),
        _text("billing_city"),
        _text("region", "Region__c"),
        Column("founded_date", pl.Date(), aliases=("Founded_Date__c",)),
        _id("owner_id"),
        _id("parent_id"),
        _id("master_record_id"),
        Column("is_deleted", pl.Boolean()),
        _stamp("created_date"),
        _stamp("last_modified_date"),
        _stamp("system_modstamp"),
        _SYNCED,
    ),
)

OPPORTUNITY = Table(
    vendor="salesforce",
    name="opportunity",
    file_names=("opportunity", "opportunities"),
    stamps=_STAMPS,
    state=("stage_name", "amount", "close_date", "is_closed", "is_won", "owner_id", "is_deleted"),
    columns=(
        _id("id", "OpportunityId", required=True),
        _id("account_id", required=True),
        _text("name", "Opportunity Name"),
        _text("type"),
        _text("stage_name", "Stage", required=True),
        Column("amount", pl.Float64()),
        _text("currency_iso_code"),
        Column("close_date", pl.Date(), required=True),
        _stamp("created_date"),
        Column("is_closed", pl.Boolean(), aliases=("Closed",)),
        Column("is_won", pl.Boolean(), aliases=("Won",)),
        _text("lead_source"),
        _id("owner_id"),
        Column("is_deleted", pl.Boolean()),
        _stamp("last_modified_date"),
        _stamp("system_modstamp"),
        _SYNCED,
    ),
)

# The connector's table of that name holds whole versions of opportunities: `id` is the
# opportunity's, `created_date` its creation; the change happened at `_fivetran_start`.
_ROW_VERSIONS = Variant(
    when=("_fivetran_start", "id"),
    unless=("opportunity_id",),
    sources={"opportunity_id": "id", "created_date": "_fivetran_start"},
    joined={"id": ("opportunity_id", "created_date")},
)

OPPORTUNITY_HISTORY = Table(
    vendor="salesforce",
    name="opportunity_history",
    file_names=("opportunity_history", "opportunity_histories"),
    stamps=("created_date",),
    variants=(_ROW_VERSIONS,),
    columns=(
        _id("id", required=True),
        _id("opportunity_id", required=True),
        _stamp("created_date", required=True),
        _text("stage_name", "Stage", required=True),
        Column("amount", pl.Float64()),
        Column("close_date", pl.Date()),
        Column("probability", pl.Float64()),
        Column("is_deleted", pl.Boolean()),
        _stamp("system_modstamp"),
    ),
)

TABLES = (ACCOUNT, OPPORTUNITY, OPPORTUNITY_HISTORY)
