"""What is shown of learnt weights: statements on segments, the profile of winners, suggested points.

Here: which of them, in which order and words. Not here: finding them (command/learnt.py), layout (tables.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dagster_project.command.terminal.console import print_lines
from dagster_project.command.terminal.messages import print_commands
from dagster_project.command.terminal.tables import Column, print_bullets, print_table
from dagster_project.command.terminal.text import NOTHING, literal
from dagster_project.command.terminal.wording import counted, decimal
from models.wording import format_rate, format_value

# Statements a group.
SHOWN = 8
GROUPS = {
    "What companies are": ("fit",),
    "What they do, and what is done about them": ("engagement", "intent", "relationship"),
}


def print_learnt(answer: Mapping[str, Any]) -> None:
    """Print the surest statements (one a topic), what winners are like, and where the points are."""
    print_lines(
        f"What history says as of {literal(answer['trained_as_of'])} (training {literal(answer['scoring_model_version'])}): "
        f"accounts that convert within {answer['horizon_days']} days",
        "",
    )
    for title, families in GROUPS.items():
        of = [row for row in answer["statements"] if row["family"] in families]
        print_bullets(
            f"{title}: {_how_many(of)}", [row["statement"] for row in _one_a_topic(of)[:SHOWN]]
        )
    _print_profile(answer["profile"])
    print_lines(
        "In brackets 95 % intervals, which know that rows of one account hang together; only what is sure among all segments "
        "compared is said. It holds side by side, not as cause, and says nothing of other years.",
        "",
    )
    commands = [f"scoring segments --feature {row['feature']}" for row in answer["statements"][:1]]
    commands += ["scoring segments --points"] if answer["points"] else []
    if commands:
        print_lines("All segments of a feature, and points for scoring.yaml:")
        print_commands(*commands)


def print_segments(answer: Mapping[str, Any]) -> None:
    """Print all segments of one feature."""
    columns = [
        Column("Segment", least=24),
        Column("Accounts", right=True),
        Column("Convert (95 %)", right=True),
        Column("Others", right=True),
        Column("Lift (95 %)", right=True),
        Column("WoE", right=True),
        Column("Sure"),
    ]
    rows = answer["segments"]
    print_table(
        f"{answer['feature']}: accounts that convert within {answer['horizon_days']} days, as of "
        f"{literal(answer['trained_as_of'])}",
        columns,
        [
            (
                row["segment"],
                f"{row['accounts']:,}",
                _rate(row, "conversion"),
                _rate(row, "others").partition(" (")[0],
                _interval(row, "lift"),
                decimal(row["weight_of_evidence"], 2),
                "yes" if row["is_sure"] else "",
            )
            for row in rows
        ],
    )
    print_lines(
        f"Information value {decimal(rows[0]['information_value'], 2)}. WoE: weight of evidence, ln of the share of conversions "
        "over the share of all else; above 0 speaks for a conversion. Sure: differs from the others although many were compared."
    )


def points_comment(answer: Mapping[str, Any]) -> str:
    """What stands above the suggested lines: where they are from, and how they fared on later data."""
    lines = [
        f"Learnt from {counted(answer['train_rows'], 'row')}, as of {answer['trained_as_of']} (training "
        f"{answer['scoring_model_version']}): 10 points double the odds of a conversion within {answer['horizon_days']} days.",
    ]
    measured = {"model": answer, **answer["baselines"]}
    said = [
        f"{words} {decimal(measured[name]['auc'], 3)}"
        for name, words in (
            ("suggested_scorecard", "such lines"),
            ("scorecard", "scoring.yaml's"),
            ("model", "the model"),
        )
        if name in measured and measured[name]["auc"] is not None
    ]
    if said and "suggested_scorecard" in measured:
        lines.append(
            f"AUC on {answer['test_rows']:,} later rows, learnt from the earlier ones alone: {', '.join(said)}."
        )
    return "".join(f"# {line}\n" for line in lines)


def _one_a_topic(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of like statements only the surest."""
    seen: set[str] = set()
    return [row for row in rows if not (row["topic"] in seen or seen.add(row["topic"]))]


def _how_many(rows: Sequence[Mapping[str, Any]]) -> str:
    shown = min(SHOWN, len(_one_a_topic(rows)))
    if not rows:
        return "nothing is sure yet"
    return f"the surest {shown} of {counted(len(rows), 'statement')}, one a topic"


def _print_profile(rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return print_lines("No account has been won yet, so nothing is said of winners.")
    first = rows[0]
    columns = [
        Column("Where they are ahead", least=30),
        Column("Winners (95 %)", right=True),
        Column("All", right=True),
        Column("Times as common", right=True),
        Column("Sure"),
    ]
    shown = [row for row in rows if row["segment"]][:SHOWN]
    print_table(
        f"What {counted(first['winners'], 'winner')} were like before they were won, weighted by {first['weighted_by']}, beside "
        "all accounts on the same days",
        columns,
        [
            (
                row["segment"],
                format_rate(*(row[f"winners_share{end}"] for end in ("", "_low", "_high"))),
                format_value(row["all_share"], "share"),
                _interval(row, "over_representation"),
                "yes" if row["is_sure"] else "",
            )
            for row in shown
        ],
    )
    typical = [row["segment"] for row in rows if row["is_sure"]]
    if typical:
        print_lines(f"The typical winner: {', '.join(typical)}.", "")


def _rate(row: Mapping[str, Any], of: str) -> str:
    rate = row[f"{of}_rate"]
    return NOTHING if rate is None else format_rate(rate, row[f"{of}_low"], row[f"{of}_high"])


def _interval(row: Mapping[str, Any], name: str) -> str:
    if row[name] is None:
        return NOTHING
    low, high = decimal(row[f"{name}_low"], 2), decimal(row[f"{name}_high"], 2)
    return f"{row[name]:.2f} ({low}-{high})"
