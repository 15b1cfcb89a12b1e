"""The settings of a home that holds a demo world.

Here: the text of its scoring.yaml, from the world's own words. Not here: what the settings mean.
"""

from __future__ import annotations

from dagster_project.demo import names
from dagster_project.demo.settings import WorldSettings

_TEMPLATE = """\
# Settings of a demo world: invented companies whose true chances are known.
version: 1
feeds: [salesforce, ga4, bombora, technographics]
history_starts: {first_day}
conversion:
  won_stages: [Closed Won]
  open_stages: [Prospecting, Qualification, Needs Analysis, Proposal, Negotiation]
  mode: new_business
  horizons_days: [30, 90, 180]
  primary_horizon_days: 90
  recording_starts: {first_day}
eligibility:
  excluded_account_types: [Competitor]
identity:
  own_domains: [{own}]
  competitor_domains: [{competitors}]
  free_mail_domains: [{free_mail}]
  isp_domains: [{isps}]
features:
  # of titles there are no changes to keep: people of this world have one for life, from their record's first day
  versioned_attributes: [industry, employee_count, annual_revenue, title]
intent:
  relevant_topics: [{topics}]
technology:
  own_complements: [{complements}]
  competitors: [{competing}]
retention:
  # benchmarks/ look at all days
  feature_days: null
words:
  singular: won deal
  plural: won deals
"""


def demo_settings_yaml(settings: WorldSettings | None = None) -> str:
    """The scoring.yaml of a home with this world."""
    rivals = [domain for _, domain in names.COMPETITORS]
    return _TEMPLATE.format(
        first_day=(settings or WorldSettings()).first_day,
        own=names.OWN_DOMAIN,
        competitors=", ".join(rivals),
        free_mail=", ".join(names.FREE_MAIL),
        isps=", ".join(names.ISPS),
        topics=", ".join(names.RELEVANT_TOPICS),
        complements=", ".join(names.COMPLEMENTS),
        competing=", ".join(names.COMPETING),
    )
