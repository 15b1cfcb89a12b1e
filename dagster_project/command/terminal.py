"""What the `scoring` command shows people: one function a kind of answer.

Belongs here: which columns of an answer are shown, in which order and words.
Does not belong here: finding the answer (answers.py, operations.py), layout (printing.py).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from dagster_project.command.demo import DemoHome

__all__ = [
    "Column",
    "print_arrivals",
    "print_demo",
    "print_error",
    "print_explanation",
    "print_findings",
    "print_lines",
    "print_outcome",
    "print_pairs",
    "print_progress",
    "print_rows",
    "print_status",
    "print_table",
    "print_top",
    "progress",
    "to_json",
]

NAME_WIDTH = 26
REASONS_SHOWN = 4
ROWS_SHOWN = 10
KILO = 1000
POINTS_ONLY = (
    "These scores are points of the scorecard in scoring.yaml, not probabilities: a scoring model takes over once there is "
    "enough history to train one (`scoring retrain`)."
)
COMPONENT = "_score"
UNITS = {"days": "days", "years": "years", "usd": "USD"}


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
    print_lines(f"Scored by {scored_by(first)}. `scoring explain ACCOUNT` says more about one.")
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
            f"wins in {horizon_days} days": percent(score.get(f"win_probability_{horizon_days}d")),
            "band": score.get("band"),
            "flags": score.get("flags") or [],
            **_components(score),
            "scored by": scored_by(score),
        },
    )
    unit = "Points" if is_scorecard(score) else "Log-odds"
    if is_scorecard(score):
        print_lines(POINTS_ONLY)
    if answer.get("factors"):
        _print_factors(answer["factors"], unit)
    else:
        print_lines("No factors are stored for this account on that day.")
    _print_since(answer.get("since"), unit)


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
            "scored by": f"{scored_by(published)} at {literal(published.get('scored_at'))}",
            "days stored": f"{days.get('stored', 0):,} "
            f"({literal(days.get('first'))} to {literal(days.get('last'))})",
        }
        print_pairs("Status", pairs)
    _print_feeds(answer.get("feeds"))
    _print_quarantine(answer.get("quarantined"))
    _print_models(answer.get("models"))
    sizes = answer.get("sizes_bytes") or {}
    print_lines("Sizes: " + ", ".join(f"{name} {size_text(size)}" for name, size in sizes.items()))


def print_arrivals(
    files: Sequence[Mapping[str, Any]], refused: Sequence[Mapping[str, Any]]
) -> None:
    """Print what became of each file, then the first rows that went to quarantine."""
    if not files:
        return
    columns = [
        Column("File", width=CELL_WIDTH),
        Column("Table", width=20),
        Column("Landed", right=True),
        Column("Quarantined", right=True),
        Column("Note"),
    ]
    rows = [
        (
            file["file"],
            file["table"],
            f"{file['rows landed']:,}" if file["is landed"] else NOTHING,
            f"{file['rows quarantined']:,}" if file["is landed"] else "whole file",
            file["note"] if file["is landed"] else f"REFUSED: {file['note']}",
        )
        for file in files
    ]
    print_table("", columns, rows)
    if refused:
        columns = [
            Column("Refused rows", width=CELL_WIDTH),
            Column("Line", right=True),
            Column("Column", width=20),
            Column("Reason"),
        ]
        print_table("", columns, [tuple(row.values()) for row in refused[:ROWS_SHOWN]])
    bad = sum(file["rows quarantined"] for file in files if file["is landed"])
    if bad > min(len(refused), ROWS_SHOWN):
        print_lines(f"… {bad:,} refused rows in all; `--json` says more of them.")
    print_lines(_sum_of(files, bad))


def _sum_of(files: Sequence[Mapping[str, Any]], bad: int) -> str:
    """One line for all files of an arrival."""
    landed = [file for file in files if file["is landed"]]
    rows = sum(file["rows landed"] for file in landed)
    text = f"{len(landed)} of {len(files)} files landed: {rows:,} rows"
    return text + (f"; {bad:,} more went to quarantine" if bad else "")


def print_outcome(outcome: Any, about: Mapping[str, Any]) -> None:
    """Print what came of a run: done or not, how long it took, what its steps say of themselves.

    Problems go to standard error.
    """
    subject = ", ".join(f"{name} {literal(value)}" for name, value in about.items())
    done = "done" if outcome.ok else "not done"
    head = f"{outcome.job} {subject}".strip()
    rows = [row for name, facts in outcome.metadata.items() for row in _facts(name, facts)]
    if rows:
        columns = [Column("Table", width=CELL_WIDTH), Column("What", width=28), Column("Value")]
        print_table("", columns, rows)
    print_lines(f"{head}: {done} in {outcome.seconds:.1f} s (run {outcome.run_id[:8]})")
    for problem in outcome.problems:
        print_error(problem)


def _facts(table: str, facts: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    """What a table says of itself beyond its size; that of each table, and longer texts, stand in Dagster's pages."""
    shown = {
        name.removeprefix("dagster/").replace("_", " "): value
        for name, value in facts.items()
        if name != "seconds" and not (isinstance(value, str) and "\n" in value)
    }
    if table.startswith("landing_") or set(shown) <= {"row count"}:
        return []
    return [
        (table if place == 0 else "", name, _readable(value))
        for place, (name, value) in enumerate(shown.items())
    ]


def _readable(value: Any) -> Any:
    """A value for a narrow cell: JSON taken apart, a list of pairs as lines."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            return value
    if isinstance(value, Mapping):
        return [f"{name.replace('_', ' ')}: {literal(item)}" for name, item in value.items()]
    if isinstance(value, (list, tuple)) and len(value) == 1:
        return literal(value[0])
    return value


def print_findings(findings: Sequence[Mapping[str, Any]]) -> None:
    """Print what an examination of the set-up saw, one line each."""
    rows = [(_mark(item["ok"]), item["what"], item["seen"]) for item in findings]
    print_table("", [Column(""), Column("What", width=CELL_WIDTH), Column("Seen")], rows)


def company(row: Mapping[str, Any]) -> str:
    """The account's name, else its domain, else its id."""
    return literal(row.get("account_name") or row.get("domain") or row.get("account_id"))


def is_scorecard(row: Mapping[str, Any]) -> bool:
    """Whether a scorecard gave the score: then there is no probability."""
    return row.get("score_basis") == "scorecard"


def scored_by(row: Mapping[str, Any]) -> str:
    """The scoring model, or the scorecard (whose version says itself that it is one)."""
    if is_scorecard(row):
        return literal(row.get("scoring_model_version"))
    return f"{literal(row.get('score_basis'))} {literal(row.get('scoring_model_version'))}"


def with_unit(feature: str | None, value: Any) -> str:
    """A stored feature value (text) as a short number with the unit that the feature's name ends in."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return literal(value)
    text = f"{int(number):,}" if number.is_integer() else literal(number)
    words = (feature or "").split("_")
    return " ".join([text, *(UNITS[word] for word in words if word in UNITS)])


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


def _print_feeds(feeds: Sequence[Mapping[str, Any]] | None) -> None:
    columns = [
        Column("Feed", width=CELL_WIDTH),
        Column("Last file"),
        Column("Known up to"),
        Column("Days without", right=True),
        Column("Files", right=True),
        Column("Rows", right=True),
        Column("Quarantined", right=True),
    ]
    rows = [
        (
            f"{literal(feed['vendor'])} {literal(feed['table_name'])}",
            feed["last_ds"],
            feed["last_known_at"],
            feed["days_since_last_arrival"],
            f"{feed['files']:,}",
            f"{feed['rows_landed']:,}",
            f"{feed['quarantined_rows']:,}",
        )
        for feed in feeds or []
    ]
    if rows:
        print_table("Feeds", columns, rows)


def _print_quarantine(groups: Sequence[Mapping[str, Any]] | None) -> None:
    columns = [Column("File", width=CELL_WIDTH), Column("Rows", right=True), Column("Reason")]
    rows = [(group["source_file"], f"{group['rows']:,}", group["reason"]) for group in groups or []]
    if rows:
        print_table("In quarantine, most rows first", columns, rows)
        print_lines('All of them: scoring query "select * from scores.quarantined_rows"')


def _print_models(models: Sequence[Mapping[str, Any]] | None) -> None:
    columns = [
        Column("Model", right=True),
        Column("Trained as of"),
        Column("Champion from"),
        Column("Verdict"),
        Column("Lift", right=True),
        Column("Why"),
    ]
    rows = [
        (
            model["scoring_model_version"],
            model["trained_as_of"],
            model["champion_from"],
            model["verdict"],
            decimal(model["lift_top_decile"], 2),
            model["why"],
        )
        for model in models or []
    ]
    if rows:
        print_table("Trainings, newest first", columns, rows)


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


def _print_factors(factors: Sequence[Mapping[str, Any]], unit: str) -> None:
    columns = [
        Column("", width=1),
        Column("Reason"),
        Column("Family", width=14),
        Column("Value", width=20),
        Column(unit, right=True),
    ]
    rows = [
        (
            "+" if row["contribution"] >= 0 else "-",
            row.get("reason") or row.get("feature"),
            row.get("family"),
            with_unit(row.get("feature"), row.get("feature_value")),
            amount(row["contribution"], unit),
        )
        for row in factors
        if row["contribution"] or unit != "Points"
    ]
    print_table("What speaks for it (+) and against it (-)", columns, rows)


def amount(contribution: float, unit: str) -> str:
    """What a factor adds or takes: log-odds are small, points are people's own round numbers."""
    return f"{contribution:+.1f}" if unit == "Points" else f"{contribution:+.3f}"


def _print_since(since: Mapping[str, Any] | None, unit: str) -> None:
    if since is None:
        return print_lines("No earlier day is stored, so nothing can be said about a change.")
    if not since.get("is_same_basis", True):
        return print_lines(
            f"Since {literal(since['as_of_date'])} a scoring model and a scorecard have taken turns; "
            "their scores stand on two scales, so nothing can be said about a change."
        )
    which = "the same" if since["is_same_model"] else "another"
    model = f"{which} {'scorecard' if unit == 'Points' else 'scoring model'}"
    print_lines(f"Since {literal(since['as_of_date'])}: score {since['change']:+.1f}, by {model}.")
    if since["factors"]:
        columns = [
            Column("What moved", width=40),
            Column("Before", width=16),
            Column("Now", width=16),
            Column(unit, right=True),
        ]
        rows = [
            (
                r["feature"],
                with_unit(r["feature"], r["before"]),
                with_unit(r["feature"], r["now"]),
                amount(r["change"], unit),
            )
            for r in since["factors"]
        ]
        print_table("", columns, rows)


def _mark(ok: bool) -> str:
    """A tick or a cross, in letters where the stream cannot write them."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
    return ("✓" if ok else "✗") if encoding.startswith("utf") else ("ok" if ok else "NO")


def print_progress(line: str) -> None:
    """A line about long work, on standard error."""
    print(line, file=sys.stderr, flush=True)


def print_demo(made: DemoHome) -> None:
    """What a demo home holds and what to do with it."""
    if not made.is_new:
        print_lines("This home holds the demo already; nothing was done again.")
    print_lines(
        f"A world of invented companies, {made.first_day} to {made.last_day}; trained on what was known on "
        f"{made.trained_as_of} (verdict: {made.verdict}).",
        "The days after it lie in the inbox: scoring refresh",
        "",
    )
