"""What the command finds in the home: domains that people mean, what landed and was refused; and answers as JSON.

Belongs here: answers.py, landed.py, home_status.py, json_text.py. Not here: what is shown of it (test_terminal_answers.py),
questions to published scores (e2e).
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from dagster_project.command.answers import domain_in
from dagster_project.command.home_status import home_status
from dagster_project.command.json_text import snake_case, to_json
from dagster_project.command.landed import last_known_day
from dagster_project.home import Home


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
    assert domain_in(asked) == domain


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
    dates = [
        refused | {"reason": f"'{n}.1.2026' is no date", "source_line": n, "column_name": "day"}
        for n in range(1, 4)
    ]
    whole = refused | {"reason": "no text", "source_line": None, "column_name": None}
    pl.DataFrame([*dates, whole]).write_parquet(folder / "cd.parquet")
    answer = home_status(home)
    assert answer["published"] is None and answer["rows_in_quarantine"] == 4
    (feed,) = answer["feeds"]
    assert (feed["files"], feed["rows_landed"], feed["quarantined_rows"]) == (1, 4, 4)
    assert feed["last_known_at"] == last_known_day(home) == date(2026, 1, 2)
    (twice,) = answer["landed_twice"]
    assert twice["source_file"] == "account.csv" and len(twice["days"]) == 2
    # One kind of reason, whatever it quotes; a file that was refused whole stands first.
    assert [(g["source_file"], g["rows"], g["reason"]) for g in answer["quarantined"]] == [
        ("it's.csv", 1, "no text"),
        ("it's.csv", 3, "'1.1.2026' is no date"),
    ]


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
    assert json.loads(to_json(value)) == {
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
    assert "株" in to_json(value)


@pytest.mark.parametrize(
    ("module", "not_loaded"),
    [
        ("cli", "rich dagster dbt great_expectations mlflow xgboost pandas"),
        ("command.terminal.scores", "rich dagster duckdb pandas"),
        ("command.terminal.run_report", "rich dagster duckdb pandas"),
    ],
)
def test_the_command_starts_without_the_libraries_of_the_pipeline(module, not_loaded):
    code = f"import sys, dagster_project.{module}; print(*set(sys.modules) & set({not_loaded.split()}))"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout == "\n"
