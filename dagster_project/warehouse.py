"""The private warehouse: its connection, and the tables that Python writes (schema `scoring`).

Here: DDL and replace-by-key writes of those tables. Not here: tables that dbt builds (dbt/models), what analysts read
(publisher.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from dagster_project.home import Home

if TYPE_CHECKING:
    import polars as pl

TABLES = {
    "account_predictions": """
        as_of_date date not null, account_id varchar not null, raw_probability double,
        win_probabilities map(integer, double), expected_days_to_close double, score double, band varchar,
        fit_score double, engagement_score double, intent_score double,
        readiness_score double, grade varchar, tier integer, segment varchar,
        expected_deal_usd double, expected_value_usd double, people_known integer, people_engaged_90d integer,
        has_decision_maker_engaged boolean, committee_coverage double, committee_engaged varchar[],
        best_lead_id varchar, best_lead_probability double, leads_noisy_or double, reasons varchar[], flags varchar[],
        contribution_base double, contribution_fit double, contribution_engagement double, contribution_intent double,
        contribution_relationship double, score_basis varchar not null,
        scoring_model_version varchar, is_restated boolean, feature_contract_version varchar, feature_digest varchar,
        scored_at timestamp, run_id varchar""",
    "lead_predictions": """
        as_of_date date not null, lead_id varchar not null, lead_type varchar, account_id varchar not null,
        lead_probability double, lead_score double, job_function varchar, seniority varchar, is_decision_maker boolean,
        is_engaged_90d boolean, reasons varchar[], scoring_model_version varchar, scored_at timestamp, run_id varchar""",
    "scoring_runs": """
        run_id varchar not null, features_digest varchar, code_digest varchar, settings_digest varchar,
        code_version varchar, processor varchar""",
    "standing_relations": """
        name varchar not null, digest varchar not null""",
    "standing_days": """
        as_of_date date not null, digest varchar not null, data_digest varchar""",
    "landed_files": """
        file varchar not null, first_known_on date""",
    "scored_days": """
        as_of_date date not null, digest varchar""",
    "passed_days": """
        as_of_date date not null, run_id varchar""",
    "factor_contributions": """
        as_of_date date not null, account_id varchar not null, factor_rank integer, feature varchar, family varchar,
        feature_value varchar, contribution double, reason varchar, scoring_model_version varchar""",
    "challenger_predictions": """
        as_of_date date not null, account_id varchar not null, raw_probability double, win_probability double, score double,
        band varchar, scoring_model_version varchar""",
    "scorecards": """
        scoring_model_version varchar not null, content varchar""",
    "trained_models": """
        scoring_model_version varchar not null, trained_as_of date not null, champion_from date, verdict varchar not null,
        why varchar, horizon_days integer, train_rows bigint, train_positives bigint, first_as_of_date date,
        last_as_of_date date, test_rows bigint, test_positives bigint, auc double, auc_low double, auc_high double,
        pr_auc double, brier double, brier_base double, log_loss double, lift_top_decile double, ece double,
        calibration_slope double, calibration_intercept double, baselines varchar, components varchar,
        calibration varchar, other_horizons varchar, against_champion varchar, value varchar, leads varchar, search varchar,
        snapshot_features varchar[], mlflow_run_id varchar,
        feature_contract_version varchar, code_version varchar, created_at timestamp,
        withdrawn_from date, withdrawn_because varchar, trained_because varchar""",
    "reliability_bins": """
        scoring_model_version varchar not null, slice varchar, horizon_days integer, bin integer, n bigint,
        mean_predicted double, observed_rate double, observed_low double, observed_high double""",
    "group_measures": """
        scoring_model_version varchar not null, attribute varchar, level varchar, n bigint, accounts bigint, positives bigint,
        mean_predicted double, observed_rate double, realised_over_expected double, realised_over_expected_low double,
        realised_over_expected_high double, auc double, auc_low double, auc_high double, lift_top_decile double,
        warning varchar""",
    "feature_stability": """
        as_of_date date not null, scoring_model_version varchar not null, name varchar not null, kind varchar not null,
        family varchar, weight double, psi double, psi_limit_by_chance double, psi_own_course double,
        share_missing double, share_missing_reference double, level varchar, words varchar""",
    "matured_days": """
        as_of_date date not null, scored_on date not null, scoring_model_version varchar not null, horizon_days integer,
        accounts bigint, converted bigint, predicted double, slope double, days_so_far bigint, windows_so_far double,
        predicted_rate double, observed_rate double, ratio double, ratio_low double, ratio_high double, level varchar""",
    "learnt_segments": """
        scoring_model_version varchar not null, trained_as_of date not null, horizon_days integer, feature varchar,
        family varchar, topic varchar, segment_number integer, segment varchar, value_from double, value_below double,
        row_count bigint, accounts bigint, converted_rows bigint, converted_accounts bigint, effective_rows double,
        conversion_rate double, conversion_low double, conversion_high double, others_rate double, others_low double,
        others_high double, lift double, lift_low double, lift_high double, weight_of_evidence double,
        information_value double, is_sure boolean, statement varchar""",
    "learnt_profile": """
        scoring_model_version varchar not null, trained_as_of date not null, horizon_days integer, feature varchar, topic varchar,
        winners bigint, weighted_by varchar, winners_quarter double, winners_median double, winners_three_quarters double,
        winners_most_common varchar, all_quarter double, all_median double, all_three_quarters double, all_most_common varchar,
        segment varchar, winners_share double, winners_share_low double, winners_share_high double, all_share double,
        over_representation double, over_representation_low double, over_representation_high double, is_sure boolean""",
    "learnt_points": """
        scoring_model_version varchar not null, trained_as_of date not null, horizon_days integer, line_number integer,
        feature varchar, at_least double, at_most double, one_of varchar[], is_present boolean, points integer,
        hot_from double, warm_from double""",
    "evaluations": """
        as_of_date date not null, predictor varchar not null, slice varchar not null, horizon_days integer,
        scoring_model_version varchar, outcomes_known_as_of date, n bigint, positives bigint, auc double, auc_low double,
        auc_high double, pr_auc double, brier double, brier_base double, log_loss double, lift_top_decile double,
        ece double, model_lead_auc double, model_lead_auc_low double, model_lead_auc_high double,
        model_lead_lift_top_decile double, model_lead_lift_top_decile_low double, model_lead_lift_top_decile_high double""",
}


def connect(home: Home) -> duckdb.DuckDBPyConnection:
    """Open the warehouse for writing, with the Python-written tables in place (they are sources of dbt's marts)."""
    home.warehouse.parent.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(str(home.warehouse))
    connection.execute("set timezone = 'UTC'")
    # A run opens its warehouse some fifteen times: what is there already is asked for in one go.
    # All of the answer is fetched: what is left open would be a transaction for as long as the connection is.
    ((there,),) = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = 'scoring'"
    ).fetchall()
    if home.warehouse not in _seen or there < len(TABLES):
        connection.execute("create schema if not exists scoring")
        for name, columns in TABLES.items():
            connection.execute(f"create table if not exists scoring.{name} ({columns})")
        _add_new_columns(connection)
        _seen.add(home.warehouse)
    return connection


# Warehouses that have all tables and columns of this version.
_seen: set[Path] = set()


def _add_new_columns(connection: duckdb.DuckDBPyConnection) -> None:
    """A home made by an earlier version lacks the columns added since; they are null there."""
    present = set(
        connection.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = 'scoring'"
        ).fetchall()
    )
    for table in TABLES:
        for name, kind in _types_of(table).items():
            if (table, name) not in present:
                connection.execute(f"alter table scoring.{table} add column {name} {kind}")


def write_down(home: Home) -> None:
    """Write what was built so far from DuckDB's log into the file, where the space of replaced tables is then used again."""
    with closing(connect(home)) as connection:
        connection.execute("checkpoint")


def newest_scored(connection: duckdb.DuckDBPyConnection, days: Sequence[date]) -> date:
    """The newest day of these and of all that has been scored."""
    ((newest,),) = connection.execute(
        "select max(as_of_date) from scoring.account_predictions"
    ).fetchall()
    return max(*days, newest or days[0])


def columns_of(table: str) -> list[str]:
    """Column names of a Python-written table, in order."""
    return list(_types_of(table))


def _types_of(table: str) -> dict[str, str]:
    """Column → type, without its constraints."""
    # The comma inside a map's type is no separator.
    parts = re.split(r",(?![^(]*\))", TABLES[table])
    named = (part.strip().split(maxsplit=1) for part in parts)
    return {name: kind.removesuffix(" not null") for name, kind in named}


def replace_rows(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    frame: pl.DataFrame,
    key: str,
    values: Sequence,
) -> None:
    """Put `frame` in the place of all rows whose `key` is one of `values`, in one transaction.

    frame holds every column of the table; a missing one raises ColumnNotFoundError.
    """
    rows = frame.select(columns_of(table)).to_arrow()  # noqa: F841 - read by name in the SQL below
    connection.execute("begin")
    try:
        connection.execute(
            f'delete from scoring.{table} where "{key}" in (select unnest(?))', [list(values)]
        )
        connection.execute(f"insert into scoring.{table} by name select {_values(table)} from rows")
        connection.execute("commit")
    except BaseException:
        # After trouble with the disk there is nothing left to roll back; the first error is the one to tell.
        with suppress(duckdb.Error):
            connection.execute("rollback")
        raise


def _values(table: str) -> str:
    """The columns of a frame as the table wants them: a map travels as a list of key and value."""
    return ", ".join(
        f"map_from_entries({name}) as {name}" if kind.startswith("map(") else name
        for name, kind in _types_of(table).items()
    )
