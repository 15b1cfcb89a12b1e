"""Crunchbase companies, rounds and acquisitions as files that look like a Salesforce export.

Belongs here: what a company, a round and an acquisition mean in the words of a CRM, and ids that do
not depend on the order of rows. Does not belong here: reading the source files (source.py),
landing, features, or anything that happened to a company later than the row that is written.

    python examples/crunchbase/convert.py SOURCE_DIR OUT_DIR
"""

from __future__ import annotations

import csv
import hashlib
import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from dagster_project.feeds.salesforce_columns import long_id
from examples.crunchbase.source import Company, Round, Source, SourceError, read_source

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ACCOUNT = (
    "Id Name Type Industry BillingCountry BillingState BillingCity Region__c Founded_Date__c "
    "IsDeleted CreatedDate LastModifiedDate SystemModstamp"
).split()
_OPPORTUNITY = (
    "Id AccountId Name Type StageName Amount CloseDate IsClosed IsWon IsDeleted "
    "CreatedDate LastModifiedDate SystemModstamp"
).split()
_STAGE = "Id OpportunityId StageName Amount CloseDate IsDeleted CreatedDate SystemModstamp".split()


@dataclass(frozen=True)
class Summary:
    """What was written and what was left out, with a line for each bad row of the source."""

    accounts: int
    opportunities: int
    acquired_accounts: int
    first_round: date
    last_round: date
    rounds_without_date: int
    acquisitions_without_date: int
    amounts_not_read: int
    companies_without_rounds: int
    accounts_only_in_rounds: int
    bad_rows: tuple[str, ...]


def convert(source_dir: Path, out_dir: Path) -> Summary:
    """Write Account.csv, Opportunity.csv and OpportunityHistory.csv to `out_dir`.

    The same content gives the same bytes, whatever further columns, encoding, line ends or order of
    rows the source has. Raises SourceError when the folder, a file or its columns are not there.
    """
    source = read_source(Path(source_dir))
    if not source.rounds:
        raise SourceError(f"{source_dir}: rounds.csv holds no round with a usable date")
    first = _first_by_company(source.rounds)
    accounts = [
        row
        for permalink, day in first.items()
        for row in _account_rows(source.companies[permalink], day, source.acquired.get(permalink))
    ]
    rounds = _with_ordinals(source.rounds)
    out_dir.mkdir(parents=True, exist_ok=True)
    _write(out_dir / "Account.csv", _ACCOUNT, accounts)
    deals = [_opportunity_row(r, n, source.companies[r.permalink].name) for r, n in rounds]
    _write(out_dir / "Opportunity.csv", _OPPORTUNITY, deals)
    _write(out_dir / "OpportunityHistory.csv", _STAGE, [_stage_row(r, n) for r, n in rounds])
    return _summary(source, first)


def _first_by_company(rounds: Iterable[Round]) -> dict[str, date]:
    first: dict[str, date] = {}
    for r in rounds:
        first[r.permalink] = min(r.funded_on, first.get(r.permalink, r.funded_on))
    return first


def _with_ordinals(rounds: Iterable[Round]) -> list[tuple[Round, int]]:
    """Number rounds that are alike in everything, so that each keeps an id of its own."""
    met: Counter[Round] = Counter()
    numbered = []
    for r in rounds:
        numbered.append((r, met[r]))
        met[r] += 1
    return numbered


def _account_rows(company: Company, first_round: date, acquired: date | None) -> list[list[str]]:
    """The account as it came to be, and once more when it was acquired.

    Nobody can have known a company here before its first round, so an earlier acquisition is
    known with it, and there is one version only.
    """
    start = _moment(first_round)

    def version(kind: str, changed: str) -> list[str]:
        return [
            account_id(company.permalink),
            company.name,
            kind,
            company.category,
            company.country,
            company.state,
            company.city,
            company.region,
            company.founded_on.isoformat() if company.founded_on else "",
            "false",
            start,
            changed,
            changed,
        ]

    if acquired is None:
        return [version("Customer", start)]
    if acquired <= first_round:
        return [version("Acquired", start)]
    return [version("Customer", start), version("Acquired", _moment(acquired))]


def _opportunity_row(r: Round, ordinal: int, company_name: str) -> list[str]:
    start, day = _moment(r.funded_on), r.funded_on.isoformat()
    return [
        opportunity_id(r, ordinal),
        account_id(r.permalink),
        " ".join(w for w in (company_name, r.kind, day) if w),
        r.kind,
        "Closed Won",
        r.amount,
        day,
        "true",
        "true",
        "false",
        start,
        start,
        start,
    ]


def _stage_row(r: Round, ordinal: int) -> list[str]:
    start, day = _moment(r.funded_on), r.funded_on.isoformat()
    deal = opportunity_id(r, ordinal)
    return [_record_id("008", deal), deal, "Closed Won", r.amount, day, "false", start, start]


def account_id(permalink: str) -> str:
    """The 18-character id of a company."""
    return _record_id("001", permalink)


def opportunity_id(r: Round, ordinal: int) -> str:
    """The 18-character id of a round; `ordinal` tells rounds apart that are alike in everything."""
    return _record_id("006", r.permalink, r.funded_on.isoformat(), r.kind, r.amount, str(ordinal))


def _record_id(prefix: str, *parts: str) -> str:
    number = int.from_bytes(hashlib.sha256("\x1f".join(parts).encode()).digest())
    letters = []
    for _ in range(12):
        number, digit = divmod(number, 62)
        letters.append(_DIGITS[digit])
    return long_id(prefix + "".join(letters))


def _moment(day: date) -> str:
    return f"{day.isoformat()}T00:00:00.000Z"


def _write(path: Path, header: Sequence[str], rows: list[list[str]]) -> None:
    stamp = list(header).index("SystemModstamp")
    temporary = path.with_name(f".{path.name}.tmp")
    with open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(sorted(rows, key=lambda row: (row[0], row[stamp])))
    os.replace(temporary, path)


def _summary(source: Source, first: dict[str, date]) -> Summary:
    days = [r.funded_on for r in source.rounds]
    return Summary(
        accounts=len(first),
        opportunities=len(source.rounds),
        acquired_accounts=len(first.keys() & source.acquired.keys()),
        first_round=min(days),
        last_round=max(days),
        rounds_without_date=source.rounds_without_date,
        acquisitions_without_date=source.acquisitions_without_date,
        amounts_not_read=source.amounts_not_read,
        companies_without_rounds=len(source.companies.keys() - first.keys()),
        accounts_only_in_rounds=source.only_in_rounds,
        bad_rows=source.bad_rows,
    )


def main(arguments: Sequence[str]) -> int:
    """Convert from the command line; 0 done, 2 wrong use."""
    if len(arguments) != 2:
        print("usage: convert.py SOURCE_DIR OUT_DIR", file=sys.stderr)
        return 2
    try:
        summary = convert(Path(arguments[0]), Path(arguments[1]))
    except SourceError as error:
        print(error, file=sys.stderr)
        return 2
    for name, value in asdict(summary).items():
        print(f"{name:28} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
