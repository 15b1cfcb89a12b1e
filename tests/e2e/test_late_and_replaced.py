"""What arrives late about a published day, and a day that is sent again, as an analyst and `scoring status` see them.

Belongs here: the way of a late and of a replaced file to the published scores. Does not belong here: what a version is (dbt unit
tests in core), the folders themselves (tests/unit/test_landing.py).
"""

import shutil

from tests.command_line import Scoring, widest

HEAD = "Id,Name,Website,Industry,CreatedDate,SystemModstamp,IsDeleted\n"
LATE = "001LATE0000000001,Late Lumber,late-lumber.example,Software,2026-06-01T09:00:00Z,2026-06-20T09:00:00Z,false\n"
OTHER = LATE.replace(
    "001LATE0000000001,Late Lumber,late-lumber", "001LATE0000000002,Sent Again,sent-again"
)
SINCE_THEN = [f"2026-06-{day}" for day in range(20, 31)]
TWO_DAYS = ("backfill", "--from", "2026-06-19", "--to", "2026-06-20")


def test_a_late_file_and_the_one_sent_in_its_place(small_demo, tmp_path):
    scoring = Scoring(shutil.copytree(small_demo[0].home, tmp_path / "home"))
    assert scoring("status", "--json").json()["stale_days"] == []
    before = scoring.digest("2026-06-20"), scoring.digest("2026-06-19")
    (tmp_path / "account.csv").write_text(HEAD + LATE)
    scoring("land", "salesforce", tmp_path / "account.csv", "--date", "2026-06-20")
    # Served as they were, and said to be of another state of knowledge.
    assert (scoring.digest("2026-06-20"), scoring.digest("2026-06-19")) == before
    assert scoring("status", "--json").json()["stale_days"] == SINCE_THEN
    assert "scoring backfill --from 2026-06-20" in " ".join(scoring("status").out.split())
    scoring(*TWO_DAYS)
    assert scoring.digest("2026-06-19") == before[1]
    assert names(scoring) == {"Late Lumber"}
    assert scoring("status", "--json").json()["stale_days"] == SINCE_THEN[1:]

    (tmp_path / "account_2.csv").write_text(HEAD + OTHER)
    scoring("land", "salesforce", tmp_path / "account_2.csv", "--date", "2026-06-20", "--replace")
    said = scoring("status")
    assert widest(said.out) <= 100 and "Replaced on purpose" in said.out
    status = scoring("status", "--json").json()
    assert status["stale_days"] == SINCE_THEN
    assert [(one["file"], one["by"]) for one in status["replaced"]] == [
        ("account.csv", "account_2.csv")
    ]
    assert names(scoring) == {"Late Lumber"}  # until the day is scored again
    scoring(*TWO_DAYS)
    assert scoring.digest("2026-06-19") == before[1]
    assert names(scoring) == {"Sent Again"}
    assert scoring("verify", "--date", "2026-06-20", "--sample", "50").status == 0


def names(scoring: Scoring) -> set[str]:
    rows = scoring.query(
        "select account_name from scores.account_scores_daily where as_of_date = date '2026-06-20' "
        "and account_id like 'salesforce:001LATE%'"
    )
    return {row["account_name"] for row in rows}


def test_a_replacement_needs_its_day(small_demo, tmp_path):
    (tmp_path / "account.csv").write_text(HEAD + LATE)
    said = small_demo[0]("land", "salesforce", tmp_path / "account.csv", "--replace", status=2)
    assert "--date" in said.err


def test_what_is_landed_by_hand_leaves_other_vendors_files_in_the_inbox(small_demo, tmp_path):
    scoring = Scoring(shutil.copytree(small_demo[0].home, tmp_path / "home"))
    day = "2026-07-01"
    assert list((scoring.home / "inbox" / "bombora").iterdir())
    (scoring.home / "inbox" / "ga4" / day).mkdir(parents=True, exist_ok=True)
    (scoring.home / "inbox" / "ga4" / day / "events_20260701.jsonl.gz").write_bytes(b"")
    (tmp_path / "account.csv").write_text(HEAD + LATE)
    scoring("land", "salesforce", tmp_path / "account.csv", "--date", day)
    assert not list((scoring.home / "landing").glob(f"ga4/*/ds={day}/*.parquet"))
    assert len(list((scoring.home / "landing").glob(f"salesforce/*/ds={day}/*.parquet"))) == 1
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "contact.csv").write_bytes(b"")
    said = scoring(
        "land", "salesforce", tmp_path / "empty" / "contact.csv", "--date", day, status=1
    )
    assert "0 bytes" in " ".join(said.all.split())
