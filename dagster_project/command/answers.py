"""What people ask of the scores: whom to call, why, how good they were.

Here: read-only questions to what is published, answered as plain dicts. Not here: what lies in the home's folders (landed.py,
home_status.py), printing (terminal/), anything that writes.
"""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import duckdb

from dagster_project.command.errors import BadQuestion, NoAnswer
from dagster_project.command.explained import factors_of, since_before
from dagster_project.command.query_rows import rows_of
from dagster_project.home import Home
from dagster_project.publisher import connect_published

PEOPLE_SHOWN = 4
# As dbt/macros/columns.sql reads a domain from an account's website.
_BEFORE_DOMAIN = re.compile(r"^([a-z][a-z0-9+.-]*:)?(//)?(www[0-9]?[.])?")
_DOMAIN = re.compile(r"([^/?#:\s]+)([/?#:]\S*)?")


def query(home: Home, sql: str) -> list[dict[str, Any]]:
    """Rows of one reading statement on the published scores.

    Raises BadQuestion for SQL that is wrong or would write, NoAnswer when nothing is published.
    """
    connection = published(home)
    try:
        try:
            statements = connection.extract_statements(sql)
        except duckdb.Error as problem:
            raise BadQuestion(_in_short(problem)) from None
        if len(statements) != 1:
            raise BadQuestion("ask with exactly one SQL statement")
        # EXPLAIN is not allowed either: EXPLAIN ANALYZE carries out what it explains.
        if statements[0].type != duckdb.StatementType.SELECT:
            raise BadQuestion(
                f"the published scores are read-only; {statements[0].type.name} is not a question (use SELECT)"
            )
        # Only the published files may be read; the lock keeps the statement from lifting that.
        connection.execute("set allowed_directories = [?]", [str(home.published)])
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        return rows_of(connection, statements[0].query)
    except duckdb.Error as problem:
        raise BadQuestion(_in_short(problem)) from None
    finally:
        connection.close()


def published(home: Home) -> duckdb.DuckDBPyConnection:
    """A read-only connection to what is published. Raises NoAnswer before anything is."""
    try:
        return connect_published(home)
    except FileNotFoundError:
        raise NoAnswer(
            f"nothing has been published in {home.root} yet; `make demo` or `scoring refresh` publishes scores"
        ) from None


def _in_short(problem: duckdb.Error) -> str:
    """DuckDB's words without the trace of its insides, which some errors carry."""
    return str(problem).partition("Stack Trace")[0].strip()


def top(home: Home, limit: int) -> list[dict[str, Any]]:
    """The first `limit` accounts of the latest day, best first."""
    connection = published(home)
    try:
        return rows_of(
            connection, "select * from scores.account_scores order by rank limit ?", [limit]
        )
    finally:
        connection.close()


def explain(home: Home, account: str, day: date | None) -> dict[str, Any]:
    """One account's score on a day, its factors, its likeliest people, and what changed since the stored day before.

    `account` is an account id (with or without its source), a domain or an address on it, or a name. Raises NoAnswer when
    it is not found and BadQuestion when several accounts fit.
    """
    connection = published(home)
    try:
        score = _find(connection, account, day)
        factors, is_derived = factors_of(connection, home, score)
        since = since_before(connection, home, score, factors)
        return {
            "score": score,
            "factors": factors,
            "is_derived": is_derived,
            "people": _likeliest_people(connection, score),
            "since": since,
        }
    finally:
        connection.close()


def _likeliest_people(
    connection: duckdb.DuckDBPyConnection, score: dict[str, Any]
) -> list[dict[str, Any]]:
    """Rows of lead_scores of the account, of the latest day alone: others keep only what people say together. A file that an
    earlier version published has none.
    """
    if not rows_of(connection, "select 1 from duckdb_tables() where table_name = 'lead_scores'"):
        return []
    return rows_of(
        connection,
        "select * from scores.lead_scores where account_id = ? and as_of_date = ? and seniority is distinct from 'student' "
        "order by lead_score desc nulls last, is_engaged_90d desc nulls last, lead_id limit ?",
        [score["account_id"], score["as_of_date"], PEOPLE_SHOWN],
    )


def _find(connection: duckdb.DuckDBPyConnection, account: str, day: date | None) -> dict[str, Any]:
    if day is None:
        (day,) = connection.execute("select max(as_of_date) from scores.account_scores").fetchone()
    found = rows_of(
        connection,
        "select * from scores.account_scores_daily where as_of_date = ? and (account_id = ? or ends_with(account_id, ':' || ?) "
        "or domain = ? or lower(account_name) = lower(?)) order by rank",
        [day, account, account, domain_in(account), account],
    )
    if not found:
        raise NoAnswer(_why_not_found(connection, account, day))
    if len(found) > 1:
        names = ", ".join(f"{row['account_name']} ({row['account_id']})" for row in found[:5])
        raise BadQuestion(f"{len(found)} accounts fit {account!r}: {names}; name one by its id")
    return found[0]


def domain_in(text: str) -> str | None:
    """The domain that a person means: https://www.Example.com:80/x?y → example.com; None for a text that is none."""
    found = _DOMAIN.fullmatch(_BEFORE_DOMAIN.sub("", text.strip().lower()))
    return found[1] if found else None


def _why_not_found(connection: duckdb.DuckDBPyConnection, account: str, day: date) -> str:
    excluded = rows_of(
        connection,
        "select exclusion_rule from scores.excluded_accounts where account_id = ? or ends_with(account_id, ':' || ?) "
        "or domain = ? or lower(account_name) = lower(?)",
        [account, account, domain_in(account), account],
    )
    if excluded:
        return f"{account!r} is not scored: {excluded[0]['exclusion_rule']}"
    days = connection.execute(
        "select count(*) from scores.account_scores_daily where as_of_date = ?", [day]
    ).fetchone()[0]
    if not days:
        return f"no scores are stored for {day}{_nearest_days(connection, day)}"
    near = connection.execute(
        "select account_name from scores.account_scores where account_name is not null "
        "order by jaro_winkler_similarity(lower(account_name), lower(?)) desc, account_name limit 3",
        [account],
    ).fetchall()
    hint = f"; did you mean {', '.join(name for (name,) in near)}?" if near else ""
    return f"no account {account!r} among the scores of {day} (an id, a domain or a name){hint}"


def _nearest_days(connection: duckdb.DuckDBPyConnection, day: date) -> str:
    """The stored days before and after a day, as the end of a sentence."""
    found = connection.execute(
        "select max(as_of_date) filter (where as_of_date < $day), min(as_of_date) filter (where as_of_date > $day) "
        "from scores.account_scores_daily",
        {"day": day},
    ).fetchone()
    near = [str(one) for one in found if one]
    return f"; the nearest stored days are {' and '.join(near)}" if near else ""


def evaluation(home: Home, day: date) -> list[dict[str, Any]]:
    """How a day's scores fared: rows of score_evaluation, the model at the primary horizon first, other horizons last."""
    connection = published(home)
    try:
        return rows_of(
            connection,
            "select * from scores.score_evaluation where as_of_date = ? "
            "order by horizon_days <> ?, horizon_days, slice <> 'all', slice, predictor <> 'model', predictor",
            [day, home.settings().conversion.primary_horizon_days],
        )
    finally:
        connection.close()


def training(home: Home, version: str) -> dict[str, Any] | None:
    """A training just done, as scores.model_versions will tell of it after the next refresh; None while another run writes."""
    try:
        # As the run that has just ended in this process opened it: DuckDB refuses a second way at the same time.
        connection = duckdb.connect(str(home.warehouse))
    except duckdb.Error:
        return None
    try:
        rows = rows_of(
            connection,
            "select * from scoring.trained_models where scoring_model_version = ?",
            [version],
        )
    finally:
        connection.close()
    if not rows:
        return None
    return rows[0] | {name: json.loads(rows[0][name] or "null") for name in ("baselines", "search")}
