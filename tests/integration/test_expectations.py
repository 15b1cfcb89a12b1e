"""The runner, the store and the pages: what is kept, what is shown, what never is.

Belongs here: Great Expectations with real files. Not here: what the suites say
(tests/unit/test_expectation_suites.py).
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
from datetime import date, datetime

import pandas as pd
import polars as pl
import pytest

from expectations import store as stored
from expectations.runner import build_data_docs, validate
from expectations.vocabulary import critical, suite, warning


def people_suite():
    return suite(
        "people",
        "A small suite.",
        [
            critical("ColumnValuesToBeUnique", "id_once", "Ids are unique.", "Look.", column="id"),
            warning(
                "ColumnValuesToMatchRegex",
                "email_shape",
                "Mail addresses hold an at sign.",
                "Look.",
                column="work_email",
                regex="@",
            ),
            critical(
                "ColumnValuesToBeBetween",
                "size_not_negative",
                "Sizes are not negative.",
                "Look.",
                column="size",
                min_value=0,
            ),
            warning(
                "ColumnMaxToBeBetween", "top", "At most 10.", "Look.", column="size", max_value=10
            ),
        ],
    )


def people(**changed):
    good = {"id": ["a", "b", "c"], "work_email": ["x@y"] * 3, "size": [1, 2, 3]}
    return pl.DataFrame(good | changed)


def run(frame, folder, *, partition="2026-01-31", name="people", **more):
    more.setdefault("run_id", "run-1")
    return validate(frame, people_suite(), name=name, partition=partition, store_dir=folder, **more)


def everything_written(folder):
    return "\n".join(
        path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*")) if path.is_file()
    )


def test_pandas_and_polars_frames_give_the_same_report(tmp_path):
    frame = people(id=["a", "a", None], size=[-5, 2, 11])
    mine, theirs = run(frame, tmp_path), run(frame.to_pandas(), tmp_path)
    assert mine == theirs
    assert [finding.expectation for finding in mine.failed_critical] == [
        "id_once",
        "size_not_negative",
    ]
    negative = mine.failed_critical[1]
    assert (negative.unexpected_count, negative.examples) == (1, ("-5",))
    assert mine.warnings[0].observed == "11"
    assert "FAILED" in mine.text() and "What to do" in mine.text()
    assert json.loads(json.dumps(mine.to_dict()))["success"] is False


def test_the_frame_given_is_left_as_it_was(tmp_path):
    frame = pd.DataFrame({"id": ["a"], "work_email": ["@"], "size": [1], "day": [date(2026, 1, 1)]})
    before = frame.copy(deep=True)
    run(frame, tmp_path)
    pd.testing.assert_frame_equal(frame, before)


def test_values_that_name_people_are_neither_reported_nor_stored(tmp_path):
    report = run(people(work_email=["jane.doe.example", "x@y", "x@y"]), tmp_path)
    build_data_docs(tmp_path)
    assert report.warnings[0].unexpected_count == 1
    assert report.warnings[0].examples == ()
    assert "jane.doe" not in report.text()
    assert "jane.doe" not in everything_written(tmp_path)


def test_an_expectation_may_hide_any_column(tmp_path):
    hidden = critical(
        "ColumnValuesToBeInSet",
        "code",
        "Codes are x.",
        "Look.",
        show_values=False,
        column="code",
        value_set=["x"],
    )
    frame = pl.DataFrame({"code": ["secret-17"]})
    report = validate(
        frame, suite("s", "p", [hidden]), name="n", run_id="r", partition="p", store_dir=tmp_path
    )
    assert report.failed_critical[0].unexpected_count == 1
    assert "secret-17" not in report.text() + everything_written(tmp_path)


def test_a_missing_column_is_a_finding_and_no_traceback(tmp_path):
    report = run(people().drop("size"), tmp_path)
    assert report.failed_critical[0].observed == "column size is missing"
    text = everything_written(tmp_path)
    assert "Traceback" not in text and "site-packages" not in text


def test_values_that_cannot_be_compared_are_a_finding(tmp_path):
    report = run(people().with_columns(pl.lit("many").alias("size")), tmp_path)
    assert "size_not_negative" in [finding.expectation for finding in report.failed_critical]


def test_a_large_frame_is_sampled_but_uniqueness_sees_every_row(tmp_path):
    rows = 1000
    ids = [f"a{row}" for row in range(rows - 1)] + ["a0"]
    frame = pl.DataFrame({"id": ids, "work_email": ["@"] * rows, "size": [1] * (rows - 1) + [99]})
    report = run(frame, tmp_path, max_rows=50, seed=3)
    assert (report.rows, report.rows_checked, report.sampled) == (rows, 50, True)
    assert report.failed_critical[0].unexpected_count == 2
    assert report.warnings[0].observed == "99"
    assert "sample of 50" in report.text()
    assert report == run(frame, tmp_path, max_rows=50, seed=3)


def test_the_same_run_writes_the_same_bytes_and_a_repeat_replaces_them(tmp_path):
    first, second = tmp_path / "one", tmp_path / "two"
    for folder in (first, second, second):
        report = run(people(size=[-1, 2, 3]), folder)
    files = [path for path in second.rglob("*") if path.is_file()]
    assert [path.relative_to(second).as_posix() for path in files] == [report.result_file]
    assert files[0].read_bytes() == (first / report.result_file).read_bytes()


def test_only_the_newest_partitions_are_kept_and_the_one_just_written(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "KEEP_PARTITIONS", 2)
    for day in ("2026-01-01", "2026-01-02", "2026-01-03", "2025-12-01"):
        run(people(), tmp_path, partition=day)
    kept = sorted(path.name for path in (tmp_path / "results" / "people").iterdir())
    assert kept == ["2025-12-01", "2026-01-02", "2026-01-03"]


def test_nothing_is_written_outside_the_store_and_no_connection_is_opened(tmp_path, monkeypatch):
    home, cwd, store = tmp_path / "home", tmp_path / "cwd", tmp_path / "store"
    home.mkdir()
    cwd.mkdir()
    monkeypatch.chdir(cwd)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(socket.socket, "connect", _no_network)
    run(people(), store)
    build_data_docs(store)
    assert list(home.iterdir()) == [] and list(cwd.iterdir()) == []
    assert str(tmp_path) not in everything_written(store)


def _no_network(*arguments: object) -> None:
    raise AssertionError(f"a connection was opened: {arguments[1:]}")


def test_pages_show_the_stored_results_and_call_no_other_server(tmp_path):
    run(people(size=[-1, 2, 3]), tmp_path, partition="2026-01-30")
    run(people(), tmp_path, partition="2026-01-31")
    index = build_data_docs(tmp_path)
    html = index.read_text(encoding="utf-8")
    assert html.index("2026-01-31") < html.index("2026-01-30")
    assert "Sizes are not negative." in html and "passed" in html
    links = re.findall(r'href="(validations/[^"]+)"', html)
    assert len(links) == 2
    for link in links:
        page = (index.parent / link).read_text(encoding="utf-8")
        assert "Blocks: Ids are unique." in page
        assert not re.search(r"<script|<link|<img|src=|https?://", page)
        back = re.search(r'href="((?:\.\./)+index.html)"', page).group(1)
        assert (index.parent / link).parent.joinpath(back).resolve() == index.resolve()


def test_text_from_the_data_cannot_inject_into_the_pages(tmp_path):
    run(people(id=["<b>x</b>", "<b>x</b>", "c"]), tmp_path, partition="<i>p")
    build_data_docs(tmp_path)
    pages = "".join(p.read_text() for p in (tmp_path / "data_docs").rglob("*.html"))
    assert "<b>x</b>" not in pages and "<i>p" not in pages


def test_a_moved_store_and_a_damaged_file_still_give_pages(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    report = run(people(), old)
    run(people(), old, partition="2026-02-01")
    build_data_docs(old)
    shutil.move(old, new)
    (new / report.result_file).write_text('{"cut off')
    html = build_data_docs(new).read_text()
    assert "2026-02-01" in html and "2026-01-31" not in html
    run(people(), new, partition="2026-02-02")
    assert "2026-02-02" in build_data_docs(new).read_text()


def test_pages_without_any_result_say_so(tmp_path):
    assert "No check has been run" in build_data_docs(tmp_path / "fresh").read_text()


def test_names_with_slashes_and_dots_stay_inside_the_store(tmp_path):
    report = run(people(), tmp_path / "store", partition="../../up", name="a/b.c")
    assert (tmp_path / "store" / report.result_file).is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    build_data_docs(tmp_path / "store")


def test_lists_are_counted_and_zoned_times_read_as_utc(tmp_path):
    frame = pl.DataFrame(
        {
            "tags": [["a"], [], None],
            "at": pl.Series([datetime(2026, 1, 1, 12)] * 3).dt.replace_time_zone("Europe/Berlin"),
        }
    )
    checks = [
        critical(
            "ColumnValuesToBeBetween", "tags", "Tags.", "Look.", column="tags__size", min_value=1
        ),
        critical(
            "ColumnMaxToBeBetween",
            "at",
            "Before noon.",
            "Look.",
            column="at",
            max_value=datetime(2026, 1, 1, 11),
        ),
    ]
    report = validate(
        frame, suite("s", "p", checks), name="n", run_id="r", partition="p", store_dir=tmp_path
    )
    assert [finding.unexpected_count for finding in report.findings] == [2]


@pytest.mark.parametrize("module", ["runner", "suites.crm", "data_docs"])
def test_great_expectations_is_not_imported_before_it_is_needed(module):
    code = f"import sys, expectations.{module}; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
