"""What the `scoring` command shows people: one function a kind of answer.

Belongs here: which columns of an answer are shown, in which order and words.
Does not belong here: finding the answer (answers.py, operations.py), layout (printing.py).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from dagster_project.command.json_text import to_json
from dagster_project.command.printing import (
    CELL_WIDTH,
    NOTHING,
    Column,
    literal,
    print_error,
    print_lines,
    print_pairs,
    print_rows,
    print_table,
)
from dagster_project.command.progress import progress

__all__ = [
    "Column",
    "print_error",
    "print_explanation",
    "print_findings",
    "print_lines",
    "print_outcome",
    "print_pairs",
    "print_rows",
    "print_status",
    "print_table",
    "print_top",
    "progress",
    "to_json",
]

NAME_WIDTH = 26
REASONS_SHOWN = 4
KILO = 1000


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
    print_lines(
        f"Scores by {literal(first.get('scoring_model_version'))} "
        f"({literal(first.get('score_basis'))}). `scoring explain ACCOUNT` says more about one."
    )


def print_explanation(answer: Mapping[str, Any], horizon_days: int) -> None:
    """Print one account's score, its factors, and what moved since the stored day before."""
    score = answer["score"]
    print_pairs(
        f"{company(score)}, as of {literal(score.get('as_of_date'))}",
        {
            "account": score.get("account_id"),
            "score": f"{decimal(score.get('score'), 1)} of 100, rank {literal(score.get('rank'))}",
            f"wins in {horizon_days} days": percent(score.get(f"win_probability_{horizon_days}d")),
            "band": score.get("band"),
            "flags": score.get("flags") or [],
            "scored by": f"{literal(score.get('scoring_model_version'))} "
            f"({literal(score.get('score_basis'))})",
        },
    )
    if answer.get("factors"):
        _print_factors(answer["factors"])
    else:
        print_lines("No factors are stored for this account on that day.")
    _print_since(answer.get("since"))


def print_status(answer: Mapping[str, Any]) -> None:
    """Print what is published, how fresh the feeds are, quarantine, models and sizes."""
    published = answer.get("published")
    pairs = {"home": answer.get("home"), "settings": answer.get("settings")}
    if published is None:
        print_pairs("Status", pairs | {"published": "nothing yet"})
    else:
        days = answer.get("days") or {}
        pairs |= {
            "published": f"{literal(published.get('as_of_date'))}, "
            f"{published.get('accounts', 0):,} accounts, {published.get('hot', 0):,} hot",
            "scored by": f"{literal(published.get('scoring_model_version'))} "
            f"({literal(published.get('score_basis'))}) at {literal(published.get('scored_at'))}",
            "days stored": f"{days.get('stored', 0):,} "
            f"({literal(days.get('first'))} to {literal(days.get('last'))})",
        }
        print_pairs("Status", pairs)
    for title, key in (("Feeds", "feeds"), ("In quarantine", "quarantined"), ("Models", "models")):
        if answer.get(key):
            print_lines(title, style="bold")
            print_rows(answer[key])
    sizes = answer.get("sizes_bytes") or {}
    print_lines("Sizes: " + ", ".join(f"{name} {size_text(size)}" for name, size in sizes.items()))


def print_outcome(outcome: Any, about: Mapping[str, Any]) -> None:
    """Print what came of a run: done or not, how long it took, what each step says of itself.

    Problems go to standard error.
    """
    subject = ", ".join(f"{name} {literal(value)}" for name, value in about.items())
    done = "done" if outcome.ok else "not done"
    head = f"{outcome.job} {subject}".strip()
    rows = [
        (name, ", ".join(f"{key} {literal(value)}" for key, value in facts.items()))
        for name, facts in outcome.metadata.items()
        if facts
    ]
    if rows:
        print_table("", [Column("Table", width=CELL_WIDTH), Column("What came of it")], rows)
    print_lines(f"{head}: {done} in {outcome.seconds:.1f} s (run {outcome.run_id[:8]})")
    for problem in outcome.problems:
        print_error(problem)


def print_findings(findings: Sequence[Mapping[str, Any]]) -> None:
    """Print what an examination of the set-up saw, one line each."""
    rows = [(_mark(item["ok"]), item["what"], item["seen"]) for item in findings]
    print_table("", [Column(""), Column("What", width=CELL_WIDTH), Column("Seen")], rows)


def company(row: Mapping[str, Any]) -> str:
    """The account's name, else its domain, else its id."""
    return literal(row.get("account_name") or row.get("domain") or row.get("account_id"))


def percent(value: float | None) -> str:
    """A share (0-1) as a percentage; small ones keep a digit, so that 0.4% is not 0%."""
    if value is None or value != value:
        return NOTHING
    return f"{value:.0%}" if value >= 0.1 or value == 0 else f"{value:.1%}"


def decimal(value: float | None, digits: int) -> str:
    """A number with a fixed number of digits, – for null."""
    return NOTHING if value is None or value != value else f"{value:,.{digits}f}"


def size_text(size_bytes: float) -> str:
    """A size in the unit that reads best."""
    for unit in ("B", "kB", "MB", "GB"):
        if size_bytes < KILO:
            return f"{size_bytes:.0f} {unit}"
        size_bytes /= KILO
    return f"{size_bytes:.1f} TB"


def _print_factors(factors: Sequence[Mapping[str, Any]]) -> None:
    columns = [
        Column("", width=1),
        Column("Reason"),
        Column("Family", width=14),
        Column("Value", width=20),
        Column("Log-odds", right=True),
    ]
    rows = [
        (
            "+" if row["contribution"] >= 0 else "-",
            row.get("reason") or row.get("feature"),
            row.get("family"),
            row.get("feature_value"),
            f"{row['contribution']:+.3f}",
        )
        for row in factors
    ]
    print_table("What speaks for it (+) and against it (-)", columns, rows)


def _print_since(since: Mapping[str, Any] | None) -> None:
    if since is None:
        return print_lines("No earlier day is stored, so nothing can be said about a change.")
    model = "the same scoring model" if since["is_same_model"] else "another scoring model"
    print_lines(f"Since {literal(since['as_of_date'])}: score {since['change']:+.1f}, by {model}.")
    if since["factors"]:
        columns = [
            Column("What moved", width=40),
            Column("Before", width=16),
            Column("Now", width=16),
            Column("Log-odds", right=True),
        ]
        rows = [
            (r["feature"], r["before"], r["now"], f"{r['change']:+.3f}") for r in since["factors"]
        ]
        print_table("", columns, rows)


def _mark(ok: bool) -> str:
    """A tick or a cross, in letters where the stream cannot write them."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
    return ("✓" if ok else "✗") if encoding.startswith("utf") else ("ok" if ok else "NO")
