"""The demo world as a whole: blocks one after another, files, truth, and the summary.

Here: `write_world`, the home's settings for it. Not here: what a block holds (block.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from dagster_project.demo import campaigns, pollution
from dagster_project.demo.accounts import make_strangers
from dagster_project.demo.block import Block, make_block
from dagster_project.demo.calendar import Calendar, day_of
from dagster_project.demo.companies import BLOCK, blocks_of
from dagster_project.demo.exports import Exports
from dagster_project.demo.files import GrowingParquet, refuse_used, write_json
from dagster_project.demo.hidden_state import build_chain, win_probabilities
from dagster_project.demo.home_settings import demo_settings_yaml
from dagster_project.demo.reference import Reference
from dagster_project.demo.settings import WorldSettings
from dagster_project.demo.tally import Tally

__all__ = ["WorldSummary", "demo_settings_yaml", "write_world"]


@dataclass(frozen=True)
class WorldSummary:
    """What was written, and what is true of it."""

    accounts: int
    first_day: str
    last_day: str
    end_day: str
    measures: dict[str, float | None]
    rows: dict[str, int]
    planted: dict[str, int]
    feed_value: dict[str, object] = field(default_factory=dict)


def write_world(
    settings: WorldSettings, home_root: Path, progress: Callable[[str], None]
) -> WorldSummary:
    """Write exports, inbox and truth of a world below `home_root`; WorldError if they are there.

    The same settings give the same bytes, whatever the number of companies a file.
    """
    refuse_used(home_root / "demo" / "exports", home_root / "demo" / "truth", home_root / "inbox")
    calendar = Calendar(settings)
    chain = build_chain(settings.chain, calendar)
    progress("computing the true probabilities of all hidden states")
    table = win_probabilities(chain, calendar)
    exports = Exports(settings, calendar, home_root)
    exports.campaigns(campaigns.make_campaigns(calendar))
    truth = GrowingParquet(home_root / "demo" / "truth")
    tally = Tally(settings, calendar)
    truth.add("pollution", _once_planted(settings, exports))
    tally.planted(_once_planted(settings, exports))
    reference = Reference(calendar, table, settings.seed)
    blocks = blocks_of(settings)
    in_part = max(settings.companies_per_file // BLOCK, 1)
    for number in range(blocks):
        block = make_block(settings, calendar, chain, table, number)
        strangers = make_strangers(settings, calendar) if number == 0 else None
        corrected = exports.add(block, strangers)
        _tell_truth(truth, block, corrected)
        tally.add(block, corrected)
        if settings.measure_feeds:
            reference.add(block)
        if (number + 1) % in_part == 0 or number + 1 == blocks:
            exports.end_part(number // in_part)
        progress(
            f"{min((number + 1) * BLOCK, settings.accounts):,} of {settings.accounts:,} companies"
        )
    truth.close()
    exports.close()
    if settings.measure_feeds:
        progress("measuring what each feed is worth")
    summary = _summary(settings, calendar, exports, tally, reference)
    write_json(summary.feed_value, home_root / "demo" / "truth" / "feed_value.json")
    write_json(asdict(summary), home_root / "demo" / "truth" / "summary.json")
    return summary


def _once_planted(settings: WorldSettings, exports: Exports) -> pl.DataFrame:
    days = pl.Series([str(day_of(day)) for day in exports.restated], dtype=pl.String)
    restated = pollution.planted("restated day", "ga4", "event", days)
    return pl.concat([pollution.strangers_planted(settings), restated])


def _tell_truth(truth: GrowingParquet, block: Block, corrected: pl.DataFrame) -> None:
    truth.add("true_probabilities", block.probabilities)
    truth.add("outcomes", block.outcomes)
    truth.add("identities", block.identities)
    truth.add("pollution", pl.concat([block.planted, corrected]))


def _summary(
    settings: WorldSettings,
    calendar: Calendar,
    exports: Exports,
    tally: Tally,
    reference: Reference,
) -> WorldSummary:
    days = [str(day_of(day)) for day in (calendar.first, calendar.last, calendar.end)]
    measures = {
        name: None if value is None or np.isnan(value) else round(float(value), 5)
        for name, value in tally.measures().items()
    }
    rows = dict(sorted(exports.rows.items()))
    planted = dict(sorted(tally.planted_counts.items()))
    value = reference.feed_value() if settings.measure_feeds else {}
    return WorldSummary(settings.accounts, *days, measures, rows, planted, value)
