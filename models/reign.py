"""Which registered version answers for a day: the champion that scores it, the challenger that stands beside it.

Belongs here: the rules, pure functions of the versions and a day, so that the order in which days are scored decides nothing.
Does not belong here: where versions are kept (registry.py), verdicts (promotion.py).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from models.promotion import KEEP, PROMOTE


@dataclass(frozen=True)
class Version:
    """A registered training: a row of MLflow's registry."""

    version: int
    run_id: str
    source: str
    tags: dict[str, str]

    @property
    def trained_as_of(self) -> date:
        """The day that its training stood on."""
        return date.fromisoformat(self.tags["trained_as_of"])

    @property
    def first_day(self) -> date | None:
        """The first day that it may score, as champion or (verdict keep) beside one; None of a refused one.

        A version kept out before its first day was stored stands beside from the day after its training on: the day itself had
        most often been refreshed by then, without it.
        """
        if since := self.tags.get("champion_from") or self.tags.get("challenger_from"):
            return date.fromisoformat(since)
        return self.trained_as_of + timedelta(days=1) if self._is(KEEP) else None

    @property
    def until(self) -> date:
        """The first day that it scores no more, later than any day while it was not withdrawn."""
        since = self.tags.get("withdrawn_from")
        return date.fromisoformat(since) if since else date.max

    @property
    def age(self) -> tuple[date, int]:
        """What versions are put in order by: the later training is the newer one, of one day the later registered."""
        return self.trained_as_of, self.version

    def may(self, verdict: str, day: date) -> bool:
        """Whether it has this verdict and may score the day by it."""
        return self._is(verdict) and self.first_day <= day < self.until

    def _is(self, verdict: str) -> bool:
        return self.tags.get("verdict") == verdict


def champion(versions: Sequence[Version], day: date) -> Version | None:
    """The promoted version with the greatest first day that is not withdrawn by then; the highest among equals."""
    fit = [v for v in versions if v.may(PROMOTE, day)]
    return max(fit, key=_order_of_reign) if fit else None


def rival(
    versions: Sequence[Version], trained_as_of: date, day: date, learnt_digest: str
) -> Version | None:
    """Who scores `day` where a training of `trained_as_of` did not exist, nor any later one: whom that training has to beat.

    learnt_digest: of that training, which may be registered already.
    """
    own = ("learnt_digest", "training_digest")
    before = [
        v
        for v in versions
        if v.trained_as_of <= trained_as_of and learnt_digest not in map(v.tags.get, own)
    ]
    return champion(before, day)


def challenger(versions: Sequence[Version], day: date) -> Version | None:
    """The newest version that was kept out and stands beside by then, if it is newer than the champion of the day."""
    in_force = champion(versions, day)
    if in_force is None:
        return None
    newer = [v for v in versions if v.may(KEEP, day) and v.age > in_force.age]
    return max(newer, key=lambda v: v.age) if newer else None


def reigns(versions: Sequence[Version], version: int) -> list[tuple[date, date | None]]:
    """First and last days on which a version is champion, oldest first; the last day is None while nothing ends it."""
    found: list[tuple[date, date | None]] = []
    for first, following in pairwise([*_changes(versions), date.max]):
        in_force = champion(versions, first)
        if in_force is None or in_force.version != version:
            continue
        last = None if following == date.max else following - timedelta(days=1)
        if found and found[-1][1] == first - timedelta(days=1):
            first = found.pop()[0]
        found.append((first, last))
    return found


def concerned(versions: Sequence[Version], version: int) -> list[int]:
    """A version, and all whose days as champion hang on it: who would be champion without it, or after it."""
    (one,) = (v for v in versions if v.version == version)
    if not _reigns(one):
        return [version]
    worlds = (versions, [v for v in versions if v is not one])
    days = [day for day in _changes(versions) if day >= one.first_day]
    champions = [champion(world, day) for world in worlds for day in days]
    return sorted({version, *(v.version for v in champions if v)})


def _reigns(version: Version) -> bool:
    return "champion_from" in version.tags


def _changes(versions: Collection[Version]) -> list[date]:
    """Days on which the champion may change."""
    days = {day for v in versions if _reigns(v) for day in (v.first_day, v.until)}
    return sorted(days - {date.max})


def _order_of_reign(version: Version) -> tuple[date, int]:
    return version.first_day, version.version
