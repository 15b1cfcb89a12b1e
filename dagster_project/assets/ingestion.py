"""Inbox → landing: one asset a vendor table, one partition a day of arrival.

Here: which files a run lands, and what a person reads about them in the UI. Not here: reading files (feeds/) and writing
Parquet (landing/). A bad file or row never fails the asset: it goes to quarantine and the checks judge the share.
Trouble with the disk or a mounted folder does fail it, and is retried.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import dagster as dg

from dagster_project.automation import days_of
from dagster_project.feeds import VENDORS
from dagster_project.feeds.file_names import table_of
from dagster_project.home import Home
from dagster_project.landing.door import UNKNOWN_TABLE, data_files, land_files
from dagster_project.landing.known_at import KnownAt
from dagster_project.landing.receipt import Receipt
from dagster_project.landing.replacement import replace_arrivals
from dagster_project.landing.store import write_schemas
from dagster_project.resources import ScoringHome

CORRECTED = "in the place of what the file of this name held before, which is kept in replaced/"
QUARANTINE = dg.AssetKey("landing_quarantine")
RETRIES = dg.RetryPolicy(max_retries=3, delay=5, backoff=dg.Backoff.EXPONENTIAL)


class LandingConfig(dg.Config):
    """What to land. Without paths: the files in inbox/<vendor>/<day>/ of the run's days."""

    paths: list[str] = []
    vendor: str = ""
    # True: a first import, each row known since the day its own change stamps tell.
    is_history: bool = False
    # True: a person named the day, so it also dates files that should have a date in their name and have none.
    is_date_given: bool = False
    # True: what landed before for the same tables and day gives way.
    is_replacing: bool = False
    # True: files of another vendor are landed by hand; what waits in the inbox stays there for its refresh.
    is_idle: bool = False


def landing_key(vendor: str, table: str) -> dg.AssetKey:
    """Asset key of a landed vendor table."""
    return dg.AssetKey(f"landing_{vendor}__{table}")


# Called with a vendor and a table when all files of that table have landed, and without a table when all of the vendor's have.
Landed = Callable[[str, str | None, dg.AssetExecutionContext, ScoringHome], None]


def landing_assets(
    vendor: str, partitions: dg.PartitionsDefinition, landed: Landed
) -> dg.AssetsDefinition:
    """The landed tables of one vendor, as one step."""
    tables = {landing_key(vendor, declared.name): declared.name for declared in VENDORS[vendor]}
    specs = [
        dg.AssetSpec(
            key,
            description=f"Rows of {vendor} {table} as they arrived, typed, one folder a day of arrival.",
            group_name="landing",
            kinds={"parquet", "polars"},
            skippable=True,
        )
        for key, table in tables.items()
    ]

    @dg.multi_asset(
        name=f"land_{vendor}",
        specs=specs,
        partitions_def=partitions,
        can_subset=True,
        retry_policy=RETRIES,
        backfill_policy=dg.BackfillPolicy.single_run(),
        # The vendor with the most tables first: its rows are validated while the others' land.
        op_tags={"dagster/priority": str(len(tables))},
    )
    def land(
        context: dg.AssetExecutionContext, config: LandingConfig, scoring_home: ScoringHome
    ) -> Iterator[dg.MaterializeResult]:
        home = scoring_home.home
        write_schemas(home.landing, home.quarantine)
        if config.vendor and config.vendor != vendor:
            return
        receipts: list[Receipt] = []
        files = {day: _files(home, vendor, day, config) for day in days_of(context)}
        left = Counter(_table(vendor, file) for found in files.values() for file in found)
        for day, found in files.items():
            known = _known(config, day)
            left_out = None if config.is_replacing else home.replaced
            places = (home.landing, home.quarantine)
            for receipt in land_files(found, vendor, *places, day, known, left_out):
                context.log.info(_in_words(receipt))
                receipts.append(receipt)
                left[receipt.table] -= 1
                if not left[receipt.table]:
                    _give_way(receipts, receipt.table, config, context, scoring_home)
                    landed(vendor, receipt.table, context, scoring_home)
        landed(vendor, None, context, scoring_home)
        context.log_event(_refusals(receipts))
        for key in sorted(context.selected_asset_keys):
            mine = [r for r in receipts if r.table == tables[key]]
            yield dg.MaterializeResult(asset_key=key, metadata=_metadata(mine, receipts))

    return land


def _give_way(
    receipts: list[Receipt],
    table: str,
    config: LandingConfig,
    context: dg.AssetExecutionContext,
    scoring_home: ScoringHome,
) -> None:
    """Take out of landing what a table's new files replace: on purpose all of the day; in the inbox, where a file lies by
    its name and day, what the file held before it was corrected. The receipts say so.
    """
    if table == UNKNOWN_TABLE or (config.paths and not config.is_replacing):
        return
    home = scoring_home.home
    gone = replace_arrivals(
        [receipt for receipt in receipts if receipt.table == table],
        home.landing,
        home.replaced,
        scoring_home.now(),
        is_by_name=not config.is_replacing,
    )
    for record in gone:
        context.log.info(f"{record['file']} of {record['day']} gave way to {record['by']}")
    if not config.is_replacing:
        new = {record["by_sha256"] for record in gone}
        receipts[:] = [
            replace(one, warnings=(*one.warnings, CORRECTED)) if one.sha256 in new else one
            for one in receipts
        ]


def _known(config: LandingConfig, day: date) -> KnownAt:
    return KnownAt.history() if config.is_history else KnownAt.on(day, config.is_date_given)


def _files(home: Home, vendor: str, day: date, config: LandingConfig) -> list[Path]:
    if config.is_idle:
        return []
    if config.paths:
        return [file for path in config.paths for file in data_files(Path(path))]
    folder = home.inbox_of(vendor, day)
    # A link whose target is not there (yet) is a feed out of reach: trouble worth a retry. No folder: a day without data.
    for path in [folder, *(folder.rglob("*") if folder.exists() else [])]:
        if path.is_symlink() and not path.exists():
            raise FileNotFoundError(f"{path} links to {path.readlink()}, which is out of reach")
    return data_files(folder) if folder.exists() else []


def _table(vendor: str, file: Path) -> str:
    """The table that a file's receipt will name."""
    table = table_of(file.name, VENDORS[vendor])
    return table.name if table else UNKNOWN_TABLE


def _in_words(receipt: Receipt) -> str:
    """One line for the run's log; never a value from a row."""
    if receipt.error:
        return f"{receipt.source_file}: not landed: {receipt.error}"
    notes = _notes(receipt)
    tail = f" ({notes})" if notes else ""
    return (
        f"{receipt.source_file}: {receipt.rows_landed} rows landed, {receipt.rows_quarantined} quarantined "
        f"in {receipt.vendor} {receipt.table}{tail}"
    )


def _notes(receipt: Receipt) -> str:
    notes = ["already landed"] if receipt.already_landed else []
    if receipt.states_at_creation:
        notes.append(f"{receipt.states_at_creation} also as they were created")
    notes += receipt.warnings
    if receipt.ignored_columns:
        notes.append(f"ignored columns: {', '.join(receipt.ignored_columns)}")
    return "; ".join(notes)


def _refusals(receipts: list[Receipt]) -> dg.AssetMaterialization:
    """What this landing added to the quarantine, which all vendors share."""
    refused = [r for r in receipts if r.rows_quarantined]
    return dg.AssetMaterialization(
        QUARANTINE,
        description="\n".join(_in_words(r) for r in refused) or "nothing was refused",
        metadata={"rows refused": sum(r.rows_quarantined for r in refused), "files": len(refused)},
    )


def _metadata(mine: list[Receipt], everything: list[Receipt]) -> dict:
    unknown = [r for r in everything if r.table == UNKNOWN_TABLE]
    table = dg.TableMetadataValue(
        records=[
            dg.TableRecord(
                {
                    "file": r.source_file,
                    "table": r.table,
                    "day": r.ds.isoformat(),
                    "is landed": not r.error,
                    "rows landed": r.rows_landed,
                    "rows quarantined": r.rows_quarantined,
                    "note": r.error or _notes(r),
                    "sha256": r.sha256,
                }
            )
            for r in mine + unknown
        ],
        schema=dg.TableSchema(
            columns=[
                dg.TableColumn("file", "string"),
                dg.TableColumn("table", "string"),
                dg.TableColumn("day", "date"),
                dg.TableColumn("is landed", "bool"),
                dg.TableColumn("rows landed", "int"),
                dg.TableColumn("rows quarantined", "int"),
                dg.TableColumn("note", "string"),
                dg.TableColumn("sha256", "string"),
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


def _without_data(vendor: str) -> list[dg.AssetSpec]:
    """Tables that models read but that this home has no feed for: empty, and shown as such."""
    return [
        dg.AssetSpec(
            landing_key(vendor, table.name),
            description=f"{vendor} is not among the feeds of scoring.yaml: this table stays empty.",
            group_name="landing",
            kinds={"parquet"},
        )
        for table in VENDORS[vendor]
    ]


def all_landing_assets(
    vendors: list[str], partitions: dg.PartitionsDefinition, landed: Landed
) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Landing assets of the vendors named in scoring.yaml, and the quarantine that they share."""
    feeds = [landing_assets(name, partitions, landed) for name in vendors]
    absent = [spec for name in VENDORS if name not in vendors for spec in _without_data(name)]
    quarantine = dg.AssetSpec(
        QUARANTINE,
        deps=[key for asset in feeds for key in asset.keys],
        description="Rows and files that landing refused, with file, line, column and reason.",
        group_name="landing",
        kinds={"parquet", "polars"},
    )
    return [*feeds, *absent, quarantine]
