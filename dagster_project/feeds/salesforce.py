"""Salesforce: accounts and opportunities, and the list of all its tables.

Belongs here: columns, keys, stamps and variants of these tables, as exports (API names), reports
(labels) and connectors (snake case) deliver them. Does not belong here: people and activities
(salesforce_people.py, salesforce_activity.py), reading, landing, meaning (dbt staging).
"""

from __future__ import annotations

from dagster_project.feeds.contract import Table, Variant
from dagster_project.feeds.salesforce_activity import CAMPAIGN, CAMPAIGN_MEMBER, EVENT, TASK
from dagster_project.feeds.salesforce_columns import (
    STAMPS,
    SYNCED,
    changed,
    day,
    number,
    record_id,
    stamp,
    text,
    truth,
    whole,
)
from dagster_project.feeds.salesforce_people import CONTACT, LEAD

ACCOUNT = Table(
    vendor="salesforce",
    name="account",
    file_names=("account", "accounts", "account_version", "account_versions"),
    stamps=STAMPS,
    state=(
        "type",
        "owner_id",
        "parent_id",
        "master_record_id",
        "is_deleted",
        "last_activity_date",
    ),
    columns=(
        record_id("id", "AccountId", required=True),
        text("name", "Account Name"),
        text("website"),
        text("industry"),
        text("type"),
        whole("number_of_employees", "Employees"),
        number("annual_revenue"),
        text("billing_country"),
        text("billing_state", "Billing State/Province"),
        text("billing_city"),
        text("region", "Region__c"),
        day("founded_date", "Founded_Date__c"),
        text("rating"),
        text("account_source"),
        day("last_activity_date", "Last Activity"),
        record_id("owner_id"),
        record_id("parent_id"),
        record_id("master_record_id"),
        truth("is_deleted"),
        stamp("created_date"),
        stamp("last_modified_date"),
        # A connector's table of row versions has this instead; see ACCOUNT_HISTORY.
        stamp("system_modstamp", "_fivetran_start"),
        SYNCED,
    ),
)

ACCOUNT_HISTORY = Table(
    vendor="salesforce",
    name="account_history",
    file_names=("account_history", "account_histories"),
    stamps=("created_date",),
    variants=(
        Variant(
            when=("_fivetran_start", "id"),
            unless=("field",),
            refused=(
                "the file holds whole versions of accounts, as connectors keep them, not changes of "
                "fields. Rename it to account-versions.csv and land it with --history: each version "
                "is then known from its _fivetran_start on. Or export AccountHistory with Id, "
                "AccountId, Field, OldValue, NewValue, CreatedDate"
            ),
        ),
    ),
    columns=(
        record_id("id", required=True),
        record_id("account_id", required=True),
        text("field", "Field / Event", required=True),
        text("old_value"),
        text("new_value"),
        stamp("created_date", "Edit Date", required=True),
        truth("is_deleted"),
    ),
)

OPPORTUNITY = Table(
    vendor="salesforce",
    name="opportunity",
    file_names=("opportunity", "opportunities"),
    stamps=STAMPS,
    state=(
        "stage_name",
        "amount",
        "close_date",
        "is_closed",
        "is_won",
        "loss_reason",
        "probability",
        "next_step",
        "last_activity_date",
        "owner_id",
        "is_deleted",
    ),
    columns=(
        record_id("id", "OpportunityId", required=True),
        record_id("account_id", required=True),
        text("name", "Opportunity Name"),
        text("type"),
        text("stage_name", "Stage", required=True),
        number("amount"),
        text("currency_iso_code"),
        day("close_date", required=True),
        stamp("created_date"),
        truth("is_closed", "Closed"),
        truth("is_won", "Won"),
        text("loss_reason", "Loss_Reason__c"),
        number("probability", "Probability (%)"),
        text("next_step"),
        day("last_activity_date", "Last Activity"),
        text("lead_source"),
        record_id("owner_id"),
        truth("is_deleted"),
        stamp("last_modified_date"),
        stamp("system_modstamp"),
        SYNCED,
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
        record_id("id", required=True),
        record_id("opportunity_id", required=True),
        stamp("created_date", required=True),
        text("stage_name", "Stage", required=True),
        number("amount"),
        day("close_date"),
        number("probability"),
        truth("is_deleted"),
        stamp("system_modstamp"),
    ),
)

OPPORTUNITY_CONTACT_ROLE = Table(
    vendor="salesforce",
    name="opportunity_contact_role",
    file_names=("opportunity_contact_role", "opportunity_contact_roles"),
    stamps=STAMPS,
    # Reps put roles in order after the deal, so that today's role says how it ended.
    state=("role", "is_primary", "is_deleted"),
    columns=(
        record_id("id", required=True),
        record_id("opportunity_id", required=True),
        record_id("contact_id", required=True),
        text("role", "Contact Role"),
        truth("is_primary", "Primary"),
        *changed(),
    ),
)

TABLES = (
    ACCOUNT,
    ACCOUNT_HISTORY,
    CONTACT,
    LEAD,
    OPPORTUNITY,
    OPPORTUNITY_HISTORY,
    OPPORTUNITY_CONTACT_ROLE,
    TASK,
    EVENT,
    CAMPAIGN,
    CAMPAIGN_MEMBER,
)
