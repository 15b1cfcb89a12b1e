"""Columns of texts that are numbers in some notation, and those that are not.

Not here: roles of columns (test_table_roles.py), what is learnt (tests/behaviour/test_flat_table.py).
"""

import polars as pl
import pytest

from models.table_numbers import may_hide_thousands, read_numbers


def column(*texts) -> pl.Series:
    return pl.Series("c", texts, dtype=pl.String)


@pytest.mark.parametrize(
    ("texts", "numbers", "said"),
    [
        (["1", "2", "3"], [1, 2, 3], "c is read as numbers"),
        (["1,5", "2", "-3,25", None], [1.5, 2, -3.25, None], "decimal commas"),
        (["53.1%", "7%", "0.5 %"], [53.1, 7, 0.5], "without %"),
        (["€5.50", "€-3", "-€2"], [5.5, -3, -2], "without €"),
        (["1.234,50 EUR", "2 EUR", "3"], [1234.5, 2, 3], "without EUR"),
        (["$1,234.50", "($20.00)", "$7"], [1234.5, -20, 7], "commas between thousands"),
        (["1,234,567", "89", "1,234"], [1234567, 89, 1234], "commas between thousands"),
        (["1.234.567", "89,5", "1.234"], [1234567, 89.5, 1234], "dots between thousands"),
        (["1’234", "56", "7’890.5"], [1234, 56, 7890.5], "apostrophes"),
        (["1\u202f234,5", "56", "1 234 567"], [1234.5, 56, 1234567], "spaces"),
        (["1e3", "2.5E-1", "−4"], [1000, 0.25, -4], "numbers"),
        (["2,502", "822", "1,926"], [2502, 822, 1926], "'2,502' is taken for 2502"),
        (["0,125", "2,502", "822"], [0.125, 2.502, 822], "decimal commas"),
        (["2,50", "1,125", "822"], [2.5, 1.125, 822], "decimal commas"),
    ],
)
def test_a_notation_is_read(texts, numbers, said):
    found = read_numbers(column(*texts))
    assert found.numbers.to_list() == numbers and found.words is None and said in found.note


@pytest.mark.parametrize(
    "texts",
    [
        ["red", "blue", None],
        ["unknown", "-", "n/a"],
        ["0", "1", "unknown"],
        ["0"] * 97 + ["gold", "silver", "bronze"],
        ["1-10", "11-50", "51-200"],
        ["2026-01-31", "2026-02-01"],
        ["31.12.2026", "01.02.2026"],
        ["+44 170 123", "+49 171 456", "+1 555 789"],
        ["A1", "B2", "C3"],
        ["1.2.3", "4.5.6"],
        ["$5", "€6", "£7"],
        [None, " "],
    ],
)
def test_words_stay_words(texts):
    assert read_numbers(column(*texts)) is None


@pytest.mark.parametrize(
    "word", ["-", "–", "unknown", "n/a", "N/A", "NA", "Null", "none", "?", ".", "#DIV/0!", "#NV"]
)
def test_a_word_for_nothing_is_missing_in_a_column_of_numbers_however_often(word):
    found = read_numbers(column(*["1.5", word, "2", "3", word] * 10))
    assert found.numbers[:3].to_list() == [1.5, None, 2.0]
    assert found.words[:3].to_list() == ["a number", word, "a number"]
    assert (
        f"20 cells that are none count as missing, the first {word!r} in data row 2" in found.note
    )


def test_one_cell_that_cannot_be_read_does_not_cost_the_column():
    found = read_numbers(column(*(str(n) for n in range(50)), "Grand total", None))
    assert found.numbers.null_count() == 2 and found.words[-1] is None
    assert (
        "1 cell that is none counts as missing, the first 'Grand total' in data row 51"
        in found.note
    )


def test_a_column_of_which_too_many_are_no_numbers_stays_text_and_says_so():
    found = read_numbers(column(*(str(n) for n in range(80)), *["see notes"] * 20))
    assert found.numbers is None
    assert (
        "80% of its cells are numbers, but 20 are not, the first 'see notes' in data row 81"
        in found.note
    )


def test_percents_and_plain_numbers_are_not_mixed():
    found = read_numbers(column(*(f"{n}%" for n in range(60)), "0.5"))
    assert found.numbers[-1] is None and "'0.5'" in found.note


def test_dots_are_thousands_only_where_nothing_else_could_be():
    dotted = [f"{1 + n}.{100 + n}" for n in range(30)]
    assert read_numbers(column(*dotted, "822")).numbers[-2:].to_list() == [30129, 822]
    assert read_numbers(column(*dotted)).numbers[0] == 1.1
    assert read_numbers(column(*dotted, "822", "0.125")).numbers[-1] == 0.125
    assert may_hide_thousands(pl.Series([1.1 + n for n in range(30)] + [822.0]))
    assert not may_hide_thousands(pl.Series([0.125 + n for n in range(30)] + [822.0]))
    assert not may_hide_thousands(pl.Series([1.25 + n for n in range(30)]))


def test_whole_numbers_stay_whole_so_that_they_can_be_found_to_number_rows():
    assert read_numbers(column("1", "2", "3", "-")).numbers.dtype == pl.Int64
