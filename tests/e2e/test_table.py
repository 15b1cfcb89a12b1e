"""`scoring table` on files as people have them: delimiters, words for outcomes, Parquet, and mistakes.

Not here: what is learnt and refused (tests/behaviour/test_flat_table.py).
"""

from __future__ import annotations

import json
import math
import random

import polars as pl
import pytest

from tests.command_line import Scoring

KEYS = """n positives split auc auc_low auc_high pr_auc log_loss brier brier_base ece lift_top_decile leak_suspects warnings
verdict why""".split()


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    draw = random.Random(11)
    out = []
    for number in range(600):
        meetings = draw.randrange(6)
        won = draw.random() < 1 / (1 + math.exp(2 - 0.7 * meetings))
        out.append(
            {
                "id": f"001-{number:05}",
                "week": f"2026-{1 + number // 60:02}-01",
                "industry": draw.choice(["Retail, food", "Banking"]),
                "meetings": meetings,
                "invoice_total": draw.randrange(1, 999) if won else 0,
                "stage": "Closed Won" if won else "Open",
            }
        )
    return out


def written(rows: list[dict], file, delimiter: str = ","):
    lines = [delimiter.join(rows[0])]
    lines += [delimiter.join(f'"{value}"' for value in row.values()) for row in rows]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_an_export_with_semicolons_names_its_leak_and_without_it_may_be_used(rows, tmp_path):
    scoring = Scoring(tmp_path / "home")
    file = written(rows, tmp_path / "deals.csv", ";")
    asked = ["table", file, "--label", "stage", "--positive", "closed won", "--time", "week"]
    refused = scoring(*asked, "--json", tmp_path / "out.json", status=1)
    assert "leakage" in refused.out and "invoice_total" in refused.out
    report = json.loads((tmp_path / "out.json").read_text())
    assert set(KEYS) <= set(report)
    assert [suspect["column"] for suspect in report["leak_suspects"]] == ["invoice_total"]
    assert any(warning.startswith("id is left out") for warning in report["warnings"])
    used = scoring(*asked, "--drop", "invoice_total", "--json", "-")
    assert (used.json()["verdict"], used.json()["n"]) == ("promote", 600)
    assert not scoring.home.exists()


def test_parquet_is_read_like_csv(rows, tmp_path):
    scoring = Scoring(tmp_path / "home")
    frame = pl.DataFrame(rows).drop("invoice_total")
    frame = frame.with_columns(
        (pl.col("stage") == "Closed Won").alias("stage"), pl.col("week").str.to_date()
    )
    frame.write_parquet(tmp_path / "deals.parquet")
    file = written(frame.to_dicts(), tmp_path / "deals.csv")
    answers = [
        scoring("table", tmp_path / name, "--label", "stage", "--json", "-").json()
        for name in ("deals.parquet", file.name)
    ]
    assert answers[0] == answers[1] and answers[0]["verdict"] == "promote"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "0 bytes"),
        (b"a,stage\n1,2,3\n4,5\n", "as long as the header"),
        ("a;stage\nZ\u00fcrich;won\nx;lost\n".encode("latin-1"), "utf-8"),
        (b"a,stage\n1,red\n2,blue\n", "--positive"),
        (b"a,outcome\n1,won\n2,lost\n", "no column stage"),
    ],
)
def test_a_file_or_a_question_that_is_wrong_says_what_to_do(content, said, tmp_path):
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    wrong = Scoring(tmp_path / "home")("table", file, "--label", "stage", status=2)
    assert said in wrong.err


def test_a_file_that_is_not_there_is_named(tmp_path):
    wrong = Scoring(tmp_path / "home")("table", tmp_path / "gone.csv", "--label", "stage", status=2)
    assert "gone.csv: no such file" in wrong.err


def test_an_answer_does_not_take_the_place_of_the_data_and_one_that_cannot_be_written_is_named(
    rows, tmp_path
):
    scoring = Scoring(tmp_path / "home")
    file = written(rows[:50], tmp_path / "deals.csv")
    before = file.read_bytes()
    (tmp_path / "link.json").symlink_to(file)
    for out in (file, tmp_path / "link.json"):
        wrong = scoring("table", file, "--label", "stage", "--json", out, status=2)
        assert "would be overwritten" in wrong.err and file.read_bytes() == before
    asked = ["table", file, "--label", "stage", "--positive", "closed won"]
    wrong = scoring(*asked, "--json", "/proc/x.json", status=2)
    assert "/proc/x.json cannot be written" in wrong.err and "Traceback" not in wrong.err


def test_how_a_file_was_read_is_among_the_warnings(rows, tmp_path):
    scoring = Scoring(tmp_path / "home")
    file = written(rows, tmp_path / "deals.csv")
    file.write_text("Report of 2026\n" + file.read_text())
    report = scoring(
        "table", file, "--label", "stage", "--positive", "closed won", "--json", "-", status=None
    ).json()
    assert report["n"] == 600 and "1 line before the header is not read" in report["warnings"][0]
