"""The demo world through the command: made once, then the days after it, again, elsewhere, and without its truth.

Belongs here: what a person sees of `scoring demo`. Not here: the world itself (tests/unit/test_demo_world.py).
"""

from __future__ import annotations

import shutil
from datetime import date, timedelta

import dagster as dg
import duckdb

from tests.command_line import Scoring, digest, widest
from tests.e2e.conftest import DEMO_SIZE

LAST = date(2026, 6, 30)


def copy_of(scoring: Scoring, folder) -> Scoring:
    return Scoring(shutil.copytree(scoring.home, folder / "copied home"))


def test_it_ends_with_whom_to_call_first_and_what_to_do_next(small_demo):
    scoring, said = small_demo
    assert "Whom to call first, as of 2026-06-30" in said.out
    assert "scoring refresh" in said.out.splitlines()[-1]
    assert widest(said.out) <= 100


def test_month_ends_and_the_last_sixty_days_are_published(small_demo):
    scoring, _ = small_demo
    (row,) = scoring.query(
        "select count(distinct as_of_date) as days, count(distinct as_of_date) filter (as_of_date > date '2026-05-01') "
        "as daily, min(as_of_date) as first_day, max(as_of_date) as last_day from scores.account_scores_daily"
    )
    assert row["daily"] == 60
    assert (row["first_day"], row["last_day"]) == ("2025-01-31", "2026-06-30")
    assert row["days"] == 16 + 60  # month-ends before the daily ones


def test_dagster_knows_of_each_day_that_is_published(small_demo):
    scoring, _ = small_demo
    with dg.DagsterInstance.from_config(str(scoring.home / "dagster")) as instance:
        for table in (
            "scoring_set",
            "lead_scoring_set",
            "account_predictions",
            "account_scores_daily",
            "published_scores",
        ):
            days = instance.get_materialized_partitions(dg.AssetKey(table))
            assert len(days) == 16 + 60 and {"2025-01-31", "2026-06-30"} <= days


def test_what_is_learnt_from_is_what_is_scored_and_built_once(small_demo):
    scoring, _ = small_demo
    with duckdb.connect(
        str(scoring.home / "warehouse" / "warehouse.duckdb"), read_only=True
    ) as warehouse:
        sql = (
            "select count(*) from (select * exclude (horizon_days, is_converted, days_to_conversion, won_amount_usd, "
            "matured_on, label_known_at) from datasets.training_set "
            "except select * from datasets.scoring_set)"
        )
        assert warehouse.execute(sql).fetchone() == (0,)
        learnt, both = warehouse.execute(
            "select count(distinct as_of_date), count(distinct as_of_date) filter "
            "(as_of_date in (select as_of_date from datasets.scoring_set)) from datasets.training_set"
        ).fetchone()
        # twelve on which the primary horizon has matured, two on which only the shortest has
        assert learnt == both == 14
        # Built by the training or by the scoring, never by both: of one state of what has landed.
        assert warehouse.execute(
            "select count(*), count(distinct digest) from scoring.standing_days"
        ).fetchone() == (16 + 60, 1)


def test_people_of_scored_accounts_are_scored_by_their_ids(small_demo):
    scoring, _ = small_demo
    people = scoring.query("select * from scores.lead_scores")
    (row,) = scoring.query(
        "select count(*) as n, count(distinct people.lead_id) as people, count(people.lead_probability) as scored, "
        "count(accounts.account_id) as of_accounts, count(*) filter (people.is_engaged_90d) as engaged "
        "from scores.lead_scores as people left join scores.account_scores as accounts using (account_id, as_of_date)"
    )
    assert row["n"] == row["people"] == row["of_accounts"] > 300 and 0 < row["engaged"] < row["n"]
    assert row["scored"] in (0, row["n"])
    assert not [text for one in people for text in one.values() if "@" in str(text)]
    (row,) = scoring.query(
        "select min(committee_coverage) as least, max(committee_coverage) as most, count(*) filter (has_decision_maker_engaged) "
        "as decided from scores.account_scores"
    )
    assert row["least"] == 0 and 0.3 < row["most"] <= 1 and row["decided"] > 0
    kept = scoring.query(
        "select count(distinct as_of_date) as days from scores.account_scores_daily where people_known > 0"
    )
    assert kept[0]["days"] == 16 + 60


def test_every_feed_has_landed_and_its_scores_are_there(small_demo):
    scoring, _ = small_demo
    feeds = scoring.query("select * from scores.feed_health")
    assert {row["vendor"] for row in feeds} == {"salesforce", "ga4", "bombora", "technographics"}
    assert all(row["rows_landed"] > 0 for row in feeds)
    (row,) = scoring.query(
        "select count(*) as n, count(fit_score) as fit, count(engagement_score) as engagement, "
        "count(intent_score) as intent from scores.account_scores"
    )
    assert row["n"] > 100


def test_again_it_does_nothing(small_demo):
    scoring, _ = small_demo
    said = scoring("demo", *DEMO_SIZE)
    assert "holds the demo already" in said.out


def test_another_size_is_refused(small_demo):
    scoring, _ = small_demo
    said = scoring("demo", "--accounts", "500", "--months", "18", status=2)
    assert "another demo" in said.err


def test_a_home_with_other_data_is_refused(tmp_path):
    scoring = Scoring(tmp_path / "home")
    inbox = scoring.home / "inbox" / "salesforce" / "2026-01-01"
    inbox.mkdir(parents=True)
    (inbox / "account.csv").write_text("Id,Name\n")
    said = scoring("demo", *DEMO_SIZE, status=2)
    assert "holds other data (inbox)" in said.err


def test_the_next_days_lie_in_the_inbox_and_the_truth_is_never_read(small_demo, tmp_path):
    """The same two days in a copy that has no truth."""
    scoring, _ = small_demo
    (tmp_path / "elsewhere").mkdir()
    with_truth, without = copy_of(scoring, tmp_path), copy_of(scoring, tmp_path / "elsewhere")
    shutil.rmtree(without.home / "demo" / "truth")
    for home in (with_truth, without):
        for day in (1, 2):
            said = home("refresh", "--json")
            assert said.json()["as_of_date"] == str(LAST + timedelta(days=day))
    assert with_truth.digest() == without.digest()


def test_the_same_seed_gives_the_same_scores(small_demo, tmp_path):
    scoring, _ = small_demo
    again = Scoring(tmp_path / "again")
    again("demo", *DEMO_SIZE)
    assert again.digest() == scoring.digest()
    assert history_digest(again) == history_digest(scoring)


def history_digest(scoring: Scoring) -> str:
    """Of all published days."""
    return digest(
        scoring.query("select * from scores.account_scores_daily order by as_of_date, account_id")
    )


def test_a_backfill_does_not_pass_over_days_that_wait(small_demo):
    """It would score them without their data, as a refresh that skips them would; --skip says that this is meant."""
    scoring, _ = small_demo
    before = scoring.digest()
    said = scoring("backfill", "--from", "2026-06-30", "--to", "2026-07-02", status=2).err
    assert "files of 2026-07-01 to 2026-07-02 wait in the inbox" in " ".join(said.split())
    assert scoring.digest() == before
