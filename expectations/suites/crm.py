"""What a landed CRM arrival must look like before anything is built on it.

Belongs here: the rows of Salesforce accounts and opportunities and their histories in one arrival
folder.
Does not belong here: people and activities (crm_people.py, crm_activity.py), row counts of the arrival
(arrival.py), what every vendor shares (landed.py), what the readers already guarantee by type, relations
between tables (dbt tests), anything about scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from expectations.suites.landed import (
    DATES_AHEAD,
    FIRST_SANE_DAY,
    clocks,
    end_of,
    keys,
    not_future,
    not_wiped,
    start_of,
    versions,
)
from expectations.vocabulary import column, critical, present, some_and_many, suite, warning

SALESFORCE_ID = r"^[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?$"
FIRST_SANE_FOUNDING = date(1500, 1, 1)


def account_suite(known_day: date, id_pattern: str = SALESFORCE_ID) -> Any:
    """Return the suite for landed Salesforce accounts of one arrival; known_day: its folder."""
    return suite(
        "crm_account",
        "Salesforce accounts as they were landed in one arrival.",
        [
            *keys("id", "account", id_pattern),
            *versions(),
            *clocks(known_day),
            not_future("created_date", known_day),
            warning(
                "ColumnValuesToNotBeNull",
                "account_has_name",
                "Nearly every account has a name.",
                "Check that the export holds the Name column and that it is filled.",
                show_values=False,
                column="name",
                mostly=0.99,
            ),
            *some_and_many(
                "ColumnValuesToBeBetween",
                "employees_plausible",
                "The number of employees lies between 0 and 5 million.",
                "Correct the account in the CRM.",
                block_below=0.90,
                column="number_of_employees",
                min_value=0,
                max_value=5_000_000,
            ),
            *some_and_many(
                "ColumnValuesToBeBetween",
                "revenue_not_negative",
                "Annual revenue is not negative.",
                "Correct the account in the CRM.",
                block_below=0.90,
                column="annual_revenue",
                min_value=0,
            ),
            warning(
                "ColumnValuesToBeBetween",
                "founded_in_the_past",
                "A founding date lies between the year 1500 and the day of the arrival.",
                "Correct the account in the CRM; age features of these accounts will be wrong.",
                column="founded_date",
                min_value=start_of(FIRST_SANE_FOUNDING),
                max_value=end_of(known_day),
            ),
            not_wiped("accounts"),
        ],
    )


def account_history_suite(known_day: date, id_pattern: str = SALESFORCE_ID) -> Any:
    """Return the suite for landed changes of tracked account fields of one arrival."""
    return suite(
        "crm_account_history",
        "Changes of tracked account fields as they were landed in one arrival.",
        [
            *keys("id", "account history", id_pattern),
            present(
                "belongs_to_account",
                "account_id",
                "Every history row names its account.",
                "Export AccountId with the history.",
            ),
            present(
                "names_a_field",
                "field",
                "Every history row names the field that changed.",
                "Export Field with the history.",
            ),
            _history_row_once(),
            *clocks(known_day),
            _change_has_time(),
            not_future("created_date", known_day),
        ],
    )


def opportunity_suite(
    known_day: date,
    id_pattern: str = SALESFORCE_ID,
    won_stages: Sequence[str] = ("Closed Won",),
) -> Any:
    """Return the suite for landed Salesforce opportunities of one arrival."""
    won = column("stage_name").is_in(list(won_stages))
    return suite(
        "crm_opportunity",
        "Salesforce opportunities as they were landed in one arrival.",
        [
            *keys("id", "opportunity", id_pattern),
            *versions(),
            *clocks(known_day),
            not_future("created_date", known_day),
            *some_and_many(
                "ColumnValuesToNotBeNull",
                "belongs_to_account",
                "Every opportunity names its account.",
                "Opportunities without an account teach the model nothing: fill AccountId.",
                block_below=0.90,
                column="account_id",
            ),
            # What landing tells of a record at its creation (known_at.py) has no stage and no date.
            _stage_known(row_condition=column("close_date").is_not_null()),
            *_amounts(),
            *some_and_many(
                "ColumnValuesToBeBetween",
                "close_date_sane",
                f"Close dates lie between {FIRST_SANE_DAY.year} and ten years ahead.",
                "Correct the close date in the CRM; a default such as 1900 or 9999 is no date.",
                block_below=0.95,
                column="close_date",
                min_value=start_of(FIRST_SANE_DAY),
                max_value=end_of(known_day + DATES_AHEAD),
            ),
            *some_and_many(
                "ColumnValuesToBeInSet",
                "won_means_closed",
                "An opportunity in a won stage is marked as closed.",
                "Check the won stages in scoring.yaml against the CRM's stage settings.",
                block_below=0.50,
                column="is_closed",
                value_set=[True],
                row_condition=won,
            ),
            *some_and_many(
                "ColumnValuesToBeInSet",
                "won_stage_means_won",
                "An opportunity in a won stage is marked as won.",
                "Check the won stages in scoring.yaml against the CRM's stage settings.",
                block_below=0.50,
                column="is_won",
                value_set=[True],
                row_condition=won,
            ),
            _probability_is_percent(),
            not_wiped("opportunities"),
        ],
    )


def opportunity_history_suite(known_day: date, id_pattern: str = SALESFORCE_ID) -> Any:
    """Return the suite for landed Salesforce opportunity-history rows of one arrival."""
    return suite(
        "crm_opportunity_history",
        "Stage changes of opportunities as they were landed in one arrival.",
        [
            *keys("id", "opportunity history", id_pattern),
            present(
                "belongs_to_opportunity",
                "opportunity_id",
                "Every history row names its opportunity.",
                "Export OpportunityId with the history.",
            ),
            _history_row_once(),
            *clocks(known_day),
            _change_has_time(),
            not_future("created_date", known_day),
            _stage_known(),
            *_amounts(),
            _probability_is_percent(),
        ],
    )


def _history_row_once() -> Any:
    return warning(
        "ColumnValuesToBeUnique",
        "history_row_once",
        "A history row arrives once; history is never changed.",
        "Staging keeps one of them; look why the export repeats rows.",
        column="id",
    )


def _change_has_time() -> Any:
    return present(
        "change_has_time",
        "created_date",
        "Every change says when it happened.",
        "Without it changes cannot be dated: export CreatedDate.",
    )


def _stage_known(**kwargs: Any) -> Any:
    return critical(
        "ColumnValuesToNotBeNull",
        "stage_present",
        "Every row of the export names its stage.",
        "Wins are read from the stage: export StageName.",
        column="stage_name",
        **kwargs,
    )


def _amounts() -> list[Any]:
    return some_and_many(
        "ColumnValuesToBeBetween",
        "amount_not_negative",
        "Amounts are not negative; an empty amount is allowed.",
        "Correct the amount in the CRM (refunds belong in other records).",
        block_below=0.90,
        column="amount",
        min_value=0,
    )


def _probability_is_percent() -> Any:
    return warning(
        "ColumnValuesToBeBetween",
        "probability_is_percent",
        "The CRM's own probability lies between 0 and 100.",
        "Check the column's unit in the export.",
        column="probability",
        min_value=0,
        max_value=100,
    )
