"""What is shown of a person's own table: what was measured, which columns look like leaks, and the verdict.

Here: which measures, in which order and words. Not here: computing them (models/flat_table.py), layout (tables.py).
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from dagster_project.command.terminal.console import print_lines
from dagster_project.command.terminal.tables import Column, print_table
from dagster_project.command.terminal.text import literal
from dagster_project.command.terminal.wording import counted, decimal, percent

VERDICTS = {
    "promote": "it has signal",
    "no_signal": "no signal",
    "leakage": "leakage",
    "too_little_data": "too little data",
    "drift": "drift",
}


def print_table_report(name: str, report: Mapping[str, Any]) -> None:
    """Print the report of models.flat_table.judge_table on the file of this name."""
    rows, rate = report["n"], report["positives"] / report["n"]
    print_lines(
        f"{literal(name)}: {counted(rows, 'row')}, {report['positives']:,} converted ({percent(rate)}).",
        _split(report["split"]),
        "",
    )
    if report["auc"] is not None:
        columns = [Column("Measure"), Column("", right=True), Column("")]
        print_table("On rows that it did not learn from", columns, _measures(report))
        strongest = (
            (literal(name), percent(share)) for name, share in report["strongest_features"].items()
        )
        print_table(
            "What it rests on",
            [Column("Column"), Column("Of the gain", right=True)],
            list(strongest),
        )
    if report["leak_suspects"]:
        cells = [(literal(s["column"]), literal(s["why"])) for s in report["leak_suspects"]]
        print_table("Columns that look like leaks", [Column("Column"), Column("Why")], cells)
    print_lines(*(f"Note: {literal(warning)}." for warning in report["warnings"]))
    print_lines("", f"Verdict: {VERDICTS[report['verdict']]}: {literal(report['why'])}.")
    if report["leak_suspects"]:
        names = [suspect["column"] for suspect in report["leak_suspects"]]
        quoted = shlex.quote(",".join(f'"{name}"' if "," in name else name for name in names))
        print_lines(
            f"Could they be known on the day of the row? If not: --drop {literal(quoted)}. If so: --allow {literal(quoted)}."
        )


def _measures(report: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    low, high = decimal(report["auc_low"], 3), decimal(report["auc_high"], 3)
    return [
        ("AUC", decimal(report["auc"], 3), f"95 % interval {low} to {high}; 0.5 is a coin"),
        ("Lift of the top tenth", decimal(report["lift_top_decile"], 2), "its rate over the rate of all"),
        ("Average precision", decimal(report["pr_auc"], 3), "a coin has the rate of all"),
        ("Brier score", decimal(report["brier"], 4), f"{decimal(report['brier_base'], 4)} for telling everyone the rate of all"),
        ("Log loss", decimal(report["log_loss"], 4), ""),
        ("Calibration error", decimal(report["ece"], 4), "10 bins of equal count"),
    ]  # fmt: skip


def _split(split: Mapping[str, Any]) -> str:
    if split["kind"] == "folds":
        if not split["folds"]:
            return "Too few for folds."
        what = (
            "group"
            if split.get("tested_rows_with_an_equal_one_learnt")
            else "group or copy of a row"
        )
        kept = f", no {what} on both sides" if split["grouped"] else ""
        left = split.get("rows_left_out_of_a_fold")
        apart = f" (for which {counted(left, 'row')} of these are left out)" if left else ""
        return f"Tested in {split['folds']} folds, each by a model of the others{kept}{apart}."
    train, test = split["train"], split["test"]
    left = split.get("rows_left_out")
    apart = f", {counted(left, 'row')} left out to keep groups on one side" if left else ""
    span = f" from {literal(test['from'])} to {literal(test['to'])}" if test["rows"] else ""
    return (
        f"Learnt from the {counted(train['rows'], 'row')} before, tested on the last {test['rows']:,} by {literal(split['by'])}"
        f"{span}{apart}."
    )
