"""What people see of a run and of how good a scoring model is.

Belongs here: terminal/run_report.py, measures.py, and a run's own words. Not here: layout (test_terminal_layout.py).
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from datetime import date
from types import SimpleNamespace

import pytest
from rich.cells import cell_len

from dagster_project.automation import PROGRESS
from dagster_project.command import runs, servers
from dagster_project.command.terminal.measures import print_evaluation, print_training
from dagster_project.command.terminal.run_report import (
    print_arrivals,
    print_landing_day,
    print_outcome,
)
from dagster_project.home import Home

pytestmark = pytest.mark.usefixtures("plain_environment")


def evaluated(predictor, part, lead=None):
    row = {"predictor": predictor, "slice": part, "n": 8462, "positives": 1696, "auc": 0.715}
    row |= {"auc_low": 0.702, "auc_high": 0.728, "lift_top_decile": 2.27, "brier": 0.146}
    leads = {"model_lead_auc_low": lead, "model_lead_auc_high": lead}
    return row | {"ece": 0.019, "horizon_days": 365} | leads


def test_an_evaluation_sets_model_baselines_and_parts_side_by_side(capsys):
    rows = [evaluated("model", "all"), evaluated("logistic_regression", "all", 0.0102)]
    rows += [evaluated("model", "first year"), evaluated("rule", "first year", 0.1)]
    rows.append(evaluated("model", "all") | {"horizon_days": 90})
    print_evaluation("What happened", rows)
    lines = capsys.readouterr().out.splitlines()
    (model,) = [line for line in lines if line.strip().startswith("model  ")]
    for part in ("8,462", "1,696", "0.715 0.702-0.728", "2.27", "0.146", "0.019"):
        assert part in model
    (regression,) = [line for line in lines if "logistic regression" in line]
    assert "+0.010 to +0.010" in regression
    assert any("model, first year" in line for line in lines)
    assert sum("model, 90 days" in line for line in lines) == 1
    assert not any("rule" in line for line in lines) and max(map(len, lines)) <= 100


def trained(**changed):
    row = {"scoring_model_version": "3", "verdict": "promote", "why": "AUC 0.711 on later data"}
    row |= {"champion_from": date(2026, 1, 1), "train_rows": 38573, "train_positives": 5000}
    row |= {"first_as_of_date": date(2005, 10, 1), "last_as_of_date": date(2010, 4, 1)}
    row |= {"test_rows": 6852, "test_positives": 1232, "lift_top_decile": 2.21}
    auc = {"auc": 0.711, "auc_low": 0.697, "auc_high": 0.724}
    return row | auc | {"baselines": {"rule": auc | {"lift_top_decile": 1.87}}} | changed


def test_a_training_says_verdict_reason_days_rows_and_measures_in_plain_lines(capsys):
    print_training(trained())
    text = " ".join(capsys.readouterr().out.split())
    assert "Scoring model 3: promoted. AUC 0.711 on later data." in text
    assert "scores from 2026-01-01 on" in text and "38,573 rows (5,000 converted)" in text
    assert "from 2005-10-01 to 2010-04-01" in text
    assert "model 0.711 0.697-0.724 2.21" in text and "rule 0.711 0.697-0.724 1.87" in text
    assert "ahead here" not in text
    better = {"auc": 0.72, "auc_low": 0.7, "auc_high": 0.74, "lift_top_decile": 2.0}
    print_training(trained(baselines={"logistic_regression": better}))
    assert "By AUC logistic regression is ahead here." in capsys.readouterr().out
    print_training(trained(verdict="no_signal", champion_from=None, auc=None))
    text = capsys.readouterr().out
    assert "refused (no_signal)" in text and "It scores no day" in text and "Lift" not in text


def test_a_training_says_what_a_search_found_or_why_there_was_none(capsys):
    found = {"trials": 30, "folds": [{}, {}, {}], "log_loss_in_force": 0.11368}
    found["given_up"] = 11
    found |= {"log_loss_found": 0.1124, "found": {"max_depth": 2, "learning_rate": 0.12812}}
    none = "history before the days that measure the model is too short for two folds"
    for search, said in (
        (None, ""),
        ({"trials": 0, "why": none}, f"No settings were searched: {none}."),
        (found | {"log_loss_found": 0.11368}, "none is better, they stay"),
        (
            found,
            "30 settings tried on 3 folds of older days (11 given up early), log loss 0.11368 with those of",
        ),
        (found, "scoring.yaml, 0.11240 with the best: max_depth 2, learning_rate 0.128."),
    ):
        print_training(trained(search=search))
        text = " ".join(capsys.readouterr().out.split())
        assert said in text and ("earch" in text) == bool(search)


@pytest.mark.parametrize(
    ("day", "published", "parts", "warns"),
    [
        (
            date(2026, 11, 22),
            date(2011, 4, 1),
            ["Known as of 2026-11-22", "refresh --date 2026-11-22"],
            True,
        ),
        (
            date(2011, 4, 2),
            date(2011, 4, 1),
            ["Known as of 2011-04-02", "refresh --date 2011-04-02"],
            False,
        ),
        (None, date(2011, 4, 1), ["its own change stamps", "refresh --date 2011-04-02"], False),
        (
            None,
            None,
            ["its own change stamps", "scoring retrain", "scoring backfill --from DAY"],
            False,
        ),
        (date(2011, 4, 2), None, ["Known as of 2011-04-02", "scoring retrain"], False),
    ],
)
def test_a_landing_says_its_day_and_what_comes_next(day, published, parts, warns, capsys):
    print_landing_day(day, published)
    said = capsys.readouterr()
    assert all(part in said.out for part in parts)
    assert ("warning: the last published day is 2011-04-01" in said.err) == warns
    assert ("--date 2011-04-02" in said.err) == warns


def test_outcome_of_a_run_goes_to_both_streams(capsys):
    outcome = SimpleNamespace(
        job="daily_refresh",
        run_id="0123456789",
        ok=False,
        problems=("check on account_scores: scores differ",),
        metadata={"account": {"rows": 12}, "empty": {}},
        seconds=3.21,
        warnings=("\n".join(f"2026-01-31: finding {n}" for n in range(7)),),
    )
    print_outcome(outcome, {"as_of_date": date(2026, 1, 31)})
    captured = capsys.readouterr()
    assert "daily_refresh as_of_date 2026-01-31: not done in 3.2 s (run 01234567)" in captured.out
    assert "account  rows  12" in captured.out and "empty" not in captured.out
    *warnings, error = captured.err.splitlines()
    assert error == "error: check on account_scores: scores differ"
    assert warnings == [f"warning: 2026-01-31: finding {n}" for n in range(5)]
    assert "and 2 more warnings" in captured.out


def test_sizes_of_tables_and_long_texts_are_left_to_the_pages(capsys):
    facts = {"seconds": 0.1, "dagster/row_count": 5}
    verdict = facts | {"verdict": "promote", "md": "| a |\n| b |", "calibration": '{"kept": "x"}'}
    outcome = SimpleNamespace(
        job="retrain", run_id="0" * 8, ok=True, problems=(), warnings=(), seconds=1.0
    )
    outcome.metadata = {"label_conversion": facts, "trained_models": verdict}
    print_outcome(outcome, {})
    text = capsys.readouterr().out
    assert "label_conversion" not in text and "| a |" not in text
    assert "promote" in text and "kept: x" in text and "row count" in text


def arrival(name, landed, quarantined, note="", is_landed=True):
    return {
        "file": name,
        "table": "account",
        "rows landed": landed,
        "rows quarantined": quarantined,
        "is landed": is_landed,
        "note": note,
    }


def test_an_arrival_says_which_file_was_refused_and_which_rows(capsys):
    files = [
        arrival("broken.csv", 0, 1, "the file is empty (0 bytes)", is_landed=False),
        arrival("account.csv", 1200, 12, "ignored columns: Secret"),
    ]
    row = {"source_file": "account.csv", "source_line": 3, "column_name": None, "reason": "ragged"}
    print_arrivals(files, [row] * 12)
    text = capsys.readouterr().out
    assert "REFUSED: the file is empty (0 bytes)" in text and "ignored columns: Secret" in text
    assert text.count("ragged") == 10 and "12 refused rows in all" in text
    assert "1 of 2 files landed: 1,200 rows; 12 more went to quarantine" in text
    assert max(cell_len(line) for line in text.splitlines()) <= 100


def test_files_that_had_landed_before_are_not_told_as_new(capsys):
    print_arrivals([arrival("a.csv", 5, 0, "already landed"), arrival("b.csv", 2, 0, "")], [])
    assert "2 of 2 files landed, 1 of them before: 7 rows" in capsys.readouterr().out


def test_no_files_no_words(capsys):
    print_arrivals([], [])
    assert capsys.readouterr().out == ""


def test_an_interrupted_run_says_what_it_left():
    class Error(SimpleNamespace):
        cls_name, cause = "DagsterExecutionInterruptedError", None

    def failed(error):
        return SimpleNamespace(event_specific_data=SimpleNamespace(error=error))

    wrapped = failed(SimpleNamespace(cls_name="Wrapped", cause=Error()))
    assert runs._was_interrupted([SimpleNamespace(event_specific_data=None), wrapped])
    assert not runs._was_interrupted([failed(SimpleNamespace(cls_name="ValueError", cause=None))])
    assert "nothing was published or promoted by it; run it again" in runs._interrupted({})
    assert "had been published" in runs._interrupted({"published_scores": {}})


def test_the_pages_are_told_in_three_lines(tmp_path):
    home = Home(tmp_path)
    ports = {"Dagster": 3000, "MLflow": 5000}
    home.mlflow_database.parent.mkdir()
    with closing(sqlite3.connect(home.mlflow_database)) as database:
        database.execute("create table experiments (experiment_id, name, lifecycle_stage)")
        database.execute("create table model_version_tags (version)")
        database.execute("insert into experiments values (7, 'account_scoring', 'active')")
        database.commit()
    dagster, mlflow, end = servers.in_words(home, ports, "127.0.0.1").splitlines()
    assert dagster == "Dagster: http://127.0.0.1:3000 (runs: http://127.0.0.1:3000/runs)"
    assert mlflow.startswith("MLflow: http://127.0.0.1:5000 (")
    assert "http://127.0.0.1:5000/#/experiments/7" in mlflow and "Ctrl-C ends all" in end
    assert "no pages before the first training" in servers.in_words(home, {"Dagster": 1}, "h")


def test_long_steps_say_now_and_then_how_far_they_have_come(capsys):
    def record(message):
        said = logging.LogRecord("n", logging.INFO, "p", 1, message, None, None)
        said.dagster_meta = {"dagster_event": None, "orig_message": message}
        return said

    lines = runs._StepLines(show=True)
    lines.emit(record(f"{PROGRESS}features of 1 of 9 days"))  # too early
    lines.spoke -= runs.SECONDS_OF_SILENCE
    lines.emit(record("something else"))
    lines.emit(record(f"{PROGRESS}features of 5 of 9 days"))
    lines.emit(record(f"{PROGRESS}features of 6 of 9 days"))
    said = capsys.readouterr().err
    assert "features of 5 of 9 days" in said and said.count("\n") == 1
