"""What the training set must look like before a scoring model learns from it.

Belongs here: labels (present, matured, of both kinds), keys, feature columns.
Does not belong here: whether there is signal in it or a leak (models/evaluation and leak checks).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from expectations.vocabulary import critical, present, suite, warning

KEYS = (
    *("account_id", "as_of_date", "horizon_days", "is_converted", "days_to_conversion"),
    "matured_on",
)


def training_set_suite(
    *,
    feature_columns: Sequence[str],
    labels_as_of: date,
    horizons_days: Sequence[int],
    never_filled: Sequence[str] = (),
    min_rows: int = 100,
    min_conversions: int = 40,
    label_rate: tuple[float, float] = (0.0005, 0.9),
) -> Any:
    """Return the suite for one training set.

    never_filled: those of feature_columns that are empty by the nature of what is asked.
    labels_as_of: the day whose knowledge the labels are built from; no label may mature later.
    min_rows blocks; fewer than min_conversions (conversions in all rows) only warns, because then
    the scorecard scores. label_rate: lowest and highest believable share of conversions.
    """
    keyed = _keys(horizons_days) + _labels(labels_as_of, label_rate, min_conversions)
    return suite(
        "training_set",
        "One row an account and as-of date, with features and what happened afterwards.",
        [_enough_rows(min_rows), *keyed, *_features(feature_columns, never_filled)],
    )


def _enough_rows(min_rows: int) -> Any:
    return critical(
        "TableRowCountToBeBetween",
        "enough_rows",
        f"There are at least {min_rows:,} rows to learn from.",
        "Land more history, or leave the scorecard in place until there is more.",
        min_value=min_rows,
    )


def _keys(horizons_days: Sequence[int]) -> list[Any]:
    return [
        critical(
            "CompoundColumnsToBeUnique",
            "one_row_per_account_and_day",
            "An account stands once for each as-of date.",
            "A join has fanned out: run the dbt tests of the feature models.",
            column_list=["account_id", "as_of_date"],
        ),
        present(
            "account_present",
            "account_id",
            "Every row names its account.",
            "Run the dbt tests of the spine.",
        ),
        present(
            "as_of_date_present",
            "as_of_date",
            "Every row names its as-of date.",
            "Run the dbt tests of the spine.",
        ),
        critical(
            "ColumnValuesToBeInSet",
            "known_horizons",
            f"All labels look {' or '.join(map(str, horizons_days))} days ahead.",
            "Labels of other horizons were mixed in: train again, they are built anew.",
            column="horizon_days",
            value_set=list(horizons_days),
        ),
    ]


def _labels(labels_as_of: date, rate: tuple[float, float], min_conversions: int) -> list[Any]:
    return [
        present(
            "label_present",
            "is_converted",
            "Every row has a label.",
            "An open window is censored, never a loss: such rows belong in no training set.",
        ),
        critical(
            "ColumnDistinctValuesToEqualSet",
            "both_outcomes_present",
            "Some accounts converted and some did not.",
            "Check won stages, horizon and the training dates in scoring.yaml.",
            column="is_converted",
            value_set=[True, False],
        ),
        critical(
            "ColumnMeanToBeBetween",
            "label_rate_believable",
            f"Between {rate[0]:.2%} and {rate[1]:.0%} of the rows converted.",
            "A rate outside means the wrong event is counted: check won stages and horizon.",
            column="is_converted",
            min_value=rate[0],
            max_value=rate[1],
        ),
        warning(
            "ColumnSumToBeBetween",
            "enough_conversions",
            f"At least {min_conversions} rows converted.",
            "With fewer the scorecard scores; more history or a longer horizon helps.",
            column="is_converted",
            min_value=min_conversions,
        ),
        present(
            "maturity_present",
            "matured_on",
            "Every label says when it was final.",
            "Run the dbt tests of label_conversion.",
        ),
        critical(
            "ColumnValuesToBeBetween",
            "labels_matured",
            f"Every label was final by {labels_as_of.isoformat()}.",
            "Later labels would show the model the future: check the training dates.",
            column="matured_on",
            max_value=datetime.combine(labels_as_of, time.max),
        ),
        critical(
            "ColumnPairValuesAToBeGreaterThanB",
            "matured_after_as_of_date",
            "A label is final only after its as-of date.",
            "Run the dbt tests of label_conversion.",
            column_A="matured_on",
            column_B="as_of_date",
        ),
    ]


def _features(names: Sequence[str], never_filled: Sequence[str]) -> list[Any]:
    columns_there = critical(
        "TableColumnsToMatchSet",
        "feature_columns_present",
        "Every feature of the contract is a column.",
        "Feature contract and dbt models differ: add the column or strike the feature.",
        column_set=[*KEYS, *names],
        exact_match=False,
    )
    return [columns_there, *(_has_values(name) for name in names if name not in never_filled)]


def _has_values(name: str) -> Any:
    return warning(
        "ColumnUniqueValueCountToBeBetween",
        f"feature_{name}_has_values",
        f"{name} is filled for at least one row.",
        "Its feed is absent or its model is broken; the feature teaches nothing meanwhile.",
        show_values=False,
        column=name,
        min_value=1,
    )
