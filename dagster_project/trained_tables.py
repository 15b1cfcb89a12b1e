"""What is written down of a training beside MLflow: the tables that SQL and analysts need, and what its run says.

Here: rows of trained_models, reliability_bins and group_measures. Not here: training and registering (assets/training.py),
what was learnt of segments and points (learnt_weights.py).
"""

import json
from datetime import date
from typing import Any

import dagster as dg
import polars as pl

from dagster_project.learnt_weights import store_learnt
from dagster_project.resources import ScoringHome
from dagster_project.warehouse import columns_of, replace_rows
from models.by_group import warnings_of
from models.training import TrainingResult


def store_training(
    scoring_home: ScoringHome,
    result: TrainingResult,
    version: str,
    as_of: date,
    champion_from: date | None,
    run_id: str,
    code: str,
    learnt: dict[str, pl.DataFrame],
) -> None:
    """What SQL and analysts need of a training, beside what MLflow keeps."""
    metrics, window = result.metrics or {}, result.window
    withdrawn_from, withdrawn_because = scoring_home.registry().withdrawal(version)
    row = {
        "scoring_model_version": version,
        "trained_as_of": as_of,
        "champion_from": champion_from,
        "verdict": result.verdict.verdict,
        "why": result.verdict.why,
        "horizon_days": result.model.primary_horizon_days,
        "train_rows": window["rows"],
        "train_positives": window["positives"],
        "first_as_of_date": date.fromisoformat(window["first_as_of_date"]),
        "last_as_of_date": date.fromisoformat(window["last_as_of_date"]),
        "test_rows": metrics.get("n"),
        "test_positives": metrics.get("positives"),
        "baselines": json.dumps(result.baseline_metrics, sort_keys=True),
        "components": json.dumps(result.component_metrics, sort_keys=True),
        "calibration": json.dumps(result.calibration, sort_keys=True),
        "other_horizons": json.dumps(_measures_of(result), sort_keys=True),
        "value": json.dumps(result.value, sort_keys=True),
        "leads": json.dumps(result.leads, sort_keys=True),
        "against_champion": json.dumps(result.duel, sort_keys=True) if result.duel else None,
        "search": json.dumps(result.search, sort_keys=True) if result.search else None,
        "snapshot_features": sorted(
            c.feature.name
            for c in result.model.encoder.columns
            if c.feature.source_kind == "snapshot"
        ),
        "mlflow_run_id": run_id,
        "feature_contract_version": result.model.metadata["feature_contract_version"],
        "code_version": code,
        "created_at": scoring_home.now(),
        "withdrawn_from": withdrawn_from,
        "withdrawn_because": withdrawn_because,
        "trained_because": scoring_home.registry().trained_because(version),
    }
    row = {name: row.get(name, metrics.get(name)) for name in columns_of("trained_models")}
    by_horizon = {row["horizon_days"]: result.reliability}
    by_horizon |= {days: one["reliability"] for days, one in result.other_horizons.items()}
    bins = pl.DataFrame(
        [
            {"scoring_model_version": version, "slice": "test", "horizon_days": horizon, **one}
            for horizon in sorted(by_horizon)
            for one in by_horizon[horizon]
        ]
    )
    connection = scoring_home.connect()
    try:
        replace_rows(
            connection, "trained_models", pl.DataFrame([row]), "scoring_model_version", [version]
        )
        if bins.height:
            replace_rows(connection, "reliability_bins", bins, "scoring_model_version", [version])
        if result.groups:
            groups = pl.DataFrame(result.groups, infer_schema_length=None).with_columns(
                pl.lit(version).alias("scoring_model_version")
            )
            replace_rows(connection, "group_measures", groups, "scoring_model_version", [version])
        store_learnt(connection, learnt, version)
    finally:
        connection.close()


def _measures_of(result: TrainingResult) -> dict[str, Any]:
    """What is said of horizons other than the primary one, or why a horizon has no probability."""
    measured = {
        str(horizon): {**(one["metrics"] or {}), "calibration": one["calibration"]}
        for horizon, one in result.other_horizons.items()
    }
    return measured | {
        str(days): {"why_not": why} for days, why in result.horizons_left_out.items()
    }


def told_of(result: TrainingResult, version: str) -> dict[str, Any]:
    """What Dagster's pages and the command say of a training."""
    metrics = result.metrics or {}
    shown = {name: round(value, 4) for name, value in metrics.items() if isinstance(value, float)}
    others = {
        f"auc of {name}": round(values["auc"], 4)
        for name, values in (result.baseline_metrics | result.component_metrics).items()
        if values["auc"] is not None  # all accounts of the test part fared alike
    }
    others |= {
        f"auc within {horizon} days": round(one["metrics"]["auc"], 4)
        for horizon, one in result.other_horizons.items()
        if one["metrics"] and one["metrics"]["auc"] is not None
    }
    return {
        "scoring model": version,
        "verdict": result.verdict.verdict,
        "why": result.verdict.why,
        "rows learnt from": result.window["rows"],
        **({"search": dg.MetadataValue.json(result.search)} if result.search else {}),
        **_beside_champion(result),
        **_of_people(result),
        **_left_out(result),
        **shown,
        **others,
        "calibration": dg.MetadataValue.json(result.calibration),
    }


def _beside_champion(result: TrainingResult) -> dict[str, Any]:
    if result.duel is None:
        return {}
    found = result.duel
    return {
        "beside scoring model": found["champion"],
        "accounts that change band": f"{found['accounts_that_change_band']} of {found['accounts']}",
    }


def _of_people(result: TrainingResult) -> dict[str, Any]:
    if why := result.leads.get("why_not"):
        return {"no scores of people": why}
    return {"auc among people": round(result.leads["auc"], 4)}


def _left_out(result: TrainingResult) -> dict[str, Any]:
    """Rows beyond training.max_training_rows, features that no feed fills, suspects that a person vouches for; else nothing."""
    said: dict[str, Any] = {}
    if thinning := result.model.metadata.get("thinning"):
        said["rows left out"] = thinning["rows_available"] - thinning["rows_kept"]
    for horizon, why in result.horizons_left_out.items():
        said[f"no probability within {horizon} days"] = why
    if off := warnings_of(result.groups):
        said["off on later data"] = off
    if result.without_data:
        said["features without data"] = ", ".join(sorted(result.without_data))
    if result.allowed:
        said["allowed by scoring.yaml"] = ", ".join(
            f"{name} ({why})" for name, why in result.allowed.items()
        )
    return said
