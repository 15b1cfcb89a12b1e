"""How anything reaches a terminal or a pipe: text is literal, tables fit, messages can be copied.

Belongs here: terminal/text.py, console.py, tables.py, messages.py. Not here: which answer is shown (test_terminal_answers.py).
"""

from __future__ import annotations

import io
import sys
from datetime import datetime
from pathlib import Path

import pytest
from rich.cells import cell_len

from dagster_project.command.terminal.console import make_console, print_lines
from dagster_project.command.terminal.messages import print_error, runnable, started_as
from dagster_project.command.terminal.tables import ROWS_ON_SCREEN, print_rows, print_table
from dagster_project.command.terminal.text import literal, shorten

pytestmark = pytest.mark.usefixtures("plain_environment")


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


def test_a_long_name_ends_in_an_ellipsis():
    assert shorten("abcdefgh", 5) == "abcd…"
    assert shorten("株式会社", 5) == "株式…"
    assert shorten("abcde", 5) == "abcde"


def test_escape_sequences_and_direction_switches_do_not_reach_the_terminal():
    shown = literal("A\x1b[31mB\x1b]0;title\x07C\x07\u202eD\r\nE")
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
    assert literal(value) == shown


def test_rows_are_a_table_if_they_fit_and_blocks_if_not(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    print_rows([{"band": "hot", "n": 3}, {"band": "cold", "n": 40}])
    narrow = capsys.readouterr().out
    assert len([line for line in narrow.splitlines() if "hot" in line and "3" in line]) == 1
    print_rows([{f"column_{i}": "x" * 20 for i in range(12)}])
    wide = capsys.readouterr().out
    assert all(f"column_{i} " in wide for i in range(12))
    assert max(cell_len(line) for line in wide.splitlines()) <= 100


@pytest.mark.parametrize("width", [60, 100, 160])
def test_long_texts_and_lists_of_a_query_are_wrapped_and_never_cut(width, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    words = [f"word{n}" for n in range(60)]
    reasons = [f"+ reason {n} with, a comma and some more words" for n in range(6)]
    print_rows([{"name": "Acme", "reasons": reasons, "comment": " ".join(words)}])
    text = capsys.readouterr().out
    assert "row 1" not in text or width == 60
    assert all(word in text for word in words) and "…" not in text
    assert text.count("reason ") == 6 and max(map(cell_len, text.splitlines())) <= width


def test_a_pipe_without_a_width_gets_one_whole_line_a_row(capsys):
    rows = [{f"column_{i}": f"{i} " + "x" * 90 for i in range(12)} | {"list": ["+ a, b", "- c"]}]
    print_rows(rows)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "xxx" in line]
    assert all(value in line for value in list(rows[0].values())[:-1])
    assert line.endswith("+ a, b; - c")


def test_a_pipe_gets_all_rows_and_a_terminal_the_first(capsys, monkeypatch):
    rows = [{"n": n} for n in range(1, ROWS_ON_SCREEN + 6)]
    print_rows(rows)
    assert str(len(rows)) in capsys.readouterr().out
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    print_rows(rows)
    assert "5 more rows" in screen.getvalue()


@pytest.mark.parametrize("no_color", [False, True])
def test_colours_only_on_a_terminal_without_no_color(no_color, monkeypatch, capsys):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    screen = Screen()
    print_table("t", ["a"], [["b"]], make_console(screen))
    print_lines("x", console=make_console(screen), style="bold red")
    assert ("\x1b[" in screen.getvalue()) == (not no_color)
    print_error("wrong")
    assert "\x1b" not in capsys.readouterr().err


def test_errors_say_what_and_where_on_standard_error(capsys):
    path = "/a/" + "long/" * 40 + "file.csv"
    print_error(f"cannot read {path}\nline 3: [bad]")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [f"error: cannot read {path}", "line 3: [bad]"]


def test_long_errors_wrap_on_a_terminal_but_not_within_a_command(monkeypatch):
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys, "argv", ["elsewhere/scoring"])
    print_error("no scores " + "are stored " * 9 + "; `scoring query select 1` lists them\n    ^")
    lines = screen.getvalue().splitlines()
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
    assert runnable("try `scoring status` again") == f"try `{shown} status` again"
    assert runnable("the scoring model, bin/scoring top") == "the scoring model, bin/scoring top"


def test_the_command_of_a_program_that_is_not_the_command_stands_beside_its_python(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["examples/crunchbase/run_example.py"])
    monkeypatch.setenv("PATH", "")
    monkeypatch.chdir(Path(sys.executable).parents[1])
    assert started_as() == "bin/scoring"
