"""Merges, a deletion, another owner and a win that was entered late: what analysts read of each, from the day it was known.

Belongs here: one way from landed files to published scores. Not here: what a version is (dbt unit tests in core), a file that is
late or sent again (test_late_and_replaced.py).
"""

from __future__ import annotations

import shutil

import pytest

from tests.command_line import Scoring

BEFORE, DAY = "2026-06-30", "2026-07-01"
OWNER = "005000000000000NEW"
ACCOUNTS = "Id,Name,Website,OwnerId,MasterRecordId,IsDeleted,CreatedDate,SystemModstamp\n"
DEALS = (
    "Id,AccountId,Name,StageName,CloseDate,IsClosed,IsWon,IsDeleted,CreatedDate,SystemModstamp\n"
)
CHANGED = f"2025-01-02T09:00:00Z,{DAY}T09:00:00Z\n"


@pytest.fixture(scope="module")
def told(small_demo, tmp_path_factory):
    """The home after a day on which seven accounts change, those accounts, and the digest of the day before."""
    folder = tmp_path_factory.mktemp("told")
    scoring = Scoring(shutil.copytree(small_demo[0].home, folder / "home"))
    rows = scoring.query(
        "select account_id, account_name, domain from scores.account_scores where domain is not null order by rank desc"
    )
    # The world has something of its own to say of some accounts that day.
    own = (scoring.home / "inbox" / "salesforce" / DAY / "Account.csv").read_text()
    customers = scoring.query(
        "select account_id, account_name, 'bought.example' as domain from scores.excluded_accounts "
        "where exclusion_rule = 'already a customer' and account_name is not null order by account_id"
    )
    accounts = [row for row in rows if row["account_id"].partition(":")[2] not in own][:6]
    accounts += [row for row in customers if row["account_id"].partition(":")[2] not in own][:1]
    merged, into, deleted, owned, won, prospect, customer = accounts
    ids = {row["account_id"]: row["account_id"].partition(":")[2] for row in accounts}
    rows = [
        (merged, "", ids[into["account_id"]], "true"),
        (customer, "", ids[prospect["account_id"]], "true"),
        (deleted, "", "", "true"),
        (owned, OWNER, "", "false"),
    ]
    (folder / "account.csv").write_text(
        ACCOUNTS
        + "".join(
            f'{ids[row["account_id"]]},"{row["account_name"]}",{row["domain"]},{owner},{master},{gone},{CHANGED}'
            for row, owner, master, gone in rows
        )
    )
    (folder / "opportunity.csv").write_text(
        DEALS
        + f"006000000000000WON,{ids[won['account_id']]},Entered late,Closed Won,2026-06-10,true,true,false,{CHANGED}"
    )
    digest = scoring.digest(BEFORE)
    for name in ("account", "opportunity"):
        scoring("land", "salesforce", folder / f"{name}.csv", "--date", DAY)
    scoring("refresh", "--date", DAY)
    names = ("merged", "into", "deleted", "owned", "won", "prospect", "customer")
    return (
        scoring,
        {n: row["account_id"] for n, row in zip(names, accounts, strict=True)},
        digest,
    )


def scored(scoring: Scoring, day: str) -> dict[str, str | None]:
    """Owners of the scored accounts of a day."""
    rows = scoring.query(
        f"select account_id, owner_id from scores.account_scores_daily where as_of_date = date '{day}'"
    )
    return {row["account_id"]: row["owner_id"] for row in rows}


def test_from_the_day_on_which_it_was_known(told):
    scoring, who, _ = told
    now, before = scored(scoring, DAY), scored(scoring, BEFORE)
    # the day before, each a company of its own and no win but the customer's
    assert set(who.values()) - {who["customer"]} <= set(before)
    assert set(who.values()) & set(now) == {who["into"], who["owned"]}
    assert (before[who["owned"]] != OWNER, now[who["owned"]]) == (True, OWNER)
    excluded = scoring.query("select account_id, exclusion_rule from scores.excluded_accounts")
    rules = {row["account_id"]: row["exclusion_rule"] for row in excluded}
    assert (rules[who["merged"]], rules[who["deleted"]]) == ("merged", "deleted")
    assert "customer" in rules[who["won"]]
    # what the merged customer had won is the other's now
    assert (rules[who["customer"]], rules[who["prospect"]]) == ("merged", "already a customer")


def test_what_was_said_before_is_said_again(told):
    scoring, _, digest = told
    scoring("backfill", "--from", BEFORE, "--to", BEFORE)
    assert scoring.digest(BEFORE) == digest
    assert scoring("status", "--json").json()["stale_days"] == []
