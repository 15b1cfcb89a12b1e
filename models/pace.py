"""What a count was before its window: "9 website visits in 7 days, up from 2 a week before".

Belongs here: which count has which longer window beside it, and the words of the comparison. Does not belong here: the counts
(dbt), and what a feature says of its own value (feature.py).

The pace before is what the longer window counts beyond the shorter one, spread evenly over the time that lies between: nothing
but features of the same account on the same day, so it is as old as they are and can be derived again with them. Only events
are compared: people and topics are counted once in a window, however often they come, so that windows cannot be subtracted.
"""

from dataclasses import dataclass

# What is said only where it differs by half as much again, and by one at least: 4 visits after 4.3 a week are no news.
NOTICEABLE = 1.5


@dataclass(frozen=True)
class _Windows:
    """A window of `days` days inside one of `longer_days`, and how the time between is called."""

    days: int
    longer_days: int
    each: str
    whole: str


_WINDOWS = tuple(
    _Windows(*window)
    for window in (
        (7, 30, "a week before", "in the 3 weeks before"),
        (30, 90, "a month before", "in the 2 months before"),
        (365, 730, "the year before", "the year before"),
    )
)
_EVENTS = (
    *("visits", "pricing_views", "meetings_held", "email_replies", "sales_touches", "won_deals"),
    *("own_visits", "own_meetings", "own_email_replies"),
)


def longer_window(name: str, names: frozenset[str]) -> str:
    """The count of the same events over the next longer window, of the features `names`; "" where there is none."""
    for windows in _WINDOWS:
        for event in _EVENTS:
            longer = f"{event}_{windows.longer_days}d"
            if name == f"{event}_{windows.days}d" and longer in names:
                return longer
    return ""


def against_before(name: str, value: float, longer_value: float | None) -> str:
    """Words to add to a count that has a longer window: ", up from 2 a week before"; "" where it is much the same.

    `longer_value` is the count over feature `longer_window(name)`; None where it is not known.
    """
    if longer_value is None or longer_value < value:
        return ""
    windows = next(found for found in _WINDOWS if name.endswith(f"_{found.days}d"))
    before = (longer_value - value) * windows.days / (windows.longer_days - windows.days)
    if abs(value - before) < 1 or max(value, before) < NOTICEABLE * min(value, before):
        return ""
    way = "up" if value > before else "down"
    if before == 0:
        return f", {way} from none {windows.whole}"
    shown = f"{before:.0f}" if before >= 10 else f"{before:.1f}".removesuffix(".0")
    return f", {way} from {shown} {windows.each}"
