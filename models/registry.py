"""Keeps trainings and their models in MLflow, and says what is known of a version.

Belongs here: everything that knows MLflow but its tables (registry_store.py). Does not belong here: training and verdicts, which
version answers for a day (reign.py).

A version is registered last, when all its artefacts are there: a training that was killed leaves a
run without a version and can simply be run again. The same training is registered once.
"""

import json
import logging
import os
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlparse

from models import reign
from models.baselines import baseline_from_dict
from models.drift_reference import DriftReference
from models.promotion import KEEP, PROMOTE
from models.registry_store import MODEL_NAME, RegistryError, read_rows, read_versions
from models.reign import Version
from models.scorecard import scorecard_of
from models.scoring import ScoringModel
from models.settings import TrainingSettings
from models.training import TrainingResult
from models.training_record import (
    BASELINES_FILE,
    DRIFT_FILE,
    MODEL_FOLDER,
    PLOTS_FOLDER,
    RECORD_FILE,
    TESTER_FOLDER,
    flat,
    measures,
    write_artifacts,
)

CHAMPION = "champion"
# The tag that holds the first day a version may score: as champion, or beside one.
FIRST_DAY = {PROMOTE: "champion_from", KEEP: "challenger_from"}


class Registry:
    """MLflow tracking and registry in one sqlite file, artefacts under one folder.

    Questions are answered from the sqlite file itself.
    """

    def __init__(self, database: Path, artifact_root: Path):
        self.database = Path(database).absolute()
        self.artifact_root = Path(artifact_root).absolute()

    @cached_property
    def _client(self):
        _prepare_environment(self.artifact_root)
        # seconds of import: only where something is written
        from mlflow import MlflowClient

        logging.getLogger("mlflow").setLevel(logging.WARNING)
        address = f"sqlite:///{self.database}"
        return MlflowClient(address, address)

    @contextmanager
    def opened_meanwhile(self) -> Iterator[None]:
        """Load MLflow and make its tables, seconds the first time, beside what is done in the block; raises what that raised."""
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="mlflow") as pool:
            opening = pool.submit(self._experiment)
            yield
            opening.result()

    def register(
        self,
        result: TrainingResult,
        *,
        settings: TrainingSettings,
        trained_as_of: date,
        champion_from: date,
        digest: str,
        learnt_digest: str = "",
        code_version: str,
        because: str = "",
    ) -> tuple[str, str]:
        """Log a training and register its model; returns (version, MLflow run id).

        champion_from: the first day that it may score, as champion or as challenger. learnt_digest: of what it learnt from and
        how, whoever was champion. because: why it was trained before its time.

        A training with this digest and day that is already registered is returned as it is. In
        both cases the alias `champion` ends on the newest promoted version that was not withdrawn.
        """
        tags = {"training_digest": digest, "trained_as_of": trained_as_of.isoformat()}
        known = [v for v in self._versions() if tags.items() <= v.tags.items()]
        tags["learnt_digest"] = learnt_digest
        if because:
            tags["trained_because"] = because
        if known:
            version, run_id = known[-1].version, known[-1].run_id
        else:
            run_id = self._log_run(result, settings, code_version, tags)
            version = self._create_version(result, run_id, code_version, tags, champion_from)
        self._point_champion()
        return str(version), run_id

    def champion_as_of(self, day: date, without: str | None = None) -> str | None:
        """The version that scores the day. `without` is a version that is passed over."""
        others = [v for v in self._versions() if str(v.version) != without]
        return _number(reign.champion(others, day))

    def champions_as_of(self, days: Iterable[date]) -> dict[date, str | None]:
        """The version that scores each day."""
        versions = self._versions()
        return {day: _number(reign.champion(versions, day)) for day in days}

    def challengers_as_of(self, days: Iterable[date]) -> dict[date, str | None]:
        """The version that stands beside the champion of each day."""
        versions = self._versions()
        return {day: _number(reign.challenger(versions, day)) for day in days}

    def champion_before(self, trained_as_of: date, day: date, learnt_digest: str) -> str | None:
        """Whom a training has to beat to score `day`, whether it has run before or not: see reign.rival."""
        return _number(reign.rival(self._versions(), trained_as_of, day, learnt_digest))

    def reigns(self, version: str) -> list[tuple[date, date | None]]:
        """First and last days on which a version is champion, oldest first; None while nothing ends it."""
        return reign.reigns(self._versions(), int(version))

    def concerned(self, version: str) -> list[str]:
        """This version, and those whose days as champion hang on it. Raises RegistryError."""
        self._version(version)
        return [str(one) for one in reign.concerned(self._versions(), int(version))]

    def trained_as_of(self, version: str) -> date:
        """The day that a version's training stood on. Raises RegistryError."""
        return self._version(version).trained_as_of

    def trained_because(self, version: str) -> str | None:
        """Why a version was trained before its time; None of one that was due or asked for by a person. Raises RegistryError."""
        return self._version(version).tags.get("trained_because")

    def withdraw(self, version: str, from_day: date, why: str) -> None:
        """Have a version score no day from `from_day` on, whatever is promoted later. Raises RegistryError."""
        self._version(version)
        tags = {"withdrawn_from": from_day.isoformat(), "withdrawn_because": why}
        for key, text in tags.items():
            self._client.set_model_version_tag(MODEL_NAME, version, key, text)
        self._point_champion()

    def withdrawal(self, version: str) -> tuple[date | None, str | None]:
        """From which day on a version was withdrawn, and why; nothing of versions that were not (or are scorecards)."""
        for one in self._versions():
            if str(one.version) == version and (since := one.tags.get("withdrawn_from")):
                return date.fromisoformat(since), one.tags.get("withdrawn_because")
        return None, None

    def champion_from(self, version: str) -> date | None:
        """The first day that a version may score; None if it was not promoted. Raises RegistryError."""
        since = self._version(version).tags.get("champion_from")
        return date.fromisoformat(since) if since else None

    def newest_champion(self) -> str | None:
        """The version with the alias champion, None if nothing is promoted that was not withdrawn."""
        found = read_rows(
            self.database,
            "select version from registered_model_aliases where name = ? and alias = ?",
            MODEL_NAME,
            CHAMPION,
        )
        return str(found[0][0]) if found else None

    def experiment_id(self) -> str | None:
        """MLflow's id of the experiment that holds the trainings, None before the first."""
        found = read_rows(
            self.database,
            "select experiment_id from experiments where name = ? and lifecycle_stage = 'active'",
            MODEL_NAME,
        )
        return str(found[0][0]) if found else None

    def load_version(self, version: str) -> ScoringModel:
        """The scoring model of a version. Raises RegistryError or ModelFormatError."""
        return ScoringModel.load(self._folder(version))

    def registered_digest(self, version: str) -> str | None:
        """What the digest of a version's model was when it was registered; None before that was kept. Raises RegistryError."""
        return self._version(version).tags.get("model_digest")

    def load_tester(self, version: str) -> ScoringModel | None:
        """A version's model as it was before it learnt from its later part; None of versions before that was kept, and of those
        that had no later part. Raises RegistryError or ModelFormatError.
        """
        folder = self._folder(version) / TESTER_FOLDER
        return ScoringModel.load(folder) if folder.is_dir() else None

    def version_before(self, version: str) -> str | None:
        """The version that was registered before this one; None before the first."""
        earlier = [one.version for one in self._versions() if one.version < int(version)]
        return str(max(earlier)) if earlier else None

    def load_record(self, version: str) -> tuple[dict, dict[str, bytes]]:
        """The record of a version's training, and its pictures (PNG) by name. Raises RegistryError."""
        training = self._folder(version).parent
        record = json.loads((training / RECORD_FILE).read_text(encoding="utf-8"))
        pictures = sorted((training / PLOTS_FOLDER).glob("*.png"))
        return record, {path.stem: path.read_bytes() for path in pictures}

    def load_drift_reference(self, version: str) -> DriftReference | None:
        """What a version's days are held against; None of versions before that was kept."""
        path = self._folder(version) / DRIFT_FILE
        return (
            DriftReference.from_json(path.read_text(encoding="utf-8")) if path.is_file() else None
        )

    def load_baselines(self, version: str) -> dict:
        """The baselines fitted beside a version, by name. Raises RegistryError."""
        path = self._folder(version) / BASELINES_FILE
        content = json.loads(path.read_text(encoding="utf-8"))
        return {name: baseline_from_dict(one) for name, one in content.items()}

    def _folder(self, version: str) -> Path:
        return _local_path(self._version(version).source)

    def _version(self, version: str) -> Version:
        found = [v for v in self._versions() if str(v.version) == str(version)]
        if not found:
            raise RegistryError(f"there is no scoring model version {version}")
        return found[0]

    def _versions(self) -> list[Version]:
        return read_versions(self.database, MODEL_NAME)

    def _log_run(self, result, settings, code_version: str, tags: dict) -> str:
        self._end_abandoned_runs()
        run = self._client.create_run(self._experiment(), run_name=f"as of {tags['trained_as_of']}")
        run_id = run.info.run_id
        facts = tags | {"code_version": code_version, "verdict": result.verdict.verdict}
        self._client.log_batch(run_id, **_entities(result, settings, facts, run.info.start_time))
        with tempfile.TemporaryDirectory() as folder:
            write_artifacts(result, settings, Path(folder))
            self._client.log_artifacts(run_id, folder)
        self._client.set_terminated(run_id, "FINISHED")
        return run_id

    def _create_version(
        self, result, run_id: str, code_version: str, tags: dict, champion_from: date
    ) -> str:
        self._ensure_registered_model()
        facts = tags | {
            "verdict": result.verdict.verdict,
            "why": result.verdict.why,
            "feature_contract_version": result.model.metadata["feature_contract_version"],
            "code_version": code_version,
            "model_digest": result.model.digest(),
        }
        if result.verdict.verdict in FIRST_DAY:
            facts[FIRST_DAY[result.verdict.verdict]] = champion_from.isoformat()
        source = f"{self._client.get_run(run_id).info.artifact_uri}/{MODEL_FOLDER}"
        made = self._client.create_model_version(MODEL_NAME, source, run_id, tags=facts)
        return made.version

    def _point_champion(self) -> None:
        in_force = [v for v in self._versions() if "withdrawn_from" not in v.tags]
        # Of all days: who reigns at their end.
        if newest := _number(reign.champion(in_force, date.max - timedelta(days=1))):
            self._client.set_registered_model_alias(MODEL_NAME, CHAMPION, newest)
        elif self.newest_champion():
            self._client.delete_registered_model_alias(MODEL_NAME, CHAMPION)

    def _experiment(self) -> str:
        found = self._client.get_experiment_by_name(MODEL_NAME)
        if found:
            return found.experiment_id
        place = self.artifact_root / MODEL_NAME
        return self._client.create_experiment(MODEL_NAME, artifact_location=str(place))

    def _ensure_registered_model(self) -> None:
        if not self._client.search_registered_models(f"name = '{MODEL_NAME}'"):
            self._client.create_registered_model(MODEL_NAME, description="Account scoring models")

    def _end_abandoned_runs(self) -> None:
        """Runs still marked as running were killed: one home trains one model at a time."""
        experiment = self._experiment()
        for run in self._client.search_runs([experiment], "attributes.status = 'RUNNING'"):
            self._client.set_terminated(run.info.run_id, "KILLED")


def _prepare_environment(artifact_root: Path) -> None:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    # where a new store puts its Default experiment: otherwise the folder of whoever calls
    os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = str(artifact_root)


def _entities(result: TrainingResult, settings: TrainingSettings, tags: dict, time: int) -> dict:
    """Metrics (at `time`, in ms), params and tags of a run in MLflow's own form, for one write."""
    from mlflow.entities import Metric, Param, RunTag

    numbers = [Metric(name, value, time, 0) for name, value in measures(result).items()]
    # the lines of a scorecard are longer than a parameter may be; training.json holds them
    card = scorecard_of(settings)
    plain = settings.model_dump() | {"scorecard": card.version if card else None}
    found = (result.search or {}).get("found", {})
    params = flat(plain | {"window": result.window, "search.found": found})
    texts = tags | {"why": result.verdict.why}
    return {
        "metrics": numbers,
        "params": [Param(name, str(value)) for name, value in params.items()],
        "tags": [RunTag(name, text) for name, text in texts.items()],
    }


def _number(version: Version | None) -> str | None:
    return None if version is None else str(version.version)


def _local_path(source: str) -> Path:
    return Path(unquote(urlparse(source).path)) if source.startswith("file:") else Path(source)
