"""Says what is wrong with the features that a scorecard names.

Belongs here: the check that settings are held to, light enough for every command. Does not belong
here: scoring with them (scorecard.py).
"""

from models.feature_contract import FEATURES, Feature
from models.settings import ScorecardLine


def problems_of(line: ScorecardLine, contract: tuple[Feature, ...] = FEATURES) -> list[str]:
    """What is wrong with a line whose features exist, in words; empty if nothing is.

    An outcome in disguise earns no points, and a condition must suit the kind of its feature.
    """
    known, problems = {feature.name: feature for feature in contract}, []
    feature = known[line.feature]
    is_text = feature.kind == "category"
    if feature.source_kind == "unsafe":
        problems.append(f"{line.feature} changes with the outcome and must not earn points")
    if is_text and (line.at_least is not None or line.at_most is not None):
        problems.append(f"{line.feature} holds texts: use one_of or present")
    if not is_text and line.one_of is not None:
        problems.append(f"{line.feature} holds numbers: use at_least, at_most or present")
    if line.decay and known[line.decay.days_since].unit != "days":
        problems.append(f"decay.days_since: {line.decay.days_since} is no feature in days")
    return problems
