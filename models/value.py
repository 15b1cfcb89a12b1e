"""How large a won deal will be, and what an account is worth before it is won.

Belongs here: the model of deal sizes and its measures on later data. Does not belong here: the chance of a win (chain.py).

Deal sizes are skewed: the mean is what sums up to money, and few large deals make it. So the model is a boosted gamma regression
(log link), which predicts the mean itself, and the deviance that judges it counts a deal that is off by half alike, small or
large. The same win stands in several rows (one an as-of day before it), which share its weight. Where later wins do not show
that features tell more than the mean, everybody has the mean.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from models._xgboost import xgb
from models.boosting import dmatrix, fit_booster
from models.chain import LaterPart
from models.encoding import Encoder, fit_encoder
from models.evaluation import bootstrap_ratio
from models.feature import Feature
from models.settings import TrainingSettings

AMOUNT = "won_amount_usd"
# Wins with a known amount, below which nothing is said.
LEAST_WINS = 40
TREES = 80
FOLDER_NAME = "deal_size"


@dataclass(frozen=True)
class ValueModel:
    """Expected size of a deal in USD, given that it is won: the mean of past deals, times what features say (None: nothing)."""

    mean_usd: float
    encoder: Encoder
    booster: xgb.Booster | None
    nthread: int = 2

    @property
    def name(self) -> str:
        """Stem of its file."""
        return FOLDER_NAME

    def predict(self, frame: pl.DataFrame) -> np.ndarray:
        """USD for each row of `frame`."""
        if self.booster is None:
            return np.full(frame.height, self.mean_usd)
        matrix = self.encoder.matrix(frame)
        ratios = self.booster.predict(dmatrix(self.encoder, matrix, self.nthread))
        return self.mean_usd * ratios.astype(np.float64)


def fit_value(
    rows: pl.DataFrame, features: tuple[Feature, ...], settings: TrainingSettings
) -> ValueModel | None:
    """Fit on the converted rows of known amount; None where there are too few wins, or no amounts at all."""
    won = _wins(rows)
    if won is None or won["win"].n_unique() < LEAST_WINS:
        return None
    weight = 1.0 / won.select(pl.len().over("win")).to_series().to_numpy()
    amount = won[AMOUNT].to_numpy()
    mean = float(np.average(amount, weights=weight))
    encoder = fit_encoder(won, features, settings.min_level_rows)
    nthread = settings.booster.nthread
    data = dmatrix(encoder, encoder.matrix(won, True), nthread, label=amount / mean, weight=weight)
    booster = fit_booster(
        encoder, data, settings.booster, settings.seed, TREES, objective="reg:gamma"
    )
    return ValueModel(mean, encoder, booster, nthread)


def measure_value(
    tested: LaterPart | None,
    probability: np.ndarray,
    features: tuple[Feature, ...],
    settings: TrainingSettings,
) -> dict:
    """What deals of later data came to, and what was expected of them; `kept` is model, mean or nothing.

    deals: wins of known amount, their mean and the predicted one; `deviance` (gamma) of model and mean. value: realised over
    expected (probability x deal) of all later rows, with its 95 % interval bootstrapped by account. A win whose amount is not
    on record says nothing of either: what was realised are the known ones, and expected is their share (`known_share`, of
    converted rows) of probability x deal.
    """
    if tested is None:
        return {"kept": "nothing", "why": "history is too short for later data"}
    fitted = fit_value(tested.earlier, features, settings)
    later = _wins(tested.rows)
    if fitted is None or later is None or later["win"].n_unique() < LEAST_WINS // 2:
        return {"kept": "nothing", "why": "too few won deals with an amount"}
    amount, predicted = later[AMOUNT].to_numpy(), fitted.predict(later)
    deviance = _deviance(amount, predicted)
    of_the_mean = _deviance(amount, np.full(len(amount), fitted.mean_usd))
    kept = "model" if deviance < of_the_mean else "mean"
    deal = fitted.predict(tested.rows) if kept == "model" else fitted.mean_usd
    realised = np.where(tested.y > 0, tested.rows[AMOUNT].fill_null(0.0).to_numpy(), 0.0)
    known = float(tested.rows.filter(pl.Series(tested.y > 0))[AMOUNT].is_not_null().mean())
    expected = known * probability * deal
    ratio, low, high = bootstrap_ratio(
        realised, expected, tested.rows["account_id"], settings.seed, settings.bootstrap_rounds
    )
    return {
        "kept": kept,
        "deals": later["win"].n_unique(),
        "known_share": known,
        "mean_usd": float(amount.mean()),
        "predicted_mean_usd": float(predicted.mean()),
        "deviance": deviance,
        "deviance_of_the_mean": of_the_mean,
        "realised_usd": float(realised.sum()),
        "expected_usd": float(np.sum(expected)),
        "realised_over_expected": ratio,
        "realised_over_expected_low": low,
        "realised_over_expected_high": high,
    }


def final_value(
    rows: pl.DataFrame, kept: str, features: tuple[Feature, ...], settings: TrainingSettings
) -> ValueModel | None:
    """The model that scores: fitted on all rows the way that held on later data."""
    found = None if kept == "nothing" else fit_value(rows, features, settings)
    if found is None or kept == "model":
        return found
    return ValueModel(found.mean_usd, Encoder(()), None, found.nthread)


def _wins(rows: pl.DataFrame) -> pl.DataFrame | None:
    """Converted rows of known amount, `win` the account and day of the win; None where no amount is on record."""
    if AMOUNT not in rows.columns or "days_to_conversion" not in rows.columns:
        return None
    day = pl.col("as_of_date") + pl.duration(days=pl.col("days_to_conversion"))
    won = rows.filter(pl.col("is_converted") & (pl.col(AMOUNT) > 0))
    return won.with_columns(pl.struct("account_id", day.alias("day")).rank("dense").alias("win"))


def _deviance(amount: np.ndarray, predicted: np.ndarray) -> float:
    """Mean gamma deviance: 0 is perfect; only ratios of amount and prediction count."""
    ratio = amount / predicted
    return float(2 * np.mean(ratio - 1 - np.log(ratio)))
