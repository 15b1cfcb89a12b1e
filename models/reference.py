"""The population that scores compare with, fixed with the scoring model.

Belongs here: raw probabilities of a population and their percentiles. Does not belong here: which
population that is (training.py) and what is scaled with it (scoring.py, components.py).
"""

from dataclasses import dataclass

import numpy as np

REFERENCE_POINTS = 1001


@dataclass(frozen=True)
class Reference:
    """The population that the score compares with: raw probabilities and their percentiles."""

    raw_probability: tuple[float, ...]
    percentile: tuple[float, ...]

    def scale(self, raw: np.ndarray) -> np.ndarray:
        """Score 0-100: the mid-rank percentile, straight lines between the stored points."""
        return np.interp(raw, self.raw_probability, self.percentile)


def fix_reference(raw: np.ndarray) -> Reference:
    """The percentile scale of a population's raw probabilities.

    At most 1,001 points are kept. The ends are 0 at probability 0 and 100 at 1, so that accounts
    above all of the reference still differ. Raises ValueError for an empty population.
    """
    if len(raw) == 0:
        raise ValueError("the reference population is empty")
    values, counts = np.unique(raw, return_counts=True)
    middle = 100.0 * (np.cumsum(counts) - counts / 2) / len(raw)
    if len(values) > REFERENCE_POINTS:
        kept = np.unique(np.linspace(0, len(values) - 1, REFERENCE_POINTS).round().astype(int))
        values, middle = values[kept], middle[kept]
    points = dict(zip(values.tolist(), middle.tolist(), strict=True))
    points = {0.0: 0.0} | points | {1.0: 100.0}
    return Reference(tuple(points), tuple(points.values()))
