"""What the check of the scores looks at: a day's rows with what is expected of their number, or several days at once, and people.

Here: `Validation`, and the validations of account_scores_daily. Not here: running them and what follows (checks.py), the
expectations themselves (expectations/suites/account_scores.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date, timedelta
from functools import partial
from typing import Any, NamedTuple

import duckdb
import polars as pl

from dagster_project.config import Settings
from dagster_project.people import days_with_people
from dagster_project.publisher import horizon_columns
from expectations.runner import MAX_ROWS


class Validation(NamedTuple):
    """What one validation needs; `rows` says how many there are if the frame holds a sample of them.

    `make_suite` is called in the process that validates, so it can be pickled.
    One that stands for several `days`, or several `files` (their SHA-256) of one, says how to judge them one by one if it
    fails.
    """

    frame: Any
    make_suite: Callable[[], Any]
    partition: str
    rows: int | None = None
    days: tuple[date, ...] = ()
    files: tuple[str, ...] = ()
    one_by_one: Callable[[], Iterable[Validation]] | None = None


# A validation and its report.
Judged = tuple[Validation, Any]

# A day is held against the last one that stood: also when days between were refused, or a refused day would only have to
# wait for the next. Back-fills leap further, and there companies come and go.
COMPARED_WITHIN_DAYS = 31
Connect = Callable[[], duckdb.DuckDBPyConnection]


def account_scores_validations(
    connect: Connect, settings: Settings, days: Sequence[date]
) -> Iterator[Validation]:
    """Validations that judge each of the days; each opens the warehouse when it reads, also if that is much later."""
    with closing(connect()) as connection:
        counts = _counts(connection, settings, days)
    for group in _groups(counts):
        if len(group) == 1:
            yield _one_day(connect, settings, counts, group[0])
        else:
            yield from _several_days(connect, settings, counts, group)
    yield from _people(connect, days)


def _people(connect: Connect, days: Sequence[date]) -> Iterator[Validation]:
    """Those of the days whose people are kept one by one, unless there is nobody to be scored and nobody was."""
    from expectations.suites.lead_scores import lead_scores_suite

    with closing(connect()) as connection:
        kept = days_with_people(connection, days)
        people = connection.execute(
            "from scoring.lead_predictions where as_of_date in (select unnest(?::date[])) order by as_of_date, lead_id",
            [list(days)],
        ).pl()
        known = connection.execute(
            "select as_of_date, count(*) from datasets.lead_scoring_set "
            "where as_of_date in (select unnest(?::date[])) group by all",
            [list(days)],
        )
        counts = dict(known.fetchall())
        modelled = _versions_with_lead_model(connection, people["scoring_model_version"])
    found = people.partition_by("as_of_date", as_dict=True)
    for day in sorted({*(counts.keys() & kept), *(day for (day,) in found)}):
        rows = found.get((day,), people.clear())
        suite = partial(
            lead_scores_suite,
            as_of_date=day,
            people_count=counts.get(day, 0),
            has_model=rows["scoring_model_version"].is_in(modelled).any(),
        )
        yield Validation(rows, suite, day.isoformat(), days=(day,))


def _versions_with_lead_model(
    connection: duckdb.DuckDBPyConnection, versions: pl.Series
) -> list[str]:
    """Those of the scoring models whose training made a lead model; one of before there were any says nothing of it."""
    records = connection.execute(
        "select scoring_model_version, leads from scoring.trained_models "
        "where scoring_model_version in (select unnest(?::varchar[]))",
        [versions.unique().drop_nulls().to_list()],
    ).fetchall()
    return [version for version, leads in records if "importance" in json.loads(leads or "{}")]


def _counts(
    connection: duckdb.DuckDBPyConnection, settings: Settings, days: Sequence[date]
) -> pl.DataFrame:
    """One row a day, in order: what `day_counts_suite` wants, and `previous` (null if there is none) and `by_scorecard`."""
    from expectations.suites.account_scores import bounds, distinct_scores_needed

    rows = connection.execute(
        """
        with asked as (select distinct unnest(?::date[]) as as_of_date),
        passed as (
            select as_of_date from scoring.passed_days where as_of_date not in (select as_of_date from asked)
        ),
        before as (
            select asked.as_of_date, max(passed.as_of_date) as day
            from asked inner join passed
                on passed.as_of_date < asked.as_of_date and passed.as_of_date >= asked.as_of_date - ?::integer
            group by all
        ),
        scored as (
            select as_of_date, count(*) as rows, max(rank) as highest_rank, count(distinct score) as different_scores,
                bool_or(score_basis = 'scorecard') as by_scorecard
            from marts.account_scores_daily
            where as_of_date in (select as_of_date from asked union select day from before)
            group by all
        ),
        eligible as (
            select as_of_date, count(*) filter (is_eligible) as eligible from spine.spine_account_day
            where as_of_date in (select as_of_date from asked)
            group by all
        )
        select asked.as_of_date, coalesce(scored.rows, 0) as rows, coalesce(scored.highest_rank, 0) as highest_rank,
            coalesce(scored.different_scores, 0) as different_scores, coalesce(by_scorecard, false) as by_scorecard,
            coalesce(eligible.eligible, 0) as eligible, before.day as passed_before,
            (select rows from scored where scored.as_of_date = before.day) as previous
        from asked left join scored using (as_of_date) left join eligible using (as_of_date) left join before using (as_of_date)
        order by 1
        """,
        [list(days), COMPARED_WITHIN_DAYS],
    ).pl()
    facts = []
    # The latest day of this run whose number of accounts is as expected.
    stood: tuple[date, int] | None = None
    for row in rows.iter_rows(named=True):
        row["previous"] = _previous(row, stood)
        limits = (
            bounds(row["previous"], settings.checks.max_change_of_accounts)
            if row["previous"]
            else None
        )
        fewest, most = limits or (0, max(row["rows"], row["eligible"]))
        # Few lines of a scorecard give few different scores.
        needed = 0 if row["by_scorecard"] else distinct_scores_needed(row["eligible"])
        if fewest <= row["rows"] <= most:
            stood = row["as_of_date"], row["rows"]
        del row["passed_before"]
        facts.append(row | {"fewest": fewest, "most": most, "different_needed": needed})
    return pl.DataFrame(facts, infer_schema_length=None)


def _previous(row: Mapping[str, Any], stood: tuple[date, int] | None) -> int | None:
    """Accounts of the latest day before that stood: one that passed earlier, or one of this run."""
    day, earlier = row["as_of_date"], row["passed_before"]
    if stood and stood[0] >= day - timedelta(days=COMPARED_WITHIN_DAYS):
        if earlier is None or stood[0] > earlier:
            return stood[1]
    return row["previous"]


def _groups(counts: pl.DataFrame) -> list[list[date]]:
    """Days that are judged together: no more rows than a validation looks at without drawing a sample."""
    groups: list[list[date]] = []
    rows = MAX_ROWS + 1
    for day, more in counts.select("as_of_date", "rows").iter_rows():
        if rows + more > MAX_ROWS:
            groups.append([])
            rows = 0
        groups[-1].append(day)
        rows += more
    return groups


def _one_day(
    connect: Connect,
    settings: Settings,
    counts: pl.DataFrame,
    day: date,
) -> Validation:
    from expectations.suites.account_scores import account_scores_suite

    facts = counts.row(by_predicate=pl.col("as_of_date") == day, named=True)
    rows = _rows(connect, settings, [day])
    suite = partial(
        account_scores_suite,
        as_of_date=day,
        horizons_days=_horizons_said(connect, settings, rows),
        eligible_count=facts["eligible"],
        previous_count=facts["previous"] or None,
        max_change=settings.checks.max_change_of_accounts,
        explained=settings.explanation.max_accounts_per_day,
        by_scorecard=facts["by_scorecard"],
    )
    return Validation(rows, suite, day.isoformat(), days=(day,))


def _several_days(
    connect: Connect,
    settings: Settings,
    counts: pl.DataFrame,
    days: list[date],
) -> Iterator[Validation]:
    from expectations.suites.account_scores import day_counts_suite, several_days_suite

    rows = _rows(connect, settings, days)
    explained = settings.explanation.max_accounts_per_day
    mine = counts.filter(pl.col("as_of_date").is_in(days))
    reasons = _without_reasons(rows, explained)
    suite = partial(
        several_days_suite,
        as_of_dates=days,
        horizons_days=_horizons_said(connect, settings, rows),
        most_accounts=mine["eligible"].max(),
        explained=explained,
    )
    about = {
        "partition": f"{days[0]} to {days[-1]}",
        "days": tuple(days),
        "one_by_one": partial(map, partial(_one_day, connect, settings, counts), days),
    }
    facts = mine.join(reasons, on="as_of_date", how="left").fill_null(0)
    yield Validation(
        facts.drop("as_of_date", "previous", "by_scorecard"), day_counts_suite, **about
    )
    yield Validation(rows, suite, **about)


def _horizons_said(connect: Connect, settings: Settings, rows: pl.DataFrame) -> list[int]:
    """Horizons that have a probability: those of the scoring models of these rows, where one was left out for want of history.

    Where models differ in it, those of all: such days fail together and are then judged one by one.
    """
    versions = rows["scoring_model_version"].unique().drop_nulls().to_list()
    with closing(connect()) as connection:
        models = connection.execute(
            "select horizon_days, other_horizons from scoring.trained_models "
            "where scoring_model_version in (select unnest(?::varchar[]))",
            [versions],
        ).fetchall()
    said = {horizon for horizon, _ in models}
    for _, others in models:
        measured = json.loads(others or "{}")
        said |= {int(horizon) for horizon, one in measured.items() if "why_not" not in one}
    asked = settings.conversion.horizons_days
    return [horizon for horizon in asked if horizon in said] or asked


def _without_reasons(rows: pl.DataFrame, explained: int) -> pl.DataFrame:
    """Of each day, how many explained accounts lack a reason, and how many may: one day of many without any must show."""
    from expectations.suites.account_scores import REASONED_SHARE

    is_asked = (pl.col("score_basis") == "model") & (pl.col("rank") <= explained)
    lacks = pl.col("reasons").list.len().fill_null(0) == 0
    return rows.group_by("as_of_date").agg(
        (is_asked & lacks).sum().cast(pl.Int64).alias("without_reasons"),
        (is_asked.sum() * (1 - REASONED_SHARE))
        .floor()
        .cast(pl.Int64)
        .alias("without_reasons_allowed"),
    )


def _rows(connect: Connect, settings: Settings, days: Sequence[date]) -> pl.DataFrame:
    with closing(connect()) as connection:
        return connection.execute(
            f"select {horizon_columns(settings)} from marts.account_scores_daily "
            "where as_of_date in (select unnest(?::date[])) order by as_of_date, rank",
            [list(days)],
        ).pl()
