"""What is shown of the state of things: the home's (`scoring status`) and the set-up's (`scoring doctor`).

Here: which columns, in which order and words. Not here: finding them (home_status.py, doctor.py), layout (tables.py).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from dagster_project.command.terminal.console import print_lines
from dagster_project.command.terminal.drift import print_drift
from dagster_project.command.terminal.messages import print_commands, print_error
from dagster_project.command.terminal.tables import CELL_WIDTH, Column, print_pairs, print_table
from dagster_project.command.terminal.text import literal
from dagster_project.command.terminal.wording import counted, decimal, scored_by, size_text

# Of a longer record, the newest are shown.
LATEST = 10


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
    print_stale(answer.get("stale_days"))
    _print_waiting(answer.get("waiting_days"))
    _print_feeds(answer.get("feeds"))
    _print_landed_twice(answer.get("landed_twice"))
    _print_replaced(answer.get("replaced"))
    _print_quarantine(answer)
    _print_models(answer.get("models"))
    _print_unpublished(answer.get("unpublished_models"))
    if problem := answer.get("registry_problem"):
        print_error(problem)
    print_drift(answer.get("drift"))
    sizes = answer.get("sizes_bytes") or {}
    print_lines("Sizes: " + ", ".join(f"{name} {size_text(size)}" for name, size in sizes.items()))


def print_stale(days: Sequence[date] | None) -> None:
    """Print which published days landing would score otherwise now, and what scores them again."""
    if days:
        spans = _spans(days)
        print_lines(
            f"Of {counted(len(days), 'published day')} landing would give other scores now, since files that were known by then "
            "have come or been replaced. To score them again:"
        )
        for first, last in spans[:LATEST]:
            print_commands(f"scoring backfill --from {first} --to {last}")
        if len(spans) > LATEST:
            print_lines(f"and {counted(len(spans) - LATEST, 'later span')}; --json lists all days")
        print_lines("")


def _print_waiting(days: Sequence[date] | None) -> None:
    if days:
        spans = [f"{a}" if a == b else f"{a} to {b}" for a, b in _spans(days)]
        more = f" and {counted(len(spans) - LATEST, 'later span')}" if len(spans) > LATEST else ""
        print_lines(f"Waiting in the inbox: {', '.join(spans[:LATEST])}{more}.", "")


def _spans(days: Sequence[date]) -> list[tuple[date, date]]:
    """Days that follow each other, as first and last."""
    spans: list[tuple[date, date]] = []
    for day in days:
        if spans and day - spans[-1][1] == timedelta(days=1):
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return spans


def _print_feeds(feeds: Sequence[Mapping[str, Any]] | None) -> None:
    columns = [
        Column("Feed", least=24),
        Column("Last file", least=10),
        Column("Known up to", least=10),
        Column("Days since", right=True),
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


def _print_replaced(files: Sequence[Mapping[str, Any]] | None) -> None:
    if files:
        columns = [
            Column("Replaced on purpose"),
            Column("Table"),
            Column("Day"),
            Column("By"),
            Column("At"),
        ]
        rows = [
            (f["file"], f"{f['vendor']} {f['table']}", f["day"], f["by"], f["replaced_at"])
            for f in files[-LATEST:]
        ]
        print_table("", columns, rows)


def _print_quarantine(answer: Mapping[str, Any]) -> None:
    groups = answer.get("quarantined")
    if not groups:
        return
    columns = [Column("File"), Column("Rows", right=True), Column("Reason")]
    rows = [(group["source_file"], f"{group['rows']:,}", group["reason"]) for group in groups]
    print_table("In quarantine now: whole files, then most rows of a kind", columns, rows)
    if (more := answer.get("quarantined_kinds", 0) - len(groups)) > 0:
        print_lines(f"and {counted(more, 'more kind')} of refused rows")
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
            _champion_days(model),
            model["verdict"],
            decimal(model["lift_top_decile"], 2),
            _why(model),
        )
        for model in models or []
    ]
    if rows:
        print_table("Trainings, newest first", columns, rows)


def _print_unpublished(models: Sequence[Mapping[str, Any]] | None) -> None:
    if models:
        said = [
            f"model {m['scoring_model_version']} as of {m['trained_as_of']} ({m['verdict']})"
            for m in models
        ]
        print_lines(
            f"Trained since the last refresh, which will show it above: {', '.join(said)}.", ""
        )


def _champion_days(model: Mapping[str, Any]) -> str | None:
    """From which day on it may score, and from which day on no more."""
    since, until = model["champion_from"], model.get("withdrawn_from")
    return f"{since}, withdrawn from {until}" if since and until else literal(since)


def _why(model: Mapping[str, Any]) -> str:
    """Why it may score or not, and why it was trained before its time."""
    early = model.get("trained_because")
    return f"{model['why']}. Trained early: {early}" if early else model["why"]


def print_findings(findings: Sequence[Mapping[str, Any]]) -> None:
    """Print what an examination of the set-up saw, one line each."""
    rows = [(_mark(item["ok"]), item["what"], item["seen"]) for item in findings]
    print_table("", [Column(""), Column("What", width=CELL_WIDTH), Column("Seen")], rows)


def _mark(ok: bool) -> str:
    """A tick or a cross, in letters where the stream cannot write them."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
    return ("✓" if ok else "✗") if encoding.startswith("utf") else ("ok" if ok else "NO")
