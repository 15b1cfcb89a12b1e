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
    GrowingParquet,
    append_csv,
    append_headerless_csv_gz,
    append_jsonl_gz,
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
    """The vendor files of one world: rows are kept for a part of the companies, then written."""

    def __init__(self, settings: WorldSettings, calendar: Calendar, home: Path):
        self._settings, self._calendar = settings, calendar
        self._history, self._inbox = home / "demo" / "exports", home / "inbox"
        self._months = GrowingParquet(self._history / "ga4")
        self.restated = pollution.restatements(settings, calendar)
        self._kept: dict[str, list[pl.DataFrame]] = {}
        self.rows: dict[str, int] = {}

    def campaigns(self, frame: pl.DataFrame) -> None:
        """Campaigns are no company's: they are written once."""
        self._crm("campaign", frame)
        self._write_crm("campaign", 0)

    def add(self, block: Block, strangers: pl.DataFrame | None) -> pl.DataFrame:
        """Take a block's rows; returns the corrected rows that are planted by sending both versions."""
        tables = dict(block.tables)
        if strangers is not None:
            tables["account"] = pl.concat([strangers, tables["account"]], how="diagonal")
        tables = _with_last_activity(tables, self._calendar)
        corrected = [self._crm(name, frame) for name, frame in tables.items()]
        self._technology(block)
        self._keep("ga4", block.events)
        surges = intent.written(block.surges, block.companies)
        self._keep("bombora", surges.with_columns(block.surges["week"]))
        return pl.concat(corrected)

    def end_part(self, part: int) -> None:
        """Write what was kept."""
        for name in FILE_NAMES:
            self._write_crm(name, part)
        for kept in ("technographics", "technographics later"):
            self._write_technology(kept)
        events = self._taken("ga4").sort("ts", "visitor", "name")
        self._web_history(events.filter(pl.col("ts") < self._microsecond(self._calendar.last + 1)))
        self._web_later(events.filter(pl.col("ts") >= self._microsecond(self._calendar.last + 1)))
        for (week,), rows in self._taken("bombora").group_by("week", maintain_order=True):
            day = day_of(week)
            folder = self._history / "bombora"
            if week > self._calendar.last:
                folder = self._inbox / "bombora" / str(day)
            append_headerless_csv_gz(rows.drop("week"), folder / f"company_surge_{day}.csv.gz")

    def close(self) -> None:
        """Finish the files that grew."""
        self._months.close()

    def _keep(self, name: str, rows: pl.DataFrame) -> None:
        self._kept.setdefault(name, []).append(rows)
        self.rows[name] = self.rows.get(name, 0) + rows.height

    def _taken(self, name: str) -> pl.DataFrame:
        return pl.concat(self._kept.pop(name))

    @staticmethod
    def _microsecond(day: int) -> int:
        return day * 86_400_000_000

    def _crm(self, name: str, frame: pl.DataFrame) -> pl.DataFrame:
        share = self._settings.pollution.corrected_rows if name in _CORRECTED else 0.0
        rows = records.up_to(frame, self._calendar.last, share, _SEED_OF_LOTS)
        self._keep(FILE_NAMES[name], rows)
        self._keep(f"{FILE_NAMES[name]} later", records.of_later_days(frame, self._calendar.last))
        again = rows["Id"].filter(rows["Id"].is_duplicated()).unique(maintain_order=True)
        return pollution.planted("corrected row", "salesforce", name, again)

    def _write_crm(self, name: str, part: int) -> None:
        file = FILE_NAMES[name]
        if file not in self._kept:
            return
        rows = records.written(self._taken(file), has_change_stamps=name not in _ONCE)
        append_csv(rows, self._history / "salesforce" / f"{file}_part{part:03d}.csv")
        later = self._taken(f"{file} later").sort("_day", maintain_order=True)
        for (day,), rows in later.group_by("_day", maintain_order=True):
            if day <= self._calendar.end:
                rows = records.written(rows, has_change_stamps=name not in _ONCE)
                append_csv(rows, self._inbox / "salesforce" / str(day_of(day)) / f"{file}.csv")

    def _technology(self, block: Block) -> None:
        last, found = self._calendar.last, block.detections
        history = technology.written(found.filter(pl.col("first") <= last), block.companies, last)
        self._keep("technographics", history)
        before = last
        for day in range(last + 1, self._calendar.end + 1):
            if day_of(day).day == _CRAWL_DAY:
                fresh = [pl.col(seen).is_between(before + 1, day) for seen in ("first", "last")]
                rows = technology.written(
                    found.filter(pl.any_horizontal(fresh)), block.companies, day
                )
                self._keep("technographics later", rows.with_columns(pl.lit(day).alias("day")))
                before = day

    def _write_technology(self, kept: str) -> None:
        if kept == "technographics":
            append_csv(self._taken(kept), self._history / kept / "technology_detections.csv")
        elif kept in self._kept:
            for (day,), rows in self._taken(kept).group_by("day", maintain_order=True):
                folder = self._inbox / "technographics" / str(day_of(day))
                append_csv(rows.drop("day"), folder / f"technology_detections_{day_of(day)}.csv")

    def _web_history(self, events: pl.DataFrame) -> None:
        month = pl.from_epoch("ts", time_unit="us").dt.strftime("%Y%m")
        for (name,), rows in events.group_by(month.alias("month"), maintain_order=True):
            self._months.add_table(f"events_{name}", nested(rows))

    def _web_later(self, events: pl.DataFrame) -> None:
        """A later day's file comes on its day; where it comes again, some events only then."""
        folder = self._inbox / "ga4"
        days = (pl.col("ts") // self._microsecond(1)).alias("day")
        for (day,), rows in events.group_by(days, maintain_order=True):
            name = f"events_{day_of(day):%Y%m%d}.jsonl.gz"
            if day in self.restated:
                again = folder / str(day_of(day + self.restated[day]))
                append_jsonl_gz(nested(rows), again / name)
                rows = rows.filter(~pollution.is_held_back(rows))
            append_jsonl_gz(nested(rows), folder / str(day_of(day)) / name)


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
