"""Salesforce: what was done with people: tasks, events, campaigns and their members.

Belongs here: the declared columns, keys and stamps of these tables. Does not belong here: reading,
landing, meaning (which task is a reply or a call is said by dbt staging).
"""

from __future__ import annotations

from dagster_project.feeds.contract import Table
from dagster_project.feeds.salesforce_columns import (
    STAMPS,
    changed,
    day,
    record_id,
    stamp,
    text,
    truth,
    whole,
)

TASK = Table(
    vendor="salesforce",
    name="task",
    file_names=("task", "tasks"),
    stamps=STAMPS,
    # How a call went is known when it is done, not when it is planned.
    state=("status", "is_closed", "call_disposition", "completed_date_time", "is_deleted"),
    columns=(
        record_id("id", "TaskId", "Activity ID", required=True),
        record_id("who_id"),
        record_id("what_id"),
        record_id("account_id"),
        text("subject"),
        day("activity_date", "Due Date"),
        text("status"),
        text("priority"),
        text("type"),
        text("task_subtype"),
        text("call_disposition", "Call Result"),
        truth("is_closed", "Closed"),
        record_id("owner_id"),
        stamp("completed_date_time"),
        *changed(),
    ),
)

EVENT = Table(
    vendor="salesforce",
    name="event",
    file_names=("event", "events"),
    stamps=STAMPS,
    state=("no_show", "is_deleted"),
    columns=(
        record_id("id", "EventId", "Activity ID", required=True),
        record_id("who_id"),
        record_id("what_id"),
        record_id("account_id"),
        text("subject"),
        day("activity_date"),
        stamp("activity_date_time", "start_date_time"),
        stamp("end_date_time"),
        whole("duration_in_minutes"),
        text("event_subtype"),
        text("type"),
        truth("no_show", "No_Show__c"),
        record_id("owner_id"),
        *changed(),
    ),
)

CAMPAIGN = Table(
    vendor="salesforce",
    name="campaign",
    file_names=("campaign", "campaigns"),
    stamps=STAMPS,
    state=("status", "is_active", "is_deleted"),
    columns=(
        record_id("id", "CampaignId", required=True),
        text("name", "Campaign Name"),
        text("type"),
        text("status"),
        day("start_date"),
        day("end_date"),
        truth("is_active", "Active"),
        *changed(),
    ),
)

CAMPAIGN_MEMBER = Table(
    vendor="salesforce",
    name="campaign_member",
    file_names=("campaign_member", "campaign_members"),
    stamps=STAMPS,
    state=("status", "has_responded", "first_responded_date", "is_deleted"),
    columns=(
        record_id("id", "CampaignMemberId", required=True),
        record_id("campaign_id", required=True),
        record_id("lead_id"),
        record_id("contact_id"),
        text("status", "Member Status"),
        truth("has_responded", "Responded"),
        day("first_responded_date"),
        *changed(),
    ),
)
