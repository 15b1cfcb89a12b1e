"""What is shown of an account's people: who is likeliest to take part in a win, and which seats of a committee are filled.

Here: columns, order and words; people go by their ids, never by name. Not here: finding them (answers.py), layout (tables.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dagster_project.command.terminal.tables import Column, print_table
from dagster_project.command.terminal.wording import decimal, percent

ID_WIDTH = 30


def people_together(score: Mapping[str, Any]) -> dict[str, str]:
    """What an account (a row of account_scores_daily) says of its people together; nothing of what cannot be said."""
    known, engaged = score.get("people_known"), score.get("people_engaged_90d")
    if not known:
        return {}
    said = {"people": f"{known:,} known"}
    if engaged is not None:
        who = {True: ", a decision maker among them", False: ", no decision maker among them"}
        among = who.get(score.get("has_decision_maker_engaged"), "") if engaged else ""
        said["people"] += f", {engaged:,} engaged in 90 days{among}"
    if (coverage := score.get("committee_coverage")) is not None:
        seats = ", ".join(score.get("committee_engaged") or []) or "nobody yet"
        said["committee"] = f"{percent(coverage)} of its seats: {seats}"
    if (anyone := score.get("leads_noisy_or")) is not None:
        best = percent(score["best_lead_probability"])
        said["by its people"] = (
            f"{best} the likeliest, {percent(anyone)} any, were they independent"
        )
    return said


def print_people(people: Sequence[Mapping[str, Any]], known: int, horizon_days: int) -> None:
    """Print the first people of an account (rows of lead_scores), likeliest first."""
    if not people:
        return
    columns = [
        Column("Person", width=ID_WIDTH),
        Column("Who", least=14),
        Column("Score", right=True, style="bold"),
        Column("Chance", right=True),
        Column("Why"),
    ]
    rows = [
        (
            row["lead_id"],
            _who(row),
            decimal(row.get("lead_score"), 1),
            percent(row.get("lead_probability")),
            row.get("reasons") or [],
        )
        for row in people
    ]
    first = f", the first {len(people)} of {known:,}" if known > len(people) else ""
    print_table(f"Who may win it with us in {horizon_days} days{first}", columns, rows)


def _who(row: Mapping[str, Any]) -> str:
    known = [row.get("seniority"), row.get("job_function")]
    words = ", ".join(word.replace("_", "-") for word in known if word) or "no job title"
    return words if row.get("lead_type") == "contact" else f"{words} (lead)"
