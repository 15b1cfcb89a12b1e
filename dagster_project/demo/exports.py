"""Where rows go: the vendors' export of the history, and the inbox of the later days.

Here: folders, file names, which day tells of what. Not here: how bytes are written (files.py).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from dagster_project.demo import intent, pollution, records, technology
from dagster_project.demo.block import Block
from dagster_project.demo.calendar import Calendar, day_of
from dagster_project.demo.files import (
    append_csv,
    append_headerless_csv_gz,
    append_jsonl_gz,
    write_parquet,
)
from dagster_project.demo.ga4_files import nested
from dagster_project.demo.settings import WorldSettings

FILE_NAMES = {
    "account": "Account", "account_history": "AccountHistory", "contact": "Contact", "lead": "Lead",
    "opportunity": "Opportunity", "opportunity_history": "OpportunityHistory",
    "opportunity_contact_role": "OpportunityContactRole", "task": "Task", "event": "Event",
    "campaign": "Campaign", "campaign_member": "CampaignMember",
}  # fmt: skip
_ONCE = ("account_history", "opportunity_history")  # rows of a history have one stamp
_CORRECTED = ("opportunity", "lead")
_CRAWL_DAY = 15
_SEED_OF_LOTS = 20


class Exports:
    """The vendor files of one world."""

    def __init__(self, settings: WorldSettings, calendar: Calendar, home: Path):
        self._settings, self._calendar = settings, calendar
        self._history, self._inbox = home / "demo" / "exports", home / "inbox"
        self._restated = pollution.restatements(settings, calendar)
        self._later = range(calendar.last + 1, calendar.end + 1)
        self._events: list[pl.DataFrame] = []
        self._surges: list[pl.DataFrame] = []
        self.rows: dict[str, int] = {}

    @property
    def restated(self) -> dict[int, int]:
        """Days whose web file comes again, and after how many days."""
        return self._restated

    def campaigns(self, frame: pl.DataFrame) -> None:
        """Campaigns are no company's: they are written once."""
        self._crm("campaign", frame, 0)

    def add(self, block: Block, part: int, strangers: pl.DataFrame | None) -> pl.DataFrame:
        """Write a block's CRM and technology rows, keep its events and surges for the part's files.

        Returns the corrected rows that were planted.
        """
        tables = dict(block.tables)
        if strangers is not None:
            tables["account"] = pl.concat([strangers, tables["account"]], how="diagonal")
        tables = _with_last_activity(tables, self._calendar)
        corrected = [self._crm(name, frame, part) for name, frame in tables.items()]
        self._technology(block)
        self._events.append(block.events)
        self._surges.append(
            intent.written(block.surges, block.companies).with_columns(block.surges["week"])
        )
        return pl.concat(corrected)

    def end_part(self, part: int) -> None:
        """Write what was kept: a web file a month, a later day, and an intent file a week."""
        events = pl.concat(self._events).sort("ts", "visitor", "name")
        surges = pl.concat(self._surges)
        self._events, self._surges = [], []
        self._count("ga4", events.height)
        self._count("bombora", surges.height)
        self._months(events, part)
        for day in self._later:
            self._web_day(events, day)
        for (week,), rows in surges.group_by("week", maintain_order=True):
            name = f"company_surge_{day_of(week)}.csv.gz"
            folder = self._history / "bombora"
            if week > self._calendar.last:
                folder = self._inbox / "bombora" / str(day_of(week))
            append_headerless_csv_gz(rows.drop("week"), folder / name)

    def _count(self, name: str, rows: int) -> None:
        self.rows[name] = self.rows.get(name, 0) + rows

    def _crm(self, name: str, frame: pl.DataFrame, part: int) -> pl.DataFrame:
        once = name in _ONCE
        share = self._settings.pollution.corrected_rows if name in _CORRECTED else 0.0
        rows = records.up_to(frame, self._calendar.last, share, _SEED_OF_LOTS)
        file = FILE_NAMES[name]
        self._count(file, rows.height)
        rows = rows.with_columns(pl.lit(self._calendar.last, dtype=pl.Int32).alias("_day"))
        append_csv(
            _finished(rows, once), self._history / "salesforce" / f"{file}_part{part:03d}.csv"
        )
        later = frame.filter(pl.col("_day") > self._calendar.last)
        for day in self._later:
            rows_of_day = records.of_day(later, day)
            if rows_of_day.height:
                folder = self._inbox / "salesforce" / str(day_of(day))
                append_csv(_finished(rows_of_day, once), folder / f"{file}.csv")
                self._count(f"{file} later", rows_of_day.height)
        again = rows["Id"].filter(rows["Id"].is_duplicated()).unique(maintain_order=True)
        return pollution.planted("corrected row", "salesforce", name, again)

    def _technology(self, block: Block) -> None:
        last = self._calendar.last
        found = block.detections
        history = technology.written(found.filter(pl.col("first") <= last), block.companies, last)
        append_csv(history, self._history / "technographics" / "technology_detections.csv")
        self._count("technographics", history.height)
        before = last
        for day in self._later:
            if day_of(day).day != _CRAWL_DAY:
                continue
            fresh = pl.col("first").is_between(before + 1, day) | pl.col("last").is_between(
                before + 1, day
            )
            rows = technology.written(found.filter(fresh), block.companies, day)
            folder = self._inbox / "technographics" / str(day_of(day))
            append_csv(rows, folder / f"technology_detections_{day_of(day)}.csv")
            before = day

    def _months(self, events: pl.DataFrame, part: int) -> None:
        history = events.filter(pl.col("ts") < (self._calendar.last + 1) * 86_400_000_000)
        month = pl.from_epoch("ts", time_unit="us").dt.strftime("%Y%m")
        for (name,), rows in history.group_by(month.alias("month"), maintain_order=True):
            path = self._history / "ga4" / f"events_{name}_part{part:03d}.parquet"
            write_parquet(nested(rows), path)

    def _web_day(self, events: pl.DataFrame, day: int) -> None:
        start = day * 86_400_000_000
        rows = events.filter(pl.col("ts").is_between(start, start + 86_400_000_000, closed="left"))
        name = f"events_{day_of(day):%Y%m%d}.jsonl.gz"
        folder = self._inbox / "ga4"
        if day in self._restated:
            again = folder / str(day_of(day + self._restated[day]))
            append_jsonl_gz(nested(rows), again / name)
            rows = rows.filter(~pollution.is_held_back(rows))
        append_jsonl_gz(nested(rows), folder / str(day_of(day)) / name)


def _finished(rows: pl.DataFrame, once: bool) -> pl.DataFrame:
    return records.written(rows, has_change_stamps=not once)


def _with_last_activity(
    tables: dict[str, pl.DataFrame], calendar: Calendar
) -> dict[str, pl.DataFrame]:
    """LastActivityDate as the export of a day shows it: the newest activity by then, whenever the row changed."""
    acts = pl.concat(
        [tables[name].select("AccountId", "ActivityDate") for name in ("task", "event")]
    )
    acts = acts.drop_nulls().unique().sort("ActivityDate")
    for name, key in (("account", "Id"), ("opportunity", "AccountId")):
        frame = tables[name]
        seen = pl.max_horizontal(pl.col("_day"), pl.lit(calendar.last, dtype=pl.Int32)).cast(
            pl.Date
        )
        frame = (
            frame.with_row_index("_place")
            .with_columns(seen.alias("_seen"))
            .sort("_seen", maintain_order=True)
        )
        frame = frame.join_asof(
            acts.with_columns(pl.col("ActivityDate").alias("LastActivityDate")),
            left_on="_seen", right_on="ActivityDate", by_left=key, by_right="AccountId", strategy="backward",
            check_sortedness=False,
        )  # fmt: skip
        frame = frame.sort("_place").drop("_place", "_seen", "ActivityDate", strict=False)
        tables[name] = frame
    return tables
