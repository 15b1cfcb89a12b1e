"""The shape of Dagster's graph: what exists, when it runs, what guards it. Nothing is run.

Belongs here: snapshots and rules of the definitions. Does not belong here: what an asset does.
"""

import os
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import dagster as dg
import pytest

from dagster_project import automation, warehouse
from dagster_project.automation import quarterly_partitions
from dagster_project.config import DEFAULT_SETTINGS_FILE
from dagster_project.definitions import build_definitions
from dagster_project.feeds import VENDORS
from dagster_project.home_layout import open_home
from dagster_project.settings_file import load_settings

PROJECT = Path(__file__).parents[2]
LEARNT = {"learnt_segments", "learnt_profile", "learnt_points"}
# The way of the data, as the pages show it from left to right.
GROUPS = {
    "landing": {
        "landing_salesforce__account",
        "landing_salesforce__account_history",
        "landing_salesforce__contact",
        "landing_salesforce__lead",
        "landing_salesforce__opportunity",
        "landing_salesforce__opportunity_history",
        "landing_salesforce__opportunity_contact_role",
        "landing_salesforce__task",
        "landing_salesforce__event",
        "landing_salesforce__campaign",
        "landing_salesforce__campaign_member",
        "landing_ga4__event",
        "landing_bombora__company_surge",
        "landing_technographics__technology_detection",
        "landing_quarantine",
    },
    "staging": {
        "stg_salesforce__account",
        "stg_salesforce__account_history",
        "stg_salesforce__contact",
        "stg_salesforce__lead",
        "stg_salesforce__opportunity",
        "stg_salesforce__opportunity_history",
        "stg_salesforce__opportunity_contact_role",
        "stg_salesforce__task",
        "stg_salesforce__event",
        "stg_salesforce__campaign",
        "stg_salesforce__campaign_member",
        "stg_ga4__event",
        "stg_bombora__company_surge",
        "stg_technographics__technology_detection",
    },
    "core": {
        "core_account_version",
        "core_account_domain_version",
        "core_account_survivor_version",
        "core_activity",
        "core_contact_version",
        "core_intent_signal",
        "core_lead_version",
        "core_opportunity_contact_role_version",
        "core_opportunity_version",
        "core_opportunity_stage_change",
        "core_person_account_version",
        "core_technology_version",
        "core_web_event",
        "core_won_deal_version",
        "free_mail_domains",
        "isp_domains",
        "web_paths",
    },
    "spine": {"spine_account_day", "spine_lead_day"},
    "features": {
        "feat_engagement__momentum",
        "feat_engagement__people",
        "feat_engagement__recency",
        "feat_engagement__responses",
        "feat_engagement__web",
        "feat_fit__coarse_attributes",
        "feat_fit__firmographics",
        "feat_fit__growth",
        "feat_fit__market_heat",
        "feat_fit__technology",
        "feat_intent__surge",
        "feat_leads__behaviour",
        "feat_leads__profile",
        "feat_relationship__deal_amounts",
        "feat_relationship__deal_types",
        "feat_relationship__losses",
        "feat_relationship__open_opportunities",
        "feat_relationship__people",
        "feat_relationship__sales_touches",
        "feat_relationship__won_deals",
        "int_engagement__activity_day",
        "int_engagement__web_day",
        "int_feeds__known_by_day",
        "int_relationship__opportunity",
    },
    "labels": {"label_conversion", "label_when_closed", "label_lead"},
    "datasets": {"scoring_set", "training_set", "lead_scoring_set", "lead_training_set"},
    "training": {"trained_models", "reliability_bins", "group_measures", *LEARNT},
    "scoring": {
        "account_predictions",
        "lead_predictions",
        "factor_contributions",
        "challenger_predictions",
        "scorecards",
    },  # fmt: skip
    "evaluation": {"evaluations"},
    "monitoring": {"feature_stability", "matured_days", "feature_drift", "calibration_drift"},
    "marts": {
        "account_scores",
        "account_scores_daily",
        "challenger_scores",
        "excluded_accounts",
        "feed_health",
        "icp_profile",
        "int_feed_health__landed_files",
        "lead_scores",
        "model_groups",
        "model_reliability",
        "model_versions",
        "passed_days",
        "quarantined_rows",
        "score_evaluation",
        "score_reasons",
        "score_reasons_daily",
        "segment_conversion",
        "suggested_points",
    },
    "published": {"published_scores"},
}
DAILY_GROUPS = {"landing", "staging", "core", "spine", "features", "scoring", "marts", "published"}
# Labels of windows that close on the day; a training makes its own.
DAILY_GROUPS |= {"labels", "monitoring"}
QUARTERLY = {
    *("label_conversion", "training_set", "label_lead", "lead_training_set"),
    *("trained_models", "reliability_bins", "group_measures"),
    *LEARNT,
}
# What landing and checks write beside their own tables.
WRITTEN_BESIDE = {dg.AssetKey("landing_quarantine"), dg.AssetKey("passed_days")}
JOBS = {
    "land": {"landing"},
    "daily_refresh": DAILY_GROUPS | {"datasets"},
    "backfill": DAILY_GROUPS - {"landing"} | {"datasets"},
    "retrain": {"labels", "datasets", "training"},
    "evaluate": {"evaluation", "marts", "published"},
}
SUITES = {
    **{name: {"rows_are_sound"} for name in GROUPS["landing"] - {"landing_quarantine"}},
    # Of each vendor the first table asks whether anything arrived, and whether all of it could be read.
    **{
        name: {"data_arrived", "rows_are_sound", "files_were_readable"}
        for name in (
            "landing_salesforce__account",
            "landing_ga4__event",
            "landing_bombora__company_surge",
            "landing_technographics__technology_detection",
        )
    },
    "training_set": {"is_sound"},
    "account_scores_daily": {"is_sound"},
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return open_home(tmp_path_factory.mktemp("wiring") / "home")


@pytest.fixture(scope="module")
def definitions(home):
    return build_definitions(home)


@pytest.fixture(scope="module")
def graph(definitions):
    return definitions.resolve_asset_graph()


def name(key: dg.AssetKey) -> str:
    (only,) = key.path
    return only


def test_groups_hold_these_tables(graph):
    found = {}
    for key in graph.get_all_asset_keys():
        found.setdefault(graph.get(key).group_name, set()).add(name(key))
    assert found == GROUPS


def test_the_graph_reads_from_left_to_right(graph):
    order = {group: place for place, group in enumerate(GROUPS)}
    backwards = [
        (name(parent), name(key))
        for key in graph.get_all_asset_keys()
        for parent in graph.get(key).parent_keys
        if order[graph.get(parent).group_name] > order[graph.get(key).group_name]
    ]
    assert backwards == []


def test_asset_keys_are_names_of_tables(graph, home):
    from dagster_project.dbt_runner import read_manifest

    nodes = read_manifest(home)["nodes"].values()
    tables = {node["alias"] for node in nodes if node["resource_type"] in ("model", "seed")}
    tables |= {f"landing_{vendor}__{table.name}" for vendor in VENDORS for table in VENDORS[vendor]}
    # The quarantine is a folder beside landing; the published file holds the marts under their names.
    tables |= {"landing_quarantine", "published_scores"}
    keys = {name(key) for key in graph.get_all_asset_keys()}
    assert keys == tables | (set(warehouse.TABLES) & keys)
    # What a run notes for later ones is no data.
    notes = {"standing_relations", "standing_days", "landed_files", "scored_days", "scoring_runs"}
    assert {*warehouse.TABLES} - notes <= keys


def test_each_table_says_what_it_holds_and_how_it_is_made(graph):
    for key in graph.get_all_asset_keys():
        assert graph.get(key).description, key
        assert graph.get(key).kinds, key


def test_jobs_run_these_layers(definitions):
    for job, groups in JOBS.items():
        layer = definitions.resolve_job_def(job).asset_layer
        selected = layer.selected_asset_keys
        assert {layer.asset_graph.get(key).group_name for key in selected} == groups, job
    repository = definitions.get_repository_def()
    assert {job for job in repository.job_names if not job.startswith("__")} == {*JOBS}


def test_a_refresh_builds_what_a_day_needs_and_no_training(definitions):
    selected = definitions.resolve_job_def("daily_refresh").asset_layer.selected_asset_keys
    names = {name(key) for key in selected}
    assert "scoring_set" in names
    assert not names & QUARTERLY


@pytest.mark.parametrize(
    ("schedule", "job", "cron"),
    [
        ("daily_refresh_schedule", "daily_refresh", "0 5 * * *"),
        # After the refresh of the quarter's last day.
        ("retrain_schedule", "retrain", "0 6 1 1,4,7,10 *"),
    ],
)
def test_schedules_run_by_themselves_at_these_times(definitions, schedule, job, cron):
    found = definitions.resolve_schedule_def(schedule)
    assert (found.job_name, found.cron_schedule, found.execution_timezone) == (job, cron, "UTC")
    assert found.default_status == dg.DefaultScheduleStatus.RUNNING


def test_the_arrival_cut_off_moves_the_schedules(home, tmp_path):
    settings = home.settings()
    later = settings.arrival.model_copy(update={"cutoff_utc": datetime(2026, 1, 1, 6, 30).time()})
    settings = settings.model_copy(update={"arrival": later})
    crons = [found.cron_schedule for found in automation.schedules(settings, automation.jobs())]
    assert crons == ["30 6 * * *", "30 7 1 1,4,7,10 *"]


def test_the_sensor_runs_by_itself_and_asks_for_trainings(definitions):
    found = definitions.resolve_sensor_def("retrain_on_drift")
    assert [job.name for job in found.jobs] == ["retrain"]
    assert found.default_status == dg.DefaultSensorStatus.RUNNING
    assert {one.name for one in definitions.get_repository_def().sensor_defs} == {
        "retrain_on_drift"
    }


@pytest.mark.parametrize(
    ("schedule", "tick", "partition"),
    [
        ("daily_refresh_schedule", "2011-04-01T05:00", "2011-03-31"),
        ("daily_refresh_schedule", "2012-03-01T05:00", "2012-02-29"),
        ("daily_refresh_schedule", "2012-01-01T05:00", "2011-12-31"),
        ("retrain_schedule", "2011-04-01T05:00", "2011-01-01"),
        ("retrain_schedule", "2012-01-01T05:00", "2011-10-01"),
    ],
)
def test_a_tick_asks_for_the_day_or_quarter_that_just_ended(definitions, schedule, tick, partition):
    found = definitions.resolve_schedule_def(schedule)
    context = dg.build_schedule_context(
        scheduled_execution_time=datetime.fromisoformat(tick + "+00:00"),
        repository_def=definitions.get_repository_def(),
    )
    (request,) = found.evaluate_tick(context).run_requests
    assert (request.partition_key, request.run_key) == (partition, partition)


def test_days_that_nobody_refreshed_come_first():
    """The schedules were off for two days, and files came."""
    settings, missed = load_settings(DEFAULT_SETTINGS_FILE), [date(2026, 1, 29), date(2026, 1, 30)]
    daily, _ = automation.schedules(settings, automation.jobs(), lambda day: missed)
    tick = datetime.fromisoformat("2026-02-01T05:00+00:00")
    requests = daily(dg.build_schedule_context(scheduled_execution_time=tick))
    days = ["2026-01-29", "2026-01-30", "2026-01-31"]
    assert [(one.partition_key, one.run_key) for one in requests] == [(day, day) for day in days]


def test_a_training_of_a_quarter_stands_on_its_last_day():
    quarters = ["2011-01-01", "2011-04-01", "2011-07-01", "2011-10-01"]
    ends = [automation.last_day_of_quarter(key) for key in quarters]
    assert [f"{day}" for day in ends] == ["2011-03-31", "2011-06-30", "2011-09-30", "2011-12-31"]
    assert [automation.quarter_of(day) for day in ends] == quarters


def test_tables_have_a_partition_a_day_and_trainings_one_a_quarter(graph, home):
    starts = home.settings().history_starts
    for key in graph.get_all_asset_keys():
        partitions = graph.get(key).partitions_def
        if key in WRITTEN_BESIDE:
            assert partitions is None
        elif name(key) in QUARTERLY:
            assert partitions == quarterly_partitions(home.settings())
            assert partitions.get_first_partition_key() == starts.replace(day=1).isoformat()
        else:
            assert isinstance(partitions, dg.DailyPartitionsDefinition)
            assert partitions.timezone == "UTC"
            assert partitions.get_first_partition_key() == starts.isoformat()
            # Files of today may land today.
            assert partitions.end_offset == 1


def test_a_range_of_days_is_one_run_and_each_training_one_of_its_own(graph):
    for key in graph.get_all_asset_keys() - WRITTEN_BESIDE:
        expected = automation.RUN_EACH if name(key) in QUARTERLY else automation.ONE_RUN
        assert graph.get(key).backfill_policy == expected, key


def test_days_read_the_newest_training_and_trainings_the_days_that_exist(graph):
    for key in graph.get_all_asset_keys():
        for parent in graph.get(key).parent_keys:
            if graph.get(parent).partitions_def is None:
                continue
            mapping = graph.get_partition_mapping(key, parent)
            ours, theirs = name(key) in QUARTERLY, name(parent) in QUARTERLY
            if theirs and not ours:
                assert isinstance(mapping, dg.LastPartitionMapping), (key, parent)
            if ours and not theirs:
                assert mapping.allow_nonexistent_upstream_partitions, (key, parent)


def test_landing_is_tried_again(definitions):
    for vendor in VENDORS:
        key = dg.AssetKey(f"landing_{vendor}__{VENDORS[vendor][0].name}")
        policy = definitions.get_repository_def().assets_defs_by_key[key].node_def.retry_policy
        assert (policy.max_retries, policy.delay, policy.backoff) == (
            3,
            5,
            dg.Backoff.EXPONENTIAL,
        )


def test_every_hand_over_is_checked_and_every_check_blocks(graph, home):
    from dagster_project.dbt_runner import read_manifest

    nodes = read_manifest(home)["nodes"].values()
    of_dbt = {node["name"] for node in nodes if node["resource_type"] == "test"}
    found = {}
    for key in graph.asset_check_keys:
        assert graph.get(key).blocking, key
        assert graph.get(key).description or key.name in of_dbt, key
        if key.name in of_dbt:
            of_dbt.remove(key.name)
        else:
            found.setdefault(name(key.asset_key), set()).add(key.name)
    assert found == SUITES
    assert of_dbt == set(), "data tests of dbt that are no asset checks"


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_a_vendor_has_landing_assets_staging_models_and_suites(graph, vendor):
    keys = {name(key) for key in graph.get_all_asset_keys()}
    checked = {name(key.asset_key) for key in graph.asset_check_keys}
    feeds = (PROJECT / "dbt" / "macros" / "feeds.sql").read_text()
    for table in VENDORS[vendor]:
        landed, staged = f"landing_{vendor}__{table.name}", f"stg_{vendor}__{table.name}"
        assert {landed, staged} <= keys
        assert landed in checked
        assert f"('{vendor}', '{table.name}')" in feeds
        assert (PROJECT / f"dbt/models/staging/{vendor}/{staged}.sql").exists()


def test_dagsters_own_tool_finds_the_definitions_valid(home, tmp_path):
    line = [sys.executable, "-m", "dagster", "definitions", "validate", "-w"]
    done = subprocess.run(
        [*line, str(PROJECT / "workspace.yaml")],
        cwd=tmp_path,
        env=os.environ | {"SCORING_HOME": str(home.root), "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Validation successful for code location account_scoring" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_tables_of_a_feed_that_a_home_lacks_are_shown_as_empty(tmp_path):
    (tmp_path / "home").mkdir()
    settings = (PROJECT / "examples/crunchbase/scoring.yaml").read_text()
    (tmp_path / "home" / "scoring.yaml").write_text(settings)
    graph = build_definitions(open_home(tmp_path / "home")).resolve_asset_graph()
    absent = graph.get(dg.AssetKey("landing_ga4__event"))
    assert absent.group_name == "landing" and not absent.is_materializable
    assert "not among the feeds" in absent.description
    assert graph.get(dg.AssetKey("landing_salesforce__task")).is_materializable
