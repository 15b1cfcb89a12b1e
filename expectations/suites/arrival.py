"""How much of one arrival could be read, whatever the vendor.

Belongs here: row counts of an arrival: delivered, landed, quarantined.
Does not belong here: the rows themselves (one file a vendor, e.g. crm.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expectations.vocabulary import column, critical, suite, warning

if TYPE_CHECKING:
    import polars as pl

# Of the median of earlier files. Weekends and holidays stay above it.
LEAST_OF_USUAL = 0.25


def arrival_facts(files: pl.DataFrame) -> Any:
    """Return the pandas frame that `arrival_suite` checks: one row a file of the arrival.

    files: source_file, its rows `landed` and `refused`, and the `usual` number of rows (null where
    it is not known). A file that could not be read at all counts as one refused row.
    """
    import pandas as pd

    rows = []
    for name, good, bad, usual in files.select(
        "source_file", "landed", "refused", "usual"
    ).iter_rows():
        came = good + bad
        share = came / usual if usual else float("nan")
        rows.append((name, came, good, bad, bad / came if came else 0.0, share))
    names = ["source_file", "rows_delivered", "rows_landed", "rows_quarantined"]
    return pd.DataFrame(rows, columns=[*names, "quarantined_share", "usual_share"])


def arrival_suite(quarantine_limit: float = 0.20, small_arrival_rows: int = 50) -> Any:
    """Return the suite for an arrival's row counts (frame: `arrival_facts`).

    quarantine_limit: largest share (0-1) of rows that may be bad. Below small_arrival_rows
    delivered rows a share says little, so there a bad row only warns.
    """
    return suite(
        "arrival",
        "How much of one day's export could be read.",
        [
            critical(
                "ColumnValuesToBeBetween",
                "quarantined_share_below_limit",
                f"At most {quarantine_limit:.0%} of the rows of each file were quarantined.",
                "The home's folder quarantine/ keeps the rows and reasons (`scoring status` counts them); mend the export.",
                column="quarantined_share",
                max_value=quarantine_limit,
                row_condition=column("rows_delivered") >= small_arrival_rows,
            ),
            warning(
                "ColumnValuesToBeBetween",
                "nothing_quarantined",
                "No row of the arrival was quarantined.",
                "Look into the home's folder quarantine/: file, line, column and reason stand there.",
                column="rows_quarantined",
                max_value=0,
            ),
            warning(
                "ColumnValuesToBeBetween",
                "as_many_rows_as_usual",
                f"Each file of a whole day or week holds at least {LEAST_OF_USUAL:.0%} of the rows that such files usually hold.",
                "It may have been cut off, and stands for its whole day or week: have the vendor send it again.",
                column="usual_share",
                min_value=LEAST_OF_USUAL,
            ),
        ],
    )
