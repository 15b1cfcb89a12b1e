"""What the `scoring` command shows people: one function a kind of answer.

Belongs here: which columns of an answer are shown, in which order and words.
Does not belong here: finding the answer (answers.py, operations.py), layout (printing.py).
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.command import printing
from dagster_project.command.json_text import to_json
from dagster_project.command.printing import (
    CELL_WIDTH,
    NOTHING,
    Column,
    literal,
    print_lines,
    print_pairs,
    print_rows,
    print_table,
    print_whole,
)
from dagster_project.command.progress import progress
from dagster_project.home import home_path
from models.promotion import PROMOTE

if TYPE_CHECKING:
    from dagster_project.command.demo import DemoHome

__all__ = [
    "Column",
    "print_arrivals",
    "print_commands",
    "print_demo",
    "print_error",
    "print_evaluation",
    "print_explanation",
    "print_findings",
    "print_landing_day",
    "print_lines",
    "print_note",
    "print_outcome",
    "print_pairs",
    "print_rows",
    "print_status",
    "print_table",
    "print_top",
    "print_training",
    "print_warning",
    "progress",
    "runnable",
    "started_as",
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
LOG_ODDS = (
    "Log-odds: what a factor adds to the logarithm of the odds. +0.693 doubles the odds of a win, -0.693 halves them; "
    "all factors together are the model's own odds, before calibration."
)
COMPONENT = "_score"
UNITS = {"days": ("day", "days"), "years": ("year", "years"), "usd": ("USD", "USD")}
# Contributions to a score that are shown as a number and not only counted.
LEAST_SHOWN = 0.001
FAR_DAYS = 7
# How messages name a command, wherever they are written.
COMMAND = re.compile(
    r"(?<![\w./-])scoring(?= (top|explain|query|status|land|refresh|backfill|retrain|evaluate|data-docs|dbt|doctor|ui)\b)"
)


def started_as() -> str:
    """The `scoring` command as it was started: what to type to start it again from here, on the same home."""
    script = Path(sys.argv[0])
    if script.name != "scoring":
        # Started as a module, or by the example: the command beside this interpreter.
        script = Path(sys.executable).with_name("scoring")
        script = script.relative_to(Path.cwd()) if script.is_relative_to(Path.cwd()) else script
    on_path = shutil.which("scoring")
    is_on_path = on_path is not None and Path(on_path).resolve() == script.resolve()
    command = "scoring" if is_on_path else shlex.quote(str(script))
    if home_path() == home_path(".scoring"):
        return command
    return f"SCORING_HOME={shlex.quote(os.environ['SCORING_HOME'])} {command}"


def runnable(text: str) -> str:
    """A text whose commands run as they are printed."""
    return COMMAND.sub(lambda _: started_as(), text)


def print_error(message: str, hint: str | None = None) -> None:
    """Print what went wrong, where, and (hint) what to do, on standard error."""
    printing.print_error(runnable(str(message)), hint and runnable(hint))


def print_warning(message: str) -> None:
    """Print what may not be meant, on standard error."""
    printing.print_warning(runnable(message))


def print_note(text: str) -> None:
    """Print a line of progress on standard error."""
    print(literal(text), file=sys.stderr, flush=True)


def print_commands(*commands: str) -> None:
    """Print commands to copy, one a line."""
    print_whole(*(f"  {runnable(command)}" for command in commands))


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
    _print_landed_twice(answer.get("landed_twice"))
    _print_quarantine(answer)
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
    text = f"{len(landed)} of {counted(len(files), 'file')} landed: {counted(rows, 'row')}"
    return text + (f"; {bad:,} more went to quarantine" if bad else "")


def print_landing_day(day: date | None, last_published: date | None) -> None:
    """Print since when what has landed is known (day None: a history import), and what to run next.

    A day far from the one that would be refreshed next is most often not meant.
    """
    following = last_published + timedelta(days=1) if last_published else None
    if day is None:
        print_lines("History: each row is known since its own change stamps.")
    else:
        print_lines(f"Known as of {day}: scores of earlier days do not see these rows.")
    if following is None:
        next_ones = [
            "scoring retrain",
            f"scoring backfill --from {day or 'DAY'} --to {day or 'DAY'}",
        ]
    else:
        next_ones = [f"scoring refresh --date {day or following}"]
    print_lines("Next:")
    print_commands(*next_ones)
    if day and following and abs((day - following).days) > FAR_DAYS:
        print_warning(
            f"the last published day is {last_published}, {counted(abs((day - last_published).days), 'day')} from {day}; "
            f"if {following} is meant, land the files with --date {following}"
        )


def print_outcome(outcome: Any, about: Mapping[str, Any], said_already: Sequence[str] = ()) -> None:
    """Print what came of a run: done or not, how long it took, what its steps (but said_already) say of themselves.

    Problems go to standard error.
    """
    subject = ", ".join(f"{name} {literal(value)}" for name, value in about.items())
    done = "done" if outcome.ok else "not done"
    head = f"{outcome.job} {subject}".strip()
    told = {n: facts for n, facts in outcome.metadata.items() if n not in said_already}
    rows = [row for name, facts in told.items() for row in _facts(name, facts)]
    if rows:
        columns = [Column("Table", width=CELL_WIDTH), Column("What", width=28), Column("Value")]
        print_table("", columns, rows)
    print_lines(f"{head}: {done} in {outcome.seconds:.1f} s (run {outcome.run_id[:8]})")
    if outcome.ok and "published_scores" in outcome.metadata and not said_already:
        print_commands("scoring top")
    for problem in outcome.problems:
        print_error(problem)


def print_training(row: Mapping[str, Any]) -> None:
    """Print a training (a row of trained_models): verdict, what it rests on, and how it fares beside the baselines."""
    version, since = literal(row["scoring_model_version"]), row["champion_from"]
    verdict = "promoted" if row["verdict"] == PROMOTE else f"refused ({row['verdict']})"
    print_lines(f"Scoring model {version}: {verdict}. {row['why']}.")
    if since:
        print_lines(f"It scores from {literal(since)} on.")
    elif row["verdict"] != PROMOTE:
        print_lines("It scores no day; the scoring model before it, if there is one, stays in use.")
    print_lines(
        f"It rests on {counted(row['train_rows'], 'row')} ({row['train_positives']:,} converted), accounts as they were known "
        f"on days from {literal(row['first_as_of_date'])} to {literal(row['last_as_of_date'])}."
    )
    if row.get("auc") is None:
        return
    columns = [Column(""), Column("AUC (95 %)"), Column("Lift", right=True)]
    lines = {"model": row, **(row.get("baselines") or {})}
    title = f"On {row['test_rows']:,} later rows that it did not learn from ({row['test_positives']:,} converted)"
    cells = [
        (n.replace("_", " "), _auc(v), decimal(v["lift_top_decile"], 2)) for n, v in lines.items()
    ]
    print_table(title, columns, cells)


def print_evaluation(
    title: str,
    rows: Sequence[Mapping[str, Any]],
    words: tuple[str, str] = ("Accounts", "Converted"),
) -> None:
    """Print a day held against its outcomes (rows of score_evaluation): model, baselines, then parts of the accounts."""
    columns = [
        Column("", least=19),
        *(Column(word, right=True) for word in words),
        Column("AUC (95 %)", right=True),
        *(Column(word, right=True) for word in ("Lift", "Brier", "ECE", "Model ahead")),
    ]
    shown = [row for row in rows if row["slice"] == "all" or row["predictor"] == "model"]
    print_table(title, columns, [_evaluated(row) for row in shown])
    print_lines(
        "Lift: rate of the best tenth over the base rate. ECE: calibration error, 10 bins of equal count. "
        "Model ahead: its AUC less the baseline's, 95 % interval. Intervals are bootstrapped by account; "
        "they say nothing of other years."
    )


def _evaluated(row: Mapping[str, Any]) -> tuple[str, ...]:
    part = "" if row["slice"] == "all" else f", {row['slice']}"
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


def _facts(table: str, facts: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    """What a table says of itself beyond its size; that of each table, and longer texts, stand in Dagster's pages."""
    shown = {
        name.removeprefix("dagster/").replace("_", " "): value
        for name, value in facts.items()
        if name not in ("seconds", "query") and not (isinstance(value, str) and "\n" in value)
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
    units = [UNITS[word] for word in (feature or "").split("_") if word in UNITS]
    return " ".join([text, *(one if abs(number) == 1 else many for one, many in units)])


def counted(number: int, thing: str) -> str:
    """A number of things, as in 1 row, 2 rows."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


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
            feed.get("days_since_last_arrival"),
            f"{feed['files']:,}",
            f"{feed['rows_landed']:,}",
            f"{feed['quarantined_rows']:,}",
        )
        for feed in feeds or []
        if feed["files"] or feed["quarantined_rows"]
    ]
    silent = [feed for feed in feeds or [] if not feed["files"] and not feed["quarantined_rows"]]
    if rows:
        print_table("Feeds, as they lie in landing and quarantine now", columns, rows)
    if silent:
        names = ", ".join(f"{feed['vendor']} {feed['table_name']}" for feed in silent)
        print_lines(f"Nothing has landed of: {names}.", "")
    if not rows:
        return
    newer = sum(max(0, feed["rows_landed"] - feed.get("rows_at_last_refresh", 0)) for feed in feeds)
    if newer:
        print_lines(
            f"Landed since the last refresh, so not in the scores yet: {counted(newer, 'row')}.", ""
        )


def _print_landed_twice(files: Sequence[Mapping[str, Any]] | None) -> None:
    if files:
        columns = [Column("File"), Column("Table"), Column("Days")]
        rows = [
            (f["source_file"], f"{f['vendor']} {f['table_name']}", literal(f["days"]))
            for f in files
        ]
        print_table("The same file landed for several days", columns, rows)


def _print_quarantine(answer: Mapping[str, Any]) -> None:
    groups = answer.get("quarantined")
    if not groups:
        return
    columns = [Column("File"), Column("Rows", right=True), Column("Reason")]
    rows = [(group["source_file"], f"{group['rows']:,}", group["reason"]) for group in groups]
    print_table("In quarantine now, most rows first", columns, rows)
    total, published = (
        answer.get("rows_in_quarantine", 0),
        answer.get("rows_in_quarantine_published"),
    )
    if published is not None and published < total:
        print_lines(
            f"Refused since the last refresh, so not in scores.quarantined_rows yet: {counted(total - published, 'row')}."
        )
    if published:
        print_lines("All of them:" if published == total else "The others:")
        print_commands('scoring query "select * from scores.quarantined_rows"')
    print_lines("")


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


def _print_left_out(number: int, thing: str) -> None:
    if number:
        print_lines(f"and {counted(number, thing)} of less than {LEAST_SHOWN}")


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
    print_lines(
        f"Since {literal(since['as_of_date'])}: score {signed(since['change'], 1)}, by {model}."
    )
    moved = [row for row in since["factors"] if abs(row["change"]) >= LEAST_SHOWN]
    if moved:
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
            for r in moved
        ]
        print_table("", columns, rows)
    _print_left_out(len(since["factors"]) - len(moved), "change")


def signed(value: float, digits: int) -> str:
    """A number with its sign; zero has none."""
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text


def _mark(ok: bool) -> str:
    """A tick or a cross, in letters where the stream cannot write them."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
    return ("✓" if ok else "✗") if encoding.startswith("utf") else ("ok" if ok else "NO")


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
