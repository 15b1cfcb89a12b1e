"""Files as people export them: each is read whole, or the row and what to do are said.

Not here: the command (tests/e2e/test_table.py), what columns mean (test_table_roles.py).
"""

import csv
import gzip

import duckdb
import polars as pl
import pytest

from dagster_project.flat_file import FlatFileError, read_flat_file

ROWS = [f"{n / 8},{n % 50},{n % 2}" for n in range(300)]


def written(folder, lines, name="t.csv", end="\n"):
    file = folder / name
    file.write_bytes((end.join(lines) + end).encode())
    return file


@pytest.mark.parametrize("word", ["#N/A", "#DIV/0!", "#SPILL!", "#1001", "#"])
@pytest.mark.parametrize("every", [1, 2, 300])
def test_a_row_that_begins_with_a_hash_is_a_row(word, every, tmp_path):
    rows = [f"{word if n % every == 0 else n},{n},{n % 2}" for n in range(300)]
    frame, _ = read_flat_file(written(tmp_path, ["x,u,y", *rows]))
    assert frame["u"].to_list() == list(range(300))


@pytest.mark.parametrize("word", ["#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!"])  # fmt: skip
def test_errors_of_spreadsheets_are_missing_values(word, tmp_path):
    frame, _ = read_flat_file(written(tmp_path, ["x,u,y", f"{word},0.5,1", *ROWS]))
    assert frame["x"].dtype == pl.Float64 and frame["x"].null_count() == 1


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([*ROWS[:250], "1,2,3,4", *ROWS], ["data row 251 (line 252) has 4 cells", "'4' stands beyond", "column, y"]),
        ([*ROWS[:250], "1,2", *ROWS], ["data row 251 (line 252) has 2 cells", "nothing for the column y"]),
        ([*ROWS, "1,2"], ["data row 301 (line 302)"]),
        ([*ROWS, "1,2,0,9"], ["data row 301 (line 302)"]),
        ([*ROWS, "", "Copyright", "Confidential"], ["data row 301 (line 303) has 1 cell", "'Copyright'", "1 more after it"]),
        ([*ROWS, '"Total: 300 rows"'], ["data row 301", "'Total: 300 rows'", "footers"]),
    ],
)  # fmt: skip
def test_a_row_of_another_length_is_named(lines, said, tmp_path):
    file = written(tmp_path, ["a,b,y", *lines])
    with pytest.raises(FlatFileError) as refused:
        read_flat_file(file)
    assert all(words in str(refused.value) for words in [str(file), *said])


def test_lines_that_end_differently_are_read(tmp_path):
    lines = [line + ("\r" if n % 2 else "") for n, line in enumerate(["a,b,y", *ROWS])]
    frame, notes = read_flat_file(written(tmp_path, lines))
    assert frame.height == 300 and frame["b"].dtype == pl.Int64 and not notes


@pytest.mark.parametrize(
    ("before", "notes"),
    [
        (["Report of 2024", ""], ["2 lines before the header are not read, the first 'Report of 2024'"]),
        (["# exported"], ["1 line before the header is not read, the first '# exported'"]),
        (["sep=,"], []),
        ([], []),
    ],
)  # fmt: skip
def test_lines_before_the_header_are_left_out_with_a_word(before, notes, tmp_path):
    frame, said = read_flat_file(written(tmp_path, [*before, "a,b,y", *ROWS]))
    assert (frame.columns, frame.height, said) == (["a", "b", "y"], 300, notes)


def test_quoted_lines_and_delimiters_do_not_change_the_count(tmp_path):
    rows = [f'{n};"one, ""x""\nline; two {n % 5}";{n % 2}' for n in range(300)]
    frame, notes = read_flat_file(written(tmp_path, ["a;note;y", *rows]))
    assert frame.height == 300 and not notes
    trailing, _ = read_flat_file(written(tmp_path, ["a,b,y", *(row + "," for row in ROWS)]))
    assert trailing.shape == (300, 3)


def test_thousands_with_dots_keep_their_text(tmp_path):
    rows = [f"{f'{300 + 37 * n:,}'.replace(',', '.')};{n % 2}" for n in range(300)]
    frame, _ = read_flat_file(written(tmp_path, ["amount;y", *rows]))
    assert frame["amount"][:2].to_list() == ["300", "337"] and frame["amount"][100] == "4.000"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv", gzip.compress(b"a,y\n1,0\n", mtime=0), "end in .gz"),
        ("t.csv.gz", b"a,y\n1,0\n", "without .gz"),
        ("t.xlsx", b"PK\x03\x04" + bytes(99), "Excel"),
        ("t.csv", "a,y\n1,0\n".encode("utf-16"), "UTF-16"),
        ("t.parquet", b"a,y\n1,0\n", "CSV"),
        ("t.csv", b"PAR1" + bytes(99), "end in .parquet"),
        ("t.csv.gz", gzip.compress(b"a,y\n1,0\n" * 99, mtime=0)[:-9], "cannot be read as a table"),
    ],
)
def test_a_file_that_is_no_table_is_named_for_what_it_is(name, content, said, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FlatFileError, match=said):
        read_flat_file(tmp_path / name)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(FlatFileError, match="is a folder"):
        read_flat_file(tmp_path)


def test_a_column_of_parquet_that_cannot_be_held_is_left_out_with_a_word(tmp_path):
    file = tmp_path / "t.parquet"
    duckdb.sql("select range a, interval (range) day q, range % 2 y from range(50)").write_parquet(
        str(file)
    )
    frame, notes = read_flat_file(file)
    assert frame.columns == ["a", "y"] and notes == [
        "q is not learnt from: values of type INTERVAL"
    ]
    duckdb.sql("select range a, range % 2 y from range(50)").write_parquet(str(file))
    assert read_flat_file(file)[1] == []


def test_a_long_cell_is_read_and_the_limit_of_other_readers_stays(tmp_path):
    limit, path = csv.field_size_limit(), tmp_path / "long.csv"
    path.write_text("a,y\n" + "x" * (limit + 1) + ",1\nb,0\n")
    frame, _ = read_flat_file(path)
    assert frame.height == 2 and len(frame["a"][0]) == limit + 1
    assert csv.field_size_limit() == limit
