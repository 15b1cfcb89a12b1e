"""What is shown of drift: whether accounts and outcomes keep to the scoring model in force, and what to do if they do not.

Here: its words on `scoring status`. Not here: what drift is (models/drift.py, calibration_drift.py), reading it (home_status.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster_project.command.terminal.console import print_lines
from dagster_project.command.terminal.messages import print_commands
from dagster_project.command.terminal.tables import print_pairs
from dagster_project.command.terminal.text import literal
from dagster_project.command.terminal.wording import counted, decimal

# Features that have moved, most of the whole first.
MOVED = 5
UNKNOWN = "not known yet: no window of a day that it scored has closed"


def print_drift(drift: Mapping[str, Any] | None) -> None:
    """Print accounts and outcomes against the scoring model in force; nothing where nothing can be said."""
    if drift is None:
        return
    pairs: dict[str, Any] = {row["name"]: _moved(row) for row in drift["population"]}
    if asked_for := [row for row in drift["features"] if row["weight"]]:
        pairs["of them"] = [
            f"{row['name']}: {row['level']}, {row['words']}" for row in asked_for[:MOVED]
        ]
    if not drift["outcomes"]:
        pairs["outcomes"] = UNKNOWN
    for look in drift["outcomes"]:
        pairs[f"outcomes of {look['which']}"] = _outcomes(look)
    title = f"Drift of model {drift['scoring_model_version']}, as of {literal(drift['as_of_date'])}"
    print_pairs(title, pairs)
    if drift["why"]:
        print_lines(f"{drift['why'][:1].upper()}{drift['why'][1:]}.")
    if drift["asks_for_training"]:
        print_lines(
            "With `scoring ui` running, the sensor retrain_on_drift trains by itself; by hand:"
        )
        print_commands(f"scoring retrain --as-of {literal(drift['as_of_date'])}")
    print_lines("")


def _moved(row: Mapping[str, Any]) -> str:
    words = f"; {row['words']}" if row["words"] else ""
    limit = max(row["psi_limit_by_chance"], row["psi_own_course"] or 0.0)
    return f"{row['level']} (PSI {decimal(row['psi'], 2)}, up to {decimal(limit, 2)} by chance and of itself{words})"


def _outcomes(look: Mapping[str, Any]) -> str:
    if look["ratio"] is None:
        return UNKNOWN
    return (
        f"{look['level']} ({look['observed_rate']:.1%} converted within {look['horizon_days']} days, "
        f"{look['predicted_rate']:.1%} predicted; ratio {decimal(look['ratio'], 2)}, {100 * look['share_held']:g} % "
        f"{decimal(look['ratio_low'], 2)} to {decimal(look['ratio_high'], 2)}, by {counted(look['days'], 'scored day')} up to "
        f"{literal(look['scored_on'])})"
    )
