"""Whether what is published agrees with itself: what no single score can show when it is derived again.

Here: rows that are gone or doubled, a latest day that is not history's, reasons that are missing. Not here: whether a score is
what landing gives (verification.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import duckdb


def published_faults(
    connection: duckdb.DuckDBPyConnection, scored: Mapping[date, int], day: date | None
) -> list[str]:
    """What is wrong with the published tables, in words.

    connection: on the published file. scored: rows that the warehouse holds of each published day. day: only that day's.
    """
    where = "where as_of_date = coalesce(?, as_of_date)"
    found = []
    rows = connection.execute(
        f"select as_of_date, count(*), count(distinct account_id) from account_scores_daily {where} group by 1 order by 1",
        [day],
    ).fetchall()
    for at, count, accounts in rows:
        at = date.fromisoformat(str(at))
        if count != accounts:
            found.append(f"{at}: {count - accounts} accounts stand twice in account_scores_daily")
        elif count != scored.get(at, count):
            found.append(f"{at}: {scored[at]} accounts were scored, {count} are published")
    reasons = connection.execute(
        "select s.as_of_date, count(*) from account_scores_daily as s "
        "left join (select distinct as_of_date, account_id from score_reasons_daily) as r using (as_of_date, account_id) "
        "where s.as_of_date = coalesce(?, s.as_of_date) and (len(s.reasons) > 0) <> (r.account_id is not null) "
        "group by 1 order by 1",
        [day],
    ).fetchall()
    found += [
        f"{at}: {count} accounts have reasons in one of account_scores_daily and score_reasons_daily only"
        for at, count in reasons
    ]
    columns = ", ".join(
        f'"{name}"' for name, *_ in connection.execute("describe account_scores").fetchall()
    )
    (latest,) = connection.execute("select max(as_of_date) from account_scores").fetchone()
    if day in (None, latest):
        history = f"select {columns} from account_scores_daily where as_of_date = ?"
        now = f"select {columns} from account_scores"
        (unlike,) = connection.execute(
            f"select count(*) from (({now} except all {history}) union all ({history} except all {now}))",
            [latest, latest],
        ).fetchone()
        if unlike:
            found.append(
                f"{latest}: account_scores and account_scores_daily differ in {unlike} rows"
            )
    return found
