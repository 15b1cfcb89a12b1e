"""A day after another: no data, good files beside damaged ones, the same day again, two at the same time.

Belongs here: `scoring land` and `scoring refresh` on a copy of the first home. Not here: how each damage is read
(tests/unit/test_feeds_damage.py).
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from datetime import timedelta

import pytest

from tests.command_line import ROOT, Scoring, widest
from tests.e2e.conftest import AS_OF

TODAY, TOMORROW = AS_OF.isoformat(), (AS_OF + timedelta(days=1)).isoformat()
STAMP = f"{TOMORROW}T09:00:00Z"
ACCOUNT = "Id,Name,Website,Type,Region__c,Founded_Date__c,AnnualRevenue,CreatedDate,SystemModstamp"
DEAL = "Id,AccountId,Name,StageName,Amount,CloseDate,Type,IsClosed,IsWon,CreatedDate,SystemModstamp"


def account(number, name, website="", founded="2008-01-01", revenue="100"):
    key = f"001Fresh{number:07d}AAA"
    return f"{key},{name},{website},Customer,SF Bay,{founded},{revenue},{STAMP},{STAMP}"


def deal(number, amount="1000000"):
    keys = f"006Fresh{number:07d}AAA,001Fresh{number:07d}AAA"
    return f"{keys},Round,Closed Won,{amount},{TOMORROW},angel,true,true,{STAMP},{STAMP}"


def table(*lines):
    return ("\n".join(lines) + "\n").encode()


GOOD = {
    "account.csv": table(
        ACCOUNT,
        account(1, "Newcomer One", "https://www.newcomer-one.example/about"),
        account(2, "Twin Works"),
        account(3, "Twin Works"),
    ),
    "opportunities.csv.gz": gzip.compress(table(DEAL, deal(1), deal(2), deal(3)), mtime=0),
}
PACKED = gzip.compress(table(ACCOUNT, *(account(n, f"Lost {n}") for n in range(500, 700))))
# Whole files that are refused, and words of the reason.
REFUSED = {
    "account-part01.csv.gz": (PACKED[: len(PACKED) // 2], "ends too early"),
    "account-part02.csv": (table(ACCOUNT, account(20, "A")).replace(b",", b";"), "semicolons (;)"),
    "account-part03.csv": (table(ACCOUNT.removeprefix("Id,"), "x" + "," * 7), "column id"),
    "account-part04.csv": (b"", "empty (0 bytes)"),
    "account-part05.csv": (bytes((i * i * 7 + i * 13) % 256 for i in range(4000)), "not text"),
    "account-part06.csv": (table(ACCOUNT, account(24, "B")).decode().encode("utf-16"), "UTF-16"),
    "account-part07.parquet": (table(ACCOUNT, account(25, "C")), "not Parquet inside"),
    "invoices.csv": (table("a,b", "1,2"), "none of the tables"),
}
# Files of which one row is refused: line, column and words of the reason; the row of "Kept …" lands.
PARTLY = {
    "account-part11.csv": (account(31, "X", founded="2010-02-30"), "founded_date", "not a date"),
    "account-part12.csv": (account(32, "X", revenue="1.0.0"), "annual_revenue", "not a number"),
    "account-part13.csv": (account(43, "Kept 43"), "id", "change stamp as line 2"),
    "account-part14.csv": ("001Fresh0000034AAA,Short Inc", None, "2 values, the header 9 columns"),
    "account-part15.csv": (account(35, "Caf\xe9"), None, "not UTF-8"),
    "account-part16.csv": (account(36, '"Open quote'), None, "quote"),
    "account-part17.csv": (account(37, "A\x00B"), None, "NUL"),
    "account-part18.csv": (account(38, "X").replace("001Fresh0000038AAA", ""), "id", "is empty"),
}
# Files that land with a word about them.
WITH_A_WORD = {
    "account-part21.csv": (table(ACCOUNT), "a header but no rows"),
    "account-part22.csv": (
        table(ACCOUNT + ",Secret__c", account(50, "Kept 50") + ",x"),
        "ignored columns: Secret__c",
    ),
}


@pytest.fixture(scope="module")
def scoring(first_run, tmp_path_factory):
    copy = tmp_path_factory.mktemp("daily") / "home"
    shutil.copytree(first_run.home, copy)
    return Scoring(copy)


@pytest.fixture(scope="module")
def day_without_data(scoring):
    return scoring("refresh", status=1)


@pytest.fixture(scope="module")
def damaged_day(scoring, day_without_data):
    """A refresh of the next day with good and damaged files in its inbox."""
    inbox = scoring.home / "inbox" / "salesforce" / TOMORROW
    inbox.mkdir(parents=True)
    files = GOOD | {name: content for name, (content, _) in (REFUSED | WITH_A_WORD).items()}
    for number, (name, (row, _, _)) in enumerate(PARTLY.items(), start=41):
        text = "\n".join([ACCOUNT, account(number, f"Kept {number}"), row]) + "\n"
        files[name] = text.encode("latin-1")
    for name, content in files.items():
        (inbox / name).write_bytes(content)
    return scoring("refresh", "--json").json()


@pytest.fixture(scope="module")
def same_day_again(scoring, damaged_day):
    before = scoring.digest(), scoring.digest(TODAY)
    return before, scoring("refresh", "--date", TOMORROW)


def test_a_day_without_data_is_not_published(scoring, day_without_data, scores):
    said = day_without_data.err
    assert f"no data has landed for {TOMORROW}" in said
    assert f"{scoring.home}/inbox/salesforce/{TOMORROW}" in said
    assert "DagsterAssetCheckFailedError" not in said
    assert f"as_of_date {TOMORROW}: not done" in day_without_data.out
    assert not (scoring.home / "published/account_scores_daily" / f"as_of_date={TOMORROW}").exists()


def test_yesterdays_scores_stay_served(first_run, day_without_data, scores):
    assert Scoring(first_run.home).scores() == scores


def test_the_next_day_is_scored_beside_the_damage(scoring, damaged_day):
    assert damaged_day["ok"] and damaged_day["as_of_date"] == TOMORROW
    (day,) = scoring.query("select distinct as_of_date::varchar as day from scores.account_scores")
    assert day == {"day": TOMORROW}
    days = scoring.query(
        "select as_of_date::varchar as day, count(*) as n, count(distinct rank) as ranks "
        "from scores.account_scores_daily group by 1 order by 1"
    )
    assert [row["day"] for row in days] == [TODAY, TOMORROW]
    assert all(row["n"] == row["ranks"] for row in days)


def test_good_rows_land_and_new_customers_are_scored(scoring, damaged_day):
    names = {row["account_name"] for row in scoring.scores()}
    assert {"Newcomer One", "Twin Works"} <= names
    landed = {file["file"]: file["rows_landed"] for file in damaged_day["files"]}
    assert landed["account.csv"] == landed["opportunities.csv.gz"] == 3
    assert all(landed[name] == 1 for name in PARTLY)
    assert all(landed[name] == 0 for name in REFUSED)
    assert (landed["account-part21.csv"], landed["account-part22.csv"]) == (0, 1)


def test_the_run_says_of_each_file_what_became_of_it(damaged_day):
    files = {file["file"]: file for file in damaged_day["files"]}
    assert files.keys() == GOOD.keys() | REFUSED.keys() | PARTLY.keys() | WITH_A_WORD.keys()
    for name, (_, words) in REFUSED.items():
        assert not files[name]["is_landed"] and words in files[name]["note"], files[name]
    for name, (_, words) in WITH_A_WORD.items():
        assert files[name]["is_landed"] and words in files[name]["note"]
    rows = {row["source_file"]: row for row in damaged_day["refused"]}
    assert rows.keys() == PARTLY.keys()


def test_what_was_refused_stands_in_quarantine_with_place_and_reason(scoring, damaged_day):
    rows = scoring.query(f"select * from scores.quarantined_rows where ds = date '{TOMORROW}'")
    found = {row["source_file"]: row for row in rows}
    assert len(found) == len(rows) and found.keys() == REFUSED.keys() | PARTLY.keys()
    for name, (_, words) in REFUSED.items():
        assert found[name]["source_line"] is None and words in found[name]["reason"]
    for name, (_, column, words) in PARTLY.items():
        assert (found[name]["source_line"], found[name]["column_name"]) == (3, column), name
        assert words in found[name]["reason"], name
    text = scoring("status").out
    assert "In quarantine" in text and "account-part01.csv.gz" in text
    assert 'scoring query "select * from scores.quarantined_rows"' in text


def test_explain_says_what_changed_and_asks_which_of_two(scoring, damaged_day):
    old = scoring.query(
        f"select account_id from scores.account_scores_daily where as_of_date = date '{TODAY}' "
        "order by rank limit 1"
    )[0]["account_id"]
    assert "Since 2010-03-31: score " in scoring("explain", old).out
    since = scoring("explain", old, "--json").json()["since"]
    assert since["as_of_date"] == TODAY and since["is_same_model"]
    for address in ("www.newcomer-one.example", "https://newcomer-one.example/about?x"):
        assert "Newcomer One" in scoring("explain", address).out
    by_domain = scoring("explain", "newcomer-one.example", "--json").json()["score"]
    assert by_domain["account_name"] == "Newcomer One" and by_domain["score_change_1d"] is None
    said = scoring("explain", "twin works", status=2)
    assert "2 accounts fit 'twin works'" in said.err and "name one by its id" in said.err
    assert "salesforce:001Fresh0000002AAA" in said.err


def test_a_day_already_done_says_the_same_again(scoring, same_day_again):
    (before, yesterday), said = same_day_again
    assert (scoring.digest(), scoring.digest(TODAY)) == (before, yesterday)
    assert "already landed" in said.out and "REFUSED: " in said.out and "done in" in said.out
    assert widest(said.out) <= 100


def test_landing_only_refused_files_ends_with_1(scoring, same_day_again, tmp_path):
    name = "account-part02.csv"
    (tmp_path / name).write_bytes(REFUSED[name][0])
    said = scoring("land", "salesforce", tmp_path, "--date", TOMORROW, status=1)
    assert "REFUSED: " in said.out and "0 of 1 file landed" in said.out
    assert f"error: {name} was refused: the columns seem to be separated by semicolons" in said.err


def test_what_landed_since_the_last_refresh_is_in_the_status(scoring, same_day_again, tmp_path):
    before = scoring("status", "--json").json()
    (tmp_path / "account.csv").write_bytes(GOOD["account.csv"])
    (tmp_path / "account-part12.csv").write_text(
        f"{ACCOUNT}\n{account(90, 'X', revenue='1.0.0')}\n"
    )
    far = (AS_OF + timedelta(days=30)).isoformat()
    said = scoring("land", "salesforce", tmp_path, "--date", far)
    assert f"Known as of {far}" in said.out and f"scoring refresh --date {far}" in said.out
    assert f"the last published day is {TOMORROW}, 29 days from {far}" in said.err
    assert (
        f"account.csv landed for several days with the same content: {TOMORROW}, {far}" in said.err
    )
    after = scoring("status", "--json").json()
    assert after["rows_in_quarantine"] == before["rows_in_quarantine"] + 1
    assert after["rows_in_quarantine_published"] == before["rows_in_quarantine"]
    (twice,) = after["landed_twice"]
    assert (twice["source_file"], twice["days"]) == ("account.csv", [TOMORROW, far])
    text = scoring("status").out
    assert "Landed since the last refresh, so not in the scores yet: 3 rows" in text
    # As if nothing had come: later tests go on from the refresh.
    for path in scoring.home.glob(f"*/salesforce/account/ds={far}/*.parquet"):
        path.unlink()


def test_a_history_import_again_changes_nothing(first_run, scoring, same_day_again, tmp_path):
    """Also on a later day than the first time (`make demo` runs it each time)."""
    files = sorted(scoring.home.glob("landing/salesforce/*/ds=*/*.parquet"))
    before = {path: path.stat().st_mtime_ns for path in files}
    export = tmp_path / "export"
    subprocess.run(
        [sys.executable, "-m", "examples.crunchbase.convert", first_run.source, export],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    said = scoring("land", "salesforce", export, "--history", SCORING_CLOCK="2024-02-29T12:00:00Z")
    assert said.out.count("already landed") == 3
    assert "each row is known since its own change stamps" in said.out
    assert sorted(scoring.home.glob("landing/salesforce/*/ds=*/*.parquet")) == files
    assert {path: path.stat().st_mtime_ns for path in files} == before


def test_a_second_writer_is_told_who_writes(scoring, same_day_again):
    hold = (
        "import sys; from dagster_project.home_layout import open_home\n"
        "with open_home(sys.argv[1]).writing('a long back-fill'): print(flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, scoring.home],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        holder.stdout.readline()
        said = scoring("refresh", "--date", TOMORROW, status=1)
        assert f"written by a long back-fill (process {holder.pid}, since" in said.err
        assert json.loads(scoring("top", "--json").out), "who only asks need not wait"
    finally:
        holder.kill()
        holder.communicate()
