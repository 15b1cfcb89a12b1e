"""Each kind of damage is seen, says where and what to do, and costs no more than it must."""

import gzip
import io
import random
from datetime import timedelta

import polars as pl
import pytest

from dagster_project.feeds.contract import BadFile
from dagster_project.feeds.salesforce import ACCOUNT, OPPORTUNITY
from tests.factories import read_table

HEAD = (
    b"Id,Name,Industry,AnnualRevenue,NumberOfEmployees,Founded_Date__c,IsDeleted,SystemModstamp\n"
)
GOOD_1 = b"001A,Acme,health,1.5,10,2001-02-03,false,2011-01-01T00:00:00Z\n"
GOOD_2 = b'001B,"Bolt, Inc.",web,,,,,2011-01-02T00:00:00.000+0000\n'


def refused(data: bytes, name: str = "account.csv", table=ACCOUNT) -> str:
    with pytest.raises(BadFile) as caught:
        read_table(data, table, name)
    return caught.value.reason


def one_bad(row: bytes):
    """Read the row between two good ones: the good ones land, the row's damage is returned."""
    read = read_table(HEAD + GOOD_1 + row + GOOD_2, ACCOUNT)
    assert read.good["id"].to_list() == ["001A", "001B"]
    assert len(read.bad) == 1
    return read.bad[0]


def test_good_rows_are_silent():
    read = read_table(HEAD + GOOD_1 + GOOD_2, ACCOUNT)
    assert read.bad == [] and read.good.height == 2
    assert read.good["source_line"].to_list() == [2, 3]
    assert read.good["name"].to_list() == ["Acme", "Bolt, Inc."]


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        (b"001C,x,y,12x,,,,\n", "annual_revenue", "annual_revenue '12x' is not a number"),
        (b'001C,x,y,"1,200",,,,\n', "annual_revenue", "no thousands separator"),
        (b"001C,x,y,inf,,,,\n", "annual_revenue", "'inf' is not a number"),
        (
            b"001C,x,y,Jane Doe,,,,\n",
            "annual_revenue",
            "annual_revenue (a text of 8 characters) is not a number",
        ),
        (b"001C,x,y,1@x,,,,\n", "annual_revenue", "(a text of 3 characters) is not a number"),
        (b"001C,x,y,nan,,,,\n", "annual_revenue", "'nan' is not a number"),
        (b"001C,x,y,1e17,,,,\n", "annual_revenue", "too large (limit 1e+16)"),
        (b"001C,x,y,,2.5,,,\n", "number_of_employees", "'2.5' is not a whole number"),
        (b"001C,x,y,,,13/45/2011,,\n", "founded_date", "is not a date; write it as 2011-03-31"),
        (b"001C,x,y,,,2011-02-30,,\n", "founded_date", "'2011-02-30' is not a date"),
        (b"001C,x,y,,,0019-04-04,,\n", "founded_date", "the year is outside 1600-2261"),
        (b"001C,x,y,,,9999-12-31,,\n", "founded_date", "the year is outside 1600-2261"),
        (b"001C,x,y,,,,perhaps,\n", "is_deleted", "neither true nor false"),
        (b"001C,x,y,,,,,soon\n", "system_modstamp", "write it as 2011-03-31T18:36:06Z"),
        (b",x,y,,,,,\n", "id", "id is empty"),
        (b"001C,x,y\n", None, "the row has 3 values, the header 8 columns"),
        (b"001C,x,y,,,,,,,\n", None, "the row has 10 values, the header 8 columns"),
        (b"001C,caf\xe9,y,,,,,\n", None, "bytes that are not UTF-8 text (byte 0xe9)"),
        (b"001C,x\x00,y,,,,,\n", None, "NUL bytes in the row"),
        (b'001C,"x,y,,,,,\n', None, "a quote that opens in this row is never closed"),
        (b'001C,"x" y,z,,,,,\n', None, "a quote stands inside a quoted value"),
        (GOOD_1, "id", "the same id and change stamp as line 2"),
    ],
)
def test_a_damaged_row_costs_that_row_only(row, column, words):
    bad = one_bad(row)
    assert (bad.line, bad.column) == (3, column)
    assert words in bad.reason
    assert bad.raw is not None and bad.raw[:3] == row.decode("latin-1")[:3]


def test_all_damage_of_a_row_is_told_at_once():
    bad = one_bad(b"001C,x,y,12x,many,,,\n")
    assert bad.column == "number_of_employees"
    assert "annual_revenue '12x'" in bad.reason and "number_of_employees" in bad.reason


@pytest.mark.parametrize(
    "value",
    [
        "李明",
        "김",
        "Ann",
        "+1 415 555 0100",
        "415-555-0100",
        "415 555 0100",
        "415.555.0100",
        "123-45-6789",
    ]
    + ["4111111111111111", "١٢٣x", "1 Ann", "12 Main St", "-Jo", "Jo", "many"],
)
def test_a_reason_never_shows_what_may_be_a_person(value):
    reason = one_bad(f'001C,x,y,,,"{value}",,\n'.encode()).reason
    assert value not in reason
    assert f"founded_date (a text of {len(value)} characters) is not a date" in reason


@pytest.mark.parametrize(
    "value",
    [
        "12x",
        "1,200",
        "1.234.567,89",
        "--1",
        "1e999",
        "-5%",
        ".5kg",
        "20181219",
        "13/45/2011",
        "2018-12",
    ]
    + ["2018-12-19T25:00:00Z", "19.12.2018 8:15", "nan", "-Infinity", "NULL", "n/a", "#REF!", "?"],
)
def test_a_reason_shows_a_slip_in_a_number_or_date(value):
    assert (
        f"founded_date '{value}' is not a date"
        in one_bad(f'001C,x,y,,,"{value}",,\n'.encode()).reason
    )


def test_a_long_bad_value_is_shown_short():
    assert len(one_bad(b"001C,x,y," + b"9" * 5000 + b"z,,,,\n").reason) < 250


def test_duplicates_are_found_across_chunks():
    rows = b"".join(b"001%d,x,y,,,,,2011-01-01T00:00:00Z\n" % (i % 7) for i in range(10))
    read = read_table(HEAD + rows, ACCOUNT, chunk_rows=3)
    assert read.good["id"].to_list() == [f"001{i}" for i in range(7)]
    assert [b.line for b in read.bad] == [9, 10, 11]
    assert "as line 2" in read.bad[0].reason and "as line 4" in read.bad[2].reason


def test_versions_of_a_record_are_no_duplicates():
    later = GOOD_1.replace(b"2011-01-01", b"2011-05-01")
    assert read_table(HEAD + GOOD_1 + later, ACCOUNT).good.height == 2


def test_blank_lines_are_skipped_and_line_numbers_stay_exact():
    read = read_table(b"\r\n" + HEAD + b"\n  \n" + GOOD_1 + b"\n" + b"001C,1\n", ACCOUNT)
    assert read.good["source_line"].to_list() == [5]
    assert [b.line for b in read.bad] == [7]


def test_a_value_may_run_over_lines_and_lines_are_still_counted():
    row = b'001C,"Two\r\nlines, ""quoted""",y,,,,,\n'
    read = read_table(HEAD + row + GOOD_1, ACCOUNT)
    assert read.good["name"][0] == 'Two\r\nlines, "quoted"'
    assert read.good["source_line"].to_list() == [2, 4]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_all_line_ends_are_understood(end):
    data = (HEAD + GOOD_1 + GOOD_2).replace(b"\n", end)
    assert read_table(data, ACCOUNT).good["source_line"].to_list() == [2, 3]


def test_a_stray_quote_does_not_swallow_rows_with_quotes_after_it():
    rows = [b'001%d,"N, %d",y,,,,,\n' % (i, i) for i in range(50)]
    rows[10] = b'00110,"N 10,y,,,,,\n'
    read = read_table(HEAD + b"".join(rows), ACCOUNT)
    assert [b.line for b in read.bad] == [12]
    assert read.good.height == 49


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty (0 bytes)"),
        (b"\n\n", "only blank lines"),
        (HEAD.replace(b",", b";"), "separated by semicolons (;)"),
        (HEAD.replace(b",", b"\t") + b"1\t2", "separated by tabs"),
        (HEAD.replace(b",", b"|"), "separated by bars (|)"),
        (b"Name,Industry\nx,y\n", "required column id of salesforce account missing"),
        (b"Id,Name,ID\n1,2,3\n", "names column 'Id' 2 times (columns 1 and 3)"),
        ((HEAD + GOOD_1).decode().encode("utf-16"), "UTF-16 or binary"),
        ((HEAD + GOOD_1).decode().encode("utf-16-le"), "UTF-16 or binary"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a PNG image"),
        (b"PK\x03\x04" + bytes(100), "a zip archive or an Excel workbook"),
        (bytes(range(1, 256)) * 4, "binary, not text"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b'[{"Id": "1"}]', "one JSON array"),
        (b"Id,Nam\xe9\n1,2\n", "the header (line 1) cannot be read"),
        (HEAD + b"001,\xe9,,,,,,\n002,\xe8,,,,,,\n", "no row can be read"),
        (b"Id,Name\n" + b"x" * (5 << 20), "line 2 is longer than 4 MB"),
        (
            gzip.compress(HEAD + GOOD_1 * 500, mtime=0)[:-40],
            "ends too early, probably a cut-off transfer",
        ),
        (b"\x1f\x8b" + b"no gzip at all" * 9, "the gzip data is damaged"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_advice(data, words):
    assert words in refused(data)


def test_several_missing_columns_are_all_named():
    reason = refused(b"Id,Amount\n1,2\n", table=OPPORTUNITY)
    assert "account_id, stage_name, close_date" in reason and "the file has: Id, Amount" in reason


def test_further_columns_are_accepted_and_reported():
    read = read_table(b"Id,Name,Phone,Fax\n1,2,3,4\n", ACCOUNT)
    assert read.good.height == 1 and read.ignored_columns == ("Phone", "Fax")


def test_a_header_alone_is_no_error():
    read = read_table(HEAD, ACCOUNT)
    assert read.good.height == 0 and read.bad == []


def test_gzip_is_known_by_its_bytes_not_its_name():
    data = gzip.compress(HEAD + GOOD_1)
    assert read_table(data, ACCOUNT, "account.csv").good.height == 1
    assert read_table(HEAD + GOOD_1, ACCOUNT, "account.csv.gz").good.height == 1


def test_json_lines():
    data = (
        b'{"Id": "001A", "AnnualRevenue": 1.5, "IsDeleted": false, "attributes": {"x": 1}}\n\n'
        b'{"Id": "001B", "NumberOfEmployees": 3}\n'
        b'{"Id": "001C"\n'
        b'"text"\n'
        b'{"Id": "001D", "AnnualRevenue": NaN}\n'
        b'{"Id": "001E", "Name": "\\ud800"}\n'
        b'{"Id": "001F", "Name": "a\\u0000b"}\n'
        b'{"Name": "nobody"}\n'
    )
    read = read_table(data, ACCOUNT, "account.jsonl")
    assert read.good["id"].to_list() == ["001A", "001B"]
    assert read.good["is_deleted"].to_list() == [False, None]
    assert read.good["source_line"].to_list() == [1, 3]
    assert read.ignored_columns == ("attributes",)
    assert [b.line for b in read.bad] == [4, 5, 6, 7, 8, 9]
    words = ["not a JSON object", "not an object", "'nan'", "UTF-8", "NUL", "id is empty"]
    assert all(w in b.reason for w, b in zip(words, read.bad, strict=True))


def test_json_lines_without_a_required_column_are_refused():
    assert "required column id" in refused(b'{"Name": "x"}\n', "account.jsonl")


def parquet(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


def test_parquet_of_any_type_that_casts():
    frame = pl.DataFrame(
        {
            "Id": ["001A", "001B", "001C"],
            "AnnualRevenue": pl.Series([1, 2, 3], dtype=pl.Int32),
            "NumberOfEmployees": [10.0, 2.5, None],
            "IsDeleted": pl.Series([1, 0, None], dtype=pl.Int8),
            "CreatedDate": pl.Series(["2011-01-01T02:00:00"] * 3)
            .str.to_datetime(time_unit="ns")
            .dt.replace_time_zone("Europe/Berlin"),
            "Industry": pl.Series(["web", "web", None], dtype=pl.Categorical),
        }
    )
    read = read_table(parquet(frame), ACCOUNT, "account.parquet")
    assert read.good["id"].to_list() == ["001A", "001C"]
    assert read.good["annual_revenue"].to_list() == [1.0, 3.0]
    assert read.good["created_date"].dt.hour().to_list() == [1, 1]
    assert [(b.line, b.column) for b in read.bad] == [(2, "number_of_employees")]
    assert '"Id": "001B"' in read.bad[0].raw


def test_parquet_damage():
    data = parquet(pl.DataFrame({"Id": [f"{i:015d}" for i in range(5000)]}))
    assert "Parquet file is damaged" in refused(data[:-500], "account.parquet")
    assert "not Parquet inside" in refused(HEAD, "account.parquet")
    nested = parquet(pl.DataFrame({"Id": [["a"], ["b"]]}))
    assert "not single values" in refused(nested, "account.parquet")
    assert read_table(gzip.compress(data), ACCOUNT).good.height == 5000


def damaged(data: bytes, dice: random.Random) -> bytes:
    out = bytearray(data)
    at = dice.randrange(len(out))
    how = dice.choice(["change", "cut", "insert"])
    if how == "change":
        out[at] = dice.randrange(256)
    elif how == "cut":
        del out[at : at + dice.choice([1, 10, 300])]
    else:
        out[at:at] = dice.randbytes(4)
    return bytes(out)


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl", "gz"])
def test_damage_at_random_places_never_raises_anything_but_bad_file(kind):
    frame = pl.DataFrame({"Id": [f"{i:018d}" for i in range(99)], "Name": ["Né", '"', "x"] * 33})
    texts = {"parquet": parquet(frame), "csv": frame.write_csv().encode()}
    texts |= {"jsonl": frame.write_ndjson().encode(), "gz": gzip.compress(texts["csv"])}
    dice = random.Random(kind)
    for _ in range(60):
        try:
            read = read_table(damaged(texts[kind], dice), ACCOUNT, f"account.{kind}")
        except BadFile as refusal:
            assert refusal.reason
        else:
            assert read.good.height + len(read.bad) <= 101


@pytest.mark.parametrize(
    ("values", "kind"),
    [([timedelta(days=3)], "Duration"), ([b"\xff\xfe1"], "Binary")],
)
def test_a_parquet_type_that_is_no_text_is_refused_by_name(values, kind):
    frame = pl.DataFrame({"Id": ["001XX0000000037"], "Name": values})
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    assert f"column name holds values of type {kind}" in refused(
        buffer.getvalue(), "account.parquet"
    )


def test_a_file_without_a_header_is_refused_without_showing_its_first_row():
    reason = refused(b"001XX0000000030,Jane Doe,jane.doe@example.com\n")
    assert "no column name of salesforce account" in reason
    assert "jane" not in reason.lower()


def test_a_first_row_in_which_one_word_is_a_columns_name_is_not_shown_either():
    reason = refused(b"Jane Doe,jane.doe@example.com,Website,New York,US,Website Inc,x\n")
    assert "next to no column name" in reason and "jane" not in reason.lower()
