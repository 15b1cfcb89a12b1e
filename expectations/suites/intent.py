"""What a landed arrival of intent data must look like.

Belongs here: the rows of Company Surge in one arrival folder.
Does not belong here: which topics matter, one row a topic and week (dbt), row counts (arrival.py).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from expectations.suites.landed import clocks, domains, not_future
from expectations.vocabulary import present, some_and_many, suite, warning


def company_surge_suite(known_day: date) -> Any:
    """Return the suite for landed Company Surge rows of one arrival; known_day: its folder."""
    return suite(
        "intent_company_surge",
        "Company Surge scores as they were landed in one arrival.",
        [
            *clocks(known_day),
            present(
                "domain_present",
                "domain",
                "Every row names its domain.",
                "Companies are matched by domain: ask the vendor for it.",
            ),
            *domains("domain"),
            present(
                "topic_present",
                "topic",
                "Every row names its topic.",
                "The columns of the file may have shifted: compare them with the vendor's list.",
            ),
            present(
                "week_present",
                "week_on",
                "Every row says of which week it is.",
                "This is a fault of landing: report it with the source file.",
            ),
            not_future("week_on", known_day),
            *_scores("composite_score"),
            *_scores("metro_composite_score"),
            warning(
                "ColumnValuesToNotBeNull",
                "category_known",
                "Nearly every row names the category of its topic.",
                "The columns of the file may have shifted: compare them with the vendor's list.",
                column="category",
                mostly=0.90,
            ),
        ],
    )


def _scores(name: str) -> list[Any]:
    return some_and_many(
        "ColumnValuesToBeBetween",
        f"{name}_0_to_100",
        f"{name} lies between 0 and 100.",
        "The columns of the file may have shifted: compare them with the vendor's list.",
        block_below=0.95,
        column=name,
        min_value=0,
        max_value=100,
    )
