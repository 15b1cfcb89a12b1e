"""The population stability index (PSI): how far two populations differ in how they fall into bins, and by chance.

Belongs here: formula and limit. Does not belong here: bins (drift_reference.py), what counts as drift (drift.py).

PSI is the sum over bins of (a - r) ln(a / r), a and r the shares of a bin's accounts now and in the reference: the divergence
of Jeffreys (1946), in credit scoring since Lewis (1994), where 0.1 and 0.25 are the customary limits. A normal distribution
shifted by d standard deviations has d squared: 0.25 is half of one, 1 a whole one. For two samples of n and m rows of one
population it is about (1/n + 1/m) times chi-squared with (bins - 1) degrees of freedom (Yurdakul and Naranjo 2020), so its mean
is (bins - 1)(1/n + 1/m); what is below its 95th percentile says nothing.
"""

import numpy as np


def psi_terms(counts: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """What each bin adds to PSI. Half a row is added to each bin, so that an empty one has a logarithm."""
    a = (counts + 0.5) / (np.sum(counts) + 0.5 * len(counts))
    r = (reference + 0.5) / (np.sum(reference) + 0.5 * len(reference))
    return (a - r) * np.log(a / r)


def psi(counts: np.ndarray, reference: np.ndarray) -> float:
    """Population stability index of counts by bin."""
    return float(np.sum(psi_terms(counts, reference)))


def psi_limit_by_chance(counts: np.ndarray, reference: np.ndarray) -> float:
    """95th percentile of PSI between two samples of one population, as large as these. Bins that are empty in both do not count.

    Chi-squared by Wilson and Hilferty (1931).
    """
    free = int(np.sum((np.asarray(counts) + np.asarray(reference)) > 0)) - 1
    if free < 1:
        return 0.0
    step = 2 / (9 * free)
    chi_squared = free * (1 - step + 1.644854 * np.sqrt(step)) ** 3
    return float(chi_squared * (1 / np.sum(counts) + 1 / np.sum(reference)))
