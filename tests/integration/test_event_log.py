"""The event log with kept connections: the same files as Dagster's own, few of them open."""

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
