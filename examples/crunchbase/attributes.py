"""Evidence for docs/decisions/0003: how often companies raised again, by whether an attribute was ever filled in.

    .venv/bin/python examples/crunchbase/attributes.py HOME

Here: one look into the private warehouse of a home that `run` has filled. Not here: anything the pipeline uses.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from dagster_project.command.terminal.tables import print_table

ATTRIBUTES = ("industry", "region", "city", "founded_on")
BY_PRESENCE = """
    select label.as_of_date::varchar, '{name}',
        avg(label.is_converted::int) filter (where account.{name} is not null),
        avg(label.is_converted::int) filter (where account.{name} is null),
        count(*) filter (where account.{name} is null)
    from labels.label_conversion as label
    join core.core_account_version as account
        on account.account_id = label.account_id and account.valid_from = account.first_known_on
    group by all order by 1
"""

BY_CATEGORY = """
    select industry,
        avg(is_converted::int) filter (where days_since_last_won >= 1095),
        count(*) filter (where days_since_last_won >= 1095),
        avg(is_converted::int) filter (where days_since_last_won < 365),
        count(*) filter (where days_since_last_won < 365)
    from datasets.scoring_set
    join labels.label_conversion using (account_id, as_of_date)
    where as_of_date = (select max(as_of_date) from labels.label_conversion)
    group by industry
    having count(*) filter (where days_since_last_won >= 1095) >= 10
    order by 2 desc
"""


def main(home: Path) -> None:
    """Print the share of companies that raised again within a year, by attribute and day."""
    warehouse = home / "warehouse" / "warehouse.duckdb"
    if not warehouse.exists():
        sys.exit(f"error: {home} is no home that examples/crunchbase/run has filled")
    connection = duckdb.connect(str(warehouse), read_only=True)
    rows = [
        row
        for name in ATTRIBUTES
        for row in connection.execute(BY_PRESENCE.format(name=name)).fetchall()
    ]
    print_table(
        "Share that raised again within 365 days, by whether the attribute is filled in the export of 2013",
        ["as of", "attribute", "filled", "missing", "companies without"],
        [
            [day, name, _percent(filled), _percent(missing), f"{count:,}"]
            for day, name, filled, missing, count in rows
        ],
    )

    found = connection.execute(BY_CATEGORY).fetchall()
    print_table(
        "The same by category on the last day: long silent companies, and companies with a recent round",
        ["category", "silent for 3 years", "companies", "round within a year", "companies"],
        [
            [name or "(empty)", _percent(old), f"{n:,}", _percent(new), f"{m:,}"]
            for name, old, n, new, m in found
        ],
    )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
