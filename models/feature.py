"""What one feature is: its name, kind, source and words.

Belongs here: the shape of a row of the feature contract and how it is said. Does not belong here:
the rows themselves (feature_contract.py), numbers to text (wording.py).
"""

from dataclasses import dataclass
from typing import Literal

from models.wording import format_value, one_or_several, since_today

Unit = Literal[
    "count", "points", "change", "days", "weeks", "years", "usd", "ratio", "rate", "share", "flag",
    "text",
]  # fmt: skip


# The topic of features that have one value for all accounts of a day.
OF_THE_MARKET = "market"


@dataclass(frozen=True)
class Feature:
    """One feature. `words` may use {value}, {deal}, {deals} and, where one and several read
    differently, {visit|visits}; `topic` groups like reasons.
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

    @property
    def is_of_won_deals(self) -> bool:
        """Whether it tells of deals that the account has won before."""
        return self.family == "relationship" and "{deal" in self.words + self.words_missing

    def say(self, value: object, deal: str, deals: str) -> str:
        """The feature in words with the account's own value (None is missing)."""
        if value is None:
            return self.words_missing.format(deal=deal, deals=deals)
        noun = deal if self.unit == "count" and value == 1 else deals
        words = since_today(one_or_several(self.words, value), value, self.unit)
        return words.format(value=format_value(value, self.unit), deal=deal, deals=noun)
