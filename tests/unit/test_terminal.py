"""What people and programs see: text is literal, tables fit, JSON is plain.

Belongs here: printing.py, terminal.py, json_text.py. Not here: the command (its own tests).
"""

from __future__ import annotations

import io
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from rich.cells import cell_len

from dagster_project.command import answers, printing, runs, servers, terminal
from dagster_project.command.json_text import snake_case
from dagster_project.home import Home


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    """Nobody says how wide it is, and the home is the folder's own."""
    for name in ("COLUMNS", "SCORING_HOME", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


def account(name="Acme", **changed):
    return {
        "account_id": "salesforce:1",
        "account_name": name,
        "domain": "acme.example",
        "as_of_date": date(2026, 1, 31),
        "score": 98.76,
        "rank": 1,
        "win_probability_90d": 0.0042,
        "band": "hot",
        "reasons": ["+ 3 deals won in two years", "- founded 12 years ago"],
        "flags": [],
        "score_basis": "model",
        "scoring_model_version": "2025-10-01-ab12",
    } | changed


def lines_of(text):
    return text.splitlines()


def test_top_shows_rank_score_name_chance_band_and_reasons(capsys):
    terminal.print_top([account()], 90)
    text = capsys.readouterr().out
    for part in ("98.8", "Acme", "0.4%", "hot", "+ 3 deals won in two years", "2026-01-31"):
        assert part in text


@pytest.mark.parametrize(
    "name",
    [
        "Acme [bold]Inc[/bold]",
        "[/]",
        "株式会社とても長い名前の会社でございます" * 3,
        "É" * 200,
        "a\nb\tc",
    ],
)
def test_names_are_shown_literally_and_every_line_fits(name, capsys):
    reason = "+ " + "a long reason with many words " * 8
    terminal.print_top([account(name, reasons=[reason, "x" * 150])], 90)
    lines = lines_of(capsys.readouterr().out)
    assert max(cell_len(line) for line in lines) <= 100
    shown = printing.shorten(printing.literal(name), 26)
    assert any(shown in line for line in lines)


def test_a_long_name_ends_in_an_ellipsis():
    assert printing.shorten("abcdefgh", 5) == "abcd…"
    assert printing.shorten("株式会社", 5) == "株式…"
    assert printing.shorten("abcde", 5) == "abcde"


def test_escape_sequences_and_direction_switches_do_not_reach_the_terminal():
    shown = printing.literal("A\x1b[31mB\x1b]0;title\x07C\x07\u202eD\r\nE")
    assert shown == "ABC  D  E"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (True, "yes"),
        (0.123456, "0.1235"),
        (1234567.8, "1,234,568"),
        (datetime(2026, 1, 1, 5), "2026-01-01 05:00"),
        (["a", 1], "a, 1"),
        ({30: 0.5}, "30 0.5"),
    ],
)
def test_values_for_people(value, shown):
    assert printing.literal(value) == shown


@pytest.mark.parametrize(
    ("share", "shown"), [(None, "–"), (0.0, "0%"), (0.0042, "0.4%"), (0.5, "50%")]
)
def test_percent(share, shown):
    assert terminal.percent(share) == shown


def test_missing_values_are_dashes_and_no_rows_are_said(capsys):
    bare = account(None, domain=None, score=None, win_probability_90d=None, reasons=None)
    terminal.print_top([bare], 90)
    terminal.print_top([], 90)
    terminal.print_rows([])
    text = capsys.readouterr().out
    assert "salesforce:1" in text and "–" in text
    assert "No account is scored." in text and "No rows." in text


def test_rows_are_a_table_if_they_fit_and_blocks_if_not(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    terminal.print_rows([{"band": "hot", "n": 3}, {"band": "cold", "n": 40}])
    narrow = capsys.readouterr().out
    assert len([line for line in lines_of(narrow) if "hot" in line and "3" in line]) == 1
    terminal.print_rows([{f"column_{i}": "x" * 20 for i in range(12)}])
    wide = capsys.readouterr().out
    assert all(f"column_{i} " in wide for i in range(12))
    assert max(cell_len(line) for line in lines_of(wide)) <= 100


@pytest.mark.parametrize("width", [60, 100, 160])
def test_long_texts_and_lists_of_a_query_are_wrapped_and_never_cut(width, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    words = [f"word{n}" for n in range(60)]
    reasons = [f"+ reason {n} with, a comma and some more words" for n in range(6)]
    terminal.print_rows([{"name": "Acme", "reasons": reasons, "comment": " ".join(words)}])
    text = capsys.readouterr().out
    assert "row 1" not in text or width == 60
    assert all(word in text for word in words) and "…" not in text
    assert text.count("reason ") == 6 and max(map(cell_len, lines_of(text))) <= width


def test_a_pipe_without_a_width_gets_one_whole_line_a_row(capsys):
    rows = [{f"column_{i}": f"{i} " + "x" * 90 for i in range(12)} | {"list": ["+ a, b", "- c"]}]
    terminal.print_rows(rows)
    (line,) = [line for line in lines_of(capsys.readouterr().out) if "xxx" in line]
    assert all(value in line for value in list(rows[0].values())[:-1])
    assert line.endswith("+ a, b; - c")


def test_a_pipe_gets_all_rows_and_a_terminal_the_first(capsys, monkeypatch):
    rows = [{"n": n} for n in range(1, printing.ROWS_ON_SCREEN + 6)]
    terminal.print_rows(rows)
    assert str(len(rows)) in capsys.readouterr().out
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    terminal.print_rows(rows)
    assert "5 more rows" in screen.getvalue()


@pytest.mark.parametrize("no_color", [False, True])
def test_colours_only_on_a_terminal_without_no_color(no_color, monkeypatch, capsys):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    screen = Screen()
    terminal.print_table("t", ["a"], [["b"]], printing.make_console(screen))
    terminal.print_lines("x", console=printing.make_console(screen), style="bold red")
    assert ("\x1b[" in screen.getvalue()) == (not no_color)
    terminal.print_error("wrong")
    assert "\x1b" not in capsys.readouterr().err


def test_a_stream_that_cannot_write_a_letter_is_no_error(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    terminal.print_top([account("Søren")], 90)
    terminal.print_findings([{"what": "python", "ok": False, "seen": "2.7"}])
    sys.stdout.flush()
    text = raw.getvalue().decode("ascii")
    assert "S?ren" in text and "NO" in text


def test_errors_say_what_and_what_to_do_on_standard_error(capsys):
    path = "/a/" + "long/" * 40 + "file.csv"
    terminal.print_error(f"cannot read {path}\nline 3: [bad]", "land it again")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert lines_of(captured.err) == [
        f"error: cannot read {path}",
        "line 3: [bad]",
        "what to do: land it again",
    ]


def test_long_errors_wrap_on_a_terminal_but_not_within_a_command(monkeypatch):
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys, "argv", ["elsewhere/scoring"])
    terminal.print_error(
        "no scores " + "are stored " * 9 + "; `scoring query select 1` lists them\n    ^"
    )
    lines = lines_of(screen.getvalue())
    assert max(map(len, lines)) <= 60 and len(lines) > 2 and lines[-1] == "    ^"
    assert any("`elsewhere/scoring query select 1`" in line for line in lines)


@pytest.mark.parametrize(
    ("started", "home", "shown"),
    [
        (".venv/bin/scoring", None, ".venv/bin/scoring"),
        (".venv/bin/scoring", ".scoring", ".venv/bin/scoring"),
        ("/a b/bin/scoring", "/the home", "SCORING_HOME='/the home' '/a b/bin/scoring'"),
        ("on/path/scoring", "x", "SCORING_HOME=x scoring"),
    ],
)
def test_commands_are_printed_as_they_were_started(tmp_path, monkeypatch, started, home, shown):
    monkeypatch.chdir(tmp_path)
    on_path = tmp_path / "on" / "path" / "scoring"
    on_path.parent.mkdir(parents=True)
    on_path.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(on_path.parent))
    monkeypatch.setattr(sys, "argv", [started, "status"])
    if home:
        monkeypatch.setenv("SCORING_HOME", home)
    assert terminal.runnable("try `scoring status` again") == f"try `{shown} status` again"
    assert (
        terminal.runnable("the scoring model, bin/scoring top")
        == "the scoring model, bin/scoring top"
    )


def test_the_command_of_a_program_that_is_not_the_command_stands_beside_its_python(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["examples/crunchbase/run_example.py"])
    monkeypatch.setenv("PATH", "")
    monkeypatch.chdir(Path(sys.executable).parents[1])
    assert terminal.started_as() == "bin/scoring"


def test_progress_is_plain_lines_when_nobody_watches(capsys):
    with terminal.progress("training") as say:
        say("split 1 of 3")
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = lines_of(captured.err)
    assert lines[0] == "training …" and "split 1 of 3" in lines[1]
    assert lines[2].startswith("training: done in ")


def test_progress_says_when_it_failed_and_lets_the_error_through(capsys):
    with pytest.raises(KeyError), terminal.progress("training"):
        raise KeyError("x")
    assert "training: failed in " in capsys.readouterr().err


def test_progress_moves_on_a_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    with terminal.progress("training", screen) as say:
        say("split 1")
    assert "training: done in" in screen.getvalue()


def test_explanation_shows_factors_and_what_moved(capsys):
    factor = {
        "factor_rank": 1,
        "feature": "deals_won_count",
        "family": "relationship",
        "feature_value": "3",
        "contribution": -0.41234,
        "reason": "3 deals won",
    }
    since = {
        "as_of_date": date(2026, 1, 30),
        "score": 99.0,
        "change": -0.3,
        "is_same_model": False,
        "factors": [{"feature": "deals_won_count", "before": "2", "now": "3", "change": 0.1}],
    }
    terminal.print_explanation({"score": account(), "factors": [factor], "since": since}, 90)
    text = capsys.readouterr().out
    for part in ("3 deals won", "-0.412", "another scoring model", "+0.100", "98.8 of 100, rank 1"):
        assert part in text
    terminal.print_explanation({"score": account(), "factors": [], "since": None}, 90)
    assert "No earlier day" in capsys.readouterr().out


def scorecard_account(**changed):
    by_points = {"score_basis": "scorecard", "scoring_model_version": "scorecard-ab12cd34ef56"}
    by_points |= {"win_probability_90d": None, "fit_score": 61.2, "intent_score": None}
    return account(**by_points, reasons=["+ 3 deals won (20 points)"], **changed)


def test_a_scorecards_top_shows_no_chance_and_says_why(capsys):
    terminal.print_top([scorecard_account()], 90)
    text = capsys.readouterr().out
    assert "Scored by scorecard-ab12cd34ef56." in text and "–" in text and "%" not in text
    assert "not probabilities" in text and "scoring retrain" in text
    assert max(cell_len(line) for line in lines_of(text)) <= 100
    terminal.print_top([account()], 90)
    assert "not probabilities" not in capsys.readouterr().out


def test_a_scorecards_explanation_speaks_of_points_and_components(capsys):
    factor = {"feature": "deals", "family": "fit", "feature_value": "3", "reason": "3 deals won"}
    nothing = factor | {"contribution": 0.0, "reason": "no visits"}
    since = {"as_of_date": date(2026, 1, 30), "change": 2.0, "is_same_basis": True}
    since |= {"is_same_model": True, "factors": []}
    answer = {"score": scorecard_account(), "since": since}
    terminal.print_explanation(answer | {"factors": [factor | {"contribution": 20.0}, nothing]}, 90)
    text = capsys.readouterr().out
    for part in ("Points", "+20.0", "fit 61", "by the same scorecard", "not probabilities"):
        assert part in text
    assert "Log-odds" not in text and "no visits" not in text and "intent" not in text


def test_between_a_scorecard_and_a_model_no_change_is_said(capsys):
    since = {"as_of_date": date(2026, 1, 30), "change": None, "is_same_basis": False}
    since |= {"is_same_model": False, "factors": []}
    terminal.print_explanation({"score": account(), "factors": [], "since": since}, 90)
    assert "taken turns" in capsys.readouterr().out


def factor(reason, contribution, rank, value=None, family="relationship"):
    facts = {"feature": f"f{rank}", "family": family, "feature_value": value, "reason": reason}
    return facts | {"factor_rank": rank, "contribution": contribution}


def test_factors_with_the_same_words_are_one_and_tiny_ones_are_counted(capsys):
    none = "no funding round on record"
    factors = [
        factor("where every account starts", -0.1, 0, family="base"),
        factor("region: SF Bay", 0.3, 1, "SF Bay", "fit"),
        factor(none, -0.2, 2),
        factor(none, -0.3, 3),
        factor("too small", -0.0004, 4),
        factor("none at all", -0.0, 5),
    ]
    terminal.print_explanation({"score": account(), "factors": factors, "since": None}, 90)
    text = capsys.readouterr().out
    assert text.count(none) == 1 and f"{none} (2 factors)" in text and "-0.500" in text
    assert "0.000" not in text and "and 2 factors of less than 0.001" in text
    assert text.index("where every account") < text.index(none) < text.index("region: SF Bay")
    assert "doubles the odds" in text


def test_a_change_of_nothing_has_no_sign(capsys):
    since = {"as_of_date": date(2026, 1, 30), "score": 9.0, "change": -0.01, "is_same_model": True}
    since["factors"] = [{"feature": "x", "before": "1", "now": "2", "change": -0.0001}]
    terminal.print_explanation({"score": account(), "factors": [], "since": since}, 90)
    text = capsys.readouterr().out
    assert "score 0.0, by the same" in text and "and 1 change of less than 0.001" in text
    assert "-0.000" not in text


def evaluated(predictor, part, lead=None):
    row = {"predictor": predictor, "slice": part, "n": 8462, "positives": 1696, "auc": 0.715}
    row |= {"auc_low": 0.702, "auc_high": 0.728, "lift_top_decile": 2.27, "brier": 0.146}
    leads = {"model_lead_auc_low": lead, "model_lead_auc_high": lead}
    return row | {"ece": 0.019, "horizon_days": 365} | leads


def test_an_evaluation_sets_model_baselines_and_parts_side_by_side(capsys):
    rows = [evaluated("model", "all"), evaluated("logistic_regression", "all", 0.0102)]
    rows += [evaluated("model", "first year"), evaluated("rule", "first year", 0.1)]
    terminal.print_evaluation("What happened", rows)
    lines = lines_of(capsys.readouterr().out)
    (model,) = [line for line in lines if line.strip().startswith("model  ")]
    for part in ("8,462", "1,696", "0.715 0.702-0.728", "2.27", "0.146", "0.019"):
        assert part in model
    (regression,) = [line for line in lines if "logistic regression" in line]
    assert "+0.010 to +0.010" in regression
    assert any("model, first year" in line for line in lines)
    assert not any("rule" in line for line in lines) and max(map(len, lines)) <= 100


def trained(**changed):
    row = {"scoring_model_version": "3", "verdict": "promote", "why": "AUC 0.711 on later data"}
    row |= {"champion_from": date(2026, 1, 1), "train_rows": 38573, "train_positives": 5000}
    row |= {"first_as_of_date": date(2005, 10, 1), "last_as_of_date": date(2010, 4, 1)}
    row |= {"test_rows": 6852, "test_positives": 1232, "lift_top_decile": 2.21}
    auc = {"auc": 0.711, "auc_low": 0.697, "auc_high": 0.724}
    return row | auc | {"baselines": {"rule": auc | {"lift_top_decile": 1.87}}} | changed


def test_a_training_says_verdict_reason_days_rows_and_measures_in_plain_lines(capsys):
    terminal.print_training(trained())
    text = " ".join(capsys.readouterr().out.split())
    assert "Scoring model 3: promoted. AUC 0.711 on later data." in text
    assert "scores from 2026-01-01 on" in text and "38,573 rows (5,000 converted)" in text
    assert "from 2005-10-01 to 2010-04-01" in text
    assert "model 0.711 0.697-0.724 2.21" in text and "rule 0.711 0.697-0.724 1.87" in text
    terminal.print_training(trained(verdict="no_signal", champion_from=None, auc=None))
    text = capsys.readouterr().out
    assert "refused (no_signal)" in text and "It scores no day" in text and "Lift" not in text


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
    terminal.print_landing_day(day, published)
    said = capsys.readouterr()
    assert all(part in said.out for part in parts)
    assert ("warning: the last published day is 2011-04-01" in said.err) == warns
    assert ("--date 2011-04-02" in said.err) == warns


def test_status_before_and_after_the_first_publishing(capsys):
    bare = {"home": "h", "settings": "s", "published": None, "sizes_bytes": {"landing": 1234567}}
    terminal.print_status(bare)
    text = capsys.readouterr().out
    assert "nothing yet" in text and "landing 1 MB" in text
    published = {
        "as_of_date": date(2026, 1, 31),
        "accounts": 8430,
        "hot": 843,
        "scoring_model_version": "v1",
        "score_basis": "model",
        "scored_at": datetime(2026, 2, 1, 5),
    }
    days = {"stored": 2, "first": date(2026, 1, 30), "last": date(2026, 1, 31)}
    feed = {"vendor": "salesforce", "table_name": "account", "rows_landed": 3456, "files": 1}
    feed |= {"last_ds": date(2026, 1, 31), "last_known_at": None, "quarantined_rows": 7}
    feed |= {"days_since_last_arrival": 0}
    refused = {"source_file": "account.csv", "rows": 7, "reason": "amount '1.0.0' is not a number"}
    training = {"scoring_model_version": "1", "trained_as_of": date(2025, 12, 31)}
    training |= {"champion_from": None, "verdict": "refuse", "lift_top_decile": None}
    lists = {"feeds": [feed], "quarantined": [refused], "models": [training | {"why": "no signal"}]}
    terminal.print_status(bare | {"published": published, "days": days, **lists})
    text = capsys.readouterr().out
    for part in ("8,430 accounts, 843 hot", "salesforce account", "3,456", "'1.0.0'", "no signal"):
        assert part in text
    assert max(cell_len(line) for line in lines_of(text)) <= 100


def test_outcome_of_a_run_goes_to_both_streams(capsys):
    outcome = SimpleNamespace(
        job="daily_refresh",
        run_id="0123456789",
        ok=False,
        problems=("check on account_scores: scores differ",),
        metadata={"account": {"rows": 12}, "empty": {}},
        seconds=3.21,
    )
    terminal.print_outcome(outcome, {"as_of_date": date(2026, 1, 31)})
    captured = capsys.readouterr()
    assert "daily_refresh as_of_date 2026-01-31: not done in 3.2 s (run 01234567)" in captured.out
    assert "account  rows  12" in captured.out and "empty" not in captured.out
    assert captured.err == "error: check on account_scores: scores differ\n"


def test_sizes_of_tables_and_long_texts_are_left_to_the_pages(capsys):
    facts = {"seconds": 0.1, "dagster/row_count": 5}
    verdict = facts | {"verdict": "promote", "md": "| a |\n| b |", "calibration": '{"kept": "x"}'}
    outcome = SimpleNamespace(job="retrain", run_id="0" * 8, ok=True, problems=(), seconds=1.0)
    outcome.metadata = {"label_conversion": facts, "trained_models": verdict}
    terminal.print_outcome(outcome, {})
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
    terminal.print_arrivals(files, [row] * 12)
    text = capsys.readouterr().out
    assert "REFUSED: the file is empty (0 bytes)" in text and "ignored columns: Secret" in text
    assert text.count("ragged") == 10 and "12 refused rows in all" in text
    assert "1 of 2 files landed: 1,200 rows; 12 more went to quarantine" in text
    assert max(cell_len(line) for line in lines_of(text)) <= 100


def test_no_files_no_words(capsys):
    terminal.print_arrivals([], [])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("feature", "value", "shown"),
    [
        ("days_since_last_won", "302", "302 days"),
        ("won_amount_total_usd", "11000000", "11,000,000 USD"),
        ("founded_age_years", "1", "1 year"),
        ("won_overdue_ratio", "3.871794871794872", "3.872"),
        ("region_group", "SF Bay", "SF Bay"),
        ("base", None, "–"),
    ],
)
def test_feature_values_are_short_and_have_units(feature, value, shown):
    assert terminal.with_unit(feature, value) == shown


@pytest.mark.parametrize(
    ("asked", "domain"),
    [
        ("Acme.com", "acme.com"),
        (" www.acme.com ", "acme.com"),
        ("https://www.acme.com:80/x?y#z", "acme.com"),
        ("//acme.com/", "acme.com"),
        ("Acme Inc", None),
        ("", None),
    ],
)
def test_an_address_names_its_domain(asked, domain):
    assert answers.domain_in(asked) == domain


def test_the_folders_say_what_landed_was_refused_and_came_twice(tmp_path):
    home = Home(tmp_path)
    row = {"known_at": date(2026, 1, 2), "source_sha256": "ab", "source_file": "account.csv"}
    rows = [row | {"source_line": line} for line in (2, 3, 3)]
    table = home.landing / "salesforce" / "account"
    for day in (date(2026, 1, 1), date(2026, 1, 2)):
        folder = table / f"ds={day}"
        folder.mkdir(parents=True)
        pl.DataFrame([r | {"ds": day} for r in rows]).write_parquet(folder / "ab.parquet")
    folder = home.quarantine / "salesforce" / "account" / "ds=2026-01-02"
    folder.mkdir(parents=True)
    refused = {"vendor": "salesforce", "table_name": "account", "source_file": "it's.csv"}
    pl.DataFrame([refused | {"reason": "ragged"}] * 4).write_parquet(folder / "cd.parquet")
    answer = answers.status(home)
    assert answer["published"] is None and answer["rows_in_quarantine"] == 4
    (feed,) = answer["feeds"]
    assert (feed["files"], feed["rows_landed"], feed["quarantined_rows"]) == (1, 4, 4)
    assert feed["last_known_at"] == answers.last_known_day(home) == date(2026, 1, 2)
    (twice,) = answer["landed_twice"]
    assert twice["source_file"] == "account.csv" and len(twice["days"]) == 2
    (group,) = answer["quarantined"]
    assert (group["source_file"], group["rows"]) == ("it's.csv", 4)


def test_status_says_what_came_after_the_last_refresh(capsys):
    feed = {"vendor": "salesforce", "table_name": "account", "last_ds": None, "last_known_at": None}
    feed |= {"rows_landed": 12, "rows_at_last_refresh": 10, "files": 1, "quarantined_rows": 3}
    refused = {"source_file": "account.csv", "rows": 3, "reason": "ragged"}
    twice = {"vendor": "salesforce", "table_name": "account", "source_file": "account.csv"}
    twice["days"] = [date(2026, 1, 1), date(2026, 1, 2)]
    answer = {"published": None, "feeds": [feed], "quarantined": [refused], "landed_twice": [twice]}
    answer |= {"rows_in_quarantine": 3, "rows_in_quarantine_published": 1}
    terminal.print_status(answer)
    text = " ".join(capsys.readouterr().out.split())
    assert "not in the scores yet: 2 rows" in text
    assert "not in scores.quarantined_rows yet: 2 rows" in text
    assert "landed for several days" in text and "2026-01-01, 2026-01-02" in text
    assert 'scoring query "select * from scores.quarantined_rows"' in text


def test_an_interrupted_run_says_what_it_left():
    class Error(SimpleNamespace):
        cls_name, cause = "DagsterExecutionInterruptedError", None

    assert runs._is_interrupted(SimpleNamespace(cls_name="Wrapped", cause=Error()))
    assert not runs._is_interrupted(SimpleNamespace(cls_name="ValueError", cause=None))
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


def test_names_in_json_are_in_snake_case():
    files = {"files": [{"rows landed": 1, "is landed": True}], "assets": {"a": {"rows refused": 0}}}
    assert snake_case(files) == {
        "files": [{"rows_landed": 1, "is_landed": True}],
        "assets": {"a": {"rows_refused": 0}},
    }


def test_json_is_plain_and_complete():
    value = {
        "day": date(2026, 1, 31),
        "at": datetime(2026, 1, 31, 5, tzinfo=UTC),
        "nan": float("nan"),
        "infinite": [float("inf"), np.float64("nan"), Decimal("NaN")],
        "money": Decimal("12.50"),
        "count": Decimal("3"),
        "numpy": np.int64(4),
        "array": np.array([1.5, 2.0]),
        "not_a_time": pd.NaT,
        "took": timedelta(seconds=90),
        "path": Path("a") / "b",
        "set": {"b", "a"},
        "by_horizon": {30: 0.1, date(2026, 1, 1): True},
        "name": "Bär 株 \ud800",
        "nothing": None,
    }
    assert json.loads(terminal.to_json(value)) == {
        "day": "2026-01-31",
        "at": "2026-01-31T05:00:00+00:00",
        "nan": None,
        "infinite": [None, None, None],
        "money": 12.5,
        "count": 3,
        "numpy": 4,
        "array": [1.5, 2.0],
        "not_a_time": None,
        "took": 90.0,
        "path": "a/b",
        "set": ["a", "b"],
        "by_horizon": {"30": 0.1, "2026-01-01": True},
        "name": "Bär 株 ?",
        "nothing": None,
    }
    assert "株" in terminal.to_json(value)


def test_importing_it_loads_neither_rich_nor_the_pipeline():
    code = (
        "import sys, dagster_project.command.terminal;"
        "sys.exit(any(m in sys.modules for m in ('rich', 'dagster', 'duckdb', 'pandas')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
