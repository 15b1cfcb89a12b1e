"""What people ask: whom to call, why, in what state the home is, what a run landed and refused.

Here: read-only questions, answered as plain dicts. Not here: printing (terminal.py), anything that writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.home import Home
from dagster_project.publisher import connect_published

# Of a file's refused rows; the quarantine holds all of them.
MOST_ROWS_A_FILE = 1000
# As dbt/macros/columns.sql reads a domain from an account's website.
_BEFORE_DOMAIN = re.compile(r"^([a-z][a-z0-9+.-]*:)?(//)?(www[0-9]?[.])?")
_DOMAIN = re.compile(r"([^/?#:\s]+)([/?#:]\S*)?")


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
        return _rows(connection, statements[0].query)
    except duckdb.Error as problem:
        raise BadQuestion(_in_short(problem)) from None
    finally:
        connection.close()


def _in_short(problem: duckdb.Error) -> str:
    """DuckDB's words without the trace of its insides, which some errors carry."""
    return str(problem).partition("Stack Trace")[0].strip()


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

    `account` is an account id (with or without its source), a domain or an address on it, or a name. Raises NoAnswer when
    it is not found and BadQuestion when several accounts fit.
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
    excluded = _rows(
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


def evaluation(home: Home, day: date) -> list[dict[str, Any]]:
    """How a day's scores fared: rows of score_evaluation, the model first, all accounts before a part of them."""
    connection = _published(home)
    try:
        return _rows(
            connection,
            "select * from scores.score_evaluation where as_of_date = ? "
            "order by slice <> 'all', slice, predictor <> 'model', predictor",
            [day],
        )
    finally:
        connection.close()


def last_published(home: Home) -> date | None:
    """The latest day with scores, None before the first."""
    try:
        connection = connect_published(home)
    except FileNotFoundError:
        return None
    try:
        return connection.execute("select max(as_of_date) from scores.account_scores").fetchone()[0]
    finally:
        connection.close()


def last_known_day(home: Home) -> date | None:
    """The latest day on which anything that has landed was known; None before the first landing."""
    rows = _in_parquet(home.landing, "select max(known_at) as last from {files}")
    return rows[0]["last"] if rows else None


def training(home: Home, version: str) -> dict[str, Any] | None:
    """A training just done, as scores.model_versions will tell of it after the next refresh; None while another run writes."""
    try:
        # As the run that has just ended in this process opened it: DuckDB refuses a second way at the same time.
        connection = duckdb.connect(str(home.warehouse))
    except duckdb.Error:
        return None
    try:
        rows = _rows(
            connection,
            "select * from scoring.trained_models where scoring_model_version = ?",
            [version],
        )
    finally:
        connection.close()
    return rows[0] | {"baselines": json.loads(rows[0]["baselines"])} if rows else None


def landed(home: Home, refused_groups: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What lies in landing and quarantine now, table by table; the published tables know of it after the next refresh.

    refused_groups: as of `_refused_groups`.
    """
    refused: dict[tuple[str, str], int] = {}
    for group in refused_groups:
        key = group["vendor"], group["table_name"]
        refused[key] = refused.get(key, 0) + group["rows"]
    nothing = {"last_ds": None, "last_known_at": None, "rows_landed": 0, "files": 0}
    found = []
    expected = set(home.settings().feeds)
    for folder in sorted(home.landing.glob("*/*")):
        key = folder.parent.name, folder.name
        # Every declared table has a folder; a vendor that scoring.yaml does not name is not missed.
        if key[0] not in expected and key not in refused and not any(folder.glob("ds=*/*.parquet")):
            continue
        rows = _in_parquet(
            folder,
            "select max(ds) as last_ds, max(known_at) as last_known_at, "
            "count(distinct row(ds, source_sha256, source_line)) as rows_landed, "
            "count(distinct source_sha256) as files from {files}",
        )
        facts = rows[0] if rows else nothing
        found.append(_feed(*key, facts, refused.pop(key, 0)))
    return found + [_feed(*key, nothing, rows) for key, rows in refused.items()]


def _feed(vendor: str, table: str, facts: Mapping[str, Any], refused: int) -> dict[str, Any]:
    return {"vendor": vendor, "table_name": table, **facts, "quarantined_rows": refused}


def landed_twice(home: Home) -> list[dict[str, Any]]:
    """Files of the same bytes that landed for more than one day: their rows are known on each of them."""
    places: dict[tuple[Path, str], list[Path]] = {}
    for path in sorted(home.landing.glob("*/*/ds=*/*.parquet")):
        places.setdefault((path.parents[1], path.name), []).append(path)
    return [
        {
            "vendor": folder.parent.name,
            "table_name": folder.name,
            "source_file": _source_file(paths[-1]),
            "days": [date.fromisoformat(path.parent.name.removeprefix("ds=")) for path in paths],
        }
        for (folder, _), paths in places.items()
        if len(paths) > 1
    ]


def _source_file(landed_file: Path) -> str | None:
    rows = _in_parquet(landed_file, "select source_file from {files} limit 1")
    return rows[0]["source_file"] if rows else None


def _refused_groups(home: Home) -> list[dict[str, Any]]:
    """Rows in quarantine now by file and reason, most first."""
    return _in_parquet(
        home.quarantine,
        "select vendor, table_name, source_file, reason, count(*) as rows from {files} "
        "group by all order by rows desc, 1, 2, 3, 4",
    )


def _in_parquet(place: Path, sql: str) -> list[dict[str, Any]]:
    """Rows of a query on the Parquet files below a folder, or on one file: {files} in the SQL. None without a file."""
    files = (
        [str(path) for path in sorted(place.rglob("*.parquet"))] if place.is_dir() else [str(place)]
    )
    if not files:
        return []
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    source = f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
    with duckdb.connect() as connection:
        return _rows(connection, sql.format(files=source))


def status(home: Home) -> dict[str, Any]:
    """What is stored and published, feed by feed, with sizes in bytes. Feeds and quarantine: as their folders are now."""
    groups = _refused_groups(home)
    answer: dict[str, Any] = {
        "home": str(home.root),
        "settings": str(home.settings_file),
        "published": None,
        "feeds": landed(home, groups),
        "landed_twice": landed_twice(home),
        "quarantined": groups[:10],
        "rows_in_quarantine": sum(group["rows"] for group in groups),
    }
    try:
        connection = connect_published(home)
    except FileNotFoundError:
        return {**answer, "sizes_bytes": _sizes(home)}
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
        health = {
            (row["vendor"], row["table_name"]): row
            for row in _rows(connection, "select * from scores.feed_health")
        }
        for feed in answer["feeds"]:
            seen = health.get((feed["vendor"], feed["table_name"]), {})
            feed["days_since_last_arrival"] = seen.get("days_since_last_arrival")
            feed["rows_at_last_refresh"] = seen.get("rows_landed", 0)
        (answer["rows_in_quarantine_published"],) = connection.execute(
            "select count(*) from scores.quarantined_rows"
        ).fetchone()
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
