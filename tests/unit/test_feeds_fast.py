"""Rows read many at a time are what reading them one by one finds: the two ways are held against each other.

Belongs here: plain CSV lines, nested JSON lines and Parquet against the careful way. Not here: what damage is
(test_feeds_damage.py), speed (benchmarks/).
"""

import io
import json
import random

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dagster_project.feeds import blocks, csv_rows, nested_jsonl
from dagster_project.feeds.contract import BadFile
from dagster_project.feeds.ga4 import EVENT
from dagster_project.feeds.repeats import Repeats
from dagster_project.feeds.salesforce import ACCOUNT
from tests.factories import ga4_event, read_table

HEAD = b"Id,Name,NumberOfEmployees,CreatedDate\n"
VALUES = ["a", "", " ", "12", "x,y", 'say ""hi""', "caf\xe9", "\xa0", "2011-01-01T00:00:00Z"]
VALUES += ["two\nlines", "two\r\nlines", "2011-01-01 00:00:00.5", "1.0", "'", "nan", "\t", "\u3000"]
ENDS = [b"\n", b"\n", b"\n", b"\r\n", b"\r", b"\n\n", b"\n \n"]
TROUBLE = [b'"', b",", b"\x00", b"\xff", b'a"b', b'"x" y', b"\xef\xbb\xbf"]


def outcome(data: bytes, table=ACCOUNT, name: str = "account.csv", **options) -> tuple:
    try:
        read = read_table(data, table, name, **options)
    except BadFile as refused:
        return refused.reason, refused.column
    return read.good.rows(), read.bad


def one_by_one(monkeypatch) -> None:
    """Switch off what reads rows together."""
    monkeypatch.setattr(
        csv_rows, "plain_rows", lambda block, width: (None, np.zeros(len(block), dtype=bool))
    )
    monkeypatch.setattr(nested_jsonl, "parsed", lambda data, nested: None)


@st.composite
def csv_files(draw) -> bytes:
    """A file of rows, some of which are not what they should be."""
    lines = []
    for number in range(draw(st.integers(0, 12))):
        values = [
            f"{number % 5:03d}",
            *draw(st.lists(st.sampled_from(VALUES), min_size=3, max_size=3)),
        ]
        if draw(st.integers(0, 9)) == 0:
            values = values[: draw(st.integers(1, 3))]
        quoted = [f'"{v}"' if set(v) & set(',"\r\n') or draw(st.booleans()) else v for v in values]
        lines.append(",".join(quoted).encode() + draw(st.sampled_from(ENDS)))
    data = HEAD + b"".join(lines)
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(len(HEAD), len(data)))
        data = data[:at] + draw(st.sampled_from(TROUBLE)) + data[at:]
    return data.rstrip(b"\n") if draw(st.booleans()) else data


@settings(max_examples=100, deadline=None)
@given(csv_files(), st.sampled_from([7, 40, 1 << 20]), st.sampled_from([2, 1000]))
def test_csv_read_together_and_one_by_one(data, block_bytes, chunk_rows):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK_BYTES", block_bytes)
        together = outcome(data, chunk_rows=chunk_rows)
        one_by_one(patch)
        patch.setattr(blocks, "BLOCK_BYTES", 1 << 20)
        assert together == outcome(data, chunk_rows=1000)


def test_the_fast_way_is_taken_by_plain_and_by_quoted_lines(monkeypatch):
    taken = []
    read = csv_rows.rows_of
    monkeypatch.setattr(
        csv_rows, "rows_of", lambda lines, header: taken.append(lines.len()) or read(lines, header)
    )
    rows = [b'00%d,"N, ""%d""",1,\n' % (i, i) if i % 2 else b"00%d,n,,\n" % i for i in range(8)]
    rows[3] = b'003,"two\nlines",,\n'
    assert read_table(HEAD + b"".join(rows), ACCOUNT).good.height == 8
    assert taken == [7]


def test_a_line_inside_a_quoted_value_is_no_row_though_it_looks_like_one():
    data = HEAD + b'001,"x\n002,y,3,\nz",4,\n005,v,,\n'
    read = read_table(data, ACCOUNT)
    assert read.good["id"].to_list() == ["001", "005"] and not read.bad
    assert read.good["name"][0] == "x\n002,y,3,\nz"
    assert read.good["source_line"].to_list() == [2, 5]


@pytest.mark.parametrize("bytes_a_block", [1, 3, 10, 64, 1000])
def test_blocks_hold_whole_lines_however_large(bytes_a_block, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", bytes_a_block)
    data = b"\xef\xbb\xbfone\r\n\r\ntwo\nthree\rfour\n\nlast"
    feed = list(blocks.LineFeed(io.BytesIO(data)))
    assert [n for n, _ in feed] == list(range(1, len(feed) + 1))
    assert [line for _, line in feed] == [
        "one\r\n",
        "\r\n",
        "two\n",
        "three\r",
        "four\n",
        "\n",
        "last",
    ]


PARAM_VALUES = st.sampled_from(
    [
        {"string_value": "x"},
        {"string_value": "\xe9\n\"'"},
        {"string_value": "2024-01-01 00:00:00"},
        {"int_value": 12},
        {"int_value": "12"},
        {"double_value": 1.5},
        {"float_value": 2},
        {"double_value": 1e16},
        {"double_value": -0.0},
        {"double_value": 12345678901234567890},
        {"int_value": 1.5},
        {},
        None,
        "garbage",
        7,
    ]
)
PARAMS = st.lists(
    st.builds(
        lambda key, value: {"key": key, "value": value},
        st.sampled_from(["page_location", "form_id", "other", None, 5]),
        PARAM_VALUES,
    ),
    max_size=4,
)
NESTED_DAMAGE = st.sampled_from(
    [
        {"event_params": "garbage"},
        {"event_params": [1]},
        {"event_params": {"key": "a"}},
        {"event_params": None},
        {"device": "desktop"},
        {"device": {"web_info": [1]}},
        {"device": {"category": {"a": 1}}},
        {"geo": 5},
        {"geo": []},
        {"event_name": None},
        {"event_timestamp": 1706659200},
        {"event_timestamp": "1706659200000001"},
        {"event_date": 20240131},
        {"user_id": True},
        {"stream_id": 7},
        {"unknown": [{"a": 1}]},
    ]
)
LINE_DAMAGE = st.sampled_from(["", "", "", "", " ", "}", " x", '{"a": 1}', "\\ud800", "\r"])


@st.composite
def event_files(draw) -> bytes:
    lines = []
    for number in range(draw(st.integers(1, 8))):
        row = ga4_event(number)
        if draw(st.booleans()):
            row["event_params"] = draw(PARAMS)
        if draw(st.integers(0, 4)) == 0:
            row |= draw(NESTED_DAMAGE)
        lines.append(json.dumps(row, ensure_ascii=draw(st.booleans())) + draw(LINE_DAMAGE))
    return "\n".join(lines).encode()


# Among some hundred examples a whole number in a place of fractions is rarely drawn: it is always tried.
_WHOLE_IN_FRACTION = json.dumps(
    ga4_event(1) | {"event_params": [{"key": "page_location", "value": {"float_value": 2}}]}
).encode()


@settings(max_examples=100, deadline=None)
@given(event_files(), st.sampled_from([1, 2, 32]), st.sampled_from([200, 1 << 20]))
@example(_WHOLE_IN_FRACTION, 1, 200)
def test_nested_lines_read_together_and_one_by_one(data, few, block_bytes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nested_jsonl, "_FEW", few)
        patch.setattr(blocks, "BLOCK_BYTES", 1 << 20)
        together = outcome(data, EVENT, "events.jsonl")
        one_by_one(patch)
        assert together == outcome(data, EVENT, "events.jsonl")


def test_one_bad_line_among_many_is_found(monkeypatch):
    looked_at = []
    careful = nested_jsonl._one_by_one
    monkeypatch.setattr(
        nested_jsonl,
        "_one_by_one",
        lambda block, start, stop, nested: (
            looked_at.append(stop - start) or careful(block, start, stop, nested)
        ),
    )
    lines = [json.dumps(ga4_event(n)) for n in range(1000)]
    lines[613] = lines[613][:-5]
    read = read_table("\n".join(lines).encode(), EVENT, "events.jsonl")
    assert read.good.height == 999 and [b.line for b in read.bad] == [614]
    assert sum(looked_at) <= 32


def test_repeats_are_found_among_many_chunks():
    dice = random.Random(7)
    rows = [(f"{dice.randrange(400):04d}", line) for line in range(1, 1001)]
    frame = pl.DataFrame(rows, schema={"id": pl.String, "source_line": pl.Int64}, orient="row")
    frame = frame.with_columns(change_stamp=pl.lit(None, pl.Datetime("us")))
    seen, kept, found = Repeats(("id",)), [], []
    for start in range(0, 1000, 37):
        new, repeated = seen.split(frame[start : start + 37].with_row_index("_row"))
        kept += new["source_line"].to_list()
        found += [(start + 1 + row, line) for row, line in repeated]
    first = {}
    for key, line in rows:
        first.setdefault(key, line)
    assert kept == sorted(first.values())
    assert found == [(line, first[key]) for key, line in rows if first[key] != line]
