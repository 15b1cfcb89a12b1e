"""Dagster as the engine: real webserver and daemon, a schedule's tick, a retried landing, a back-fill, killed commands.

Belongs here: what only running servers can show. Does not belong here: the shape of the graph (tests/wiring), what one
asset does.
"""

import signal
import subprocess
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from dagster._core.remote_origin import (
    GrpcServerCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
)

from dagster_project.command.runs import prepare_instance
from tests.dagster_pages import (
    BACKFILL,
    BACKFILL_STATE,
    SCORING,
    Pages,
    environment,
    free_port,
    scoring_ui,
    until,
)
from tests.small_world import SmallWorld, landed_home, train

TRAINED, LAST_OF_HISTORY = date(2021, 3, 31), date(2021, 4, 14)
TICKED, NEVER_DONE = date(2021, 4, 15), date(2021, 4, 17)
FORTNIGHT = [date(2021, 4, 1) + timedelta(days=n) for n in range(14)]
PARTITION, BACKFILL_TAG = "dagster/partition", "dagster/backfill"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("servers")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SCORING_HOME", "DAGSTER_HOME"):
            patch.setenv(name, str(folder / "home"))
        yield landed_home(folder / "home", LAST_OF_HISTORY, folder / "export")


def out_of_reach(home, day: date, target):
    """In the inbox of that day a link to a file that is not there."""
    folder = home.inbox_of("salesforce", day)
    folder.mkdir(parents=True)
    (folder / "Account.csv").symlink_to(target)


@pytest.fixture(scope="module")
def killed(home, tmp_path_factory):
    """A command that held the write lock and was killed, and what another one said meanwhile."""
    out_of_reach(home, NEVER_DONE, home.root / "never there")
    refresh = [*SCORING, "refresh", "--date", NEVER_DONE.isoformat()]
    log = tmp_path_factory.mktemp("killed") / "log"
    with log.open("w") as file:
        holder = subprocess.Popen(refresh, env=environment(home), stderr=file, stdout=file)
    try:
        until(lambda: "will be tried again" in log.read_text(), "the first command's retry", 60)
        other = subprocess.run(refresh, env=environment(home), capture_output=True, text=True)
    finally:
        holder.kill()
        holder.wait()
    return other


def missed_tick(home) -> datetime:
    """Let the daily schedule have been on since just before its last tick, as if nothing had run since then."""
    now = datetime.now(UTC)
    tick = datetime.combine(now.date(), time(5), UTC)
    tick = tick if tick <= now else tick - timedelta(days=1)
    location = GrpcServerCodeLocationOrigin("localhost", location_name="account_scoring")
    origin = RemoteInstigatorOrigin(
        RemoteRepositoryOrigin(location, "__repository__"), "daily_refresh_schedule"
    )
    data = ScheduleInstigatorData("0 5 * * *", start_timestamp=tick.timestamp() - 60)
    state = InstigatorState(
        origin, InstigatorType.SCHEDULE, InstigatorStatus.DECLARED_IN_CODE, data
    )
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        instance.add_instigator_state(state)
    return tick


@pytest.fixture(scope="module")
def missed(home, killed) -> datetime:
    """The tick that was missed before the servers started."""
    prepare_instance(home)
    return missed_tick(home)


@pytest.fixture(scope="module")
def ui(home, missed, tmp_path_factory):
    """Started beside a training, for which the daemon's first run has to wait."""
    with scoring_ui(home, tmp_path_factory.mktemp("ui") / "log") as started:
        train(home, TRAINED)
        yield started


@pytest.fixture(scope="module")
def pages(ui) -> Pages:
    return ui.wait_until_it_serves()


@pytest.fixture(scope="module")
def launched(home, pages):
    """In the queue: the run that the tick asks for, its files out of reach, and a fortnight's back-fill."""
    out_of_reach(home, TICKED, home.root / "share" / "Account.csv")
    at = datetime.combine(TICKED + timedelta(days=1), time(5), UTC).timestamp()
    (request,) = pages.run_requests("daily_refresh_schedule", at)
    days = {
        "assetSelection": [{"path": [name]} for name in backfilled_assets()],
        "partitionNames": [day.isoformat() for day in FORTNIGHT],
    }
    return {
        "request": request,
        "tick": pages.launch(request["jobName"], request["tags"]),
        "backfill": pages.ask(BACKFILL, params=days)["backfillId"],
    }


def backfilled_assets() -> list[str]:
    from dagster_project.definitions import defs

    layer = defs().resolve_job_def("backfill").asset_layer
    return sorted(key.to_user_string() for key in layer.selected_asset_keys)


def published(home, sql: str) -> list[tuple]:
    with duckdb.connect(str(home.published_database), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_a_command_says_at_once_who_is_writing_in_the_home(killed):
    assert killed.returncode == 1
    assert "this home is being written by daily_refresh (run " in killed.stderr
    assert killed.stderr.count("\n") == 1


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads Linux's table of sockets")
def test_the_pages_are_served_on_this_machine_only(pages, ui):
    port = ui.port
    listening = Path("/proc/net/tcp").read_text()
    assert f"0100007F:{port:04X} 00000000:0000 0A" in listening
    assert f"00000000:{port:04X} 00000000:0000 0A" not in listening


def test_a_command_that_was_killed_is_marked_failed_and_holds_nobody_up(pages):
    (run,) = pages.runs_of(**{PARTITION: NEVER_DONE.isoformat()})
    assert pages.finished(run["runId"])["status"] == "FAILURE"
    assert any("the run's process has ended" in e["message"] for e in pages.events(run["runId"]))


def test_a_landing_whose_file_is_out_of_reach_is_tried_again_and_recovers(home, pages, launched):
    run = launched["tick"]
    until(lambda: "STEP_UP_FOR_RETRY" in pages.event_types(run), "the first failure")
    SmallWorld().write(home.root / "share", TICKED, TICKED)
    assert pages.finished(run)["status"] == "SUCCESS"
    of_landing = [e["eventType"] for e in pages.events(run) if e["stepKey"] == "land_salesforce"]
    expected = ["STEP_START", "STEP_UP_FOR_RETRY", "STEP_RESTARTED", "STEP_SUCCESS"]
    assert [kind for kind in of_landing if kind in expected] == expected


def test_the_tick_of_a_given_time_scores_the_day_before(home, pages, launched):
    request, run = launched["request"], launched["tick"]
    assert request["jobName"] == "daily_refresh"
    assert {"key": PARTITION, "value": TICKED.isoformat()} in request["tags"]
    assert pages.finished(run)["status"] == "SUCCESS"
    found = published(home, "select distinct as_of_date, run_id from account_scores")
    assert found == [(TICKED, run)]


def test_a_fortnight_launched_from_the_pages_is_one_run(home, pages, launched):
    def state():
        found = pages.ask(BACKFILL_STATE, id=launched["backfill"])
        return found if found["status"] not in ("REQUESTED", "COMPLETING") else None

    found = until(state, "the back-fill is over")
    assert (found["status"], len(found["runs"])) == ("COMPLETED_SUCCESS", 1)
    counts = published(
        home,
        "select as_of_date, count(*), count(distinct run_id) from account_scores_daily "
        f"where as_of_date <= '{FORTNIGHT[-1]}' group by 1 order by 1",
    )
    assert [day for day, *_ in counts] == FORTNIGHT
    assert all(rows > 300 and runs == 1 for _, rows, runs in counts)
    # The days after the fortnight learn of it: their change since the day before can now be said.
    assert published(
        home,
        f"select count(score_change_1d) > 300 from account_scores_daily where as_of_date = '{TICKED}'",
    ) == [(True,)]


def test_a_tick_that_was_missed_is_made_up_for_and_a_day_without_data_publishes_nothing(
    home, pages, missed
):
    day = missed.date() - timedelta(days=1)
    tags = {PARTITION: day.isoformat(), "dagster/schedule_name": "daily_refresh_schedule"}
    (run,) = until(lambda: pages.runs_of(**tags), "the daemon's own tick")
    assert pages.finished(run["runId"])["status"] == "FAILURE"
    messages = [event["message"] for event in pages.events(run["runId"])]
    assert any("data_arrived" in message for message in messages)
    assert published(home, "select max(as_of_date) from account_scores_daily") == [(TICKED,)]


def test_runs_of_the_daemon_overlap_neither_each_other_nor_a_command(pages, launched):
    runs = pages.runs().values()
    by_daemon = [r for r in runs if {"dagster/schedule_name", BACKFILL_TAG} & {*r["tags"]}]
    training = [r for r in runs if r["jobName"] == "retrain"]
    spans = sorted((r["startTime"], r["endTime"]) for r in by_daemon + training)
    assert len(spans) >= 4
    assert all(end <= start for (_, end), (start, _) in zip(spans, spans[1:], strict=False))


def test_a_second_one_on_the_same_home_is_refused(home, pages):
    line = [*SCORING, "ui", "--port", str(free_port()), "--mlflow-port", str(free_port())]
    second = subprocess.run(
        line, env=environment(home), capture_output=True, text=True, timeout=120
    )
    assert second.returncode == 2
    assert "are served already" in second.stderr


def test_it_ends_with_all_it_started(ui, pages):
    assert len(ui.family()) >= 5
    assert ui.end_with(signal.SIGTERM) == 0
    assert ui.family() == []
    assert "Traceback" not in ui.log.read_text()


def test_it_ends_as_cleanly_while_it_is_starting(home, tmp_path):
    with scoring_ui(home, tmp_path / "log") as started:
        until(lambda: len(started.family()) > 1, "its first process", 30)
        assert started.end_with(signal.SIGINT) == 0
        assert started.family() == []
        assert "Traceback" not in started.log.read_text()
