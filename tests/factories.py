"""Small worlds for tests, made from a seed: rows as the warehouse would hand them over.

Belongs here: builders that tests share. Does not belong here: assertions.
"""

from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import polars as pl

from dagster_project.feeds.reader import TableReader
from models.calibration import expit
from models.feature_contract import FEATURES, Feature
from models.lead_contract import LEAD_FEATURES

TYPES = np.array(["pilot", "standard", "renewal"])
INDUSTRIES = np.array(["biotech", "hardware", "software"])


def year_ends(first: int, last: int) -> list[date]:
    """31 March of each year, as as-of dates."""
    return [date(year, 3, 31) for year in range(first, last + 1)]


def training_rows(
    accounts: int = 1500,
    days: list[date] | None = None,
    seed: int = 7,
    signal: float = 1.0,
    horizon_days: int = 365,
) -> pl.DataFrame:
    """Rows of a training set in which recent and frequent deals make another more likely.

    Hidden strength of each account drives both its features and its outcome; `signal` 0 makes
    outcomes independent of the features. The base rate is about one in four.
    """
    generator = np.random.default_rng(seed)
    strength = generator.normal(size=accounts)
    frames = [
        _one_day(day, strength, signal, horizon_days, generator)
        for day in (days or year_ends(2003, 2008))
    ]
    return pl.concat(frames)


def _one_day(day: date, strength, signal, horizon_days, generator) -> pl.DataFrame:
    n = len(strength)
    recent = generator.poisson(np.exp(0.4 * strength - 0.2))
    total = 1 + recent + generator.poisson(1.0, n)
    since_last = np.where(
        recent > 0, generator.integers(0, 730, n), 730 + generator.exponential(500, n).astype(int)
    )
    since_first = since_last + (total > 1) * generator.integers(30, 1500, n)
    gap = (since_first - since_last) / np.maximum(total - 1, 1)
    amount = np.round(np.exp(generator.normal(13 + 0.3 * strength, 1.0)), 2)
    known = generator.random(n) > 0.15
    chance = 1 / (1 + np.exp(1.4 - signal * (0.9 * strength - (since_last - 500) / 700)))
    filled_in = generator.random(n) < 0.9
    industry = INDUSTRIES[generator.integers(0, 3, n)]
    return pl.DataFrame(
        {
            "account_id": [f"salesforce:{number:05d}" for number in range(n)],
            "as_of_date": [day] * n,
            "won_deals_total": total,
            "won_deals_365d": np.where(since_last < 365, np.maximum(recent // 2, 1), 0),
            "won_deals_730d": recent,
            "days_since_last_won": since_last,
            "days_since_first_won": since_first,
            "mean_won_gap_days": np.where(total > 1, gap, np.nan),
            "last_won_gap_days": np.where(total > 1, np.round(gap), np.nan),
            "last_won_amount_usd": np.where(known, amount, np.nan),
            "won_amount_total_usd": np.where(known, amount * total, np.nan),
            "last_won_type": TYPES[generator.integers(0, 3, n)],
            "industry": [
                text if ok else None for text, ok in zip(industry, filled_in, strict=True)
            ],
            "horizon_days": [horizon_days] * n,
            "is_converted": generator.random(n) < chance,
            "matured_on": [day + timedelta(days=horizon_days)] * n,
        }
    ).with_columns(pl.col("^.*(gap_days|amount.*usd)$").fill_nan(None))


def people_rows(
    first: date = date(2020, 1, 31), months: int = 24, accounts: int = 120, seed: int = 5
) -> pl.DataFrame:
    """Rows of lead_training_set, three people an account on each of so many days: who acts takes part more often."""
    draw = np.random.default_rng(seed)
    days = [first + timedelta(days=30 * month) for month in range(months)]
    n = 3 * accounts
    blocks = []
    for day in days:
        actions = draw.poisson(1.5, n)
        chance = 0.02 + 0.06 * np.minimum(actions, 5)
        blocks.append(
            pl.DataFrame(
                {
                    "lead_id": [f"salesforce:003{number:05d}" for number in range(n)],
                    "account_id": [f"salesforce:001{number // 3:05d}" for number in range(n)],
                    "as_of_date": [day] * n,
                    "lead_type": np.where(np.arange(n) % 7 > 0, "contact", "lead"),
                    "job_function": np.array(["it", "finance", "other"])[np.arange(n) % 3],
                    "seniority": np.array(["vp", "manager", "staff"])[np.arange(n) % 3],
                    "days_on_record": draw.integers(0, 900, n),
                    "own_actions_90d": actions,
                    "own_meetings_90d": draw.binomial(actions, 0.3),
                    "horizon_days": [90] * n,
                    "is_converted": draw.random(n) < chance,
                    "label_basis": ["role"] * n,
                    "matured_on": [day + timedelta(days=90)] * n,
                    "label_known_at": [day + timedelta(days=90)] * n,
                }
            )
        )
    unused = [f.name for f in LEAD_FEATURES if f.name not in blocks[0].columns]
    nothing = [pl.lit(None, dtype=pl.Int32).alias(name) for name in unused]
    return pl.concat(blocks).with_columns(nothing)


def with_days(rows: pl.DataFrame, seed: int = 3) -> pl.DataFrame:
    """Rows of training_rows with the day of each conversion, any of its window; the newest day knows of its first third only."""
    horizon = rows["horizon_days"][0]
    days = np.random.default_rng(seed).integers(1, horizon + 1, rows.height)
    short = horizon // 3
    is_fresh = pl.col("as_of_date") == pl.col("as_of_date").max()
    is_known = ~is_fresh | (pl.col("days_to_conversion") <= short)
    return rows.with_columns(days_to_conversion=pl.Series(days)).with_columns(
        horizon_days=pl.when(is_fresh).then(short).otherwise("horizon_days"),
        is_converted=pl.col("is_converted") & is_known,
        days_to_conversion=pl.when(pl.col("is_converted") & is_known).then("days_to_conversion"),
    )


def unused_features(frame: pl.DataFrame) -> tuple[str, ...]:
    """Names of contract features that `frame` does not have: what a test leaves out."""
    return tuple(f.name for f in FEATURES if f.name not in frame.columns)


def training_settings(frame: pl.DataFrame, **changes):
    """TrainingSettings for frames of this module: quick, and without features they lack."""
    from models.settings import BoosterSettings, TrainingSettings

    booster = BoosterSettings(max_trees=80, default_trees=60, min_child_weight=5, nthread=1)
    plain = {
        "booster": booster,
        "bootstrap_rounds": 100,
        "left_out_features": unused_features(frame),
    }
    return TrainingSettings(**(plain | changes))


def feature_named(name: str) -> Feature:
    """The contract's row of this name."""
    return next(feature for feature in FEATURES if feature.name == name)


def read_table(source, table, name: str = "", **options) -> SimpleNamespace:
    """A whole file through the reader: `good` and `bad` rows, and what the header had."""
    reader = TableReader(source, table, name, **options)
    chunks = list(reader)
    return SimpleNamespace(
        good=pl.concat([chunk.good for chunk in chunks]),
        bad=[bad for chunk in chunks for bad in chunk.bad],
        ignored_columns=reader.ignored_columns,
        missing_optional_columns=reader.missing_optional_columns,
    )


def ga4_param(key: str, value: object) -> dict:
    """An event parameter as the export holds it."""
    place = "string_value" if isinstance(value, str) else "int_value"
    return {"key": key, "value": {place: value}}


def ga4_event(number: int = 0, name: str = "page_view", **params: object) -> dict:
    """One event of 2024-01-31 as BigQuery exports it."""
    shown = {"page_location": f"https://www.own.example/{number}", "ga_session_id": 7} | params
    return {
        "event_date": "20240131",
        "event_timestamp": 1_706_700_000_000_000 + number,
        "event_name": name,
        "event_params": [ga4_param(key, value) for key, value in shown.items()],
        "user_id": None,
        "user_pseudo_id": f"{number}.17",
        "device": {
            "category": "desktop",
            "operating_system": "Windows",
            "web_info": {"browser": "Chrome", "hostname": "www.own.example"},
        },
        "geo": {"country": "United States", "region": "Ohio", "city": "Columbus"},
        "traffic_source": {"name": "(direct)", "medium": "(none)", "source": "(direct)"},
        "stream_id": "1",
        "platform": "WEB",
    }


def outcomes_of(log_odds_of_truth, seed):
    """0 or 1 of each row, drawn with its true log-odds."""
    chance = expit(log_odds_of_truth)
    return (np.random.default_rng(seed).random(len(chance)) < chance).astype(float)


def too_sure(n=4000, seed=1, shift=0.0):
    """Raw probabilities whose log-odds are twice what they should be."""
    truth = np.random.default_rng(seed).normal(-1, 1, n)
    return outcomes_of(truth + shift, seed + 100), expit(2 * truth)
