"""Who answers for a day, of registered versions made by hand."""

from datetime import date, timedelta

import pytest

from models.promotion import KEEP, NO_SIGNAL, PROMOTE
from models.reign import Version, challenger, champion, concerned, reigns, rival

DAY = date(2024, 3, 31)
NEXT = DAY + timedelta(days=1)
LATER = date(2024, 6, 30)


def version(number, verdict=PROMOTE, trained=DAY, first=None, **tags):
    """A version as the registry keeps it; first: the first day it may score, where that was stored."""
    name = {PROMOTE: "champion_from", KEEP: "challenger_from"}.get(verdict)
    since = {name: first.isoformat()} if first else {}
    facts = {"verdict": verdict, "trained_as_of": trained.isoformat(), **since, **tags}
    return Version(number, "run", "source", facts)


def number(found):
    return found and found.version


def test_the_champion_is_the_last_to_begin_that_is_not_withdrawn():
    old, new = version(1, first=DAY), version(2, first=NEXT, withdrawn_from=LATER.isoformat())
    refused = version(3, NO_SIGNAL)
    all_of_them = [old, new, refused]
    said = [number(champion(all_of_them, day)) for day in (DAY - timedelta(days=1), DAY, NEXT)]
    assert said == [None, 1, 2]
    assert number(champion(all_of_them, LATER)) == 1
    # of two that begin together the later one counts
    assert number(champion([old, version(4, first=DAY)], DAY)) == 4


def test_a_challenger_stands_beside_from_its_first_day_on():
    in_force, kept = version(1, first=DAY), version(2, KEEP, first=NEXT)
    assert challenger([in_force, kept], DAY) is None
    assert number(challenger([in_force, kept], NEXT)) == 2
    newer = version(3, KEEP, trained=NEXT, first=LATER)
    told = [in_force, kept, newer]
    assert [number(challenger(told, day)) for day in (NEXT, LATER)] == [2, 3]
    # nobody stands beside a scorecard, nor one beside a champion trained after it
    assert challenger([kept], NEXT) is None
    assert challenger([kept, version(4, first=NEXT)], NEXT) is None


def test_a_version_kept_out_before_its_first_day_was_stored_stands_beside_from_the_next_day_on():
    old = version(2, KEEP)
    assert "challenger_from" not in old.tags
    told = [version(1, first=DAY), old]
    assert [number(challenger(told, day)) for day in (DAY, NEXT)] == [None, 2]


def test_when_a_champion_is_withdrawn_whoever_was_kept_out_before_it_stands_beside_again():
    told = [version(1, first=DAY), version(2, KEEP, first=NEXT)]
    told.append(version(3, trained=NEXT, first=NEXT, withdrawn_from=LATER.isoformat()))
    assert [number(challenger(told, day)) for day in (NEXT, LATER)] == [None, 2]


def test_a_training_has_to_beat_neither_itself_nor_a_later_one():
    told = [
        version(1, trained=DAY - timedelta(days=90), first=DAY - timedelta(days=90)),
        version(2, first=DAY, learnt_digest="own"),
        version(3, trained=LATER, first=DAY),
    ]
    assert number(rival(told, DAY, DAY, "own")) == 1
    assert number(rival(told, DAY, DAY, "other")) == 2
    assert number(rival(told, LATER, LATER, "other")) == 3


def test_days_of_reign_end_where_another_begins_and_go_on_where_it_is_withdrawn():
    old, new = version(1, first=DAY), version(2, first=NEXT, withdrawn_from=LATER.isoformat())
    assert reigns([old], 1) == [(DAY, None)]
    assert reigns([old, new], 1) == [(DAY, DAY), (LATER, None)]
    assert reigns([old, new], 2) == [(NEXT, LATER - timedelta(days=1))]
    at_once = version(3, first=NEXT, withdrawn_from=NEXT.isoformat())
    assert reigns([old, at_once], 1) == [(DAY, None)]
    assert reigns([old, at_once], 3) == []
    assert reigns([old, version(4, NO_SIGNAL)], 4) == []


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        (1, [1, 2]),
        (2, [1, 2]),
        # withdrawn: who scored before it and who scores after it
        (3, [1, 2, 3]),
        (4, [4]),
        (5, [5]),
    ],
)
def test_whose_days_hang_on_a_version(changed, found):
    told = [
        version(1, first=DAY),
        version(2, first=LATER),
        version(3, first=NEXT, withdrawn_from=(LATER + timedelta(days=9)).isoformat()),
        version(4, KEEP, first=NEXT),
        version(5, NO_SIGNAL),
    ]
    if changed != 3:
        del told[2]
    assert concerned(told, changed) == found
