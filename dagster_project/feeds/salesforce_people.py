"""Salesforce: contacts and leads.

Belongs here: the declared columns, keys and stamps of people. Does not belong here: reading, landing,
meaning; names and addresses land here and stay in landing (dbt keeps the domain and what a title says).
"""

from __future__ import annotations

from dagster_project.feeds.contract import Table
from dagster_project.feeds.salesforce_columns import (
    STAMPS,
    changed,
    day,
    record_id,
    text,
    truth,
    whole,
)

CONTACT = Table(
    vendor="salesforce",
    name="contact",
    file_names=("contact", "contacts"),
    stamps=STAMPS,
    state=("owner_id", "master_record_id", "has_opted_out_of_email", "is_deleted"),
    columns=(
        record_id("id", "ContactId", required=True),
        record_id("account_id"),
        text("first_name"),
        text("last_name"),
        text("email"),
        text("title"),
        text("department"),
        text("lead_source"),
        record_id("owner_id"),
        record_id("master_record_id"),
        truth("has_opted_out_of_email", "Email Opt Out"),
        *changed(),
    ),
)

LEAD = Table(
    vendor="salesforce",
    name="lead",
    file_names=("lead", "leads"),
    stamps=STAMPS,
    state=(
        "status",
        "is_converted",
        "converted_date",
        "converted_account_id",
        "converted_contact_id",
        "converted_opportunity_id",
        "owner_id",
        "master_record_id",
        "is_deleted",
    ),
    columns=(
        record_id("id", "LeadId", required=True),
        text("first_name"),
        text("last_name"),
        text("email"),
        text("company", "Company / Account"),
        text("title"),
        text("website"),
        text("industry"),
        whole("number_of_employees", "Employees"),
        text("country"),
        text("state", "State/Province"),
        text("lead_source"),
        text("status", "Lead Status"),
        truth("is_converted", "Converted"),
        day("converted_date"),
        record_id("converted_account_id"),
        record_id("converted_contact_id"),
        record_id("converted_opportunity_id"),
        record_id("owner_id"),
        record_id("master_record_id"),
        *changed(),
    ),
)
