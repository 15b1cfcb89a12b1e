"""Technographic detections: which tools a crawler saw on companies' sites, first and last.

Here: detection versions of a block; `last_detected` is filled once a tool is gone. Not here: fit.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from dagster_project.demo import names
from dagster_project.demo.calendar import Calendar
from dagster_project.demo.companies import NEVER, Companies, stream
from dagster_project.demo.settings import WorldSettings

_FIT_RELEVANT = len(names.COMPLEMENTS) + len(names.COMPETING)


def make_detections(
    settings: WorldSettings, calendar: Calendar, companies: Companies
) -> pl.DataFrame:
    """One row a detection: row, technology, first and last day seen (NEVER while in use)."""
    rng = stream(settings, companies.block, "technology")
    n, kinds = companies.owns.shape
    seen = rng.random(n) < settings.technology.covered_share
    row, tool = np.nonzero(companies.owns & seen[:, None])
    first = calendar.first - rng.integers(0, 900, len(row))
    years = (calendar.end - calendar.first) / 365.25
    more = rng.poisson(settings.technology.adoptions_per_year * years * seen)
    new_row = np.repeat(np.arange(n), more)
    new_tool = rng.integers(_FIT_RELEVANT, kinds, len(new_row))
    new_first = calendar.first + rng.integers(0, calendar.end - calendar.first + 1, len(new_row))
    fresh = ~companies.owns[new_row, new_tool]
    row, tool, first = (
        np.concatenate([a, b[fresh]])
        for a, b in ((row, new_row), (tool, new_tool), (first, new_first))
    )
    _, keep = np.unique(row * kinds + tool, return_index=True)
    row, tool, first = row[keep], tool[keep], first[keep]
    lasts = first + 60 + rng.exponential(_lifetime_days(settings), len(row))
    gone = (tool >= _FIT_RELEVANT) & (lasts <= calendar.end) & (lasts > calendar.first)
    last = np.where(gone, np.minimum(lasts, 1e9).astype(np.int64), NEVER)
    return pl.DataFrame({"row": row, "tool": tool, "first": first, "last": last})


def written(rows: pl.DataFrame, companies: Companies, day: int) -> pl.DataFrame:
    """The vendor's columns as a crawl of that day tells them."""
    words = names.company_words(pl.Series(companies.number))
    tools = pl.Series([name for name, _ in names.TECHNOLOGIES])
    kinds = pl.Series([kind for _, kind in names.TECHNOLOGIES])
    last = rows["last"].set(rows["last"] > day, None)
    return pl.DataFrame(
        {
            "domain": words["domain"].gather(rows["row"]),
            "technology": tools.gather(rows["tool"]),
            "category": kinds.gather(rows["tool"]),
            "first_detected": rows["first"].cast(pl.Int32).cast(pl.Date),
            "last_detected": last.cast(pl.Int32).cast(pl.Date),
        }
    )


def _lifetime_days(settings: WorldSettings) -> float:
    """How long a tool stays, so that a company drops as many a year as is set."""
    rates = settings.technology
    return 365.25 * rates.per_company / max(rates.drops_per_year, 1e-6)
