"""Says values in words a sales person would use.

Belongs here: numbers and units to text, one or several. Does not belong here: which feature says
what.
"""

import re

_NOW = {"days": "today", "weeks": "this week"}
DAYS_A_MONTH = 30.4375
DAYS_A_YEAR = 365.25


_ALTERNATIVES = re.compile(r"\{([^{}|]+)\|([^{}|]+)\}")


def one_or_several(words: str, value: object) -> str:
    """`words` with each {visit|visits} settled: the first where the value is 1 (or true), else the
    second."""
    chosen = 1 if value == 1 else 2
    return _ALTERNATIVES.sub(lambda found: found[chosen], words)


def since_today(words: str, value: object, unit: str) -> str:
    """`words` for a stretch of time, where it is none: "last meeting today", not "last meeting 0 days ago"."""
    if unit not in _NOW or round(float(value)) != 0:
        return words
    return words.replace("{value} ago", _NOW[unit]).replace("for {value}", f"since {_NOW[unit]}")


def about_as_before(words: str, value: object, unit: str) -> str:
    """`words` for a ratio of about 1: "about as many employees as a year before", not "1.0 times as many"."""
    is_one = unit == "ratio" and f"{float(value):.1f}" == "1.0"
    return words.replace("{value}", "about") if is_one else words


def format_value(value: object, unit: str) -> str:
    """Text of a value: count, points, weeks, days (as a duration), years, usd, ratio ("1.8 times"),
    rate ("0.21"), share ("21 %"), change ("+12") or text. A flag is said by the words around it."""
    if unit == "flag":
        return ""
    if unit == "text":
        return str(value)
    number = float(value)
    return _FORMATS[unit](number)


def format_range(low: float | None, high: float | None, unit: str) -> str:
    """Text of a stretch of values, a unit that both ends share said once; None is an open end."""
    if low is None:
        return f"under {format_value(high, unit)}"
    if high is None:
        return f"{format_value(low, unit)} or more"
    first, last = format_value(low, unit), format_value(high, unit)
    number, _, word = first.partition(" ")
    return f"{number if word and last.endswith(f' {word}') else first} to {last}"


def format_rate(rate: float, low: float, high: float) -> str:
    """A share with its interval: "40 % (31-49 %)"; below a tenth with a digit more."""
    digits = 0 if rate >= 0.1 else 1
    rate, low, high = (f"{100 * value:.{digits}f}" for value in (rate, low, high))
    return f"{rate} % ({low}-{high} %)"


def _count(number: float) -> str:
    if number == 0:
        return "no"
    if abs(number) < 0.05:
        return "hardly any"
    return f"{number:,.0f}" if number == round(number) else f"{number:,.1f}"


def _days(number: float) -> str:
    if abs(number) < 60:
        return _plural(round(number), "day")
    if abs(number) < 2 * DAYS_A_YEAR:
        return _plural(round(number / DAYS_A_MONTH), "month")
    return f"{number / DAYS_A_YEAR:.1f} years"


def _years(number: float) -> str:
    return _plural(round(number), "year")


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _weeks(number: float) -> str:
    return _plural(round(number), "week")


def _points(number: float) -> str:
    return f"{number:.0f}"


def _change(number: float) -> str:
    return "unchanged" if round(number) == 0 else f"{number:+.0f}"


def _usd(number: float) -> str:
    for size, word, digits in ((1e9, " billion", 1), (1e6, " million", 1), (1e3, ",000", 0)):
        # 999,600 reads as $1.0 million rather than as $1000,000
        if abs(number) >= size * 0.9995:
            return f"${number / size:,.{digits}f}{word}"
    return f"${number:,.0f}"


def _ratio(number: float) -> str:
    return f"{number:.1f} times" if abs(number) >= 0.1 else f"{number:.2f} times"


def _rate(number: float) -> str:
    return f"{number:.2f}"


def _share(number: float) -> str:
    return f"{100 * number:.0f} %"


_FORMATS = {
    "count": _count,
    "points": _points,
    "change": _change,
    "weeks": _weeks,
    "days": _days,
    "years": _years,
    "usd": _usd,
    "ratio": _ratio,
    "rate": _rate,
    "share": _share,
}
