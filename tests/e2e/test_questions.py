"""What people ask of the published scores, and how the command answers mistakes.

Belongs here: reading commands, help, exit statuses. Not here: commands that change a home (test_daily_refresh.py). What
needs many cases calls the command in this process: starting one costs a second and more.
"""

from __future__ import annotations

import json
import subprocess

import pytest
import yaml
from click.testing import CliRunner

from dagster_project.cli import main
from dagster_project.command import answers
from dagster_project.command.errors import BadQuestion
from dagster_project.config import Scorecard
from dagster_project.home import Home
from tests.command_line import EXAMPLE, Scoring, environment, widest

ASKING = ["top", "explain", "segments", "query", "status"]
COMMANDS = [
    *ASKING,
    *(
        "land",
        "refresh",
        "backfill",
        "retrain",
        "rollback",
        "evaluate",
        "verify",
        "table",
        "data-docs",
        "dbt",
        "doctor",
        "ui",
    ),
]


def test_top_says_whom_to_call_and_why(first_run, scores):
    best = sorted(scores, key=lambda row: row["rank"])[:3]
    rows = first_run.scoring("top", "--limit", 3, "--json").json()
    assert [row["account_id"] for row in rows] == [row["account_id"] for row in best]
    text = first_run.scoring("top", "--limit", 3).out
    assert "Whom to call first, as of 2010-03-31" in text and widest(text) <= 100
    for row in best:
        assert row["account_name"][:25] in text
        assert row["reasons"][0][:40] in " ".join(text.split())


def test_explain_finds_an_account_by_name_and_by_either_id(first_run, scores):
    row = next(
        r for r in scores if [s["account_name"] for s in scores].count(r["account_name"]) == 1
    )
    for asked in (row["account_name"].upper(), row["account_id"], row["account_id"].split(":")[1]):
        answer = first_run.scoring("explain", asked, "--json").json()
        assert answer["score"] == row
        assert len(answer["factors"]) > 5 and answer["since"] is None
    stored = {
        row["account_id"]
        for row in first_run.scoring.query("select account_id from scores.score_reasons")
    }
    last = max(scores, key=lambda row: row["rank"])
    assert last["account_id"] not in stored
    answer = first_run.scoring("explain", last["account_id"], "--json").json()
    assert answer["is_derived"] and {row["reason"] for row in answer["factors"]} >= {
        reason[2:] for reason in last["reasons"]
    }
    text = first_run.scoring("explain", last["account_id"]).out
    assert "Worked out now" in text
    text = first_run.scoring("explain", row["account_id"]).out
    assert row["account_name"] in text and "Log-odds" in text and widest(text) <= 100


def test_explain_knows_neither_strangers_nor_other_days(first_run, scores):
    name = max((row["account_name"] for row in scores), key=len)
    said = first_run.scoring("explain", f"{name}x", status=1)
    assert "did you mean" in said.err and name in said.err
    said = first_run.scoring("explain", name, "--date", "2009-01-01", status=1)
    assert "no scores are stored for 2009-01-01; the nearest stored days are 2010-03-31" in said.err


def test_explain_says_why_a_company_is_not_scored(first_run):
    (row,) = first_run.scoring.query("select * from scores.excluded_accounts order by 1 limit 1")
    said = first_run.scoring("explain", row["account_id"], status=1)
    assert "is not scored" in said.err and row["exclusion_rule"] in said.err


def test_status_says_what_is_published_and_how_fresh(first_run):
    answer = first_run.scoring("status", "--json").json()
    assert answer["published"]["as_of_date"] == "2010-03-31"
    assert answer["published"]["accounts"] == first_run.measures["n"]
    assert {feed["table_name"] for feed in answer["feeds"] if feed["files"]} == {
        *("account", "opportunity", "opportunity_history")
    }
    assert answer["quarantined"] == [] and answer["models"][0]["verdict"] == "promote"
    text = first_run.scoring("status").out
    assert "salesforce opportunity_history" in text and widest(text) <= 100
    assert "Nothing has landed of: salesforce account_history" in " ".join(text.split())


def test_doctor_finds_nothing_wrong(first_run):
    findings = first_run.scoring("doctor", "--json").json()
    assert all(finding["ok"] for finding in findings)
    assert {"settings", "dbt project", "dagster definitions"} <= {f["what"] for f in findings}


def test_query_answers_in_a_table_and_in_json(first_run):
    sql = (
        "-- by band\nselect band, count(*) as n from scores.account_scores group by band order by n"
    )
    rows = first_run.scoring.query(sql)
    assert [list(row) for row in rows] == [["band", "n"]] * 3
    text = first_run.scoring("query", sql).out
    assert all(row["band"] in text and str(row["n"]) in text for row in rows)
    assert first_run.scoring.query("select 1 as a, 2 as a") == [{"a": 1, "a_1": 2}]
    assert first_run.scoring.query("from account_scores_daily limit 0") == []


def test_query_shows_all_reasons_and_whole_descriptions(first_run, scores):
    best = min(scores, key=lambda row: row["rank"])
    sql = "select account_name, reasons from scores.account_scores where rank = 1"
    for columns in ("100", ""):
        text = first_run.scoring("query", sql, COLUMNS=columns).out
        assert all(reason[2:30] in text for reason in best["reasons"]) and "…" not in text
    sql = (
        "select column_name, comment from duckdb_columns() "
        "where table_name = 'account_scores' and not internal"
    )
    text = first_run.scoring("query", sql).out
    words = " ".join(text.split())
    assert "…" not in text and "row 1" not in text and widest(text) <= 100
    for row in first_run.scoring.query(sql):
        assert row["column_name"] in words and row["comment"][:40] in words


def test_query_tells_an_error_without_the_insides_of_the_database(first_run, monkeypatch):
    with pytest.raises(BadQuestion) as refused:
        answers.query(Home(first_run.home), "select * from read_csv('/etc/passwd')")
    assert "Stack Trace" not in str(refused.value)


def test_a_command_that_is_printed_runs_as_it_is_printed(first_run, tmp_path):
    text = first_run.scoring("top", "--limit", 1).out
    (line,) = [line for line in text.splitlines() if line.endswith("scoring explain ACCOUNT")]
    name = first_run.scoring("top", "--limit", 1, "--json").json()[0]["account_id"]
    line = line.replace("ACCOUNT", f"'{name}'")
    done = subprocess.run(line, shell=True, cwd=tmp_path, env=environment(), capture_output=True)
    assert done.returncode == 0 and name in done.stdout.decode()


def test_query_refuses_what_it_may_not_do(first_run):
    said = first_run.scoring("query", "delete from account_scores", status=2)
    assert "read-only; DELETE is not a question" in said.err and said.out == ""
    said = first_run.scoring("query", "select scor from scores.account_scores", "--json", status=2)
    assert 'Referenced column "scor"' in said.err and said.out == ""


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("create table mine as select 1", "read-only"),
        ("copy (select 1) to '{published}/x.csv'", "read-only"),
        ("explain analyze copy (select 1) to '{published}/x.csv'", "read-only"),
        ("attach '{home}/warehouse/warehouse.duckdb'", "read-only"),
        ("set enable_external_access = true", "read-only"),
        ("install httpfs", "read-only"),
        ("select 1; select 2", "exactly one SQL statement"),
        ("", "exactly one SQL statement"),
        ("select * from read_csv('/etc/passwd')", "Permission Error"),
        ("select * from read_text('{home}/scoring.yaml')", "Permission Error"),
        ("select * from glob('/etc/*')", "Permission Error"),
        ("select * from '/etc/passwd'", "does not exist"),
        ("selct 1", "syntax error"),
    ],
)
def test_query_only_reads_what_is_published(first_run, sql, words):
    home = first_run.home
    before = sorted(home.glob("published/*"))
    with pytest.raises(BadQuestion) as refused:
        answers.query(Home(home), sql.format(home=home, published=home / "published"))
    assert words in str(refused.value)
    assert sorted(home.glob("published/*")) == before


def test_segments_say_which_accounts_convert_and_suggest_points_to_paste(first_run):
    answer = first_run.scoring("segments", "--json").json()
    assert answer["statements"] and all(row["is_sure"] for row in answer["statements"])
    text = first_run.scoring("segments").out
    assert widest(text) <= 100
    assert " ".join(answer["statements"][0]["statement"].split()) in " ".join(text.split()).replace(
        "• ", ""
    )
    feature = answer["statements"][0]["feature"]
    one = first_run.scoring("segments", "--feature", feature, "--json").json()["segments"]
    assert {row["feature"] for row in one} == {feature} and sum(row["is_sure"] for row in one)
    assert widest(first_run.scoring("segments", "--feature", feature).out) <= 100
    card = yaml.safe_load(first_run.scoring("segments", "--points").out)["scorecard"]
    assert len(Scorecard.model_validate(card).lines) == len(answer["points"]) > 0
    unknown = first_run.scoring("segments", "--feature", feature + "x", status=2)
    assert f"did you mean {feature}" in " ".join(unknown.err.split())


def in_this_process(home, *arguments):
    """The command without a process of its own."""
    return CliRunner().invoke(main, arguments, env={"SCORING_HOME": str(home), "COLUMNS": "100"})


def test_help_of_every_command_fits_and_says_what_it_does(tmp_path):
    overview = Scoring(tmp_path / "home")("--help").out
    assert "SCORING_HOME" in overview and "...\n" not in overview.partition("Commands:")[2]
    for command in COMMANDS:
        assert f"  {command} " in overview
        text = in_this_process(tmp_path / "home", command, "--help").output
        assert len(text.split("Options:")[0].split()) > 8 and widest(text) <= 100
    assert not (tmp_path / "home").exists()


def test_feeds_says_which_columns_are_read(tmp_path):
    said = in_this_process(tmp_path / "home", "feeds", "opportunity_history")
    assert "stage_name" in said.output and "required" in said.output
    assert "For --history a row needs one of: created_date" in said.output
    listed = in_this_process(tmp_path / "home", "feeds", "--json")
    tables = {(one["vendor"], one["table_name"]) for one in json.loads(listed.output)}
    assert ("ga4", "event") in tables and len(tables) == 14
    assert widest(said.output) <= 100
    unknown = in_this_process(tmp_path / "home", "feeds", "hubspot")
    assert unknown.exit_code == 2 and "lists them" in unknown.output


@pytest.mark.parametrize(
    "arguments",
    [["top"], ["status"], ["explain", "Acme"], ["segments"], ["query", "select 1"]],
)
def test_a_home_that_holds_nothing_yet_says_what_fills_it(tmp_path, arguments):
    said = in_this_process(tmp_path / "home", *arguments)
    assert said.exit_code == 1 and said.stdout == ""
    assert "holds no scores yet" in said.stderr and "scoring land" in said.stderr
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tpo"], "No such command 'tpo'"),
        (["top", "--limit", "0"], "--limit"),
        (["explain"], "Missing argument 'ACCOUNT'"),
        (["refresh", "--date", "31.01.2010"], "is not a day; write it as in 2026-01-31"),
        (["refresh", "--date", "2999-01-01"], "is in the future"),
        (["refresh", "--date", "1990-01-01"], "before history_starts"),
        (["evaluate", "--date", "2999-01-01"], "is in the future"),
        (["backfill", "--from", "2010-02-01", "--to", "2010-01-01"], "is later than --to"),
        (
            ["land", "sap", "."],
            "unknown vendor 'sap'; known: bombora, ga4, salesforce, technographics",
        ),
        (["land", "salesforce", "absent.csv"], "no such file or folder"),
        (["land", "salesforce"], "Missing argument 'PATH...'"),
        (["land", "salesforce", "{empty}"], "no data files"),
        (["land", "salesforce", ".", "--date", "2010-01-01", "--history"], "not both"),
    ],
)
def test_wrong_use_is_said_and_ends_with_2(tmp_path, arguments, words):
    (tmp_path / "empty").mkdir()
    places = [a.format(empty=tmp_path / "empty") for a in arguments]
    said = in_this_process(tmp_path / "home", *places)
    assert said.exit_code == 2 and words in said.stderr and said.stdout == ""


def test_wrong_use_ends_a_process_with_2(tmp_path):
    said = Scoring(tmp_path / "home")("land", "sap", ".", status=2)
    assert "error: unknown vendor 'sap'" in said.err and said.out == ""
    assert "--limt" in Scoring(tmp_path / "home")("top", "--limt", status=2).err


def test_wrong_settings_end_with_2_and_name_file_and_key(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "scoring.yaml").write_text("version: 1\nfeeds: [salesforce]\n")
    said = Scoring(home)("refresh", "--date", "2010-01-01", status=2)
    assert f"{home}/scoring.yaml: " in said.err and "conversion: is required" in said.err
    findings = in_this_process(home, "doctor")
    assert findings.exit_code == 2 and "conversion: is required" in findings.stdout


def test_a_clock_that_cannot_be_read_ends_with_2(tmp_path, monkeypatch):
    monkeypatch.setenv("SCORING_CLOCK", "x")
    said = in_this_process(tmp_path / "home", "refresh", "--date", "2010-01-01")
    assert said.exit_code == 2 and "SCORING_CLOCK is 'x'; write it as in" in said.stderr


@pytest.mark.parametrize(
    ("source", "home", "words"),
    [
        ("absent", "new", "give a folder with companies.csv, rounds.csv and acquisitions.csv"),
        ("other", "taken", "holds other data; name a new folder with --home"),
    ],
)
def test_the_example_refuses_what_it_cannot_use(tmp_path, source, home, words):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.tex").write_text("x")
    other = tmp_path / "other"
    other.mkdir()
    (other / "companies.csv").write_text(
        "permalink,name,category_code,country_code,state_code,region,city,founded_at\n"
    )
    (other / "rounds.csv").write_text(
        "company_permalink,company_name,funding_round_type,funded_at,raised_amount_usd\n/c,C,angel,2009-01-01,1\n"
    )
    (other / "acquisitions.csv").write_text("company_permalink,acquired_at\n")
    done = subprocess.run(
        [EXAMPLE, tmp_path / source, "--home", tmp_path / home],
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "new").exists()
    assert [p.name for p in (tmp_path / "taken").iterdir()] == ["thesis.tex"]
