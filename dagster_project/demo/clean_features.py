"""Plain features of companies at month-ends, by true identity and without what was planted.

Here: what a careful analyst with perfect matching could count in the feeds, for the reference model.
Not here: the product's own features (dbt), hidden states.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from dagster_project.demo.activities import CONNECTED, EMAIL, REPLY
from dagster_project.demo.block import Block
from dagster_project.demo.calendar import Calendar, day_of
from dagster_project.demo.companies import NEVER
from dagster_project.demo.names import COMPETING, COMPLEMENTS, RELEVANT_TOPICS
from dagster_project.demo.visits import CORPORATE, EMAIL_CLICK
from dagster_project.demo.web import DEMO, DOCS, FORM, PAGE_KIND, PRICING, PRODUCT, START, VIEW

FEEDS = ("crm_activity", "web", "intent", "technographics")
_WINDOWS = (7, 30, 90)


def month_ends(calendar: Calendar) -> np.ndarray:
    """Month-ends of the history as day numbers."""
    days = calendar.as_of_days
    return np.array([d for d in days if d <= calendar.last and day_of(d + 1).day == 1])


def clean_features(calendar: Calendar, block: Block) -> dict[str, np.ndarray]:
    """Matrices (row, column) by feed, and `firmographics`; rows are month-ends × companies."""
    days = month_ends(calendar)
    counter = _Counter(calendar, days, len(block.companies))
    parts = {
        "firmographics": _firmographics(days, block),
        "crm_activity": np.concatenate([_deals(days, block), _activities(counter, block)], axis=2),
        "web": _web(counter, block),
        "intent": _intent(days, block),
        "technographics": _technology(days, block),
    }
    return {
        name: part.reshape(-1, part.shape[2]).astype(np.float32) for name, part in parts.items()
    }


class _Counter:
    """Counts of dated things by company in windows before each month-end."""

    def __init__(self, calendar: Calendar, days: np.ndarray, companies: int):
        self._start, self._days, self._companies = calendar.start, days, companies
        self._steps = calendar.end + 1 - calendar.start

    def windows(self, day: np.ndarray, row: np.ndarray) -> np.ndarray:
        """(month-end, company, window)."""
        place = (np.maximum(day, self._start) - self._start) * self._companies + row
        counts = np.bincount(place, minlength=self._steps * self._companies)
        total = counts.reshape(self._steps, self._companies).cumsum(axis=0, dtype=np.int32)
        total = np.concatenate([np.zeros((1, self._companies), np.int32), total])
        until = self._days - self._start + 1
        parts = [total[until] - total[np.maximum(until - window, 0)] for window in _WINDOWS]
        return np.stack(parts, axis=2)

    def since_last(self, day: np.ndarray, row: np.ndarray) -> np.ndarray:
        """Days since the last one, (month-end, company, 1); 999 if there was none."""
        last = np.full((len(self._days), self._companies), -(10**6), dtype=np.int64)
        at = np.searchsorted(self._days, day)
        inside = at < len(self._days)
        np.maximum.at(last, (at[inside], row[inside]), day[inside])
        last = np.maximum.accumulate(last, axis=0)
        return np.minimum(self._days[:, None] - last, 999)[:, :, None]


def _firmographics(days: np.ndarray, block: Block) -> np.ndarray:
    own = block.companies
    industry = own.industry[:, None] == np.arange(12)
    place = own.place[:, None] == np.arange(8)
    fixed = np.column_stack([np.log(own.employees), own.founded / 365.25, industry, place])
    known = np.maximum(days[:, None] - block.lives.known, -1)[:, :, None]
    return np.concatenate([np.broadcast_to(fixed, (len(days), *fixed.shape)), known], axis=2)


def _deals(days: np.ndarray, block: Block) -> np.ndarray:
    """Open deal's stage and ages, earlier losses, people on it."""
    deals, n = block.deals, len(block.companies)
    order = np.lexsort((deals.change_at, deals.row[deals.change_deal]))
    deal, at, stage = (
        deals.change_deal[order],
        deals.change_at[order] // 86_400,
        deals.change_stage[order],
    )
    row = deals.row[deal]
    out = np.zeros((len(days), n, 6))
    for place, day in enumerate(days):
        seen = at <= day
        last = np.full(n, -1)
        last[row[seen]] = np.flatnonzero(seen)
        open_ = (last >= 0) & (stage[last] < 5)
        out[place, :, 0] = np.where(open_, stage[last] + 1, 0)
        out[place, :, 1] = np.where(open_, day - at[last], 999)
        out[place, :, 2] = np.where(open_, day - deals.opened[deal[last]], 999)
        lost = (deals.closed <= day) & ~deals.is_won
        out[place, :, 3] = np.bincount(deals.row[lost], minlength=n)
        ended = np.full(n, -(10**6))
        np.maximum.at(ended, deals.row[lost], deals.closed[lost])
        out[place, :, 4] = np.minimum(day - ended, 999)
        out[place, :, 5] = (block.lives.contact <= day).sum(axis=1)
    return out


def _activities(counter: _Counter, block: Block) -> np.ndarray:
    tasks, meetings = block.tasks, block.meetings
    members = block.tables["campaign_member"].filter(pl.col("HasResponded"))
    parts = []
    for kind in (EMAIL, REPLY, CONNECTED):
        of_kind = tasks.kind == kind
        parts.append(counter.windows(tasks.day[of_kind], tasks.row[of_kind]))
        parts.append(counter.since_last(tasks.day[of_kind], tasks.row[of_kind]))
    held = ~meetings.is_missed
    parts.append(counter.windows(meetings.day[held], meetings.row[held]))
    parts.append(counter.since_last(meetings.day[held], meetings.row[held]))
    parts.append(counter.windows(meetings.day[~held], meetings.row[~held]))
    day = (members["_stamp"] // 86_400).to_numpy()
    parts.append(counter.windows(day, members["_row"].to_numpy()))
    return np.concatenate(parts, axis=2)


def _web(counter: _Counter, block: Block) -> np.ndarray:
    """Visits that a company can be given: by its domain or a known person."""
    events = block.events.filter(
        (pl.col("row") >= 0)
        & pl.col("kind").is_in([CORPORATE, EMAIL_CLICK])
        & ((pl.col("domain") >= 0) | (pl.col("user") >= 0))
    )
    day = (events["ts"] // 86_400_000_000).to_numpy()
    row, name = events["row"].to_numpy(), events["name"].to_numpy()
    page = PAGE_KIND[events["page"].to_numpy()]
    click = (events["kind"] == EMAIL_CLICK).to_numpy() & (name == START)
    form = events["form"].to_numpy()
    masks = [(name == START) & ~click, click, name == VIEW, name == FORM, (form == 0) | (form == 1)]
    masks += [(name == VIEW) & (page == kind) for kind in (PRICING, DOCS, PRODUCT, DEMO)]
    parts = [counter.windows(day[mask], row[mask]) for mask in masks]
    parts += [counter.since_last(day[mask], row[mask]) for mask in (masks[0], masks[3], masks[5])]
    return np.concatenate(parts, axis=2)


def _intent(days: np.ndarray, block: Block) -> np.ndarray:
    """Topics of ours and all topics: rows, surging ones, best score, in one, four and twelve weeks."""
    rows = block.surges.filter((pl.col("row") >= 0) & ~pl.col("is_double"))
    week, row = rows["week"].to_numpy(), rows["row"].to_numpy()
    score, n = rows["score"].to_numpy().astype(np.int64), len(block.companies)
    ours = rows["topic"].to_numpy() < len(RELEVANT_TOPICS)
    out = np.zeros((len(days), n, 18))
    for place, day in enumerate(days):
        for half, span in enumerate((7, 28, 84)):
            for part, mask in enumerate((ours, np.ones(len(ours), bool))):
                now = mask & (week <= day) & (week > day - span)
                at = half * 6 + part * 3
                out[place, :, at] = np.bincount(row[now], minlength=n)
                out[place, :, at + 1] = np.bincount(row[now], score[now] >= 50, minlength=n)
                np.maximum.at(out[place, :, at + 2], row[now], score[now])
    return out


def _technology(days: np.ndarray, block: Block) -> np.ndarray:
    found, n = block.detections, len(block.companies)
    row, tool = found["row"].to_numpy(), found["tool"].to_numpy()
    first, last = found["first"].to_numpy(), found["last"].to_numpy()
    complement = tool < len(COMPLEMENTS)
    competing = ~complement & (tool < len(COMPLEMENTS) + len(COMPETING))
    out = np.zeros((len(days), n, 3))
    for place, day in enumerate(days):
        there = (first <= day) & (last >= day)
        for column, mask in enumerate((complement, competing, np.ones(len(tool), bool))):
            out[place, :, column] = np.bincount(row[there & mask], minlength=n)
    return out


def labels(calendar: Calendar, block: Block) -> tuple[np.ndarray, np.ndarray]:
    """(is eligible, is won within 90 days) for the rows of `clean_features`."""
    days, lives = month_ends(calendar)[:, None], block.lives
    eligible = (lives.known <= days) & (lives.won > days)
    is_won = (lives.won > days) & (lives.won <= days + 90) & (lives.won < NEVER)
    return eligible.ravel(), is_won.ravel()
