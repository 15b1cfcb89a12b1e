"""All of the pipeline, assembled. Nothing is computed here; tests pass their own home.

Loaded by `dagster`'s tools through workspace.yaml, and by the scoring command.
"""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from dagster_project import automation, dbt_runner
from dagster_project.assets import (
    drift,
    ingestion,
    monitoring,
    publishing,
    scoring,
    training,
    transform,
)
from dagster_project.checks import PASSED_DAYS, asking_ahead, suite_checks
from dagster_project.drift_seen import drift_seen
from dagster_project.home import Home, quiet_environment
from dagster_project.home_layout import open_home
from dagster_project.landing.inbox import waiting_days
from dagster_project.publisher import last_published
from dagster_project.resources import ScoringHome


def build_definitions(
    home: Home,
    lock_wait_seconds: float = 3600,
    loggers: Mapping[str, dg.LoggerDefinition] | None = None,
) -> dg.Definitions:
    """Definitions for one home.

    lock_wait_seconds: how long a run waits for another that writes in the home. loggers: in the place of Dagster's console.
    Raises SettingsError for its scoring.yaml and DbtError when the dbt project does not parse.
    """
    settings = home.settings()
    manifest = dbt_runner.read_manifest(home)
    daily = automation.daily_partitions(settings)
    quarterly = automation.quarterly_partitions(settings)
    jobs = automation.jobs()
    return dg.Definitions(
        assets=[
            *ingestion.all_landing_assets(settings.feeds, daily, asking_ahead(settings)),
            transform.dbt_layer("features_build", transform.BEFORE_SCORING, manifest, daily),
            *training.training_assets(manifest, quarterly),
            scoring.scoring_assets(daily),
            drift.drift_assets(daily),
            transform.dbt_layer("marts_build", transform.MARTS, manifest, daily),
            publishing.publishing_asset(daily),
            monitoring.evaluation_asset(daily),
            PASSED_DAYS,
        ],
        asset_checks=suite_checks(settings),
        jobs=jobs,
        schedules=automation.schedules(
            settings, jobs, lambda day: waiting_days(home, last_published(home), day)
        ),
        sensors=automation.sensors(settings, jobs, lambda: drift_seen(home)),
        resources={
            "scoring_home": ScoringHome(path=str(home.root), lock_wait_seconds=lock_wait_seconds)
        },
        executor=dg.in_process_executor,
        loggers=loggers,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """For Dagster's tools, built when one asks, so that importing this module opens no home."""
    quiet_environment()
    return build_definitions(open_home())
