"""What people and programs see: text is literal, tables fit, JSON is plain.

Belongs here: printing.py, terminal.py, json_text.py. Not here: the command (its own tests).
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from rich.cells import cell_len

from dagster_project.command import printing, terminal


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


def test_rows_are_a_table_if_they_fit_and_blocks_if_not(capsys):
    terminal.print_rows([{"band": "hot", "n": 3}, {"band": "cold", "n": 40}])
    narrow = capsys.readouterr().out
    assert len([line for line in lines_of(narrow) if "hot" in line and "3" in line]) == 1
    terminal.print_rows([{f"column_{i}": "x" * 20 for i in range(12)}])
    wide = capsys.readouterr().out
    assert all(f"column_{i} " in wide for i in range(12))
    assert max(cell_len(line) for line in lines_of(wide)) <= 100


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
        ("won_overdue_ratio", "3.871794871794872", "3.872"),
        ("region_group", "SF Bay", "SF Bay"),
        ("base", None, "–"),
    ],
)
def test_feature_values_are_short_and_have_units(feature, value, shown):
    assert terminal.with_unit(feature, value) == shown


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
