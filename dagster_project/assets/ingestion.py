"""Inbox → landing: one asset a vendor table, one partition a day of arrival.

Here: which files a run lands, and what a person reads about them in the UI. Not here: reading files (feeds/) and writing
Parquet (landing.py). A bad file or row never fails the asset: it goes to quarantine and the checks judge the share.
Trouble with the disk or a mounted folder does fail it, and is retried.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg

from dagster_project.automation import days_of
from dagster_project.feeds.contract import VENDORS, Vendor
from dagster_project.home import Home
from dagster_project.landing import Receipt, data_files, land_file, write_schemas
from dagster_project.resources import ScoringHome

RETRIES = dg.RetryPolicy(max_retries=3, delay=5, backoff=dg.Backoff.EXPONENTIAL)


class LandingConfig(dg.Config):
    """What to land. Without paths: the files in inbox/<vendor>/<day>/ of the run's days."""

    paths: list[str] = []
    vendor: str = ""
    # True: a first import, each row known since the day its own change stamps tell.
    is_history: bool = False


def landing_key(vendor: str, table: str) -> dg.AssetKey:
    """Asset key of a landed vendor table."""
    return dg.AssetKey(f"landing_{vendor}__{table}")


def landing_assets(vendor: Vendor, partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """The landed tables of one vendor, as one step."""
    outs = {
        table: dg.AssetOut(
            key=landing_key(vendor.name, table),
            description=f"Rows of {vendor.name} {table} as they arrived, typed, one folder a day of arrival.",
            group_name="landing",
            kinds={"parquet", "polars"},
            is_required=False,
        )
        for table in vendor.tables
    }

    @dg.multi_asset(
        name=f"land_{vendor.name}",
        outs=outs,
        partitions_def=partitions,
        can_subset=True,
        retry_policy=RETRIES,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def land(
        context: dg.AssetExecutionContext, config: LandingConfig, scoring_home: ScoringHome
    ) -> Iterator[dg.Output]:
        home = scoring_home.home
        write_schemas(home.landing, home.quarantine)
        if config.vendor and config.vendor != vendor.name:
            return
        receipts = []
        for day in days_of(context):
            for path in _files(home, vendor.name, day, config):
                receipt = land_file(
                    path,
                    vendor.name,
                    home.landing,
                    home.quarantine,
                    ds=day,
                    is_history=config.is_history,
                )
                context.log.info(receipt.in_words())
                receipts.append(receipt)
        for table in sorted(context.op_execution_context.selected_output_names):
            mine = [r for r in receipts if r.table == table]
            yield dg.Output(None, output_name=table, metadata=_metadata(mine, receipts))

    return land


def _files(home: Home, vendor: str, day: date, config: LandingConfig) -> list[Path]:
    if config.paths:
        return [file for path in config.paths for file in data_files(Path(path))]
    folder = home.inbox_of(vendor, day)
    # A link whose target is not there (yet) is trouble worth a retry, an absent folder is a day without data.
    if not folder.exists() and not folder.is_symlink():
        return []
    return data_files(folder)


def _metadata(mine: list[Receipt], everything: list[Receipt]) -> dict:
    unknown = [r for r in everything if r.table is None]
    table = dg.TableMetadataValue(
        records=[
            dg.TableRecord(
                {
                    "file": r.source_file,
                    "rows landed": r.rows_landed,
                    "rows quarantined": r.rows_quarantined,
                    "note": r.error or ("already landed" if r.already_landed else ""),
                }
            )
            for r in mine + unknown
        ],
        schema=dg.TableSchema(
            columns=[
                dg.TableColumn("file", "string"),
                dg.TableColumn("rows landed", "int"),
                dg.TableColumn("rows quarantined", "int"),
                dg.TableColumn("note", "string"),
            ]
        ),
    )
    return {
        "dagster/row_count": sum(r.rows_landed for r in mine),
        "files": len(mine),
        "rows quarantined": sum(r.rows_quarantined for r in mine),
        "files not landed": sum(1 for r in mine + unknown if r.error),
        "arrivals": table,
    }


def all_landing_assets(vendors: list[str], partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """Landing assets of the vendors named in scoring.yaml."""
    return [landing_assets(VENDORS[name], partitions) for name in vendors]
