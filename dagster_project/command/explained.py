"""The factors of one score: stored ones, or worked out again where only the best accounts' are stored.

Here: finding them, and what moved since the stored day before. Not here: what a factor is (models/explanation.py,
models/scorecard.py), printing (terminal/scores.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import duckdb

from dagster_project.command.query_rows import rows_of
from dagster_project.home import Home

FACTOR = ("factor_rank", "feature", "family", "feature_value", "contribution", "reason")
SAID_OF_THE_DAY_BEFORE = ("as_of_date", "score", "score_basis", "scoring_model_version")


def factors_of(
    connection: duckdb.DuckDBPyConnection, home: Home, score: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], bool]:
    """The factors of a row of account_scores_daily, strongest first, and whether they were worked out now.

    connection: on the published file. None where they are neither stored nor can be worked out: the day's features were let go or
    have changed, what scored cannot be read, or a run is writing.
    """
    stored = rows_of(
        connection,
        f"select {', '.join(FACTOR)} from scores.score_reasons_daily "
        "where account_id = ? and as_of_date = ? order by factor_rank",
        [score["account_id"], score["as_of_date"]],
    )
    if stored:
        return stored, False
    derived = _derived(home, score)
    return derived, bool(derived)


def _derived(home: Home, score: Mapping[str, Any]) -> list[dict[str, Any]]:
    # seconds of import, for accounts without stored factors alone
    from dagster_project.scored_rows import scored_rows, scorer_of
    from models.feature_contract import ContractError
    from models.model_files import ModelFormatError
    from models.registry import Registry, RegistryError

    day = score["as_of_date"]
    try:
        with closing(duckdb.connect(str(home.warehouse), read_only=True)) as warehouse:
            frame = warehouse.execute(
                "from datasets.scoring_set where account_id = ? and as_of_date = ?",
                [score["account_id"], day],
            ).pl()
    except (duckdb.IOException, duckdb.CatalogException):  # a run holds it, or it was never made
        return []
    if frame.height == 0:
        return []
    settings = home.settings()
    registry = Registry(home.mlflow_database, home.mlflow_artifacts)
    try:
        scorer = scorer_of(score["scoring_model_version"], registry, settings)
        again, factors = scored_rows(frame, scorer, settings, {frame["as_of_date"][0]: 1})
    except (RegistryError, ModelFormatError, ContractError):
        return []
    if again["feature_digest"][0] != score["feature_digest"]:
        return []
    return factors.select(FACTOR).to_dicts()


def since_before(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    score: Mapping[str, Any],
    factors: Sequence[Mapping[str, Any]],
) -> dict[str, Any] | None:
    """The stored day before, and the factors whose contribution moved; None if there is none."""
    before = rows_of(
        connection,
        "select account_id, as_of_date, score, score_basis, scoring_model_version, feature_digest "
        "from scores.account_scores_daily where account_id = ? and as_of_date < ? order by as_of_date desc limit 1",
        [score["account_id"], score["as_of_date"]],
    )
    if not before:
        return None
    found, _ = factors_of(connection, home, before[0])
    earlier = {row["feature"]: row for row in found}
    moved = [
        {
            "feature": now["feature"],
            "reason": now["reason"],
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
        **{name: before[0][name] for name in SAID_OF_THE_DAY_BEFORE},
        "change": score["score"] - before[0]["score"] if is_same_basis else None,
        "is_same_basis": is_same_basis,
        "is_same_model": same_model,
        "is_explained": bool(factors and earlier),
        "factors": moved if is_same_basis else [],
    }
