"""What one feature is: its name, kind, source and words.

Belongs here: the shape of a row of the feature contract and how it is said. Does not belong here:
the rows themselves (feature_contract.py), numbers to text (wording.py).
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from models.pace import against_before
from models.wording import about_as_before, format_value, one_or_several, since_today

Unit = Literal[
    "count", "points", "change", "days", "weeks", "years", "usd", "ratio", "rate", "share", "flag",
    "text",
]  # fmt: skip


# The topic of features that have one value for all accounts of a day.
OF_THE_MARKET = "market"


@dataclass(frozen=True)
class Feature:
    """One feature. `words` may use {value}, {deal}, {deals} and, where one and several read
    differently, {visit|visits}; `topic` groups like reasons. `longer` names the same count over a longer window, if there is
    one (pace.py).
    """

    name: str
    family: str
    topic: str
    kind: Literal["number", "category"]
    unit: Unit
    words: str
    words_missing: str
    monotone: Literal[-1, 0, 1] = 0
    source_kind: Literal["versioned", "snapshot", "unsafe"] = "versioned"
    attributes: tuple[str, ...] = ()
    longer: str = ""

    @property
    def is_of_won_deals(self) -> bool:
        """Whether it tells of deals that the account has won before."""
        return self.family == "relationship" and "{deal" in self.words + self.words_missing

    def columns(self, present: Collection[str]) -> list[str]:
        """The columns that `say` speaks of, its own first, of those `present`."""
        return [self.name, *([self.longer] if self.longer in present else [])]

    def say(self, value: object, deal: str, deals: str, longer_value: object = None) -> str:
        """The feature in words with the account's own value (None is missing); with its value of `longer`, also what it was
        before.
        """
        if value is None:
            return self.words_missing.format(deal=deal, deals=deals)
        noun = deal if self.unit == "count" and value == 1 else deals
        words = since_today(one_or_several(self.words, value), value, self.unit)
        words = about_as_before(words, value, self.unit)
        said = words.format(value=format_value(value, self.unit), deal=deal, deals=noun)
        return said + (against_before(self.name, value, longer_value) if self.longer else "")
