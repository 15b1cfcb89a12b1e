"""A track record: each quarter's own model, trained on what had matured by then, and scored forward.

Belongs here: `scoring backfill --with-training` as a person runs it. Not here: one training (test_example_run.py).
"""

import shutil
import signal
import subprocess
from datetime import date

from tests.command_line import SCORING, Scoring, environment, widest


def test_each_quarter_is_scored_by_what_was_learnt_before_it(small_demo, tmp_path):
    scoring = Scoring(shutil.copytree(small_demo[0].home, tmp_path / "home"))
    said = scoring("backfill", "--from", "2026-03-30", "--to", "2026-04-02", "--with-training")
    assert "Track record" in said.out and widest(said.out) <= 100
    assert all(day in said.out for day in ("2026-03-30", "2025-12-31", "2026-04-01", "2026-03-31"))
    models = scoring.query("select * from scores.model_versions order by trained_as_of")
    assert [row["trained_as_of"] for row in models] == ["2025-12-31", "2026-03-31"]
    for row in models:
        # what it learnt from had its outcome by the day of training
        assert (
            date.fromisoformat(row["trained_as_of"]) - date.fromisoformat(row["last_as_of_date"])
        ).days >= row["horizon_days"]
    promoted = {row["scoring_model_version"] for row in models if row["verdict"] == "promote"}
    days = scoring.query(
        "select as_of_date, min(scoring_model_version) as version, max(scoring_model_version) as same, "
        "min(score_basis) as basis from scores.account_scores_daily "
        "where as_of_date between date '2026-03-30' and date '2026-04-02' group by all order by 1"
    )
    assert [row["as_of_date"] for row in days] == [
        "2026-03-30",
        "2026-03-31",
        "2026-04-01",
        "2026-04-02",
    ]
    assert all(row["version"] == row["same"] for row in days)
    for row in days:
        fitting = [
            one["scoring_model_version"]
            for one in models
            if one["verdict"] == "promote" and one["champion_from"] <= row["as_of_date"]
        ]
        assert row["version"] == fitting[-1] if fitting else row["basis"] == "scorecard"
    assert promoted
    evaluated = scoring.query("select distinct as_of_date from scores.score_evaluation order by 1")
    assert [row["as_of_date"] for row in evaluated] == ["2026-03-30", "2026-04-01"]


def test_two_ways_of_choosing_a_model_are_refused(small_demo):
    said = small_demo[0](
        "backfill",
        "--from",
        "2026-04-01",
        "--to",
        "2026-04-02",
        "--with-training",
        "--model",
        "latest",
        status=2,
    )
    assert "not both" in said.err


def test_ctrl_c_ends_all_of_it(small_demo, tmp_path):
    home = shutil.copytree(small_demo[0].home, tmp_path / "home")
    said = []
    with subprocess.Popen(
        [SCORING, "backfill", "--from", "2026-03-30", "--to", "2026-04-02", "--with-training"],
        env=environment(SCORING_HOME=str(home)),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout:
            said.append(line)
            if "training set build" in line:
                process.send_signal(signal.SIGINT)
    assert process.returncode == 1, said
    assert "interrupted; nothing was published or promoted" in "".join(said)
    assert len([line for line in said if "training on what was known" in line]) == 1
    assert "Traceback" not in "".join(said)
