"""Writes down what a training was and found: files, and numbers under flat names.

Belongs here: the record of a TrainingResult for people and for a tracking server. Does not belong
here: the tracking server itself (registry.py).
"""

import json
from dataclasses import asdict
from pathlib import Path

from models.feature_contract import FEATURES
from models.plots import save_plots
from models.settings import TrainingSettings
from models.training import TrainingResult

MODEL_FOLDER = "scoring_model"
RECORD_FILE = "training.json"
PLOTS_FOLDER = "plots"
BASELINES_FILE = "baselines.json"
# the model as it was before it learnt from its later part: a later training is held against it
TESTER_FOLDER = "tester"
# what later days' accounts are held against
DRIFT_FILE = "drift_reference.json"
OF_LEADS = ("n", "positives", "auc", "auc_low", "auc_high", "lift_top_decile", "ece")


def training_record(result: TrainingResult, settings: TrainingSettings) -> dict:
    """All that is said of a training in one JSON-ready record, without the model itself."""
    names = ("window", "split", "search", "trees", "calibration", "importance", "metrics")
    more = ("baseline_metrics", "comparisons", "component_metrics", "reliability", "groups")
    guards = (
        "without_data",
        "leak_suspects",
        "allowed",
        "other_horizons",
        "horizons_left_out",
        "duel",
        "bands",
        "value",
        "leads",
    )
    return {
        "verdict": asdict(result.verdict),
        "model_digest": result.model.digest(),
        "metadata": result.model.metadata,
        "settings": settings.model_dump(mode="json"),
        **{name: getattr(result, name) for name in (*names, *more, *guards)},
    }


def write_artifacts(result: TrainingResult, settings: TrainingSettings, folder: Path) -> None:
    """Write the files of a training into `folder`: model, baselines, contract, record, plots."""
    model = folder / MODEL_FOLDER
    result.model.save(model)
    baselines = {name: one.to_dict() for name, one in result.baselines.items()}
    _write_json(model / BASELINES_FILE, baselines)
    if result.tester is not None:
        result.tester.save(model / TESTER_FOLDER)
    (model / DRIFT_FILE).write_text(result.drift_reference.to_json(), encoding="utf-8")
    _write_json(folder / "feature_contract.json", [asdict(feature) for feature in FEATURES])
    _write_json(folder / RECORD_FILE, training_record(result, settings))
    save_plots(result, folder / PLOTS_FOLDER)


def measures(result: TrainingResult) -> dict[str, float]:
    """Every number a training was measured by, under flat names; what is None is left out."""
    named = {"test": result.metrics or {}, **result.baseline_metrics, **result.component_metrics}
    against = {f"against_{name}": values for name, values in result.comparisons.items()}
    if result.duel:
        said = {k: v for k, v in result.duel.items() if not isinstance(v, str)}
        against["against_champion"] = said
    for horizon, one in result.other_horizons.items():
        named[f"test_{horizon}d"] = one["metrics"] or {}
    named["search"] = {k: v for k, v in (result.search or {}).items() if isinstance(v, int | float)}
    named["leads"] = {name: result.leads.get(name) for name in OF_LEADS}
    named["value"] = {k: v for k, v in result.value.items() if not isinstance(v, str)}
    values = flat(named | against) | {"trees": result.trees}
    return {name: float(value) for name, value in values.items() if value is not None}


def flat(values: dict, prefix: str = "") -> dict:
    """Nested settings as one level: {"booster.max_depth": 3}."""
    out = {}
    for name, value in values.items():
        if isinstance(value, dict):
            out |= flat(value, f"{prefix}{name}.")
        else:
            out[prefix + name] = value
    return out


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")
