"""What the challengers of some days say, beside the champions: it is held against outcomes with them (assets/monitoring.py).

Here: asking the challenger of each day, and what is said where one cannot be asked. Not here: which version is a day's challenger
(models/reign.py), the champion's scores (assets/scoring.py).
"""

from collections.abc import Iterable
from datetime import date

import polars as pl

from dagster_project.warehouse import columns_of
from models.feature_contract import ContractError
from models.model_files import ModelFormatError
from models.registry import Registry
from models.scoring import ScoringModel

TABLE = "challenger_predictions"
# A file that is gone, damaged, of another version of this program or not readable; a feature that the SQL no longer has, or has
# as something that is no number. Nothing else is known to come of a challenger: another error is a fault of ours, and is raised.
UNREADABLE = (ModelFormatError, OSError)
UNFIT = (ContractError, pl.exceptions.InvalidOperationError)


class Challengers:
    """The challengers of some days. One that cannot be asked holds no day up: its days have no rows, and `unasked` says why."""

    def __init__(self, registry: Registry, days: Iterable[date], horizon_days: int) -> None:
        self.unasked: dict[str, str] = {}
        self._horizon = horizon_days
        self._of_day = {d: v for d, v in registry.challengers_as_of(days).items() if v is not None}
        self._models: dict[str, ScoringModel] = {}
        for version in sorted(set(self._of_day.values()), key=int):
            try:
                model = registry.load_version(version)
            except UNREADABLE as problem:
                self._leave_out(version, problem)
                continue
            if horizon_days in [part.horizon_days for part in model.parts]:
                self._models[version] = model
            else:
                self._leave_out(version, f"it knows no horizon of {horizon_days} days")

    @property
    def warning(self) -> str | None:
        """Who could not be asked and why, a line each; None where all could."""
        lines = (
            f"challenger {version} was not asked: {why}" for version, why in self.unasked.items()
        )
        return "\n".join(lines) or None

    def said(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows of challenger_predictions for rows of scoring_set of any days, in their order within each challenger."""
        columns = columns_of(TABLE)
        found = [pl.DataFrame(schema=columns)]
        for version, model in self._models.items():
            days = [day for day, of_day in self._of_day.items() if of_day == version]
            rows = frame.filter(pl.col("as_of_date").is_in(days))
            try:
                scores = model.score(rows) if rows.height else None
            except UNFIT as problem:
                self._leave_out(version, problem)
                continue
            if scores is not None:
                probability = pl.col(f"win_probability_{self._horizon}d").alias("win_probability")
                told = probability, pl.lit(version).alias("scoring_model_version")
                found.append(scores.with_columns(told).select(columns))
        return pl.concat(found, how="vertical_relaxed")

    def _leave_out(self, version: str, why: object) -> None:
        self.unasked[version] = " ".join(str(why).split())
