"""What becomes of planted records is looked for kind by kind: none is forgotten."""

from benchmarks.planted_kinds import KINDS
from dagster_project.demo import pollution


def test_every_planted_kind_is_looked_for():
    assert set(pollution.KINDS) <= set(KINDS)
