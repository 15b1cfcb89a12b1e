"""What is planted in a demo world, looked for in its tables: how much of it landed, and what becomes of it.

Belongs here: counting planted records in landing and in the warehouse, kind by kind. Does not belong here: how things are
planted (dagster_project/demo), assertions (tests/).

    python -m benchmarks.demo_pollution HOME [--json FILE]
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from benchmarks.planted_kinds import KINDS
from dagster_project.feeds import VENDORS
from dagster_project.home import Home
from models.feature_contract import usable_features

# Planted records with the warehouse's keys; what holds on the newest day that was built; sessions with the account that they
# count for by the rules of core (identity as known on that day), which features read.
_TABLES = """
create temp table planted as
select *, vendor || ':' || record_id as key from read_parquet('{truth}/pollution.parquet');
create temp view identity as select * from read_parquet('{truth}/identities.parquet');
create temp table today as select max(as_of_date) as day from spine.spine_account_day;
create temp view version as
select v.* from core.core_account_version v, today where valid_from <= day and coalesce(valid_to, date '9999-12-31') > day;
create temp table account as
select version.*, spine.is_eligible, spine.exclusion_rule, identity.company_number
from version
inner join spine.spine_account_day as spine on version.account_id = spine.account_id
inner join today on spine.as_of_date = today.day
left join identity on version.account_id = 'salesforce:' || identity.id;
create temp table person as
select person_id, account_id from core.core_person_account_version, today
where valid_from <= day and coalesce(valid_to, date '9999-12-31') > day;
create temp table company as
select domain, account_id from core.core_account_domain_version, today
where valid_from <= day and coalesce(valid_to, date '9999-12-31') > day;
create temp table landed_session as
select user_pseudo_id || '|' || ga_session_id as session_id, user_pseudo_id as visitor_id, count(*) as rows
from landed_ga4_event group by all;
create temp table session as
select
    session_id, any_value(visitor_id) as visitor_id, count(*) as events, count(*) filter (is_bot) as bot_events,
    max(person.account_id) filter (not is_bot) as by_person,
    max(company.account_id) filter (not is_bot) as by_domain,
    coalesce(by_person, by_domain) as account_id
from core.core_web_event as event
inner join today on known_at <= day and coalesce(superseded_on, date '9999-12-31') > day
left join person using (person_id)
left join company on event.company_domain = company.domain
group by session_id;
create temp view landed_record as {records};
"""
# Visits of consumers are planted too, but the truth lists only whose cookies they are: nobody's.
_CONSUMERS = """
insert into planted
select 'consumer visit', 'ga4', 'event', id, null, id from identity
where kind = 'visitor' and company_number is null
    and not exists (from planted where kind = 'consumer visit')
    and id not in (select split_part(record_id, '|', 1) from planted where kind in (
        'own staff visit', 'competitor visit', 'student visit', 'bot', 'scanner click'))
"""


@dataclass(frozen=True)
class Line:
    """What is known of one kind: counts of records and rows, and of what becomes of them."""

    kind: str
    planted: int
    planted_rows: int | None
    found: int
    found_rows: int | None
    becomes: dict[str, int | str]
    words: str


def lines_of(home: Home) -> list[Line]:
    """One line for each kind that is planted in the home's world, in the order of KINDS, unknown kinds last."""
    with duckdb.connect(str(home.warehouse), read_only=True) as tables:
        _prepare(tables, home)
        settings = home.settings()
        training = settings.for_training()
        usable = usable_features(
            training.snapshot_attributes,
            training.left_out_features,
            versioned_attributes=training.versioned_attributes,
        )
        facts = {name: "not used" for name in ("annual_revenue_usd", "state", "last_loss_reason")}
        facts |= {feature.name: "used" for feature in usable if feature.name in facts}
        planted = [
            row[0]
            for row in tables.execute("select distinct kind from planted order by 1").fetchall()
        ]
        kinds = [kind for kind in KINDS if kind in planted] + [
            kind for kind in planted if kind not in KINDS
        ]
        won_stages = settings.conversion.won_stages
        return [_line(tables, kind, facts, won_stages) for kind in kinds]


def _prepare(tables: duckdb.DuckDBPyConnection, home: Home) -> None:
    for vendor, declared in VENDORS.items():
        for table in declared:
            files = f"{home.landing}/{vendor}/{table.name}/**/*.parquet".replace("'", "''")
            tables.execute(
                f"create temp view landed_{vendor}_{table.name} as select * from "
                f"read_parquet('{files}', union_by_name = true, hive_partitioning = false)"
            )
    columns = "system_modstamp, occurred_at, known_at, ds, source_sha256, source_line"
    records = " union all ".join(
        f"select '{name}' as table_name, id as record_id, {master} as master_record_id, {columns} from landed_salesforce_{name}"
        for name, master in (
            ("account", "master_record_id"), ("lead", "master_record_id"), ("contact", "master_record_id"),
            ("opportunity", "null"), ("task", "null"), ("event", "null"), ("campaign_member", "null"),
        )
    )  # fmt: skip
    truth = f"{home.root}/demo/truth".replace("'", "''")
    tables.execute(_TABLES.format(truth=truth, records=records))
    tables.execute(_CONSUMERS)


def _line(
    tables: duckdb.DuckDBPyConnection, kind: str, facts: dict[str, str], won_stages: list[str]
) -> Line:
    tables.execute(
        'create or replace temp table mine as select distinct "table" as table_name, record_id, key from planted where kind = ?',
        [kind],
    )
    planted = tables.execute(
        "select count(distinct record_id), sum(rows)::bigint from planted where kind = ?", [kind]
    ).fetchone()
    if kind not in KINDS:
        return Line(kind, *planted, 0, None, {}, "not looked for by this script")
    known = KINDS[kind]
    found = _row(tables, known.found, won_stages)
    counts = _row(tables, known.becomes, won_stages)
    said = {name: f"{n:,}" if isinstance(n, int) else n for name, n in counts.items()}
    return Line(
        kind, *planted, found["records"], found["rows"], counts, known.words.format(**facts, **said)
    )


def _row(
    tables: duckdb.DuckDBPyConnection, query: str, won_stages: list[str]
) -> dict[str, int | str]:
    given = {"won_stages": won_stages} if "$won_stages" in query else None
    result = tables.execute(query, given)
    names = [column[0] for column in result.description]
    values = (0 if value is None else value for value in result.fetchone())
    return {
        name: value if isinstance(value, str) else int(value)
        for name, value in zip(names, values, strict=True)
    }


def table_of(lines: list[Line]) -> str:
    """The lines as a Markdown table."""
    rows = [
        "| kind | planted (rows) | found in landing (rows) | what becomes of it |",
        "| --- | ---: | ---: | --- |",
    ]
    for line in lines:
        planted, found = (
            f"{records:,}" + (f" ({rows_of:,})" if rows_of is not None else "")
            for records, rows_of in (
                (line.planted, line.planted_rows),
                (line.found, line.found_rows),
            )
        )
        rows.append(f"| {line.kind} | {planted} | {found} | {line.words} |")
    return "\n".join(rows)


def landed_until(home: Home) -> str:
    """Which days have landed of those that the world has files for."""
    summary = json.loads((home.root / "demo" / "truth" / "summary.json").read_text())
    days = sorted(path.name.removeprefix("ds=") for path in home.landing.glob("*/*/ds=*"))
    return f"Landed up to {days[-1]}; the world's files go to {summary['end_day']}, and what they tell later is not found yet."


def run(root: Path, json_file: Path | None) -> None:
    """Print the table of a finished demo home; write it as JSON too if asked."""
    lines = lines_of(Home(root))
    print(table_of(lines), landed_until(Home(root)), sep="\n\n")
    if json_file:
        content = json.dumps([asdict(line) for line in lines], indent=2)
        json_file.write_text(content + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("home", type=Path, metavar="HOME", help="a home that `scoring demo` made")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all counts there")
    asked = parser.parse_args()
    run(asked.home, asked.json)
