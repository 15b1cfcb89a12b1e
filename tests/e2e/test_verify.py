"""Derived again from landing, scores are the same to the last bit, and whatever is not as it was is named for what it is."""

from __future__ import annotations

import re
import shutil
from contextlib import closing
from datetime import date

import duckdb
import pytest

from dagster_project import dbt_runner, provenance, verification
from dagster_project.home import Home
from dagster_project.home_layout import open_home
from dagster_project.published_faults import published_faults
from dagster_project.publisher import connect_published
from tests.command_line import Scoring, widest

DAY = "2026-06-30"


def copy_of(scoring: Scoring, folder) -> Scoring:
    return Scoring(shutil.copytree(scoring.home, folder / "copied home"))


def test_history_is_derived_again_to_the_last_bit(small_demo, tmp_path):
    scoring, _ = small_demo
    said = scoring("verify", "--sample", "300", "--json")
    found = said.json()
    assert found["is_proven"] and found["differences"] == []
    assert (found["rows"], found["same"]) == (300, 300)
    assert found["days"] > 60  # of month-ends and of daily scores
    assert not list((scoring.home / "verify").iterdir())


def test_changed_bytes_in_a_landed_file_are_named_and_nothing_rests_on_them(small_demo, tmp_path):
    scoring = copy_of(small_demo[0], tmp_path)
    file = max((scoring.home / "landing").glob("*/account/ds=*/*.parquet"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    said = scoring("verify", status=1)
    assert str(file.relative_to(scoring.home)) in said.err.replace("\n", "")
    assert "not those that landed" in " ".join(said.err.split())
    assert "Nothing was derived" in said.out
    assert widest(said.out) <= 100


def test_a_changed_score_and_another_model_in_its_place_are_told_apart(small_demo, tmp_path):
    scoring = copy_of(small_demo[0], tmp_path)
    change_published(scoring, "score + 1e-9")
    said = scoring("verify", "--date", DAY, "--sample", "5", status=1)
    assert "0 the same, 5 different" in said.out and " score " in said.out
    assert widest(said.out) <= 100
    (model,) = (scoring.home / "mlflow" / "artifacts").glob("**/scoring_model/scoring_model.json")
    model.write_text(re.sub(r'"hot_from": [^,}]+', '"hot_from": 80.5', model.read_text()))
    said = scoring("verify", "--date", DAY, "--sample", "5", status=1)
    assert "scoring model 1" in said.err and "5 not derived" in said.out


def test_a_changed_statement_of_people_is_a_difference(small_demo, tmp_path):
    scoring = copy_of(small_demo[0], tmp_path)
    change_published(scoring, "people_engaged_90d + 1", "people_engaged_90d")
    home, day = open_home(scoring.home), date.fromisoformat(DAY)
    found = verification.verify(home, 20, day, 0, lambda _: None)
    assert not found.is_proven and found.different > 0 and found.not_comparable == 0
    assert {one.column for one in found.differences} == {"people_engaged_90d"}


def change_published(scoring: Scoring, value: str, column: str = "score") -> None:
    """Write the published scores of DAY with another value in a column."""
    file = (
        scoring.home / "published" / "account_scores_daily" / f"as_of_date={DAY}" / "rows.parquet"
    )
    with closing(duckdb.connect()) as connection:
        connection.execute(
            f"create table rows as select * replace ({value} as {column}) from '{file}'"
        )
        connection.execute(f"copy rows to '{file}' (format parquet)")


@pytest.fixture
def other_project(tmp_path, monkeypatch):
    """The dbt project, to be given another rule for a feature."""
    project = shutil.copytree(
        dbt_runner.DBT_PROJECT, tmp_path / "dbt", ignore=shutil.ignore_patterns("target")
    )
    monkeypatch.setattr(dbt_runner, "DBT_PROJECT", project)
    monkeypatch.setattr(provenance, "DBT_PROJECT", project)
    return project / "models" / "features"


@pytest.mark.parametrize(
    ("file", "rule", "other"),
    [
        ("engagement/feat_engagement__web.sql", "days_ago < {{ n }}", "days_ago <= {{ n }}"),
        (
            "leads/feat_leads__behaviour.sql",
            "days_ago < 90) as answers_90d",
            "days_ago < 9) as answers_90d",
        ),
    ],
)
def test_features_that_have_changed_since_are_said_to_have_changed(
    small_demo, tmp_path, other_project, file, rule, other
):
    scoring = copy_of(small_demo[0], tmp_path)
    text = (other_project / file).read_text()
    assert rule in text
    (other_project / file).write_text(text.replace(rule, other))
    day = date.fromisoformat(DAY)
    found = verification.verify(Home(scoring.home), 100, day, 0, lambda _: None)
    assert found.is_proven and found.not_comparable > 0
    assert found.same + found.not_comparable == 100
    assert all("the features' SQL" in one.made_with_other for one in found.differences)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("select * from rows where rank > 1", "were scored"),
        ("from rows union all by name select * from rows where rank = 1", "stand twice"),
        ("select * replace ([]::varchar[] as reasons) from rows", "too many accounts"),
        (
            "select * replace (if(rank = 7, null, reasons) as reasons) from rows",
            "without reasons stands between",
        ),
    ],
)
def test_published_rows_that_are_gone_doubled_or_without_reasons_are_named(
    small_demo, tmp_path, change, said
):
    scoring = copy_of(small_demo[0], tmp_path)
    file = rows_of_day(scoring)
    with duckdb.connect() as connection:
        rows = connection.execute("from read_parquet(?)", [str(file)]).pl()
        connection.execute(f"copy ({change}) to '{file}' (format parquet)")
    home, day = open_home(scoring.home), date.fromisoformat(DAY)
    with closing(connect_published(home)) as published:
        found = published_faults(published, {day: rows.height}, day)
    assert any(DAY in fault and said in fault for fault in found), found


def test_a_latest_day_that_is_not_historys_is_named(small_demo, tmp_path):
    scoring = copy_of(small_demo[0], tmp_path)
    with duckdb.connect(str(scoring.home / "published" / "scores.duckdb")) as connection:
        connection.execute("update account_scores set score = 99.9 where rank = 9")
    found = scoring("verify", "--sample", "1", status=1)
    assert "account_scores and account_scores_daily differ in 2 rows" in " ".join(found.err.split())


@pytest.mark.parametrize(
    "change",
    [
        "delete from lead_scores where lead_id = (select min(lead_id) from lead_scores)",
        "update lead_scores set is_engaged_90d = not is_engaged_90d where account_id = (select min(account_id) from lead_scores)",
        "update account_scores set people_known = people_known + 1 where rank = 1",
    ],
)
def test_accounts_that_say_something_else_of_their_people_are_named(small_demo, tmp_path, change):
    scoring = copy_of(small_demo[0], tmp_path)
    with duckdb.connect(str(scoring.home / "published" / "scores.duckdb")) as connection:
        connection.execute(change)
    found = scoring("verify", "--sample", "1", status=1)
    assert "1 accounts say something else of their people than lead_scores" in " ".join(
        found.err.split()
    )


def test_files_that_cannot_be_read_are_named(small_demo, tmp_path):
    scoring = copy_of(small_demo[0], tmp_path)
    file = rows_of_day(scoring)
    whole = file.read_bytes()
    file.write_bytes(whole[:100])
    # at the home's new place the views are made anew first
    assert "published cannot be read" in scoring("status", status=2).err
    file.write_bytes(whole)
    scoring("status")
    file.write_bytes(whole[:100])
    found = scoring("verify", "--date", DAY, "--sample", "1", status=1)
    assert "published/ cannot be read" in found.err and "backfill" in found.err
    scoring("verify", "--seed", "-1", status=2)


def rows_of_day(scoring: Scoring):
    folder = scoring.home / "published" / "account_scores_daily" / f"as_of_date={DAY}"
    (file,) = folder.glob("*.parquet")
    return file
