"""The event log with kept connections: the same files as Dagster's own, few of them open."""

import sqlite3
from contextlib import closing

import dagster as dg
import pytest
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from dagster_project.event_log import MOST_OPEN, HomeEventLog


@dg.asset
def thing():
    """An asset with nothing in it."""


@pytest.fixture
def instance(tmp_path):
    (tmp_path / "dagster.yaml").write_text(
        "telemetry: {enabled: false}\n"
        "event_log_storage:\n"
        "  module: dagster_project.event_log\n"
        "  class: HomeEventLog\n"
        f"  config: {{base_dir: '{tmp_path}/history/runs'}}\n"
    )
    with dg.DagsterInstance.from_config(str(tmp_path)) as made:
        yield made


def events(log, run_id):
    return [record.event_log_entry.to_json() for record in log.get_records_for_run(run_id).records]


def test_dagsters_own_storage_reads_the_same_events(instance, tmp_path):
    run = dg.materialize([thing], instance=instance)
    ours = instance.event_log_storage
    assert isinstance(ours, HomeEventLog)
    theirs = SqliteEventLogStorage(str(tmp_path / "history" / "runs"))
    found = events(ours, run.run_id)
    assert len(found) > 5
    assert events(theirs, run.run_id) == found
    assert theirs.get_latest_materialization_events([thing.key])[thing.key].run_id == run.run_id


def test_only_a_few_files_are_kept_open(instance):
    runs = [dg.materialize([thing], instance=instance).run_id for _ in range(MOST_OPEN + 2)]
    log = instance.event_log_storage
    for run_id in runs:
        assert events(log, run_id)
    assert len(log._engines) == MOST_OPEN
    log.dispose()
    assert not log._engines
    assert events(log, runs[0])


def test_events_of_many_partitions_are_stored_together_and_all_there(
    instance, tmp_path, monkeypatch
):
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "1000")
    days = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-02-01")

    @dg.asset(partitions_def=days, backfill_policy=dg.BackfillPolicy.single_run())
    def daily():
        """One row a day."""
        return dg.MaterializeResult()

    tags = {
        "dagster/asset_partition_range_start": "2026-01-01",
        "dagster/asset_partition_range_end": "2026-01-31",
    }
    batches = []
    log = instance.event_log_storage
    monkeypatch.setattr(
        log,
        "store_event_batch",
        lambda events: (batches.append(len(events)), HomeEventLog.store_event_batch(log, events)),
    )
    run = dg.materialize([daily], instance=instance, tags=tags)
    theirs = SqliteEventLogStorage(str(tmp_path / "history" / "runs"))
    assert 31 in batches
    assert theirs.get_materialized_partitions(daily.key) == set(days.get_partition_keys())
    assert events(theirs, run.run_id) == events(log, run.run_id)


def test_a_batch_says_of_a_table_what_dagster_says_after_the_same_events(instance, tmp_path):
    days = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-02-01")

    @dg.asset(partitions_def=days)
    def daily():
        """One row a day."""

    runs = [
        dg.materialize([daily, thing], instance=instance, partition_key=day).run_id
        for day in ("2026-01-01", "2026-01-03", "2026-01-02")
    ]
    log = instance.event_log_storage
    found = [
        [record.event_log_entry for record in log.get_records_for_run(run_id).records]
        for run_id in runs
    ]
    both = (
        SqliteEventLogStorage(str(tmp_path / "one_by_one")),
        HomeEventLog(str(tmp_path / "batch")),
    )
    for events_of_run in found:
        for event in events_of_run:
            both[0].store_event(event)
        both[1].store_event_batch(events_of_run)
    both[1].dispose()
    said = []
    for folder in ("one_by_one", "batch"):
        with closing(sqlite3.connect(tmp_path / folder / "index.db")) as index:
            columns = "asset_key, last_materialization, last_run_id, last_materialization_timestamp"
            asked = f"select {columns} from asset_keys order by 1"
            said.append(index.execute(asked).fetchall())
    assert said[0] == said[1] and len(said[0]) == 2
    assert all(runs[-1] in last for _, last, *_ in said[0])


def test_a_copied_shard_is_the_one_dagster_makes(instance, tmp_path, monkeypatch):
    """The first run's shard is made by Dagster, later ones are copies of an empty one."""
    first = dg.materialize([thing], instance=instance)
    made = []
    initdb = HomeEventLog._initdb
    monkeypatch.setattr(HomeEventLog, "_initdb", lambda *a, **k: made.append(1) or initdb(*a, **k))
    second = dg.materialize([thing], instance=instance)
    assert not made
    instance.event_log_storage.dispose()

    def schema(run_id):
        with closing(sqlite3.connect(tmp_path / "history" / "runs" / f"{run_id}.db")) as shard:
            tables = shard.execute("select sql from sqlite_master order by 1").fetchall()
            return tables, shard.execute("select * from alembic_version").fetchall()

    assert schema(second.run_id) == schema(first.run_id)
    theirs = SqliteEventLogStorage(str(tmp_path / "made_by_dagster"))
    theirs.get_records_for_run(first.run_id)
    with closing(sqlite3.connect(tmp_path / "made_by_dagster" / f"{first.run_id}.db")) as shard:
        assert (
            shard.execute("select sql from sqlite_master order by 1").fetchall()
            == schema(second.run_id)[0]
        )
    assert not [f.name for f in (tmp_path / "history" / "runs").iterdir() if ".tmp" in f.name]
