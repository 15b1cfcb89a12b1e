"""When things run: partitions, jobs, schedules and sensors on one page.

Here: the clock-side of the pipeline. Not here: what an asset does (assets/) or is allowed to do (checks.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

import dagster as dg

from dagster_project.config import Settings
from models.early_training import Seen, decide

# Run tags that name the days of a single-run back-fill.
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
DAY = "dagster/partition"
# Run tag that names days one by one, where they do not make a range.
DAYS = "scoring/days"
# Run tag that says why a training was asked for before the quarter's end.
BECAUSE = "scoring/because"
# What a step says while it is at work begins with this, and is shown on the command line now and then.
PROGRESS = "so far: "
# What a step found and did not stop for: a table's metadata of this name, which the command line shows with the run's warnings.
WARNING = "warning"

ONE_RUN = dg.BackfillPolicy.single_run()
# A training stands on one day: each quarter is a run of its own.
RUN_EACH = dg.BackfillPolicy.multi_run(1)


def daily_partitions(settings: Settings) -> dg.DailyPartitionsDefinition:
    """One partition an as-of date (UTC); today's exists already, since files of today may land today."""
    return dg.DailyPartitionsDefinition(
        start_date=settings.history_starts.isoformat(), timezone="UTC", end_offset=1
    )


def quarterly_partitions(settings: Settings) -> dg.TimeWindowPartitionsDefinition:
    """One partition a quarter, named by its first day; the running quarter exists too, for training before its end."""
    start = settings.history_starts
    first = date(start.year, 3 * ((start.month - 1) // 3) + 1, 1)
    return dg.TimeWindowPartitionsDefinition(
        cron_schedule="0 0 1 1,4,7,10 *",
        start=first.isoformat(),
        fmt="%Y-%m-%d",
        timezone="UTC",
        end_offset=1,
    )


def quarter_of(day: date) -> str:
    """Key of the quarterly partition that holds a day."""
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1).isoformat()


def last_day_of_quarter(key: str) -> date:
    """The as-of date of a whole quarter: its last day."""
    first = date.fromisoformat(key)
    following = (
        date(first.year + 1, 1, 1) if first.month == 10 else date(first.year, first.month + 3, 1)
    )
    return following - timedelta(days=1)


def days_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> list[date]:
    """The as-of dates of a run: one day, each day of a single-run back-fill, or the days that a tag names."""
    tags = context.run.tags if hasattr(context, "run") else context.op_execution_context.run.tags
    if DAYS in tags:
        return [date.fromisoformat(day) for day in tags[DAYS].split(",")]
    if RANGE_START in tags:
        first, last = date.fromisoformat(tags[RANGE_START]), date.fromisoformat(tags[RANGE_END])
    elif DAY in tags:
        first = last = date.fromisoformat(tags[DAY])
    else:
        raise dg.Failure(
            "This run names no day. Launch it with a partition (or a range of partitions).",
            allow_retries=False,
        )
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def tell_each_day(context: dg.AssetExecutionContext, table: str) -> None:
    """Have Dagster know that the table keeps each day of a run whose days a tag names; by itself it tells of one."""
    tags = context.run.tags
    for day in filter(None, tags.get(DAYS, "").split(",")):
        if day != tags[DAY]:
            context.log_event(dg.AssetMaterialization(asset_key=table, partition=day))


LANDING = dg.AssetSelection.groups("landing")
SCORED = dg.AssetSelection.groups(
    "staging", "core", "spine", "features", "scoring", "monitoring", "marts", "published"
) | dg.AssetSelection.assets("scoring_set", "lead_scoring_set", "label_when_closed")
# What dbt builds for a training, and what is written down of one. These tables have quarters, all others days.
TRAINING_SETS = ("label_conversion", "training_set", "label_lead", "lead_training_set")
TRAINED_TABLES = {
    "trained_models": "One row a training, promoted or not: measures, verdict, and where MLflow keeps the model.",
    "reliability_bins": "Predicted against observed, in bins, on later data.",
    "group_measures": "Calibration and ranking by industry, region and size, on later data.",
    "learnt_segments": "How often the accounts of each segment convert, against all others.",
    "learnt_profile": "What companies that were won were like, beside all on the same days.",
    "learnt_points": "Lines of a scorecard that history suggests.",
}
QUARTERLY = {*TRAINING_SETS, *TRAINED_TABLES}
TRAINED = dg.AssetSelection.assets(*sorted(QUARTERLY))
EVALUATED = dg.AssetSelection.assets("evaluations", "score_evaluation", "published_scores")


# That every feature has its rows is tested on scoring_set each day; that windows of one feature agree with each other
# depends on the SQL and not on the day: all jobs but the daily one test it.
TESTS_OF_FEATURES = (
    dg.AssetSelection.groups("features") - dg.AssetSelection.groups("features").without_checks()
)


def jobs() -> list[dg.UnresolvedAssetJobDefinition]:
    """land, daily_refresh, backfill, retrain, evaluate."""
    return [
        dg.define_asset_job(
            "land", LANDING, description="Land files outside the daily rhythm (`scoring land`)."
        ),
        dg.define_asset_job(
            "daily_refresh",
            LANDING | (SCORED - TESTS_OF_FEATURES),
            description="One day: inbox → landing → features → scores → published.",
        ),
        dg.define_asset_job(
            "backfill",
            SCORED,
            description="A range of days from what has landed, in one run, each as it was known.",
        ),
        dg.define_asset_job("retrain", TRAINED, description="Train, evaluate, promote or refuse."),
        dg.define_asset_job(
            "evaluate",
            EVALUATED,
            description="Hold a stored day's scores against the outcomes known since.",
        ),
    ]


def schedules(
    settings: Settings,
    defined: Sequence[dg.UnresolvedAssetJobDefinition],
    missed_days: Callable[[date], Sequence[date]] = lambda day: (),
) -> list[dg.ScheduleDefinition]:
    """Refresh each day at the arrival cut-off for the day before; retrain on the first day of each quarter.

    missed_days: days before one that nobody has refreshed although their files are there; they come first.
    """
    by_name = {job.name: job for job in defined}
    cutoff = settings.arrival.cutoff_utc

    @dg.schedule(
        name="daily_refresh_schedule",
        job=by_name["daily_refresh"],
        cron_schedule=f"{cutoff.minute} {cutoff.hour} * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Every day at the arrival cut-off, for the day before.",
    )
    def refresh_yesterday(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest]:
        day = _tick(context).date() - timedelta(days=1)
        # One run at a time, in this order: a tick that was missed must not leave its files behind.
        due = [one.isoformat() for one in (*missed_days(day), day)]
        return [dg.RunRequest(partition_key=key, run_key=key) for key in due]

    @dg.schedule(
        name="retrain_schedule",
        job=by_name["retrain"],
        # An hour after the refresh of the quarter's last day, which must have landed.
        cron_schedule=f"{cutoff.minute} {(cutoff.hour + 1) % 24} 1 1,4,7,10 *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="The first day of each quarter, on what was known at the end of the quarter before.",
    )
    def retrain_on_last_quarter(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        key = quarter_of(_tick(context).date() - timedelta(days=1))
        return dg.RunRequest(partition_key=key, run_key=key)

    return [refresh_yesterday, retrain_on_last_quarter]


def training_config(
    as_of: date, scores_from: date | None = None, because: str = "", search_trials: int = 0
) -> dict[str, dict[str, str | int]]:
    """Configuration of the job `retrain` by op, as assets/training.TrainingConfig says it."""
    return {
        "scoring_model": {
            "as_of": as_of.isoformat(),
            "scores_from": scores_from.isoformat() if scores_from else "",
            "because": because,
            "search_trials": search_trials,
        },
        "training_set_build": {"as_of": as_of.isoformat()},
    }


def sensors(
    settings: Settings,
    defined: Sequence[dg.UnresolvedAssetJobDefinition],
    drift_seen: Callable[[], Seen | None],
) -> list[dg.SensorDefinition]:
    """Ask for a training as of the newest scored day when accounts or outcomes have left the scoring model that scored it.

    The cursor keeps the day as of which one was last asked for, by scoring model: whatever became of it counts as asked.
    """
    (retrain,) = (job for job in defined if job.name == "retrain")

    @dg.sensor(
        name="retrain_on_drift",
        job=retrain,
        minimum_interval_seconds=600,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="A training before the quarter's end, when accounts or outcomes have left the scoring model in force.",
    )
    def retrain_on_drift(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        seen = drift_seen()
        if seen is None:
            return dg.SkipReason(
                "Nothing is said of drift: no scoring model with a reference scored the newest day."
            )
        day, version = seen.as_of_date, seen.scoring_model_version
        asked = json.loads(context.cursor or "{}").get(version)
        found = decide(seen, settings.monitoring.drift, asked and date.fromisoformat(asked))
        if not found.is_asked:
            return dg.SkipReason(found.why)
        context.log.info(f"scoring model {version}: {found.why}")
        config = training_config(day, because=found.why)
        request = dg.RunRequest(
            run_key=f"{version} {found.cause} {day}",
            partition_key=quarter_of(day),
            run_config={"ops": {op: {"config": values} for op, values in config.items()}},
            tags={BECAUSE: found.why},
        )
        return dg.SensorResult([request], cursor=json.dumps({version: day.isoformat()}))

    return [retrain_on_drift]


def _tick(context: dg.ScheduleEvaluationContext) -> datetime:
    return context.scheduled_execution_time
