"""The rows a training learns from: checked, put in order, weighed, described, and their digest.

Belongs here: what concerns rows of the training set alone. Does not belong here: models.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import date

import numpy as np
import polars as pl

from models.encoding import feature_digests, require_columns
from models.feature_contract import (
    LABEL_COLUMNS,
    Feature,
    contract_version,
    usable_features,
)
from models.lead_contract import LEAD_FEATURES, LEAD_LABELS
from models.settings import TrainingSettings

# Of the wins of closed windows, the part that may come to be known later: a CRM kept late lags by weeks. Where it is more, stamps
# are those of a first import (a win is first provable when its record last changed), and do not tell when it was known.
MOST_KNOWN_LATE = 0.25
# Days on which wins came to be known before it is said that more should have; how many times the longest gap between the newest
# of them no more than chance is left behind, and what holidays explain (days).
ENOUGH_TO_EXPECT_MORE, LOOKED_BACK, UNUSUAL_SILENCE, LEAST_SILENCE_DAYS = 20, 100, 2, 30


def training_digest(
    training_set: pl.DataFrame,
    settings: TrainingSettings,
    code_version: str,
    people: pl.DataFrame | None = None,
) -> str:
    """SHA-256 over all that decides a training: rows (in any order), those of people, settings, feature contract and
    code version.
    """
    features = usable_features(
        settings.snapshot_attributes,
        settings.left_out_features,
        versioned_attributes=settings.versioned_attributes,
    )
    lines = _lines(ordered(training_set), ("account_id", *sorted(LABEL_COLUMNS)), features)
    if people is not None:
        told = ("lead_id", "account_id", *sorted(LEAD_LABELS))
        lines += _lines(people.sort("as_of_date", "lead_id"), told, LEAD_FEATURES)
    text = "\n".join(lines)
    head = json.dumps([settings.model_dump(), contract_version(), code_version], sort_keys=True)
    return hashlib.sha256(f"{head}\n{text}".encode()).hexdigest()


def _lines(rows: pl.DataFrame, told: Iterable[str], features: Iterable[Feature]) -> list[str]:
    """A line a row, in order: as_of_date, those of the told columns that there are, and the digest of its features."""
    columns = [name for name in ("as_of_date", *told) if name in rows.columns]
    texts = [pl.col(name).cast(pl.String).fill_null("") for name in columns]
    keys = rows.select(pl.concat_str(texts, separator="|")).to_series()
    return [f"{k}|{v}" for k, v in zip(keys, feature_digests(rows, features), strict=True)]


def ordered(training_set: pl.DataFrame) -> pl.DataFrame:
    """Rows by as-of date and account, checked. Raises ValueError on what cannot be learnt from."""
    require_columns(training_set, ["account_id", "as_of_date", "horizon_days", "is_converted"])
    if training_set.height == 0:
        raise ValueError("the training set is empty")
    if training_set["is_converted"].null_count():
        raise ValueError("is_converted holds nulls: a window that has not closed is not a row")
    if training_set.select("as_of_date", "account_id").is_duplicated().any():
        raise ValueError("an account stands twice in the training set on one as-of date")
    return training_set.sort("as_of_date", "account_id")


def outcomes(rows: pl.DataFrame) -> np.ndarray:
    """1.0 for converted rows, 0.0 for others."""
    return rows["is_converted"].cast(pl.Float64).to_numpy()


def on_days(rows: pl.DataFrame, days) -> pl.DataFrame:
    """Rows of these as-of dates, order kept."""
    return rows.filter(pl.col("as_of_date").is_in(list(days)))


def as_known_on(rows: pl.DataFrame, day: date) -> pl.DataFrame:
    """The same rows with the outcomes that were known on a day: a win that came to be known after it was none yet. Rows without
    label_known_at (a flat file's) are taken to have been known in time.
    """
    if "label_known_at" not in rows.columns:
        return rows
    known = pl.col("label_known_at") <= day
    of_a_win = [c for c in ("days_to_conversion", "won_amount_usd") if c in rows.columns]
    return rows.with_columns(
        pl.col("is_converted") & known,
        *(pl.when(known).then(pl.col(name)).alias(name) for name in of_a_win),
    )


def with_true_stamps(rows: pl.DataFrame, start: date | None) -> tuple[pl.DataFrame, str | None]:
    """Rows without label_known_at, and in words why, where it does not tell when outcomes were known: where more than a quarter
    of the wins whose windows had closed by `start` (a later part's first day) say that they were not known by then. Else the rows
    as they are, and None.
    """
    if start is None or "label_known_at" not in rows.columns:
        return rows, None
    closed = pl.col("as_of_date") + pl.duration(days=pl.col("horizon_days")) <= start
    wins = rows.filter(closed & pl.col("is_converted").cast(pl.Boolean))
    late = wins.filter(pl.col("label_known_at") > start).height
    if late <= MOST_KNOWN_LATE * wins.height:
        return rows, None
    return rows.drop("label_known_at"), (
        f"{late} of {wins.height} wins in windows that had closed by {start} are stamped as known only after it, as those of a "
        "first import without stage history are: each was taken as known when its window had closed"
    )


def silence(rows: pl.DataFrame) -> str | None:
    """In words, where no win is known of the last days of closed windows, for far longer than of late: if the feed of
    outcomes has stopped, windows since then were taken for losses. None where all is as usual, or too few wins say what that is.
    """
    wins = rows.filter(pl.col("is_converted").cast(pl.Boolean))
    heard = wins["label_known_at"].unique().sort()
    if len(heard) < ENOUGH_TO_EXPECT_MORE:
        return None
    last, longest = heard[-1], heard.tail(LOOKED_BACK).diff().dt.total_days().max()
    closed = rows["matured_on"].max()
    days = (closed - last).days
    if days <= max(UNUSUAL_SILENCE * longest, LEAST_SILENCE_DAYS):
        return None
    return (
        f"no win is known of the {days} days after {last}, up to {closed}; the longest such silence before was {longest} "
        f"{'day' if longest == 1 else 'days'}. If the feed of outcomes has stopped, windows since then were taken for losses: "
        f"land what is missing, or train as of {last}"
    )


def newest(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of the newest as-of date."""
    return on_days(rows, [rows["as_of_date"].max()])


def recency_weights(rows: pl.DataFrame, settings: TrainingSettings) -> np.ndarray | None:
    """Weights that halve every half-life before the newest row; None without a half-life."""
    if settings.recency_half_life_days is None:
        return None
    age = (rows["as_of_date"].max() - rows["as_of_date"]).dt.total_days().to_numpy()
    return 0.5 ** (age / settings.recency_half_life_days)


def without_data(rows: pl.DataFrame, features: Iterable[Feature]) -> dict[str, str]:
    """Features that nothing can be learnt from, with the reason: the feed that would fill them is
    absent, they never differ, or another feature says the same. They would only thin out the columns that trees draw from, and
    two that are the same would share what one of them explains.
    """
    found: dict[str, str] = {}
    kept: dict[int, list[pl.Series]] = {}
    for feature in features:
        values = rows[feature.name]
        values = values.fill_nan(None) if values.dtype.is_float() else values
        if values.null_count() == rows.height:
            found[feature.name] = "no row has a value"
        elif values.n_unique() == 1:
            found[feature.name] = "all rows have the same value"
        else:
            alike = kept.setdefault(int(values.hash().sum()), [])
            twin = next((one for one in alike if one.equals(values, null_equal=True)), None)
            if twin is not None:
                found[feature.name] = f"the same as {twin.name} in all rows"
            else:
                alike.append(values)
    return found


def window(rows: pl.DataFrame) -> dict:
    """What was learnt from; account counts are of distinct accounts."""
    converting = rows.filter(pl.col("is_converted").cast(pl.Boolean))
    others = rows.filter(~pl.col("is_converted").cast(pl.Boolean))
    return {
        "first_as_of_date": str(rows["as_of_date"].min()),
        "last_as_of_date": str(rows["as_of_date"].max()),
        "rows": rows.height,
        "positives": converting.height,
        "accounts": rows["account_id"].n_unique(),
        "converting_accounts": converting["account_id"].n_unique(),
        "other_accounts": others["account_id"].n_unique(),
    }
