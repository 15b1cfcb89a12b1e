"""What is shown of scores: whom to call first, and why an account has its score.

Here: which columns, in which order and words. Not here: finding them (answers.py), layout (tables.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dagster_project.command.terminal.console import print_lines
from dagster_project.command.terminal.messages import print_commands
from dagster_project.command.terminal.people import people_together, print_people
from dagster_project.command.terminal.tables import Column, print_pairs, print_table
from dagster_project.command.terminal.text import NOTHING, literal
from dagster_project.command.terminal.wording import (
    company,
    counted,
    decimal,
    is_scorecard,
    percent,
    scored_by,
    signed,
    with_unit,
)

NAME_WIDTH = 26
REASONS_SHOWN = 4
POINTS_ONLY = (
    "These scores are points of the scorecard in scoring.yaml, not probabilities: a scoring model takes over once one is "
    "trained and promoted (`scoring retrain`)."
)
LOG_ODDS = (
    "Log-odds: what a factor adds to the logarithm of the odds. +0.693 doubles the odds of a win, -0.693 halves them; "
    "all factors together are the model's own odds, before calibration."
)
COMPONENT = "_score"
CONTRIBUTION = "contribution_"
CHANCE = "win_probability_"
# Contributions to a score that are shown as a number and not only counted.
LEAST_SHOWN = 0.001


def print_top(rows: Sequence[Mapping[str, Any]], horizon_days: int) -> None:
    """Print accounts (rows of account_scores) in their order: whom to call, how likely, why."""
    if not rows:
        return print_lines("No account is scored.")
    first = rows[0]
    columns = [
        Column("#", right=True),
        Column("Score", right=True, style="bold"),
        Column("Company", width=NAME_WIDTH),
        Column(f"Wins in {horizon_days}d", right=True),
        Column("Band", width=6),
        Column("Why"),
    ]
    chance = f"win_probability_{horizon_days}d"
    print_table(
        f"Whom to call first, as of {literal(first.get('as_of_date'))}",
        columns,
        [
            (
                row.get("rank"),
                decimal(row.get("score"), 1),
                company(row),
                percent(row.get(chance)),
                row.get("band"),
                (row.get("reasons") or [])[:REASONS_SHOWN],
            )
            for row in rows
        ],
    )
    print_lines(f"Scored by {scored_by(first)}. More about one of them:")
    print_commands("scoring explain ACCOUNT")
    if is_scorecard(first):
        print_lines(POINTS_ONLY)


def print_explanation(answer: Mapping[str, Any], horizon_days: int) -> None:
    """Print one account's score, its factors, and what moved since the stored day before."""
    score = answer["score"]
    print_pairs(
        f"{company(score)}, as of {literal(score.get('as_of_date'))}",
        {
            "account": score.get("account_id"),
            "score": f"{decimal(score.get('score'), 1)} of 100, rank {literal(score.get('rank'))}",
            **_chances(score, horizon_days),
            "band": score.get("band"),
            **_worth(score),
            "flags": score.get("flags") or [],
            **_components(score),
            **_by_family(score),
            **people_together(score),
            "scored by": scored_by(score),
        },
    )
    unit = "Points" if is_scorecard(score) else "Log-odds"
    if is_scorecard(score):
        print_lines(POINTS_ONLY)
    if answer.get("factors"):
        _print_factors(answer["factors"], unit)
        if answer.get("is_derived"):
            print_lines(
                "Worked out now from the day's features; stored are those of the best accounts."
            )
    else:
        print_lines(*(score.get("reasons") or []))
        print_lines(
            "Each factor on its own is stored of the best accounts only (scoring.yaml, explanation), and the day's features are "
            "not at hand to work out the others."
        )
    print_people(answer.get("people") or [], score.get("people_known") or 0, horizon_days)
    _print_since(answer.get("since"), unit)


def _chances(score: Mapping[str, Any], primary_days: int) -> dict[str, str]:
    """Wins within each horizon, the primary one first; when, if within the longest."""
    chances = {
        int(column.removeprefix(CHANCE).removesuffix("d")): value
        for column, value in score.items()
        if column.startswith(CHANCE)
    }
    said = {f"wins in {primary_days} days": percent(chances.pop(primary_days, None))}
    others = [
        f"in {days} days {percent(p)}" for days, p in sorted(chances.items()) if p is not None
    ]
    if others:
        said["and"] = ", ".join(others)
    if (expected := score.get("expected_days_to_close")) is not None:
        said["if it wins"] = f"in about {decimal(expected, 0)} days"
    return said


def _worth(score: Mapping[str, Any]) -> dict[str, str]:
    """Segment, and what a win would bring; nothing of what cannot be said."""
    said = {}
    if score.get("segment"):
        said["segment"] = f"{score['segment']} (fit {score['grade']}, readiness {score['tier']})"
    if (value := score.get("expected_value_usd")) is not None:
        deal = decimal(score["expected_deal_usd"], 0)
        said["worth"] = f"{decimal(value, 0)} USD expected, {deal} if it wins"
    return said


def _components(score: Mapping[str, Any]) -> dict[str, str]:
    """What each kind of evidence says alone; nothing of kinds that cannot be said."""
    said = {
        column.removesuffix(COMPONENT): decimal(value, 0)
        for column, value in score.items()
        if column.endswith(COMPONENT) and value is not None
    }
    return (
        {"components": ", ".join(f"{name} {value}" for name, value in said.items())} if said else {}
    )


def _by_family(score: Mapping[str, Any]) -> dict[str, str]:
    """What each kind of evidence adds to the score's log-odds (of a scorecard: its points), the largest first."""
    parts = {
        column.removeprefix(CONTRIBUTION): value
        for column, value in score.items()
        if column.startswith(CONTRIBUTION) and value is not None
    }
    base = parts.pop("base", None)
    if base is None:
        return {}
    unit = "Points" if is_scorecard(score) else "Log-odds"
    falling = sorted(parts.items(), key=lambda item: -abs(item[1]))
    said = [f"{family} {amount(value, unit)}" for family, value in falling]
    if unit == "Points":
        return {"points": ", ".join(said)}
    whole = amount(base + sum(parts.values()), unit)
    return {"log-odds": f"{whole} = start {amount(base, unit)}, {', '.join(said)}"}


def _print_factors(factors: Sequence[Mapping[str, Any]], unit: str) -> None:
    columns = [
        Column("", width=1),
        Column("Reason"),
        Column("Family", width=14),
        Column("Value", width=20),
        Column(unit, right=True),
    ]
    folded = _folded(factors)
    rows = [
        (
            "+" if row["contribution"] >= 0 else "-",
            row["reason"],
            row["family"],
            row["value"],
            amount(row["contribution"], unit),
        )
        for row in folded
        if abs(row["contribution"]) >= LEAST_SHOWN
    ]
    print_table("What speaks for it (+) and against it (-)", columns, rows)
    _print_left_out(len(folded) - len(rows), "factor")
    if unit != "Points":
        print_lines(LOG_ODDS)


def _folded(factors: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Factors with the same words as one, with the sum of what they contribute; the start first, then by weight."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in factors:
        groups.setdefault(literal(row.get("reason") or row.get("feature")), []).append(row)
    folded = []
    for reason, rows in groups.items():
        values = {with_unit(row.get("feature"), row.get("feature_value")) for row in rows}
        folded.append(
            {
                "reason": reason if len(rows) == 1 else f"{reason} ({len(rows)} factors)",
                "family": ", ".join(dict.fromkeys(literal(row.get("family")) for row in rows)),
                "value": values.pop() if len(values) == 1 else NOTHING,
                "contribution": sum(row["contribution"] for row in rows),
                "is_start": any(row.get("factor_rank") == 0 for row in rows),
            }
        )
    return sorted(folded, key=lambda row: (not row["is_start"], -abs(row["contribution"])))


def _print_since(since: Mapping[str, Any] | None, unit: str) -> None:
    if since is None:
        return print_lines(
            "No earlier day of this account is stored, so nothing can be said about a change."
        )
    if not since.get("is_same_basis", True):
        return print_lines(
            f"Since {literal(since['as_of_date'])} a scoring model and a scorecard have taken turns; "
            "their scores stand on two scales, so nothing can be said about a change."
        )
    which = "the same" if since["is_same_model"] else "another"
    model = f"{which} {'scorecard' if unit == 'Points' else 'scoring model'}"
    print_lines(
        f"Since {literal(since['as_of_date'])}: score {signed(since['change'], 1)}, by {model}."
    )
    if not since.get("is_explained", True):
        return print_lines("Of one of the two days, what moved is not stored.")
    moved = [row for row in since["factors"] if abs(row["change"]) >= LEAST_SHOWN]
    if moved:
        columns = [
            Column("What moved, as it is now"),
            Column("Before", width=16),
            Column("Now", width=16),
            Column(unit, right=True),
        ]
        rows = [
            (
                literal(r.get("reason") or r["feature"]),
                with_unit(r["feature"], r["before"]),
                with_unit(r["feature"], r["now"]),
                amount(r["change"], unit),
            )
            for r in moved
        ]
        print_table("", columns, rows)
    _print_left_out(len(since["factors"]) - len(moved), "change")


def _print_left_out(number: int, thing: str) -> None:
    if number:
        print_lines(f"and {counted(number, thing)} of less than {LEAST_SHOWN}")


def amount(contribution: float, unit: str) -> str:
    """What a factor adds or takes: log-odds are small, points are people's own round numbers."""
    return f"{contribution:+.1f}" if unit == "Points" else f"{contribution:+.3f}"
