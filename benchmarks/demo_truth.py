"""A demo home's scores held against the world's truth: ranking, calibration, and what is left without signal.

Belongs here: the measures of later days beside those of the true probabilities. Does not belong here: the truth itself
(dagster_project/demo), measures (models/evaluation.py).

    python -m benchmarks.demo_truth HOME [--permute] [--json FILE]

Later days are the month-ends that were scored by a model trained before them. On them the model is also held against the
baselines of its training, and each component score against each hidden quantity: a component should order by its own.
`--permute` trains once more on the same rows with
the labels of each day dealt out at random: nothing may be left to find.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from dagster_project.demo.calendar import HORIZONS
from dagster_project.demo.truth import PRIMARY
from models.calibration import calibration_line
from models.evaluation import (
    calibration_error,
    calibration_error_if_perfect,
    compare,
    evaluate,
)
from models.feature_contract import LABEL_COLUMNS

SEED = 7
DRAWS = 2_000
# Each component score and the hidden quantity that is its own: how well the company fits, how near to a win its state is, how
# much of a project shows as research.
OWN = {
    "fit_score": "true_fit",
    "engagement_score": "readiness",
    "intent_score": "intent",
    "readiness_score": "readiness",
}
LEADS = (("AUC", "auc"), ("lift", "lift_top_decile"), ("log loss", "log_loss"))
WITH_SOURCE = pl.concat_str(pl.lit("salesforce:"), "account_id").alias("account_id")
HIDDEN = ("true_fit", "readiness", "intent")


def trained_as_of(home: Path) -> date:
    """What the home's first champion was trained on."""
    with duckdb.connect(str(home / "published" / "scores.duckdb"), read_only=True) as scores:
        (day,) = scores.execute(
            "select min(trained_as_of) from model_versions where champion_from is not null"
        ).fetchone()
    return day


def later_rows(home: Path, truth: Path, horizon_days: int = 90) -> pl.DataFrame:
    """One row an account and month-end scored by a model: p, flags, true_p, is_won.

    truth: a truth folder, of this home or of another one of the same world. Empty where nothing is said of the horizon.
    """
    scores = duckdb.connect(str(home / "published" / "scores.duckdb"), read_only=True)
    scored = scores.execute(
        f"select account_id, as_of_date, win_probability_{horizon_days}d as p, flags from account_scores_daily "
        f"where win_probability_{horizon_days}d is not null and as_of_date = last_day(as_of_date) "
        "and as_of_date > ?",
        [trained_as_of(home)],
    ).pl()
    probabilities = pl.read_parquet(truth / "true_probabilities.parquet").select(
        "account_id", "as_of_date", "is_duplicate", true_p=f"p{horizon_days}"
    )
    outcomes = pl.read_parquet(truth / "outcomes.parquet").select(
        "account_id", "as_of_date", is_won=f"is_won_{horizon_days}d"
    )
    key = ["account_id", "as_of_date"]
    return (
        scored.with_columns(pl.col("account_id").str.strip_prefix("salesforce:"))
        .join(probabilities, on=key, how="inner")
        .join(outcomes, on=key, how="inner")
        .sort(*key)
    )


def measures(rows: pl.DataFrame) -> dict[str, Any]:
    """The model's and the truth's measures on the same rows, and what a perfectly calibrated model of that size shows."""
    y, p, true_p = (rows[name].cast(pl.Float64).to_numpy() for name in ("is_won", "p", "true_p"))
    accounts = rows["account_id"].to_numpy()
    return {
        "rows": rows.height,
        "accounts": rows["account_id"].n_unique(),
        "won": int(y.sum()),
        "model": evaluate(y, p, accounts, SEED),
        "truth": evaluate(y, true_p, accounts, SEED),
        "truth_lead": compare(y, true_p, p, accounts, SEED),
        "expected_auc": {"model": expected_auc(p, true_p), "truth": expected_auc(true_p, true_p)},
        "calibration": [calibration(day) for day in rows.partition_by("as_of_date")],
        "all_days": {
            "ece": calibration_error(y, p),
            "ece_95th_percentile_if_perfect": calibration_error_if_perfect(
                p, accounts, SEED, DRAWS
            ),
            "ece_of_the_truth": calibration_error(y, true_p),
            "ece_against_the_truth": distance_to_truth(true_p, p),
            "slope": calibration_line(y, p)[0],
        },
    }


def calibration(day: pl.DataFrame) -> dict[str, Any]:
    """Of one day, so that each account stands once. The truth's own calibration error says what luck made of that day."""
    y, p, true_p = (day[name].cast(pl.Float64).to_numpy() for name in ("is_won", "p", "true_p"))
    return {
        "day": str(day["as_of_date"][0]),
        "rows": day.height,
        "ece": calibration_error(y, p),
        "ece_95th_percentile_if_perfect": calibration_error_if_perfect(
            p, day["account_id"], SEED, DRAWS
        ),
        "ece_of_the_truth": calibration_error(y, true_p),
        "ece_against_the_truth": distance_to_truth(true_p, p),
        "mean_predicted": float(p.mean()),
        "mean_true": float(true_p.mean()),
        "won_rate": float(y.mean()),
        "slope": calibration_line(y, p)[0],
    }


def distance_to_truth(true_p: np.ndarray, p: np.ndarray, bins: int = 10) -> float:
    """Calibration error with the true probability in the place of the outcome: what is left of it without luck."""
    parts = np.array_split(np.argsort(p, kind="stable"), bins)
    return float(sum(abs((p[part] - true_p[part]).sum()) for part in parts) / len(p))


def expected_auc(score: np.ndarray, true_p: np.ndarray) -> float:
    """AUC that the true probabilities lead to expect of a ranking: less noisy than one draw of outcomes."""
    order = np.argsort(score, kind="stable")
    won, lost = true_p[order], 1 - true_p[order]
    return float(((lost.cumsum() - lost / 2) * won).sum() / (won.sum() * lost.sum()))


def baseline_leads(home: Path, horizon_days: int) -> dict[str, dict[str, Any]]:
    """The model's paired lead over each baseline of its training on the later rows: evaluation.compare."""
    from dagster_project.home_layout import open_home
    from models.registry import Registry

    opened = open_home(home)
    rows = later_rows(home, home / "demo" / "truth", horizon_days)
    with duckdb.connect(str(home / "published" / "scores.duckdb"), read_only=True) as scores:
        raw = scores.execute(
            "select account_id, as_of_date, raw_probability, scoring_model_version from account_scores_daily"
        ).pl()
    with duckdb.connect(str(opened.warehouse), read_only=True) as warehouse:
        features = warehouse.execute(
            "from datasets.scoring_set where as_of_date in (select unnest(?::date[]))",
            [rows["as_of_date"].unique().to_list()],
        ).pl()
    key = ["account_id", "as_of_date"]
    full = rows.with_columns(WITH_SOURCE).join(raw, on=key, how="inner")
    full = full.join(features, on=key, how="inner").sort(*key)
    (version,) = full["scoring_model_version"].unique()
    baselines = Registry(opened.mlflow_database, opened.mlflow_artifacts).load_baselines(version)
    y, p = (full[name].cast(pl.Float64).to_numpy() for name in ("is_won", "p"))
    order, accounts = full["raw_probability"].to_numpy(), full["account_id"].to_numpy()
    return {
        name: compare(y, p, said.probability, accounts, SEED, 500, order, said.order)
        for name, said in ((name, one.predict(full)) for name, one in baselines.items())
    }


def component_order(home: Path) -> dict[str, Any]:
    """How component scores order the accounts of a later day: mean by phase of the hidden chain, least ready first, and the
    share of pairs that a component puts in the order of a hidden quantity (pairs that differ in it; 0.5 is chance).
    """
    with duckdb.connect(str(home / "published" / "scores.duckdb"), read_only=True) as scores:
        said = scores.execute(
            f"select account_id, as_of_date, {', '.join(OWN)} from account_scores_daily "
            "where fit_score is not null and as_of_date = last_day(as_of_date) and as_of_date > ?",
            [trained_as_of(home)],
        ).pl()
    truth = pl.read_parquet(home / "demo" / "truth" / "true_probabilities.parquet")
    truth = truth.with_columns(WITH_SOURCE).filter(~pl.col("is_duplicate"))
    rows = said.join(truth, on=["account_id", "as_of_date"]).sort("as_of_date", "account_id")
    phases = rows.group_by("phase").agg(pl.len().alias("rows"), pl.col("readiness", *OWN).mean())
    return {
        "by_phase": phases.sort("readiness").to_dicts(),
        "pairs_in_order": {
            component: {hidden: pairs_in_order(rows, component, hidden) for hidden in HIDDEN}
            for component in OWN
        },
    }


def pairs_in_order(rows: pl.DataFrame, score: str, hidden: str, pairs: int = 1_000_000) -> float:
    """Share of pairs of accounts of one day, drawn at random, differing in `hidden`, that `score` orders alike; ties are half."""
    generator, agreed, compared = np.random.default_rng(SEED), 0.0, 0
    for day in rows.drop_nulls(score).partition_by("as_of_date", maintain_order=True):
        one, other = generator.integers(0, day.height, (2, pairs))
        truth, said = day[hidden].to_numpy(), day[score].to_numpy()
        above = truth[one] > truth[other]
        said_above = (said[one] > said[other]) + 0.5 * (said[one] == said[other])
        agreed, compared = agreed + said_above[above].sum(), compared + above.sum()
    return float(agreed / compared)


def realised_value(home: Path) -> dict[str, Any]:
    """What the first champion's training found of deal sizes on its later data."""
    with duckdb.connect(str(home / "published" / "scores.duckdb"), read_only=True) as scores:
        (found,) = scores.execute(
            "select value from model_versions where champion_from is not null order by trained_as_of limit 1"
        ).fetchone()
    return json.loads(found)


def permuted(home: Path) -> dict[str, Any]:
    """A training on the home's training set with the labels of each day dealt out at random."""
    from dagster_project.home_layout import open_home
    from dagster_project.training_set import read_training_set
    from models.training import train

    opened = open_home(home)
    settings = opened.settings().for_training()
    connection = duckdb.connect(str(opened.warehouse), read_only=True)
    rows, _ = read_training_set(connection, settings)
    connection.close()
    names = [name for name in rows.columns if name in LABEL_COLUMNS]
    label = pl.struct(names).shuffle(seed=SEED).over("as_of_date").alias("label")
    dealt = rows.with_columns(label).drop(names).unnest("label")
    result = train(dealt, settings, metadata={"trained_as_of": str(rows["as_of_date"].max())})
    kept = ("n", "positives", "auc", "auc_low", "auc_high")
    return {
        "verdict": result.verdict.verdict,
        "why": result.verdict.why,
        **{name: result.metrics[name] for name in kept},
    }


def _lines(found: dict[str, Any], horizon_days: int) -> list[str]:
    model, truth, lead = found["model"], found["truth"], found["truth_lead"]
    expected = found["expected_auc"]
    return [
        f"{found['rows']:,} rows of {found['accounts']:,} accounts on month-ends after training, "
        f"{found['won']:,} won within {horizon_days} days",
        f"AUC       model {_of(model, 'auc')}, truth {_of(truth, 'auc')}; truth ahead by {_of(lead, 'auc')}",
        f"expected  model {expected['model']:.3f}, truth {expected['truth']:.3f}",
        f"lift      model {model['lift_top_decile']:.2f} ({model['lift_low']:.2f} to {model['lift_high']:.2f}), "
        f"truth {truth['lift_top_decile']:.2f}",
        *(
            f"{day['day']} {_calibrated(day)}; mean predicted {day['mean_predicted']:.4f}, true {day['mean_true']:.4f}, "
            f"won {day['won_rate']:.4f}"
            for day in found["calibration"]
        ),
        f"all days  {_calibrated(found['all_days'])}",
    ]


def _component_lines(found: dict[str, Any]) -> Iterator[str]:
    for phase in found["by_phase"]:
        means = ", ".join(f"{name.removesuffix('_score')} {phase[name]:.0f}" for name in OWN)
        yield f"{phase['phase']}: {phase['rows']:,} rows, readiness {phase['readiness']:.3f}; mean {means}"
    for name, by_hidden in found["pairs_in_order"].items():
        own = OWN[name]
        others = ", ".join(
            f"{r:.3f} by {hidden}" for hidden, r in by_hidden.items() if hidden != own
        )
        yield f"{name}: {by_hidden[own]:.3f} of pairs in the order of {own}, its own ({others})"


def _calibrated(part: dict[str, Any]) -> str:
    return (
        f"ECE {part['ece']:.4f}; 95 % of perfectly calibrated models stay below "
        f"{part['ece_95th_percentile_if_perfect']:.4f}, the truth itself shows {part['ece_of_the_truth']:.4f}; "
        f"against the true probabilities {part['ece_against_the_truth']:.4f}; slope {part['slope']:.2f}"
    )


def _of(measured: dict[str, Any], name: str) -> str:
    return f"{measured[name]:.3f} ({measured[f'{name}_low']:.3f} to {measured[f'{name}_high']:.3f})"


def main() -> None:
    """Print the measures of a demo home."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("--permute", action="store_true", help="train on dealt-out labels too")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    found = {}
    for horizon in HORIZONS:
        rows = later_rows(asked.home, asked.home / "demo" / "truth", horizon)
        if rows.height == 0:
            print(f"nothing is said of {horizon} days")
            continue
        found[f"within_{horizon}_days"] = measures(rows)
        print("\n".join(_lines(found[f"within_{horizon}_days"], horizon)))
    primary = HORIZONS[PRIMARY]
    found["leads"] = baseline_leads(asked.home, primary)
    for name, lead in found["leads"].items():
        parts = (f"{words} {_of(lead, key)}" for words, key in LEADS)
        print(f"lead over {name.replace('_', ' ')}, {primary} days: {', '.join(parts)}")
    found["components"] = component_order(asked.home)
    print("\n".join(_component_lines(found["components"])))
    found["value"] = value = realised_value(asked.home)
    if value["kept"] != "nothing":
        print(f"value     realised over expected {_of(value, 'realised_over_expected')}")
    if asked.permute:
        found["permuted"] = without = permuted(asked.home)
        print(f"permuted  AUC {_of(without, 'auc')}, {without['verdict']}: {without['why']}")
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
