"""What a landed arrival of activities must look like: tasks, events, campaigns and their members.

Belongs here: the rows of these Salesforce tables in one arrival folder. Subjects are never shown or stored.
Does not belong here: people (crm_people.py), what counts as a touch (dbt says it).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from expectations.suites.crm import SALESFORCE_ID
from expectations.suites.landed import (
    believable,
    clocks,
    keys,
    not_future,
    not_wiped,
    versions,
)
from expectations.vocabulary import column, present, some_and_many, suite, warning

LONGEST_MEETING_MINUTES = 14 * 24 * 60


def task_suite(known_day: date, id_pattern: str = SALESFORCE_ID) -> Any:
    """Return the suite for landed Salesforce tasks of one arrival; known_day: its folder."""
    return suite(
        "crm_task",
        "Salesforce tasks (emails, calls, to-dos) as they were landed in one arrival.",
        [
            *_record("task", id_pattern, known_day),
            *believable("activity_date", known_day),
            _with_whom("tasks"),
            not_future("completed_date_time", known_day),
            not_wiped("tasks"),
        ],
    )


def event_suite(known_day: date, id_pattern: str = SALESFORCE_ID) -> Any:
    """Return the suite for landed Salesforce events of one arrival."""
    return suite(
        "crm_event",
        "Salesforce events (meetings, demos) as they were landed in one arrival.",
        [
            *_record("event", id_pattern, known_day),
            *believable("activity_date_time", known_day),
            _with_whom("events"),
            *some_and_many(
                "ColumnValuesToBeBetween",
                "duration_plausible",
                "A meeting lasts between 0 minutes and two weeks.",
                "Check the column's unit in the export (minutes).",
                block_below=0.90,
                column="duration_in_minutes",
                min_value=0,
                max_value=LONGEST_MEETING_MINUTES,
            ),
            not_wiped("events"),
        ],
    )


def campaign_suite(known_day: date, id_pattern: str = SALESFORCE_ID) -> Any:
    """Return the suite for landed Salesforce campaigns of one arrival."""
    return suite(
        "crm_campaign",
        "Salesforce campaigns as they were landed in one arrival.",
        [
            *_record("campaign", id_pattern, known_day),
            warning(
                "ColumnValuesToNotBeNull",
                "has_type",
                "Nearly every campaign says what it is (webinar, trade show, content, email).",
                "Answers count by the campaign's type: fill it in the CRM.",
                column="type",
                mostly=0.90,
            ),
            *believable("start_date", known_day),
            not_wiped("campaigns"),
        ],
    )


def campaign_member_suite(known_day: date, id_pattern: str = SALESFORCE_ID) -> Any:
    """Return the suite for landed campaign members of one arrival."""
    return suite(
        "crm_campaign_member",
        "Who was reached by a campaign and answered, as landed in one arrival.",
        [
            *_record("campaign member", id_pattern, known_day),
            present(
                "belongs_to_campaign",
                "campaign_id",
                "Every member names its campaign.",
                "Export CampaignId with the members.",
            ),
            *some_and_many(
                "ColumnValuesToNotBeNull",
                "is_a_person",
                "Every member is a lead or a contact.",
                "Export LeadId and ContactId with the members.",
                block_below=0.90,
                column="contact_id",
                row_condition=column("lead_id").is_null(),
            ),
            not_future("first_responded_date", known_day),
            not_wiped("campaign members"),
        ],
    )


def _record(thing: str, id_pattern: str, known_day: date) -> list[Any]:
    return [
        *keys("id", thing, id_pattern),
        *versions(),
        *clocks(known_day),
        not_future("created_date", known_day),
    ]


def _with_whom(things: str) -> Any:
    return warning(
        "ColumnValuesToNotBeNull",
        "with_someone",
        f"At least half of the {things} say with whom they were.",
        "Activities without WhoId count for no person: check that the export holds the column.",
        column="who_id",
        mostly=0.50,
    )
