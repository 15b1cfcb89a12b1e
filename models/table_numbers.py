"""Numbers as people and spreadsheets write them: 1,234.56 and 1.234,56, 1’234, 53.1%, €5, and a dash where there is none.

Belongs here: whether a column of texts is one of numbers, in one notation throughout, and what is then said of the cells that are
none. Does not belong here: what the columns mean (table_roles.py), how a file's cells are told apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

# Of the cells that hold something so many are numbers in a column of numbers, and so many before it is said that it is none.
NEARLY_ALL, HALF = 0.95, 0.5
# Fewer numbers than that beside words are kinds ("0", "1", "unknown"), and a column worth a word has more.
LEAST_KINDS, MANY_KINDS = 3, 10
# "2.502" is a decimal anywhere; only so many cells, all with three digits behind it, beside cells without, say thousands.
LEAST_DOTTED = 20
NUMBER = "a number"
PLACEHOLDER = r"(?i)^(?:[-–—]{1,3}|\?+|\.+|unknown|n/?a|n\.a\.?|null|none|nan|nil|#[a-zäöü][a-zäöü0-9/_]*[!?]?|#+)$"
_SPACE = "[ \u00a0\u2009\u202f]"
_CURRENCY = r"\p{Sc}|EUR|USD|GBP|CHF|JPY|CNY|INR|AUD|CAD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|zł|kr"
_CELL = (
    rf"^(\()?([-+−])?\s*({_CURRENCY})?\s*([-+−])?"
    r"(\d[\d.,'’ \x{a0}\x{2009}\x{202f}]*?(?:[eE][-+]?\d+)?|[.,]\d+)"
    rf"\s*(%|{_CURRENCY})?(\))?$"
)
_PARTS = ("open", "sign", "before", "inner_sign", "body", "after", "close")


@dataclass(frozen=True)
class Notation:
    """What stands between thousands (a pattern, or nothing) and before decimals."""

    thousands: str
    decimal: str
    words: str = ""

    @property
    def pattern(self) -> str:
        """Of a number without sign and currency."""
        grouped = rf"|[1-9]\d{{0,2}}(?:{self.thousands}\d{{3}})+" if self.thousands else ""
        point = rf"\{self.decimal}"
        power = "" if self.thousands or self.decimal == "," else r"(?:[eE][-+]?\d+)?"
        return rf"^(?:(?:\d+{grouped})(?:{point}\d*)?{power}|{point}\d+)$"

    def value(self, body: pl.Series) -> pl.Series:
        """The numbers that these are in this notation."""
        if self.thousands:
            body = body.str.replace_all(self.thousands, "")
        return body.str.replace(self.decimal, ".", literal=True).cast(pl.Float64, strict=False)


PLAIN, COMMAS = Notation("", "."), Notation("", ",", " with decimal commas")
# The first that reads most cells is taken: the simplest.
NOTATIONS = (
    PLAIN,
    COMMAS,
    Notation(",", ".", " with commas between thousands"),
    Notation(r"\.", ",", " with dots between thousands"),
    *(Notation(_SPACE, mark, " with spaces between thousands") for mark in ".,"),
    *(Notation("['’]", mark, " with apostrophes between thousands") for mark in ".,"),
)


@dataclass(frozen=True)
class Reading:
    """A column of texts as numbers, or None if it stays text; its cells as words, where some are none; what to say."""

    numbers: pl.Series | None
    words: pl.Series | None
    note: str


def read_numbers(values: pl.Series) -> Reading | None:
    """The texts of a column as numbers where nearly all are numbers in one notation; None of words, without any doubt.

    Rows are counted from 1 in what is said, so `values` are all of the file. Words for nothing ("-", "n/a") are missing values in
    a column of numbers only: among words, "unknown" is one.
    """
    texts = values.str.strip_chars()
    is_said = (texts != "").fill_null(False)
    is_cell = is_said & ~texts.str.contains(PLACEHOLDER).fill_null(False)
    cells = int(is_cell.sum())
    parts = _parts(texts)
    if not cells or int(parts["body"].is_not_null().sum()) < HALF * cells:
        return None
    notation, doubt = _notation(parts["body"])
    numbers = _whole(_signed(parts, notation).alias(values.name))
    is_unread = is_said & numbers.is_null()
    kinds = numbers.drop_nulls().n_unique()
    odd = texts.filter(is_cell & is_unread).n_unique()
    if is_unread.any() and (kinds < LEAST_KINDS or kinds <= odd):
        return None
    share = 1 - int((is_cell & is_unread).sum()) / cells
    if share < NEARLY_ALL:
        return _almost(values, is_cell & is_unread, share) if kinds >= MANY_KINDS else None
    how = notation.words + _affixes(parts) + doubt
    return Reading(numbers, *_unread(values, is_said, is_unread, how))


def may_hide_thousands(numbers: pl.Series) -> bool:
    """Whether numbers could be thousands written with a dot (2.502 beside 822), so that their texts must be looked at."""
    known = numbers.drop_nulls().abs()
    broken = known.filter(known % 1 != 0)
    if len(broken) < LEAST_DOTTED or len(broken) == len(known):
        return False
    of_three = ((broken * 1000 - (broken * 1000).round()).abs() < 1e-6).all()
    return bool(known.max() < 1000 and broken.min() >= 1 and of_three)


def _parts(texts: pl.Series) -> pl.DataFrame:
    """Sign, currency or percent, and the bare number of each text; nulls where a text is not made of these."""
    named = _CELL
    found = texts.str.extract_groups(named).struct.unnest()
    found.columns = list(_PARTS)
    affix = pl.coalesce("before", "after").fill_null("")
    is_whole = (
        (pl.col("open").is_null() == pl.col("close").is_null())
        & (pl.col("sign").is_null() | pl.col("inner_sign").is_null())
        & (pl.col("before").is_null() | pl.col("after").is_null())
        # +44 20 7946 is a telephone
        & ~((pl.coalesce("sign", "inner_sign") == "+") & pl.col("body").str.contains(_SPACE))
        .fill_null(False)
    )  # fmt: skip
    found = found.with_columns(affix=affix, body=pl.when(is_whole).then("body"))
    return found.with_columns(body=pl.when(_one_affix(found)).then("body"))


def _one_affix(parts: pl.DataFrame) -> pl.Series:
    """Rows with the column's one currency or without any; of percents and plain numbers only the more frequent."""
    read = parts.filter(pl.col("body").is_not_null())["affix"]
    seen = (
        read.filter(read != "")
        .value_counts(sort=True)
        .sort("count", "affix", descending=[True, False])
    )
    if not len(seen):
        return parts["affix"] == ""
    top, rows = seen.row(0)
    if top != "%":
        return parts["affix"].is_in(["", top])
    return parts["affix"] == ("%" if rows >= int((read == "").sum()) else "")


def _affixes(parts: pl.DataFrame) -> str:
    signs = parts.filter(pl.col("body").is_not_null() & (pl.col("affix") != ""))["affix"]
    return f" without {signs[0]}" if len(signs) else ""


def _notation(bodies: pl.Series) -> tuple[Notation, str]:
    """The notation that reads most, and a word where another reads as many with other values."""
    known = bodies.drop_nulls()
    read = [int(known.str.contains(one.pattern).sum()) for one in NOTATIONS]
    best = NOTATIONS[read.index(max(read))]
    if best not in (PLAIN, COMMAS):
        return best, ""
    rival = NOTATIONS[3 if best is PLAIN else 2]
    signed = known.filter(known.str.contains(best.decimal, literal=True))
    if not len(signed) or read[NOTATIONS.index(rival)] < max(read):
        return best, ""
    if best is PLAIN and len(signed) < LEAST_DOTTED:
        return best, ""
    if best is PLAIN and len(signed) == len(known):
        # A factor of a thousand for all changes nothing that is learnt.
        return best, ""
    value = rival.value(signed.head(1)).item()
    return rival, f" ({signed[0]!r} is taken for {value:.0f}, not for a decimal)"


def _signed(parts: pl.DataFrame, notation: Notation) -> pl.Series:
    body = parts["body"]
    fits = body.str.contains(notation.pattern)
    sign = parts.select(
        pl.coalesce("sign", "inner_sign").is_in(["-", "−"]).fill_null(False)
    ).to_series()
    is_negative = sign | parts["open"].is_not_null()
    frame = pl.DataFrame({"v": notation.value(body), "fits": fits, "minus": is_negative})
    value = pl.when("fits").then(pl.when("minus").then(-pl.col("v")).otherwise("v"))
    return frame.select(value.alias("v")).to_series()


def _whole(numbers: pl.Series) -> pl.Series:
    """As whole numbers where all are: only these can be found to number the rows."""
    known = numbers.drop_nulls()
    if len(known) and (known % 1 == 0).all() and known.abs().max() < 2**53:
        return numbers.cast(pl.Int64)
    return numbers


def _first(values: pl.Series, mask: pl.Series) -> str:
    at = int(mask.arg_max() or 0)
    return f"the first {values[at].strip()!r} in data row {at + 1:,}"


def _almost(values: pl.Series, odd: pl.Series, share: float) -> Reading:
    return Reading(
        None,
        None,
        f"{values.name} is learnt from as text: {share:.0%} of its cells are numbers, but {int(odd.sum()):,} are not, "
        f"{_first(values, odd)}",
    )


def _unread(values: pl.Series, is_said: pl.Series, is_unread: pl.Series, how: str):
    """The cells as words, with one word for all numbers, where some are no numbers; and what to say of the column."""
    note = f"{values.name} is read as numbers{how}"
    if not is_unread.any():
        return None, note
    count = int(is_unread.sum())
    cells = "1 cell that is none counts" if count == 1 else f"{count:,} cells that are none count"
    frame = pl.DataFrame({"v": values.str.strip_chars(), "said": is_said, "odd": is_unread})
    word = pl.when("odd").then("v").when("said").then(pl.lit(NUMBER))
    words = frame.select(word.alias("v")).to_series().alias(values.name)
    return words, f"{note}; {cells} as missing, {_first(values, is_unread)}"
