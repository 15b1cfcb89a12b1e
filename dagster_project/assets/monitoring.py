"""What happened to the scores since: stored days held against outcomes.

Here: the asset that evaluates a scored day once its outcomes are known. Not here: the metrics (models/evaluation.py).
"""

from __future__ import annotations
