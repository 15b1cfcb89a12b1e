"""Values: what counts as a number, a moment, a truth value; and that nothing good is lost."""

from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.feeds.casting import cast
from dagster_project.feeds.contract import STAMP, Column
from dagster_project.feeds.salesforce import ACCOUNT
from tests.factories import read_table


def cast_one(text: str, dtype):
    values, wrong = cast(pl.Series([text]), Column("x", dtype))
    return values[0], wrong[0]


@pytest.mark.parametrize(
    "text",
    [
        "2019-04-04T18:36:06.000+0000",
        "2019-04-04T18:36:06Z",
        "2019-04-04 18:36:06",
        "2019-04-04T18:36:06.000000",
        "2019-04-04T20:36:06+02:00",
        "2019-04-04T13:06:06-0530",
        "2019-04-04 18:36:06 UTC",
        " 2019-04-04T19:36:06+01 ",
    ],
)
def test_one_moment_in_all_its_spellings(text):
    assert cast_one(text, STAMP) == (datetime(2019, 4, 4, 18, 36, 6), False)


def test_a_date_keeps_the_day_that_is_written():
    for text in ("2018-12-19", "2018-12-19 00:00:00", "2018-12-19T23:59:59.000-1100"):
        assert cast_one(text, pl.Date()) == (date(2018, 12, 19), False)
    assert cast_one("2018-12-19", STAMP) == (datetime(2018, 12, 19), False)


@pytest.mark.parametrize("text", ["12/19/2018", "2018-12-19T25:00:00Z", "20181219", "2018-12", "0"])
def test_what_is_no_date(text):
    assert cast_one(text, pl.Date()) == (None, True)


def test_truth_values():
    texts = ["true", "FALSE", "1", "0", "True"]
    assert [cast_one(t, pl.Boolean())[0] for t in texts] == [True, False, True, False, True]
    assert cast_one("yes", pl.Boolean()) == (None, True)


def test_numbers():
    texts = ["+1", "-2.50", "2.6E+12", ".5", " 7 "]
    assert [cast_one(t, pl.Float64())[0] for t in texts] == [1.0, -2.5, 2.6e12, 0.5, 7.0]
    assert cast_one("100.0", pl.Int64()) == (100, False)
    for text in ("1_000", "0x10", "$5", "1,5", "Infinity", "1e999", "--1"):
        assert cast_one(text, pl.Float64()) == (None, True)


def test_blank_is_null_and_text_is_left_alone():
    assert cast_one("  ", pl.Float64()) == (None, False)
    assert cast_one("  ", pl.String()) == (None, False)
    assert cast_one(" x ", pl.String()) == (" x ", False)


@given(
    st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)),
    st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m))),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_moment_with_a_zone_comes_to_utc(moment, zone):
    text = moment.replace(tzinfo=zone).isoformat()
    utc = moment.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
    assert cast_one(text, STAMP) == (utc, False)


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\x00\r\n"),
    max_size=12,
).filter(lambda s: s == "" or s.strip())
DAMAGE = [
    b"%s,x\n",
    b"%s,x,1,2\n",
    b"%s,x,12x\n",
    b"%s,caf\xe9,1\n",
    b"%s,a\x00b,1\n",
    b'%s,"open,1\n',
    b"%.0s,nobody,1\n",
]
ROWS = st.lists(
    st.one_of(
        st.tuples(st.just("good"), NAMES, st.integers(0, 10**9)),
        st.tuples(st.just("bad"), st.sampled_from(DAMAGE), st.just(0)),
        st.tuples(st.just("blank"), st.sampled_from([b"\n", b"  \n"]), st.just(0)),
    ),
    max_size=25,
)


@given(ROWS, st.sampled_from([1, 3, 50]))
@settings(max_examples=120, deadline=None, derandomize=True)
def test_every_row_lands_unchanged_or_is_quarantined(rows, chunk_rows):
    data, good, bad = b"Id,Name,AnnualRevenue\nfirst,,1\n", [("first", None, 1.0)], 0
    for number, (kind, value, amount) in enumerate(rows):
        record = f"id{number}"
        if kind == "good":
            quoted = value.replace('"', '""')
            data += f'{record},"{quoted}",{amount}\n'.encode()
            good.append((record, value or None, float(amount)))
        else:
            bad += kind == "bad"
            data += value % record.encode() if kind == "bad" else value
    read = read_table(data, ACCOUNT, chunk_rows=chunk_rows)
    assert read.good.select("id", "name", "annual_revenue").rows() == good
    assert len(read.bad) == bad
