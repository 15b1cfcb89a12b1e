"""Whether what is published agrees with itself: what no single score can show when it is derived again.

Here: rows that are gone or doubled, a latest day that is not history's, reasons that are missing. Not here: whether a score is
what landing gives (verification.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import duckdb

from expectations.suites.account_scores import REASONED_SHARE


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
    found += _reasons_gone(connection, day)
    found += _people_disagree(connection, day)
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


def _people_disagree(connection: duckdb.DuckDBPyConnection, day: date | None) -> list[str]:
    """What accounts say of their people on the latest day must follow from lead_scores; seats of a committee, which are the
    settings' word, are left to deriving scores again. A file that an earlier version published has no such table.
    """
    there = connection.execute("select 1 from duckdb_tables() where table_name = 'lead_scores'")
    if not there.fetchall():
        return []
    rows = connection.execute(
        """
        with people as (
            select
                as_of_date, account_id, count(*) as known,
                case when count(is_engaged_90d) > 0 then count(*) filter (is_engaged_90d) end as engaged,
                case when count(is_engaged_90d) > 0
                    then count(*) filter (is_engaged_90d and is_decision_maker) > 0 end as is_decided,
                max(lead_probability) as best,
                case when count(lead_probability) > 0 then 1 - product(1 - lead_probability) end as noisy_or
            from lead_scores
            where seniority is distinct from 'student'
            group by all
        )
        select as_of_date, count(*)
        from account_scores as scores
        full join people using (as_of_date, account_id)
        left join lead_scores as best_one on scores.best_lead_id = best_one.lead_id and scores.account_id = best_one.account_id
        where as_of_date = coalesce(?, as_of_date) and (
            people_known is distinct from known
            or people_engaged_90d is distinct from engaged
            or has_decision_maker_engaged is distinct from is_decided
            or best_lead_probability is distinct from best
            or best_one.lead_probability is distinct from best
            or (leads_noisy_or is null) <> (noisy_or is null)
            or abs(leads_noisy_or - noisy_or) > 1e-9
        )
        group by all
        """,
        [day],
    ).fetchall()
    return [
        f"{at}: {accounts} accounts say something else of their people than lead_scores"
        for at, accounts in rows
    ]


def _reasons_gone(connection: duckdb.DuckDBPyConnection, day: date | None) -> list[str]:
    """The best accounts of a day have reasons, and the best of these rows of score_reasons: whom such rows skip has lost them."""
    rows = connection.execute(
        "with explained as (select distinct as_of_date, account_id, true as has_factors from score_reasons_daily) "
        "select as_of_date, "
        "count(reasons) <> coalesce(max(rank) filter (reasons is not null), 0), "
        "count(has_factors) <> coalesce(max(rank) filter (has_factors), 0), "
        "count(has_factors) > count(reasons), "
        # an account may well have no points at all
        "count(*) filter (len(reasons) = 0 and score_basis = 'model') > (1 - ?) * count(reasons) "
        "from account_scores_daily left join explained using (as_of_date, account_id) "
        "where as_of_date = coalesce(?, as_of_date) "
        "group by 1 order by 1",
        [REASONED_SHARE, day],
    ).fetchall()
    said = (
        "an account without reasons stands between accounts with them in account_scores_daily",
        "an account without factors stands between accounts with them in score_reasons_daily",
        "accounts have factors in score_reasons_daily and no reasons in account_scores_daily",
        "too many accounts have reasons taken from them in account_scores_daily",
    )
    return [
        f"{at}: {words}"
        for at, *faults in rows
        for words, is_so in zip(said, faults, strict=True)
        if is_so
    ]
