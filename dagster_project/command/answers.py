"""What people ask: whom to call, why, in what state the home is, what a run landed and refused.

Here: read-only questions, answered as plain dicts. Not here: printing (terminal.py), anything that writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.home import Home
from dagster_project.publisher import connect_published

# Of a file's refused rows; the quarantine holds all of them.
MOST_ROWS_A_FILE = 1000


class NoAnswer(Exception):
    """The question is fine but there is nothing to answer with; the message says what to do."""


class BadQuestion(Exception):
    """The question itself is wrong (SQL, an ambiguous name)."""


class WrongUse(Exception):
    """A command was asked for something it cannot mean; the message says what to do."""


def _published(home: Home) -> duckdb.DuckDBPyConnection:
    try:
        return connect_published(home)
    except FileNotFoundError:
        raise NoAnswer(
            f"nothing has been published in {home.root} yet; `make demo` or `scoring refresh` publishes scores"
        ) from None


def _rows(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: list | None = None
) -> list[dict[str, Any]]:
    cursor = connection.execute(sql, parameters or [])
    names = _once_each([column[0] for column in cursor.description])
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _once_each(names: list[str]) -> list[str]:
    """Column names of an answer; of two alike the second gets a number, so that neither is lost."""
    return [
        f"{name}_{names[:place].count(name)}" if name in names[:place] else name
        for place, name in enumerate(names)
    ]


def query(home: Home, sql: str) -> list[dict[str, Any]]:
    """Rows of one reading statement on the published scores.

    Raises BadQuestion for SQL that is wrong or would write, NoAnswer when nothing is published.
    """
    connection = _published(home)
    try:
        try:
            statements = connection.extract_statements(sql)
        except duckdb.Error as problem:
            raise BadQuestion(str(problem)) from None
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
        return _rows(connection, statements[0].query)
    except duckdb.Error as problem:
        raise BadQuestion(str(problem)) from None
    finally:
        connection.close()


def top(home: Home, limit: int) -> list[dict[str, Any]]:
    """The first `limit` accounts of the latest day, best first."""
    connection = _published(home)
    try:
        return _rows(
            connection, "select * from scores.account_scores order by rank limit ?", [limit]
        )
    finally:
        connection.close()


def explain(home: Home, account: str, day: date | None) -> dict[str, Any]:
    """One account's score on a day, its factors, and what changed since the stored day before.

    `account` is an account id (with or without its source), a domain or a name. Raises NoAnswer when it is not found and
    BadQuestion when several accounts fit.
    """
    connection = _published(home)
    try:
        score = _find(connection, account, day)
        key = [score["account_id"], score["as_of_date"]]
        factors = _rows(
            connection,
            "select factor_rank, feature, family, feature_value, contribution, reason from scores.score_reasons_daily "
            "where account_id = ? and as_of_date = ? order by factor_rank",
            key,
        )
        return {"score": score, "factors": factors, "since": _since(connection, score, factors)}
    finally:
        connection.close()


def _find(connection: duckdb.DuckDBPyConnection, account: str, day: date | None) -> dict[str, Any]:
    if day is None:
        (day,) = connection.execute("select max(as_of_date) from scores.account_scores").fetchone()
    found = _rows(
        connection,
        "select * from scores.account_scores_daily where as_of_date = ? and (account_id = ? or account_id like '%:' || ? "
        "or lower(domain) = lower(?) or lower(account_name) = lower(?)) order by rank",
        [day, account, account, account, account],
    )
    if not found:
        raise NoAnswer(_why_not_found(connection, account, day))
    if len(found) > 1:
        names = ", ".join(f"{row['account_name']} ({row['account_id']})" for row in found[:5])
        raise BadQuestion(f"{len(found)} accounts fit {account!r}: {names}; name one by its id")
    return found[0]


def _why_not_found(connection: duckdb.DuckDBPyConnection, account: str, day: date) -> str:
    excluded = _rows(
        connection,
        "select exclusion_rule from scores.excluded_accounts where account_id = ? or account_id like '%:' || ? "
        "or lower(account_name) = lower(?)",
        [account, account, account],
    )
    if excluded:
        return f"{account!r} is not scored: {excluded[0]['exclusion_rule']}"
    days = connection.execute(
        "select count(*) from scores.account_scores_daily where as_of_date = ?", [day]
    ).fetchone()[0]
    if not days:
        return f"no scores are stored for {day}; `scoring status` lists the stored days"
    near = connection.execute(
        "select account_name from scores.account_scores where account_name is not null "
        "order by jaro_winkler_similarity(lower(account_name), lower(?)) desc, account_name limit 3",
        [account],
    ).fetchall()
    hint = f"; did you mean {', '.join(name for (name,) in near)}?" if near else ""
    return f"no account {account!r} among the scores of {day} (an id, a domain or a name){hint}"


def _since(
    connection: duckdb.DuckDBPyConnection, score: dict, factors: list[dict]
) -> dict[str, Any] | None:
    """The stored day before, and the factors whose contribution moved; None if there is none."""
    before = _rows(
        connection,
        "select as_of_date, score, score_basis, scoring_model_version from scores.account_scores_daily "
        "where account_id = ? and as_of_date < ? order by as_of_date desc limit 1",
        [score["account_id"], score["as_of_date"]],
    )
    if not before:
        return None
    earlier = {
        row["feature"]: row
        for row in _rows(
            connection,
            "select feature, feature_value, contribution from scores.score_reasons_daily where account_id = ? and as_of_date = ?",
            [score["account_id"], before[0]["as_of_date"]],
        )
    }
    moved = [
        {
            "feature": now["feature"],
            "before": earlier[now["feature"]]["feature_value"],
            "now": now["feature_value"],
            "change": now["contribution"] - earlier[now["feature"]]["contribution"],
        }
        for now in factors
        if now["feature"] in earlier
        and now["contribution"] != earlier[now["feature"]]["contribution"]
    ]
    moved.sort(key=lambda row: (-abs(row["change"]), row["feature"]))
    same_model = before[0]["scoring_model_version"] == score["scoring_model_version"]
    # A scorecard's points and a model's log-odds are two scales: between them nothing can be said to have moved.
    is_same_basis = before[0]["score_basis"] == score["score_basis"]
    return {
        **before[0],
        "change": score["score"] - before[0]["score"] if is_same_basis else None,
        "is_same_basis": is_same_basis,
        "is_same_model": same_model,
        "factors": moved if is_same_basis else [],
    }


def arrivals(assets: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The files that a run brought, from the metadata of its landing assets: a refused file first."""
    found = {
        (file["day"], file["file"], file["sha256"]): file
        for facts in assets.values()
        for file in facts.get("arrivals", [])
    }
    return sorted(found.values(), key=lambda file: (file["is landed"], file["day"], file["file"]))


def refused_rows(home: Home, files: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of these files that stand in quarantine (a file refused as a whole says so itself)."""
    import polars as pl

    found = []
    for file in files:
        if not file["is landed"] or not file["rows quarantined"]:
            continue
        place = f"*/{file['table']}/ds={file['day']}/{file['sha256'][:16]}.parquet"
        for path in home.quarantine.glob(place):
            rows = pl.read_parquet(path).sort("source_line").head(MOST_ROWS_A_FILE)
            found += rows.select("source_file", "source_line", "column_name", "reason").to_dicts()
    return found


def status(home: Home) -> dict[str, Any]:
    """What is stored and published, feed by feed, with sizes in bytes."""
    answer: dict[str, Any] = {"home": str(home.root), "settings": str(home.settings_file)}
    try:
        connection = connect_published(home)
    except FileNotFoundError:
        return {**answer, "published": None, "sizes_bytes": _sizes(home)}
    try:
        answer["published"] = _rows(
            connection,
            "select as_of_date, count(*) as accounts, count(*) filter (where band = 'hot') as hot, "
            "min(scoring_model_version) as scoring_model_version, min(score_basis) as score_basis, max(scored_at) as scored_at "
            "from scores.account_scores group by as_of_date",
        )[0]
        answer["days"] = _rows(
            connection,
            "select count(distinct as_of_date) as stored, min(as_of_date) as first, max(as_of_date) as last "
            "from scores.account_scores_daily",
        )[0]
        answer["feeds"] = _rows(connection, "select * from scores.feed_health order by 1, 2")
        answer["quarantined"] = _rows(
            connection,
            "select vendor, table_name, source_file, reason, count(*) as rows from scores.quarantined_rows "
            "group by all order by rows desc, 1, 2, 3, 4 limit 10",
        )
        answer["models"] = _rows(
            connection, "select * from scores.model_versions order by trained_as_of desc limit 5"
        )
    finally:
        connection.close()
    return {**answer, "sizes_bytes": _sizes(home)}


def _sizes(home: Home) -> dict[str, int]:
    places = {
        "landing": home.landing,
        "quarantine": home.quarantine,
        "warehouse": home.warehouse.parent,
        "published": home.published,
        "mlflow": home.mlflow_database.parent,
        "expectations": home.expectations,
        "dagster": home.dagster,
    }
    return {name: _size(path) for name, path in places.items()}


def _size(folder: Path) -> int:
    return (
        sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        if folder.exists()
        else 0
    )
