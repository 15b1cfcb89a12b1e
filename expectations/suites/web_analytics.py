"""What a landed arrival of web events must look like.

Belongs here: the rows of the GA4 export in one arrival folder. Ids of people and pages are not shown.
Does not belong here: what a visit is, bots, sessions (dbt says it), row counts (arrival.py).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from expectations.suites.landed import clocks, domains
from expectations.vocabulary import column, present, some_and_many, suite, warning

EVENT_NAME = r"^[A-Za-z_][A-Za-z0-9_]{0,63}$"
# The day is the property's, the moment UTC: zones reach from 12 hours behind to 14 ahead.
HOURS_BEFORE_DAY, HOURS_AFTER_DAY = -14, 24 + 12
LONGEST_ENGAGEMENT_MS = 24 * 3600 * 1000


def event_facts(landed: pl.DataFrame) -> pl.DataFrame:
    """The landed rows with `hours_into_day`: how far a moment lies from the start of its event_date."""
    passed = pl.col("event_at") - pl.col("event_date").cast(pl.Datetime("us"))
    return landed.with_columns((passed.dt.total_seconds() / 3600).alias("hours_into_day"))


def event_suite(known_day: date) -> Any:
    """Return the suite for landed GA4 events of one arrival (frame: `event_facts`)."""
    return suite(
        "web_event",
        "GA4 events as they were landed in one arrival.",
        [
            *clocks(known_day, days_ahead=1),
            *some_and_many(
                "ColumnValuesToBeBetween",
                "moment_fits_the_day",
                "The moment of an event lies on its event_date, in whatever time zone.",
                "Look at event_timestamp: it has to be in microseconds, UTC.",
                block_below=0.95,
                column="hours_into_day",
                min_value=HOURS_BEFORE_DAY,
                max_value=HOURS_AFTER_DAY,
            ),
            present(
                "event_has_name",
                "event_name",
                "Every event says what happened.",
                "Export event_name.",
            ),
            *some_and_many(
                "ColumnValuesToMatchRegex",
                "event_name_has_shape",
                "Names of events are words of letters, digits and underscores.",
                "The columns of the export may have shifted, or a tag sends free text.",
                block_below=0.95,
                show_values=False,
                column="event_name",
                regex=EVENT_NAME,
            ),
            *some_and_many(
                "ColumnValuesToNotBeNull",
                "page_known",
                "A page view says which page was seen.",
                "Export event_params: pages, sessions and companies stand in them.",
                block_below=0.50,
                column="page_location",
                row_condition=column("event_name") == "page_view",
            ),
            warning(
                "ColumnValuesToNotBeNull",
                "session_known",
                "At least half of the events belong to a session.",
                "Export event_params with ga_session_id; without it every event stands alone.",
                column="ga_session_id",
                mostly=0.50,
            ),
            warning(
                "ColumnValuesToNotBeNull",
                "visitor_known",
                "At least half of the events have a visitor.",
                "Visitors who refuse consent have none; more than half look like a broken tag.",
                show_values=False,
                column="user_pseudo_id",
                mostly=0.50,
            ),
            *some_and_many(
                "ColumnValuesToBeBetween",
                "engagement_plausible",
                "Engagement lasts between 0 and 24 hours (in milliseconds).",
                "Look at the tag that sends engagement_time_msec.",
                block_below=0.95,
                column="engagement_time_msec",
                min_value=0,
                max_value=LONGEST_ENGAGEMENT_MS,
            ),
            warning(
                "ColumnValuesToNotMatchRegex",
                "user_is_no_address",
                "user_id is the CRM's id of a contact or lead, never an email address.",
                "Change the tag: addresses match no person here, and GA4 forbids sending them.",
                show_values=False,
                column="user_id",
                regex="@",
            ),
            *domains("company_domain"),
        ],
    )
