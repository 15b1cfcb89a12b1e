"""The files of a scoring model: one JSON and one UBJ a horizon, never pickle.

Belongs here: writing, reading and the digest of a model's files. Does not belong here: scoring.
"""

import hashlib
import json
from pathlib import Path

import xgboost as xgb

from models.calibration import calibrator_from_dict
from models.encoding import Encoder
from models.scoring import Bands, HorizonPart, Reference, ScoringModel
from models.settings import DealWords

FORMAT = 1
MODEL_FILE = "scoring_model.json"


class ModelFormatError(Exception):
    """The files of a scoring model are absent, damaged, or of another format."""


def save_model(model: ScoringModel, directory: Path) -> None:
    """Write the model into `directory`, which is made if absent."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    boosters = _booster_bytes(model)
    for part in model.parts:
        (directory / _file_name(part.horizon_days)).write_bytes(boosters[part.horizon_days])
    # last, so that a folder with this file holds a whole model
    text = json.dumps(_content(model, boosters), indent=1, sort_keys=True)
    (directory / MODEL_FILE).write_text(text, encoding="utf-8")


def load_model(directory: Path) -> ScoringModel:
    """Read a model; checks format and the digest of each UBJ file. Raises ModelFormatError."""
    directory = Path(directory)
    content = _read_content(directory)
    if content.get("format") != FORMAT:
        raise ModelFormatError(
            f"{directory / MODEL_FILE}: format {content.get('format')!r}, this code reads {FORMAT}"
        )
    return ScoringModel(
        parts=tuple(_load_part(directory, row, content["nthread"]) for row in content["parts"]),
        primary_horizon_days=content["primary_horizon_days"],
        encoder=Encoder.from_dict(content["features"]),
        reference=Reference(**{key: tuple(v) for key, v in content["reference"].items()}),
        bands=Bands(**content["bands"]),
        little_data_below=content["little_data_below"],
        nthread=content["nthread"],
        deal_words=DealWords(**content["deal_words"]),
        metadata=content["metadata"],
    )


def model_digest(model: ScoringModel) -> str:
    """SHA-256 over the JSON, which itself holds the digests of the boosters."""
    text = json.dumps(_content(model, _booster_bytes(model)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _content(model: ScoringModel, boosters: dict[int, bytes]) -> dict:
    parts = [
        {
            "horizon_days": part.horizon_days,
            "calibrator": part.calibrator.to_dict(),
            "file": _file_name(part.horizon_days),
            "sha256": hashlib.sha256(boosters[part.horizon_days]).hexdigest(),
        }
        for part in model.parts
    ]
    return {
        "format": FORMAT,
        "parts": parts,
        "primary_horizon_days": model.primary_horizon_days,
        "features": model.encoder.to_dict(),
        "reference": {
            "raw_probability": list(model.reference.raw_probability),
            "percentile": list(model.reference.percentile),
        },
        "bands": {"hot_from": model.bands.hot_from, "warm_from": model.bands.warm_from},
        "little_data_below": model.little_data_below,
        "nthread": model.nthread,
        "deal_words": model.deal_words.model_dump(),
        "metadata": model.metadata,
    }


def _booster_bytes(model: ScoringModel) -> dict[int, bytes]:
    return {part.horizon_days: bytes(part.booster.save_raw("ubj")) for part in model.parts}


def _file_name(horizon_days: int) -> str:
    return f"horizon_{horizon_days}d.ubj"


def _read_content(directory: Path) -> dict:
    try:
        return json.loads((directory / MODEL_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelFormatError(f"{directory}: no {MODEL_FILE}, so no scoring model") from error
    except ValueError as error:
        raise ModelFormatError(f"{directory / MODEL_FILE}: cannot be read: {error}") from error


def _load_part(directory: Path, row: dict, nthread: int) -> HorizonPart:
    path = directory / row["file"]
    if not path.is_file():
        raise ModelFormatError(f"{path}: absent, the scoring model is not whole")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != row["sha256"]:
        raise ModelFormatError(f"{path}: not the file that was saved (its SHA-256 differs)")
    booster = xgb.Booster()
    booster.load_model(bytearray(data))
    booster.set_param({"nthread": nthread})
    return HorizonPart(row["horizon_days"], booster, calibrator_from_dict(row["calibrator"]))
