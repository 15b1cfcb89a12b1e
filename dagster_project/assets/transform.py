"""Landing → features → marts: the dbt models as assets.

Here: which dbt models belong to which step, and how dbt's results become materialisations and checks. Not here: SQL (dbt/)
and how dbt is run (dbt_runner.py).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing
from datetime import date
from functools import partial
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets

from dagster_project import dbt_runner, large_feeds, standing, warehouse
from dagster_project.automation import ONE_RUN, PROGRESS, QUARTERLY, days_of, tell_each_day
from dagster_project.home import Home
from dagster_project.resources import ScoringHome

# Folders under dbt/models.
FEATURE_LAYERS = ("staging", "core", "spine", "features")
AFTER_FEATURES = ("datasets", "labels", "marts", "monitoring")
# What is scored: accounts, and their people.
SCORED_SETS = {"scoring_set", "lead_scoring_set"}
# As dbt's selectors want them (paths would depend on where a command was started).
BEFORE_SCORING = " ".join(
    [
        *(f"account_scoring.{layer}" for layer in FEATURE_LAYERS),
        *(*sorted(SCORED_SETS), "label_when_closed"),
    ]
)
MARTS = "account_scoring.marts account_scoring.monitoring"
# Tables of the daily runs that keep the days of earlier runs.
KEEP_DAYS = {
    *("spine_account_day", "spine_lead_day", *SCORED_SETS),
    *("account_scores_daily", "score_reasons_daily"),
}
# Accounts and days whose features are built together; each takes about 7 KB of memory
# (`python -m benchmarks.feature_memory HOME`).
ROWS_TOGETHER = 400_000


class TableNames(DagsterDbtTranslator):
    """Asset keys are the warehouse's table names; groups are the layers."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """One part: the table's name (sources name theirs in their meta)."""
        if dbt_resource_props["resource_type"] == "source":
            return super().get_asset_key(dbt_resource_props)
        return dg.AssetKey(dbt_resource_props["name"])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The first folder under dbt/models."""
        return dbt_resource_props["fqn"][1]

    def get_partition_mapping(
        self, dbt_resource_props: Mapping[str, Any], dbt_parent_resource_props: Mapping[str, Any]
    ) -> dg.PartitionMapping | None:
        """A day reads the newest training; a quarter reads those of its days that exist."""
        child, parent = dbt_resource_props["name"], dbt_parent_resource_props["name"]
        if parent in QUARTERLY and child not in QUARTERLY:
            return dg.LastPartitionMapping()
        if child in QUARTERLY and parent not in QUARTERLY:
            return dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)
        return None


def dbt_layer(
    name: str,
    select: str,
    manifest: Mapping[str, Any],
    partitions: dg.PartitionsDefinition,
    exclude: str | None = None,
) -> dg.AssetsDefinition:
    """One step that builds the selected models for the run's days."""

    @dbt_assets(
        manifest=manifest,
        select=select,
        exclude=exclude,
        name=name,
        partitions_def=partitions,
        dagster_dbt_translator=TableNames(),
        backfill_policy=ONE_RUN,
    )
    def build(context: dg.AssetExecutionContext, scoring_home: ScoringHome) -> Iterator:
        yield from build_selected(context, scoring_home, as_of_dates=days_of(context))

    return build


def build_selected(
    context: dg.AssetExecutionContext,
    scoring_home: ScoringHome,
    as_of_dates: list[date],
    labels_as_of: date | None = None,
    features_too: bool = False,
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Build the run's selected models (and, if asked, all that features are made of, unreported) and yield what came of each.

    What stands is not built again. Raises Failure in dbt's words when a model or a test failed; nothing after it is built.
    """
    home = scoring_home.home
    names = {key.path[-1] for key in context.selected_asset_keys}
    features = features_of(home)
    wanted = names | features if features_too else names
    has_features = features <= wanted
    stand, days = standing.standing(home, wanted, as_of_dates if has_features else ())
    if not has_features and wanted & KEEP_DAYS & features:
        standing.forget_days(home, as_of_dates)
    checks = {
        spec.metadata.get("dagster_dbt/unique_id"): spec for spec in context.assets_def.check_specs
    }
    asked = context.selected_asset_check_keys
    tests, passed_before = _tests_of(stand, checks, asked), set()
    if has_features and not days:
        # All were tested when they were built; what features show now may be another build's days.
        passed_before = _tests_of(features, checks, asked)
        tests -= passed_before
        stand |= features
    with_features: list[date] = []

    def after_a_part(done: dbt_runner.Build, built: set[str], together: list[date]) -> None:
        """A run that dies in a later part is run again without this one."""
        told = together if has_features and "scoring_set" in built else []
        with_features.extend(told)
        if told:
            context.log.info(f"{PROGRESS}features of {len(with_features)} of {len(days)} days")
        standing.remember(home, [n.name for n in done.nodes], told)

    done = build_days(
        home,
        wanted - stand | tests,
        as_of_dates,
        labels_as_of,
        leave_out=[test.split(".")[2] for test, spec in checks.items() if spec.key not in asked],
        feature_days=days if has_features else None,
        after_a_part=after_a_part,
    )
    standing.remember(home, [n.name for n in done.nodes if n.ok], () if done.problems else days)
    rows = _row_counts(scoring_home, [n.name for n in done.nodes if n.name in names])
    made = {name: {"stands since": "an earlier run"} for name in stand & names}
    for node in done.nodes:
        if node.resource_type in ("model", "seed") and node.name in names and node.ok:
            counted = {"dagster/row_count": rows[node.name]} if node.name in rows else {}
            made[node.name] = {"seconds": node.seconds, **counted}
    for name in _parents_first(context.assets_def):
        if name in made:
            if name in KEEP_DAYS:
                tell_each_day(context, name)
            yield dg.MaterializeResult(asset_key=dg.AssetKey(name), metadata=made[name])
    for node in done.nodes:
        if node.unique_id in checks and node.status != "skipped":
            yield _check_result(checks[node.unique_id], node)
    for test, spec in checks.items():
        if test.split(".")[2] in passed_before:
            yield dg.AssetCheckResult(
                asset_key=spec.asset_key,
                check_name=spec.name,
                passed=True,
                metadata={"stands since": "an earlier run"},
            )
    if done.problems:
        raise dg.Failure(done.in_words(), allow_retries=False)


def make_core(home: Home, days: list[date]) -> dbt_runner.Build:
    """Build what follows from what has landed, unreported, as far as it does not stand."""
    names = dbt_runner.names_of(home, standing.FROM_LANDING)
    left = names - standing.standing(home, names).names
    if not left:
        return dbt_runner.Build()
    done = build_days(home, left, days)
    standing.remember(home, [n.name for n in done.nodes if n.ok])
    return done


def make_features(home: Home, days: list[date]) -> dbt_runner.Build:
    """Build the features of these days, unreported, as far as they do not stand."""
    names = features_of(home)
    stand, left = standing.standing(home, names, days)
    if not left:
        return dbt_runner.Build()
    done = build_days(home, names - stand, days, feature_days=left)
    standing.remember(home, [n.name for n in done.nodes if n.ok], () if done.problems else left)
    return done


def features_of(home: Home) -> set[str]:
    """Names of all models and seeds that the rows to be scored, and learnt from, are made of, and of their tables."""
    return dbt_runner.names_of(home, FEATURE_LAYERS) | SCORED_SETS


def build_days(
    home: Home,
    names: set[str],
    as_of_dates: list[date],
    labels_as_of: date | None = None,
    leave_out: Sequence[str] = (),
    feature_days: list[date] | None = None,
    with_tests: bool = True,
    after_a_part: Callable[[dbt_runner.Build, set[str], list[date]], None] | None = None,
) -> dbt_runner.Build:
    """Build what has landed, then the features of the days, so many days at a time as memory is meant for, then the rest.

    names: models, seeds and single tests. feature_days: those of the days whose features are built (default: all). after_a_part
    is called with all that has been built, and with the names and days of the part. After a failure nothing more is built.
    """
    build = partial(
        dbt_runner.build,
        home,
        labels_as_of=labels_as_of,
        leave_out=leave_out,
        with_tests=with_tests,
    )
    days = as_of_dates if feature_days is None else feature_days
    landed = names & dbt_runner.names_of(home, standing.FROM_LANDING)
    rest = (names & dbt_runner.names_of(home, AFTER_FEATURES)) - SCORED_SETS
    done = dbt_runner.Build()
    for wanted, most_new in large_feeds.parts(home, landed):
        done = done.followed_by(build(sorted(wanted), as_of_dates, most_new=most_new))
        if done.problems:
            return done
        warehouse.write_down(home)
    if len(as_of_dates) == 1 or not (names & features_of(home)) - landed:
        return done.followed_by(build(sorted(names), as_of_dates))
    by_day = names - landed - rest
    for wanted, together in _in_steps(home, (landed, by_day, rest), as_of_dates, days):
        if wanted:
            done = done.followed_by(build(sorted(wanted), together))
        if done.problems:
            break
        warehouse.write_down(home)
        if wanted and after_a_part:
            after_a_part(done, wanted, together)
    return done


def _in_steps(
    home: Home, names: tuple[set[str], ...], as_of_dates: list[date], feature_days: list[date]
) -> Iterator[tuple[set[str], list[date]]]:
    """What is built together, in order: what has landed, features of some days and of the next, and the rest."""
    landed, by_day, rest = names
    yield landed, as_of_dates
    # Known only now that core has been built.
    with closing(warehouse.connect(home)) as connection:
        (accounts,) = connection.execute(
            "select count(distinct account_id) from core.core_account_version"
        ).fetchone()
    together = max(1, ROWS_TOGETHER // max(1, accounts))
    if as_of_dates == feature_days and len(as_of_dates) <= together:
        by_day, rest = by_day | rest, set()
    for first in range(0, len(feature_days), together):
        yield by_day, feature_days[first : first + together]
    yield rest, as_of_dates


def _parents_first(assets: dg.AssetsDefinition) -> Iterator[str]:
    """Names of a step's tables, each after those it is made of: Dagster wants them told in this order."""
    order = TopologicalSorter(assets.asset_deps).static_order()
    return (key.path[-1] for key in order)


def _tests_of(
    tables: set[str], checks: Mapping[str, dg.AssetCheckSpec], asked: AbstractSet[dg.AssetCheckKey]
) -> set[str]:
    """Names of the asked-for tests of these tables: what a view shows changes though the view stands."""
    return {
        test.split(".")[2]
        for test, spec in checks.items()
        if spec.key in asked and spec.asset_key.path[-1] in tables
    }


def _check_result(spec: dg.AssetCheckSpec, node: dbt_runner.NodeResult) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=node.status == "pass",
        severity=dg.AssetCheckSeverity.WARN
        if node.status == "warn"
        else dg.AssetCheckSeverity.ERROR,
        metadata={"rows that break it": node.failures or 0},
        description=node.message or None,
    )


def _row_counts(scoring_home: ScoringHome, tables: list[str]) -> dict[str, int]:
    """Rows of each built table (views are not counted: that would run them)."""
    connection = warehouse.connect(scoring_home.home)
    try:
        found = connection.execute(
            "select table_name, estimated_size from duckdb_tables() where table_name in (select unnest(?))",
            [tables],
        ).fetchall()
    finally:
        connection.close()
    return dict(found)
