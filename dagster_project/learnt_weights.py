"""What a training learnt for people, as tables that Python writes: segments, the profile of winners, suggested points.

Here: their rows, one set a training. Not here: how they are learnt (models/segments.py, icp.py, suggested_points.py), how they
are shown (command/learnt.py).
"""

from __future__ import annotations

from datetime import date

import duckdb
import polars as pl

from dagster_project.warehouse import replace_rows
from models.measurement import SUGGESTED
from models.training import TrainingResult

POINTS = {
    "line_number": pl.Int32, "feature": pl.String, "at_least": pl.Float64, "at_most": pl.Float64,
    "one_of": pl.List(pl.String), "is_present": pl.Boolean, "points": pl.Int32, "hot_from": pl.Float64, "warm_from": pl.Float64,
}  # fmt: skip


def learnt_tables(result: TrainingResult, version: str, as_of: date) -> dict[str, pl.DataFrame]:
    """Rows of each table of this training, by its name; a table that nothing can be said in has none."""
    of = (
        pl.lit(version).alias("scoring_model_version"),
        pl.lit(as_of).alias("trained_as_of"),
        pl.lit(result.model.primary_horizon_days, dtype=pl.Int32).alias("horizon_days"),
    )
    found = {
        "learnt_segments": result.segments,
        "learnt_profile": result.icp,
        "learnt_points": _points(result),
    }
    return {table: rows.with_columns(of) for table, rows in found.items()}


def store_learnt(
    connection: duckdb.DuckDBPyConnection, tables: dict[str, pl.DataFrame], version: str
) -> None:
    """Put these rows in the place of what the same training wrote before."""
    for table, rows in tables.items():
        replace_rows(connection, table, rows, "scoring_model_version", [version])


def _points(result: TrainingResult) -> pl.DataFrame:
    suggested = result.baselines.get(SUGGESTED)
    if suggested is None:
        return pl.DataFrame(schema=POINTS)
    card = suggested.settings
    rows = [
        line.model_dump(include={"feature", "at_least", "at_most", "one_of", "points"})
        | {
            "line_number": number,
            "is_present": bool(line.present),
            "hot_from": card.hot_from,
            "warm_from": card.warm_from,
        }
        for number, line in enumerate(card.lines, start=1)
    ]
    return pl.DataFrame(rows, schema=POINTS)
