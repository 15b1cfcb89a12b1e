"""What is shown of `scoring backfill --with-training`: a line a quarter.

Here: its columns and words. Not here: the trainings and evaluations themselves (command/walk_forward.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dagster_project.command.terminal.console import print_lines
from dagster_project.command.terminal.tables import Column, print_table
from dagster_project.command.terminal.text import NOTHING
from dagster_project.command.terminal.wording import decimal
from models.promotion import KEEP, PROMOTE

if TYPE_CHECKING:
    from dagster_project.command.walk_forward import Quarter


def print_track_record(quarters: Sequence[Quarter], horizon_days: int) -> None:
    """Print each quarter: what its training came to, and how its first day's scores fared."""
    columns = [
        Column("Scored from"),
        Column("Trained as of"),
        Column("Scored by"),
        *(Column(word, right=True) for word in ("Accounts", "Converted")),
        Column("AUC (95 %)"),
        *(Column(word, right=True) for word in ("Lift", "ECE")),
    ]
    print_table(
        f"Track record: each quarter's first day, and the {horizon_days} days after it",
        columns,
        [_line(quarter) for quarter in quarters],
    )
    reasons = {
        f"{quarter.first_day}: {why}"
        for quarter in quarters
        for why in (_refusal(quarter), quarter.unevaluated_because)
        if why
    }
    print_lines(*sorted(reasons))
    print_lines(
        "Each training learnt from outcomes that had matured by its day. Lift: rate of the best tenth over the base rate. "
        "ECE: calibration error, 10 bins of equal count."
    )


def _line(quarter: Quarter) -> tuple:
    row = quarter.evaluation
    measures = (NOTHING,) * 6
    if row:
        low, high = decimal(row["auc_low"], 3), decimal(row["auc_high"], 3)
        version = row["scoring_model_version"]
        measures = (
            f"model {version}" if version.isdigit() else "scorecard",
            f"{row['n']:,}",
            f"{row['positives']:,}",
            f"{decimal(row['auc'], 3)} {low}-{high}",
            decimal(row["lift_top_decile"], 2),
            decimal(row["ece"], 3),
        )
    return (quarter.first_day, quarter.trained_as_of, *measures)


def _refusal(quarter: Quarter) -> str:
    """Why a quarter has no model of its own."""
    if quarter.training is None:
        return f"no training, since {quarter.untrained_because}"
    if quarter.training["verdict"] == KEEP:
        return f"the model before stays: {quarter.training['why']}"
    is_promoted = quarter.training["verdict"] == PROMOTE
    return "" if is_promoted else f"training refused: {quarter.training['why']}"
