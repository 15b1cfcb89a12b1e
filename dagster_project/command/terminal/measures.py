"""What is shown of how good a scoring model is: a training's verdict, and a day held against its outcomes.

Here: which measures, in which order and words. Not here: computing them (models/), finding them (answers.py), layout
(tables.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dagster_project.command.terminal.console import print_lines
from dagster_project.command.terminal.tables import Column, print_table
from dagster_project.command.terminal.text import literal
from dagster_project.command.terminal.wording import counted, decimal
from models.promotion import KEEP, PROMOTE


def print_training(row: Mapping[str, Any]) -> None:
    """Print a training (a row of trained_models): verdict, what it rests on, and how it fares beside the baselines."""
    version, since = literal(row["scoring_model_version"]), row["champion_from"]
    words = {PROMOTE: "promoted", KEEP: "not promoted"}
    verdict = words.get(row["verdict"], f"refused ({row['verdict']})")
    print_lines(f"Scoring model {version}: {verdict}. {row['why']}.")
    if since and (until := row.get("withdrawn_from")):
        print_lines(
            f"It was withdrawn from {literal(until)} on, and stays so: it scores no later day."
        )
    elif since:
        print_lines(f"It scores from {literal(since)} on.")
    elif row["verdict"] != PROMOTE:
        print_lines("It scores no day; the scoring model before it, if there is one, stays in use.")
    print_lines(
        f"It rests on {counted(row['train_rows'], 'row')} ({row['train_positives']:,} converted), accounts as they were known "
        f"on days from {literal(row['first_as_of_date'])} to {literal(row['last_as_of_date'])}."
    )
    if row.get("search"):
        print_lines(_search(row["search"]))
    if row.get("auc") is None:
        return
    columns = [Column(""), Column("AUC (95 %)"), Column("Lift", right=True)]
    lines = {"model": row, **(row.get("baselines") or {})}
    title = f"On {row['test_rows']:,} later rows that it did not learn from ({row['test_positives']:,} converted)"
    cells = [
        (n.replace("_", " "), _auc(v), decimal(v["lift_top_decile"], 2)) for n, v in lines.items()
    ]
    print_table(title, columns, cells)
    ahead = [name for name, one in lines.items() if name != "model" and one["auc"] > row["auc"]]
    if ahead:
        names = " and ".join(name.replace("_", " ") for name in ahead)
        print_lines(
            f"By AUC {names} {'is' if len(ahead) == 1 else 'are'} ahead here. A model is promoted if it beats the one in "
            "force and the scorecard is not shown to rank better; `scoring evaluate` says of a scored day how sure a lead is.",
            "",
        )


def _search(found: Mapping[str, Any]) -> str:
    """What a search (models/search.py) tried and found."""
    if why := found.get("why"):
        return f"No settings were searched: {why}. It was trained with those of scoring.yaml."
    tried = (
        f"Search: {counted(found['trials'], 'setting')} tried on {len(found['folds'])} folds of older days "
        f"({found['given_up']} given up early)"
    )
    before, after = found["log_loss_in_force"], found["log_loss_found"]
    if after >= before:
        return (
            f"{tried}, log loss {before:.5f} with those of scoring.yaml: none is better, they stay."
        )
    best = ", ".join(f"{name} {value:.3g}" for name, value in found["found"].items())
    return f"{tried}, log loss {before:.5f} with those of scoring.yaml, {after:.5f} with the best: {best}."


def print_evaluation(
    title: str,
    rows: Sequence[Mapping[str, Any]],
    words: tuple[str, str] = ("Accounts", "Converted"),
) -> None:
    """Print a day held against its outcomes (rows of score_evaluation): model, baselines, parts of the accounts, other horizons.

    The first row's horizon is the title's.
    """
    columns = [
        Column("", least=19),
        *(Column(word, right=True) for word in words),
        Column("AUC (95 %)", right=True),
        *(Column(word, right=True) for word in ("Lift", "Brier", "ECE", "Model ahead")),
    ]
    shown = [row for row in rows if row["slice"] == "all" or row["predictor"] == "model"]
    print_table(title, columns, [_evaluated(row, rows[0]["horizon_days"]) for row in shown])
    print_lines(
        "Lift: rate of the best tenth over the base rate. ECE: calibration error, 10 bins of equal count. "
        "Model ahead: its AUC less the baseline's, 95 % interval. Intervals are bootstrapped by account; "
        "they say nothing of other years."
    )


def _evaluated(row: Mapping[str, Any], horizon_days: int) -> tuple[str, ...]:
    part = "" if row["slice"] == "all" else f", {row['slice']}"
    if row["horizon_days"] != horizon_days:
        part += f", {row['horizon_days']} days"
    low, high = row["model_lead_auc_low"], row["model_lead_auc_high"]
    return (
        row["predictor"].replace("_", " ") + part,
        f"{row['n']:,}",
        f"{row['positives']:,}",
        _auc(row),
        decimal(row["lift_top_decile"], 2),
        decimal(row["brier"], 3),
        decimal(row["ece"], 3),
        "" if low is None else f"{low:+.3f} to {high:+.3f}",
    )


def _auc(values: Mapping[str, Any]) -> str:
    numbers = [decimal(values[name], 3) for name in ("auc", "auc_low", "auc_high")]
    return "{} {}-{}".format(*numbers)
