"""What account scores must look like before anybody may see them: those of one day, or of several days of a back-fill.

Belongs here: the columns of `account_scores` and their ranges, how many rows there must be.
Does not belong here: whether the scores are any good (models/evaluation, model_reliability).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import pairwise
from math import ceil, floor
from typing import Any

from expectations.vocabulary import column, critical, present, some_and_many, suite, warning

CLASSES = {
    "band": ("Bands are hot, warm or cold.", ("hot", "warm", "cold")),
    "grade": ("Grades are A, B, C or D, or empty.", ("A", "B", "C", "D")),
    "tier": ("Tiers are 1 to 4, or empty.", (1, 2, 3, 4)),
}
# Of the accounts that the model scored and explained, this share has a reason, or the day is stopped.
REASONED_SHARE = 0.95
COMPONENTS = ("fit_score", "engagement_score", "intent_score", "readiness_score")
SHARES_OF_PEOPLE = ("committee_coverage", "best_lead_probability", "leads_noisy_or")
PROVENANCE = (
    "scoring_model_version",
    "score_basis",
    "feature_contract_version",
    "feature_digest",
    "scored_at",
    "run_id",
)


def account_scores_suite(
    *,
    as_of_date: date,
    horizons_days: Sequence[int],
    eligible_count: int,
    previous_count: int | None = None,
    max_change: float = 0.5,
    explained: int | None = None,
    by_scorecard: bool = False,
) -> Any:
    """Return the suite for the scores of one day.

    horizons_days: columns win_probability_<h>d must exist. eligible_count: eligible accounts of
    the spine on that day. previous_count: scored accounts of the day before, None if there is
    none; max_change: by which share (0-1) the number may differ from it. explained: up to which rank
    accounts are explained, None for all. by_scorecard: a scorecard scored the day; few lines give few different scores, so that
    this only warns. The frame's list column `reasons` is seen as
    `reasons__size` (runner.py).
    """
    distinct = distinct_scores_needed(eligible_count)
    return suite(
        "account_scores",
        "One row an eligible account, for one day, as analysts will see it.",
        [
            _row_count(eligible_count),
            *_keys([as_of_date]),
            *([] if previous_count is None else [_volume(previous_count, max_change)]),
            *_score(),
            _scores_differ(distinct, by_scorecard),
            *_values(horizons_days, explained),
            *_rank(eligible_count, ["rank"]),
        ],
    )


def several_days_suite(
    *,
    as_of_dates: Sequence[date],
    horizons_days: Sequence[int],
    most_accounts: int,
    explained: int | None = None,
) -> Any:
    """Return the suite for the rows of several days in one frame; their counts are `day_counts_suite`'s.

    As strict as `account_scores_suite` on each day. most_accounts: eligible accounts of the largest day.
    """
    return suite(
        "account_scores_of_days",
        "One row an eligible account and day, for several days of one back-fill.",
        [
            *_keys(as_of_dates),
            *_score(),
            *_values(horizons_days, explained),
            *_rank(most_accounts, ["as_of_date", "rank"]),
        ],
    )


def day_counts_suite() -> Any:
    """Return the suite for a frame of one row a day: rows, eligible, highest_rank, different_scores, different_needed,
    fewest, most, without_reasons and without_reasons_allowed (all numbers)."""
    return suite(
        "account_scores_day_counts",
        "How many accounts were scored on each day of a back-fill.",
        [
            _count_pair(
                "ColumnPairValuesToBeEqual", "every_eligible_account_scored", "rows", "eligible"
            ),
            _count_pair("ColumnPairValuesToBeEqual", "ranks_end_at_n", "highest_rank", "rows"),
            _at_least("number_of_accounts_not_below", "rows", "fewest"),
            _at_least("number_of_accounts_not_above", "most", "rows"),
            _at_least("scores_differ", "different_scores", "different_needed"),
            _at_least("reasons_where_modelled", "without_reasons_allowed", "without_reasons"),
        ],
    )


def _count_pair(kind: str, name: str, left: str, right: str, **more: Any) -> Any:
    return critical(
        kind,
        f"{name}_each_day",
        f"On each day {left.replace('_', ' ')} and {right.replace('_', ' ')} agree.",
        "The days are judged one by one; see what is said there.",
        column_A=left,
        column_B=right,
        **more,
    )


def _at_least(name: str, left: str, right: str) -> Any:
    return _count_pair("ColumnPairValuesAToBeGreaterThanB", name, left, right, or_equal=True)


def distinct_scores_needed(eligible: int) -> int:
    """How many different scores a day's model must give: 1 in 50 accounts, between 1 and 20."""
    return max(1, min(20, ceil(eligible / 50)))


def bounds(previous: int, change: float) -> tuple[int, int]:
    """Fewest and most accounts where the day before had `previous` and a share `change` (0-1) may differ."""
    return floor(previous * (1 - change)), ceil(previous * (1 + change))


def _values(horizons_days: Sequence[int], explained: int | None) -> list[Any]:
    return [
        *(_component(name) for name in COMPONENTS),
        *_probabilities(sorted(horizons_days)),
        *_classes(),
        *_people(),
        *_reasons(explained),
        *(_provenance(name) for name in PROVENANCE),
    ]


def _row_count(eligible: int) -> Any:
    return critical(
        "TableRowCountToEqual",
        "every_eligible_account_scored",
        f"There is one row for each of the {eligible:,} eligible accounts.",
        "Accounts were lost or doubled between spine and scores: run the dbt tests.",
        value=eligible,
    )


def _keys(days: Sequence[date]) -> list[Any]:
    named = days[0].isoformat() if len(days) == 1 else f"{len(days)} days"
    return [
        critical(
            "CompoundColumnsToBeUnique",
            "one_row_per_account_and_day",
            "An account stands once for each day.",
            "A join has fanned out: run the dbt tests of the marts.",
            column_list=["account_id", "as_of_date"],
        ),
        present(
            "account_present",
            "account_id",
            "Every row names its account.",
            "Run the dbt tests of the spine.",
        ),
        critical(
            "ColumnValuesToBeInSet",
            "of_the_right_day",
            f"All rows are scores of {named}.",
            "Rows of another day were mixed in: score the day again.",
            column="as_of_date",
            value_set=[datetime(day.year, day.month, day.day) for day in days],
        ),
        present("day_present", "as_of_date", "Every row names its day.", "Score the day again."),
    ]


def _volume(previous: int, change: float) -> Any:
    fewest, most = bounds(previous, change)
    return critical(
        "TableRowCountToBeBetween",
        "number_of_accounts_steady",
        f"The number of accounts is within {change:.0%} of the day before ({previous:,}).",
        "Look for a missing or doubled feed; if the change is meant, raise the limit for the run.",
        min_value=fewest,
        max_value=most,
    )


def _score() -> list[Any]:
    return [
        present(
            "score_present",
            "score",
            "Every account has a score.",
            "Score the day again; an account that cannot be scored belongs in excluded_accounts.",
        ),
        critical(
            "ColumnValuesToBeBetween",
            "score_0_to_100",
            "Scores lie between 0 and 100.",
            "The reference population of the scoring model is broken: retrain.",
            column="score",
            min_value=0,
            max_value=100,
        ),
    ]


def _scores_differ(distinct: int, by_scorecard: bool) -> Any:
    differ = warning if by_scorecard else critical
    return differ(
        "ColumnUniqueValueCountToBeBetween",
        "scores_differ",
        f"There are at least {distinct} different scores; a constant score is a broken model.",
        "Look whether features arrive empty; otherwise go back to the model before.",
        column="score",
        min_value=distinct,
    )


def _component(name: str) -> Any:
    return critical(
        "ColumnValuesToBeBetween",
        f"{name}_0_to_100",
        f"{name} lies between 0 and 100, or is empty where nothing can be said.",
        "The reference population of the component is broken: retrain.",
        column=name,
        min_value=0,
        max_value=100,
    )


def _probabilities(horizons: Sequence[int]) -> list[Any]:
    single = [item for h in horizons for item in _probability(h)]
    rising = [
        critical(
            "ColumnPairValuesAToBeGreaterThanB",
            f"win_probability_{longer}d_at_least_{shorter}d",
            f"Winning within {longer} days is at least as likely as within {shorter}.",
            "The horizons contradict each other: retrain; do not publish.",
            column_A=f"win_probability_{longer}d",
            column_B=f"win_probability_{shorter}d",
            or_equal=True,
        )
        for shorter, longer in pairwise(horizons)
    ]
    return [*single, *rising]


def _probability(horizon: int) -> list[Any]:
    name = f"win_probability_{horizon}d"
    return [
        critical(
            "ColumnValuesToBeBetween",
            f"{name}_0_to_1",
            f"{name} lies between 0 and 1.",
            "The calibration of the scoring model is broken: retrain.",
            column=name,
            min_value=0,
            max_value=1,
        ),
        critical(
            "ColumnValuesToNotBeNull",
            f"{name}_present_where_modelled",
            f"Every account that the model scored has {name}.",
            "Score the day again.",
            column=name,
            row_condition=column("score_basis") == "model",
        ),
        critical(
            "ColumnValuesToBeNull",
            f"{name}_empty_where_scorecard",
            f"A scorecard's points are no probability: {name} is empty in its rows.",
            "Score the day again; if it stays filled, report it.",
            column=name,
            row_condition=column("score_basis") == "scorecard",
        ),
    ]


def _rank(eligible: int, key: list[str]) -> list[Any]:
    fix = "The ranking of the mart is broken: run the dbt tests of account_scores_daily."
    return [
        present("rank_present", "rank", "Every account has a rank.", fix),
        critical(
            "ColumnValuesToBeUnique", "rank_once", "Each rank is given once.", fix, column="rank"
        )
        if key == ["rank"]
        else critical(
            "CompoundColumnsToBeUnique",
            "rank_once",
            "Each rank is given once a day.",
            fix,
            column_list=key,
        ),
        critical(
            "ColumnValuesToBeBetween",
            "rank_1_to_n",
            f"Ranks run from 1 to {eligible:,}.",
            fix,
            column="rank",
            min_value=1,
            max_value=max(eligible, 1),
        ),
    ]


def _classes() -> list[Any]:
    fix = "The thresholds of the scoring model are broken: retrain."
    return [
        present("band_present", "band", "Every account has a band.", fix),
        *(
            critical(
                "ColumnValuesToBeInSet",
                f"{name}_known",
                means,
                fix,
                column=name,
                value_set=list(values),
            )
            for name, (means, values) in CLASSES.items()
        ),
    ]


def _people() -> list[Any]:
    fix = "The roll-up of people is broken: run scoring verify."
    return [
        *(
            critical(
                "ColumnValuesToBeBetween",
                f"{name}_0_to_1",
                f"{name} lies between 0 and 1, or is empty where nothing can be said.",
                fix,
                column=name,
                min_value=0,
                max_value=1,
            )
            for name in SHARES_OF_PEOPLE
        ),
        critical(
            "ColumnPairValuesAToBeGreaterThanB",
            "people_engaged_among_known",
            "No more people are engaged than are known.",
            fix,
            column_A="people_known",
            column_B="people_engaged_90d",
            or_equal=True,
            ignore_row_if="either_value_is_missing",
        ),
    ]


def _reasons(explained: int | None) -> list[Any]:
    modelled = column("score_basis") == "model"
    # The others are not explained that day (scoring.yaml, explanation.max_accounts_per_day).
    asked = modelled if explained is None else modelled & (column("rank") <= explained)
    return [
        *some_and_many(
            "ColumnValuesToBeBetween",
            "reasons_where_modelled",
            "Every account that the model scored and explained has at least one reason.",
            "Look at the explanation step of the scoring run.",
            block_below=REASONED_SHARE,
            column="reasons__size",
            min_value=1,
            row_condition=asked,
        ),
        critical(
            "ColumnValuesToBeInSet",
            "basis_known",
            "A score comes from the model or from the scorecard.",
            "Score the day again.",
            column="score_basis",
            value_set=["model", "scorecard"],
        ),
        warning(
            "ColumnValuesToNotBeNull",
            "account_has_name",
            "Nearly every scored account has a name.",
            "Check that the CRM export holds names.",
            show_values=False,
            column="account_name",
            mostly=0.99,
        ),
    ]


def _provenance(name: str) -> Any:
    return present(
        f"{name}_present",
        name,
        f"Every score says its {name}, so that it can be derived again.",
        "Score the day again; if it stays empty, report it.",
    )
