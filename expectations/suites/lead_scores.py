"""What scores of people must look like before anybody may see them: those of one day.

Belongs here: the columns of `lead_scores` and their ranges. Does not belong here: what people say of their account together
(account_scores.py), whether the scores are any good (model_versions, column leads).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from expectations.vocabulary import column, critical, present, suite

FIX = "Score the day again; if it stays so, report it."
RANGES = {"lead_probability": 1, "lead_score": 100}


def lead_scores_suite(*, as_of_date: date, people_count: int, has_model: bool) -> Any:
    """Return the suite for the people of one day (rows of lead_predictions).

    people_count: people of scored accounts on that day, as lead_scoring_set has them. has_model: what scored the day has a lead
    model, so that everybody has a probability.
    """
    return suite(
        "lead_scores",
        "One row a person of a scored account, for one day, as analysts will see it.",
        [
            critical(
                "TableRowCountToEqual",
                "every_person_scored",
                f"There is one row for each of the {people_count:,} people of scored accounts.",
                "People were lost or doubled between lead_scoring_set and scores: score the day again.",
                value=people_count,
            ),
            *_keys(as_of_date),
            *([_probability()] if has_model else []),
            *(_range(name, most) for name, most in RANGES.items()),
            critical(
                "ColumnValuesToNotBeNull",
                "score_where_probability",
                "Who has a probability has a score.",
                "The reference population of the lead model is broken: retrain.",
                column="lead_score",
                row_condition=column("lead_probability").is_not_null(),
            ),
        ],
    )


def _keys(day: date) -> list[Any]:
    return [
        present("lead_present", "lead_id", "Every row names its person.", FIX),
        present("account_present", "account_id", "Every person belongs to an account.", FIX),
        critical(
            "ColumnValuesToBeUnique",
            "one_row_per_person",
            "A person stands for one account.",
            "A join has fanned out: run the dbt tests of the spine.",
            column="lead_id",
        ),
        critical(
            "ColumnValuesToNotMatchRegex",
            "person_by_id_alone",
            "People go by their ids, never by an address.",
            "Ids of the CRM hold addresses: take them out of the export.",
            show_values=False,
            column="lead_id",
            regex="@",
        ),
        critical(
            "ColumnValuesToBeInSet",
            "of_the_right_day",
            f"All rows are scores of {day.isoformat()}.",
            "Rows of another day were mixed in: score the day again.",
            column="as_of_date",
            value_set=[datetime(day.year, day.month, day.day)],
        ),
        critical(
            "ColumnValuesToBeInSet",
            "kind_known",
            "A person is a contact or a lead.",
            FIX,
            column="lead_type",
            value_set=["contact", "lead"],
        ),
    ]


def _probability() -> Any:
    return present(
        "probability_where_modelled",
        "lead_probability",
        "Everybody has a probability where the scoring model has a lead model.",
        "The lead model was not asked: score the day again; if it stays so, report it.",
    )


def _range(name: str, most: int) -> Any:
    return critical(
        "ColumnValuesToBeBetween",
        f"{name}_0_to_{most}",
        f"{name} lies between 0 and {most}, or is empty where nothing can be said.",
        "The lead model is broken: retrain.",
        column=name,
        min_value=0,
        max_value=most,
    )
