"""Says values in words a sales person would use.

Belongs here: numbers and units to text. Does not belong here: which feature says what.
"""

DAYS_A_MONTH = 30.4375
DAYS_A_YEAR = 365.25


def format_value(value: object, unit: str) -> str:
    """Text of a value: count, days (as a duration), years, usd, ratio ("1.8 times"),
    rate ("0.21"), share ("21 %") or text."""
    if unit == "text":
        return str(value)
    number = float(value)
    return _FORMATS[unit](number)


def _count(number: float) -> str:
    if number == 0:
        return "no"
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
    "days": _days,
    "years": _years,
    "usd": _usd,
    "ratio": _ratio,
    "rate": _rate,
    "share": _share,
}
