"""Company surge: what the intent vendor sees of research, domain by domain and week by week.

Here: the weekly rows of a block in the vendor's columns. Not here: our own web pages.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from dagster_project.demo import names
from dagster_project.demo.calendar import Calendar
from dagster_project.demo.companies import Companies, stream
from dagster_project.demo.hidden_state import ENGAGED, IS_LIVE, IS_STALLED, PHASE, RESEARCH
from dagster_project.demo.lives import Lives
from dagster_project.demo.settings import IntentSettings, WorldSettings
from dagster_project.demo.visits import draw

METROS = (
    "greater boston area",
    "chicago area",
    "bay area",
    "london area",
    "munich area",
    "paris area",
)
_RELEVANT = len(names.RELEVANT_TOPICS)
SUNDAY = 3  # day number modulo 7


def weeks_of(calendar: Calendar) -> np.ndarray:
    """Sundays in the days of the files: a week's file tells of the seven days before."""
    days = np.arange(calendar.first, calendar.end + 1)
    return days[days % 7 == SUNDAY]


def topic_rates(intent: IntentSettings) -> np.ndarray:
    """Topics of ours that a company shows in a week, by state (beyond the usual noise).

    Who is engaged reads our own pages; with an opportunity open, offers are compared again.
    """
    ours = intent.relevant_topic_rate * _RELEVANT / 2
    shares = [
        (PHASE == RESEARCH, 1.0),
        (PHASE == ENGAGED, 0.12),
        (IS_LIVE, 0.35),
        (IS_STALLED, 0.03),
    ]
    rates = np.zeros(len(PHASE))
    for mask, share in shares:
        rates[mask] = ours * share
    return rates


def make_surges(
    settings: WorldSettings, calendar: Calendar, companies: Companies, lives: Lives
) -> pl.DataFrame:
    """Rows of a block: week (day number), row, topic, score, metro, metro score; doubles as sent."""
    rng = stream(settings, companies.block, "intent")
    weeks = weeks_of(calendar)
    covered = rng.random(len(companies)) < settings.intent.covered_share * np.clip(
        0.8 + 0.05 * np.log(companies.employees), 0, 1
    )
    path = lives.path[np.maximum(weeks - 3, calendar.start) - calendar.start]
    size = np.clip((companies.employees / 120.0) ** 0.25, 0.4, 3)
    taste = rng.gamma(2.0, 0.5, len(companies))
    week_a, row_a = draw(
        rng,
        np.broadcast_to(settings.intent.topics_per_week * size * taste * covered, path.shape),
        0,
    )
    week_b, row_b = draw(rng, topic_rates(settings.intent)[path] * covered, 0)
    noise, ours = len(week_a), len(week_b)
    usual = settings.intent.usual_topics
    liked = rng.integers(0, len(names.TOPICS), (len(companies), usual))
    own_taste = liked[row_a, rng.integers(0, usual, noise)]
    topic = np.where(rng.random(noise) < 0.95, own_taste, rng.integers(0, len(names.TOPICS), noise))
    low = np.clip(np.exp(np.log(13) + 0.72 * rng.standard_normal(noise)), 1, 100)
    surge = settings.intent.surge_score + 11 * rng.standard_normal(ours)
    rows = pl.DataFrame(
        {
            "week": weeks[np.concatenate([week_a, week_b])].astype(np.int32),
            "row": np.concatenate([row_a, row_b]).astype(np.int32),
            "topic": np.concatenate([topic, rng.integers(0, _RELEVANT, ours)]).astype(np.int16),
            "score": np.clip(np.concatenate([low, surge]), 1, 100).astype(np.int16),
        }
    )
    rows = (
        rows.group_by("week", "row", "topic")
        .agg(pl.col("score").max())
        .sort("week", "row", "topic")
    )
    return _with_metros(settings, rng, rows)


def _with_metros(
    settings: WorldSettings, rng: np.random.Generator, rows: pl.DataFrame
) -> pl.DataFrame:
    """One row a metro: some pairs come twice; providers' domains get rows as if they were companies."""
    n = rows.height
    metro = rng.integers(0, len(METROS), n)
    rows = rows.with_columns(
        pl.Series("metro", metro, dtype=pl.Int8),
        pl.Series("metro_score", np.clip(rows["score"].to_numpy() + rng.integers(-9, 10, n), 1, 100), dtype=pl.Int16),
        pl.lit(False).alias("is_double"),
    )  # fmt: skip
    twice = pl.Series(rng.random(n) < settings.intent.metro_duplicate_rate)
    doubles = rows.filter(twice).with_columns(
        ((pl.col("metro") + 1) % len(METROS)).cast(pl.Int8), pl.lit(True).alias("is_double")
    )
    isp = pl.Series(rng.random(n) < settings.intent.isp_domain_rows)
    isps = rows.filter(isp).with_columns(
        (-1 - pl.col("row") % len(names.ISPS)).cast(pl.Int32).alias("row")
    )
    isps = isps.unique(["week", "row", "topic"], keep="first", maintain_order=True)
    return pl.concat([rows, doubles, isps]).sort(
        "week", "row", "topic", "metro", maintain_order=True
    )


def written(rows: pl.DataFrame, companies: Companies) -> pl.DataFrame:
    """The vendor's twelve columns, in order (files have no header)."""
    words = names.company_words(pl.Series(companies.number))
    at = rows["row"].to_numpy()
    own = words["domain"].gather(np.maximum(at, 0))
    isp = pl.Series(names.ISPS).gather(np.where(at < 0, -1 - at, 0))
    is_own = pl.Series(at >= 0)
    country = pl.Series([place[0] for place in names.PLACES]).gather(
        companies.place[np.maximum(at, 0)]
    )
    name = words["name"].gather(np.maximum(at, 0))
    filled = is_own & (rows["row"] % 20 == 0)
    category = pl.Series(names.TOPIC_CATEGORIES)
    topic = rows["topic"].to_numpy()
    kind = np.where(topic < _RELEVANT, 0, 1 + topic % 3)
    return pl.DataFrame(
        {
            "company_name": name.set(~filled, None),
            "domain": own.zip_with(is_own, isp),
            "size": pl.Series([None] * rows.height, dtype=pl.String),
            "industry": pl.Series([None] * rows.height, dtype=pl.String),
            "category": category.gather(kind),
            "topic": pl.Series(names.TOPICS).gather(topic),
            "composite_score": rows["score"],
            "bucket_code": 3000 + rows["score"].cast(pl.Int32) * 7 % 500,
            "metro_area": pl.Series(METROS).gather(rows["metro"]),
            "metro_composite_score": rows["metro_score"],
            "metro_bucket_code": 3000 + rows["metro_score"].cast(pl.Int32) * 7 % 500,
            "domain_origin_country": country,
        }
    )
