"""The demo world: a generative model of companies whose true win probabilities are known.

Here: hidden states, what feeds show of them, vendors' files and the truth folder. Not here: reading
those files (feeds/), Dagster, dbt, and the `scoring demo` command that calls `write_world`.
"""

from dagster_project.demo.settings import WorldSettings
from dagster_project.demo.world import WorldSummary, demo_settings_yaml, write_world

__all__ = ["WorldSettings", "WorldSummary", "demo_settings_yaml", "write_world"]
