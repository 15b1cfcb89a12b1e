"""What a landed arrival of people must look like: contacts, leads, roles in opportunities.

Belongs here: the rows of these Salesforce tables in one arrival folder. No value of a name, a title or an
address is ever shown or stored.
Does not belong here: accounts and opportunities (crm.py), what was done with people (crm_activity.py).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from expectations.suites.crm import SALESFORCE_ID
from expectations.suites.landed import clocks, keys, not_future, not_wiped, versions
from expectations.vocabulary import column, present, some_and_many, suite, warning

EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s.]+$"


def contact_suite(known_day: date, id_pattern: str = SALESFORCE_ID) -> Any:
    """Return the suite for landed Salesforce contacts of one arrival; known_day: its folder."""
    return suite(
        "crm_contact",
        "Salesforce contacts as they were landed in one arrival.",
        [
            *keys("id", "contact", id_pattern),
            *versions(),
            *clocks(known_day),
            not_future("created_date", known_day),
            _mostly(
                "belongs_to_account",
                "account_id",
                "Nearly every contact names its account.",
                "People without an account count for none: fill AccountId, or check the export.",
                0.90,
            ),
            *_emails(),
            _titles(),
            not_wiped("contacts"),
        ],
    )


def lead_suite(known_day: date, id_pattern: str = SALESFORCE_ID) -> Any:
    """Return the suite for landed Salesforce leads of one arrival."""
    return suite(
        "crm_lead",
        "Salesforce leads as they were landed in one arrival.",
        [
            *keys("id", "lead", id_pattern),
            *versions(),
            *clocks(known_day),
            not_future("created_date", known_day),
            _mostly(
                "has_company",
                "company",
                "Nearly every lead names its company.",
                "Check that the export holds the Company column and that it is filled.",
                0.90,
            ),
            *_emails(),
            _titles(),
            *some_and_many(
                "ColumnValuesToBeBetween",
                "employees_plausible",
                "The number of employees lies between 0 and 5 million.",
                "Correct the lead in the CRM.",
                block_below=0.90,
                column="number_of_employees",
                min_value=0,
                max_value=5_000_000,
            ),
            *some_and_many(
                "ColumnValuesToNotBeNull",
                "converted_to_someone",
                "A converted lead says which contact it became.",
                "Export ConvertedContactId; without it the lead's past is lost to its account.",
                block_below=0.50,
                column="converted_contact_id",
                row_condition=column("is_converted") == True,  # noqa: E712 (GX builds a condition)
            ),
            not_wiped("leads"),
        ],
    )


def opportunity_contact_role_suite(known_day: date, id_pattern: str = SALESFORCE_ID) -> Any:
    """Return the suite for landed contact roles of opportunities of one arrival."""
    return suite(
        "crm_opportunity_contact_role",
        "Which contact plays which part in an opportunity, as landed in one arrival.",
        [
            *keys("id", "contact role", id_pattern),
            *versions(),
            *clocks(known_day),
            not_future("created_date", known_day),
            present(
                "belongs_to_opportunity",
                "opportunity_id",
                "Every contact role names its opportunity.",
                "Export OpportunityId with the roles.",
            ),
            present(
                "belongs_to_contact",
                "contact_id",
                "Every contact role names its contact.",
                "Export ContactId with the roles.",
            ),
            not_wiped("contact roles"),
        ],
    )


def _emails() -> list[Any]:
    return some_and_many(
        "ColumnValuesToMatchRegex",
        "email_has_a_domain",
        "An email address, where there is one, is one address with a domain.",
        "People are matched by the domain of their address: correct it in the CRM.",
        block_below=0.80,
        show_values=False,
        column="email",
        regex=EMAIL,
    )


def _titles() -> Any:
    return _mostly(
        "has_title",
        "title",
        "At least a third of the people have a title.",
        "Seniority and function are read from titles: check that the export holds the column.",
        0.33,
    )


def _mostly(name: str, of: str, means: str, do: str, share: float) -> Any:
    return warning(
        "ColumnValuesToNotBeNull", name, means, do, show_values=False, column=of, mostly=share
    )
