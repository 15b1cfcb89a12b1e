"""The files of a scoring model: one JSON, one UBJ a horizon, a component and the lead model, never pickle.

Belongs here: writing, reading and the digest of a model's files. Does not belong here: scoring.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from models._xgboost import xgb
from models.bands import Bands
from models.calibration import calibrator_from_dict
from models.components import Component
from models.encoding import Encoder
from models.grades import Grades, Limits
from models.leads import LeadModel
from models.reference import Reference
from models.scoring import HorizonPart, ScoringModel
from models.settings import DealWords
from models.value import ValueModel

FORMAT = 4
# Only where nobody is in a band: code of before would score such a model wrongly, all others keep their format and digest.
WITHOUT_A_BAND = 5
# format 1 had no components, format 2 no grades and no deal sizes, format 3 no lead model
READABLE = (1, 2, 3, FORMAT, WITHOUT_A_BAND)
MODEL_FILE = "scoring_model.json"


class ModelFormatError(Exception):
    """The files of a scoring model are absent, damaged, or of another format."""


class OtherFormatError(ModelFormatError):
    """Nothing is wrong with them, and another version of this code can read them."""


def save_model(model: ScoringModel, directory: Path) -> None:
    """Write the model into `directory`, which is made if absent."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    boosters = _booster_bytes(model)
    for name, data in boosters.items():
        (directory / name).write_bytes(data)
    # last, so that a folder with this file holds a whole model
    text = json.dumps(_content(model, boosters), indent=1, sort_keys=True)
    (directory / MODEL_FILE).write_text(text, encoding="utf-8")


def load_model(directory: Path) -> ScoringModel:
    """Read a model; checks format and the digest of each UBJ file. Raises ModelFormatError."""
    directory = Path(directory)
    content = _read_content(directory)
    if content.get("format") not in READABLE:
        raise OtherFormatError(
            f"{directory / MODEL_FILE}: format {content.get('format')!r}, "
            f"this code reads {' and '.join(map(str, READABLE))}"
        )
    try:
        return _model_of(directory, content)
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        raise ModelFormatError(
            f"{directory / MODEL_FILE} is damaged: {type(problem).__name__} {problem}"
        ) from problem


def _model_of(directory: Path, content: dict) -> ScoringModel:
    nthread, rows = content["nthread"], content.get("components", [])
    return ScoringModel(
        parts=tuple(_load_part(directory, row, nthread) for row in content["parts"]),
        primary_horizon_days=content["primary_horizon_days"],
        encoder=Encoder.from_dict(content["features"]),
        reference=_reference(content["reference"]),
        bands=Bands(**content["bands"]),
        value=_load_value(directory, content.get("value"), nthread),
        leads=_load_leads(directory, content.get("leads"), content["deal_words"]),
        grades=Grades(**{k: Limits(tuple(v)) for k, v in content.get("grades", {}).items()}),
        components=tuple(_load_component(directory, row, nthread) for row in rows),
        little_data_below=content["little_data_below"],
        nthread=nthread,
        deal_words=DealWords(**content["deal_words"]),
        metadata=content["metadata"],
    )


def model_digest(model: ScoringModel) -> str:
    """SHA-256 over the JSON, which itself holds the digests of the boosters."""
    text = json.dumps(_content(model, _booster_bytes(model)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _content(model: ScoringModel, boosters: dict[str, bytes]) -> dict:
    parts = [
        {
            "horizon_days": part.horizon_days,
            "calibrator": part.calibrator.to_dict(),
            **_file(_file_name(part), boosters),
        }
        for part in model.parts
    ]
    components = [
        {
            "family": component.family,
            "features": component.encoder.to_dict(),
            "reference": asdict(component.reference),
            **_file(_file_name(component), boosters),
        }
        for component in model.components
    ]
    value = model.value and {
        "mean_usd": model.value.mean_usd,
        "features": model.value.encoder.to_dict(),
        **(_file(_file_name(model.value), boosters) if model.value.booster else {}),
    }
    return {
        "format": WITHOUT_A_BAND if None in vars(model.bands).values() else FORMAT,
        "value": value,
        "leads": model.leads and _leads(model.leads, boosters),
        "parts": parts,
        "components": components,
        "primary_horizon_days": model.primary_horizon_days,
        "features": model.encoder.to_dict(),
        "reference": asdict(model.reference),
        "grades": {name: list(limits.starts) for name, limits in vars(model.grades).items()},
        "bands": {"hot_from": model.bands.hot_from, "warm_from": model.bands.warm_from},
        "little_data_below": model.little_data_below,
        "nthread": model.nthread,
        "deal_words": model.deal_words.model_dump(),
        "metadata": model.metadata,
    }


def _leads(leads: LeadModel, boosters: dict[str, bytes]) -> dict:
    return {
        "features": leads.encoder.to_dict(),
        "calibrator": leads.calibrator.to_dict(),
        "reference": asdict(leads.reference),
        "nthread": leads.nthread,
        **_file(_file_name(leads), boosters),
    }


def _booster_bytes(model: ScoringModel) -> dict[str, bytes]:
    """The boosters in XGBoost's own format, by file name."""
    value = (model.value,) if model.value and model.value.booster else ()
    leads = (model.leads,) if model.leads else ()
    fitted = (*model.parts, *model.components, *value, *leads)
    return {_file_name(one): bytes(one.booster.save_raw("ubj")) for one in fitted}


def _file_name(fitted: HorizonPart | Component | ValueModel | LeadModel) -> str:
    if isinstance(fitted, HorizonPart):
        return f"horizon_{fitted.horizon_days}d.ubj"
    return f"{fitted.name}.ubj"


def _file(name: str, boosters: dict[str, bytes]) -> dict:
    return {"file": name, "sha256": hashlib.sha256(boosters[name]).hexdigest()}


def _read_content(directory: Path) -> dict:
    try:
        content = json.loads((directory / MODEL_FILE).read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("it is no JSON object")
        return content
    except FileNotFoundError as error:
        raise ModelFormatError(f"{directory}: no {MODEL_FILE}, so no scoring model") from error
    except ValueError as error:
        raise ModelFormatError(f"{directory / MODEL_FILE}: cannot be read: {error}") from error


def _load_part(directory: Path, row: dict, nthread: int) -> HorizonPart:
    booster = _load_booster(directory, row, nthread)
    return HorizonPart(row["horizon_days"], booster, calibrator_from_dict(row["calibrator"]))


def _load_component(directory: Path, row: dict, nthread: int) -> Component:
    booster = _load_booster(directory, row, nthread)
    encoder = Encoder.from_dict(row["features"])
    return Component(row["family"], encoder, booster, _reference(row["reference"]), nthread)


def _load_value(directory: Path, row: dict | None, nthread: int) -> ValueModel | None:
    if row is None:
        return None
    booster = _load_booster(directory, row, nthread) if "file" in row else None
    return ValueModel(row["mean_usd"], Encoder.from_dict(row["features"]), booster, nthread)


def _load_leads(directory: Path, row: dict | None, deal_words: dict) -> LeadModel | None:
    if row is None:
        return None
    return LeadModel(
        Encoder.from_dict(row["features"]),
        _load_booster(directory, row, row["nthread"]),
        calibrator_from_dict(row["calibrator"]),
        _reference(row["reference"]),
        row["nthread"],
        DealWords(**deal_words),
    )


def _reference(content: dict) -> Reference:
    return Reference(**{key: tuple(values) for key, values in content.items()})


def _load_booster(directory: Path, row: dict, nthread: int) -> xgb.Booster:
    path = directory / row["file"]
    if not path.is_file():
        raise ModelFormatError(f"{path}: absent, the scoring model is not whole")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != row["sha256"]:
        raise ModelFormatError(f"{path}: not the file that was saved (its SHA-256 differs)")
    booster = xgb.Booster()
    booster.load_model(bytearray(data))
    booster.set_param({"nthread": nthread})
    return booster
