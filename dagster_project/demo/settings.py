"""Settings of the demo world: every size and rate, with the published range it was taken from.

Here: names, defaults, bounds and what they mean together. Not here: how the rates are used. Published
ranges are those of the project's data notes; where they disagree the default lies inside.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

Rate = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[float, Field(gt=1, le=2000)]
PerDay = Annotated[float, Field(ge=0, le=50)]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChainSettings(_Frozen):
    """The hidden chain of a company: none, researching, engaged, five stages, won or cool-down.

    Cycle of won deals in real CRMs: 26 days at the median and 99 on average, lost ones 321; usual
    cycles run from 1 to 6 months. Opportunities won: 15-43 %, about 21 % on average.

    Each feed mostly shows another part of the way, so that none can stand in for another: intent the
    research, our own site the engagement, the CRM the opportunity, technology the fit.
    """

    projects_per_year: Annotated[float, Field(gt=0, le=10)] = 1.65
    fit_spread: Annotated[float, Field(ge=0, le=2)] = 0.43  # of the log hazard, over companies
    hidden_fit_share: Rate = 0.02  # of the fit's variance that no feed shows
    fast_track_share: Rate = 0.21  # projects that come as a ready opportunity (tender, call-in)
    worked_share: Rate = 0.60  # accounts that sales works
    worked_pull: Annotated[float, Field(ge=1, le=5)] = 1.5  # how much sooner a worked one engages
    season_strength: Rate = 0.25  # summer and year-end dips of project starts
    yearly_drift: Annotated[float, Field(ge=-0.5, le=0.5)] = 0.05  # growing industries; others fall
    quarter_end_push: Annotated[float, Field(ge=1, le=5)] = (
        1.6  # deals closed in a quarter's last days
    )
    research_days: Days = 72
    engaged_days: Days = 42
    abandon_research_days: Days = 156
    abandon_engaged_days: Days = 88
    stage_days: Days = 14  # each of five stages, while the project lives
    stall_days: Days = 37  # a living opportunity with budget and champion stalls after so long
    no_budget_harm: Annotated[float, Field(ge=1, le=20)] = 1.2  # stalls so much sooner without
    no_champion_harm: Annotated[float, Field(ge=1, le=20)] = 1.15
    lost_days: Days = 110  # a stalled opportunity is closed as lost after so long
    revive_days: Days = 600  # or comes back to life after so long
    champion_leaves_days: Days = 300
    budget_comes_days: Days = 120
    cool_days: Days = 15


class CrmSettings(_Frozen):
    """What the CRM records.

    Funnel: lead to MQL 10-20 %, MQL to SQL 13-50 %, SQL to opportunity 30-75 %. Buying groups have
    6-10 people and about 59 touches.
    """

    known_before_share: Rate = 0.55  # companies in the CRM before the history begins
    emails_per_day_idle: PerDay = 0.022  # to a worked account; others get a tenth
    emails_per_day_project: PerDay = 0.28
    engaged_effort: Rate = 0.10  # of sales before an opportunity is open, as a share of that after
    reply_rate_idle: Rate = 0.02
    reply_rate_live: Rate = 0.50  # living project with champion
    calls_per_day_project: PerDay = 0.06
    meetings_per_day_live: PerDay = 0.26
    no_show_rate: Rate = 0.10
    mql_rate_idle: Rate = 0.05
    mql_rate_project: Rate = 0.22
    sql_rate_idle: Rate = 0.17
    sql_rate_project: Rate = 0.45
    expansions_per_year: PerDay = 0.5  # of a customer
    median_deal_usd: Annotated[float, Field(gt=0)] = 24_000
    deal_spread: Annotated[float, Field(ge=0, le=3)] = 0.75  # sigma of the log
    employees_changes_per_year: PerDay = 0.6
    owner_changes_per_year: PerDay = 0.12


class WebSettings(_Frozen):
    """Visits to our site. 97 % of visitors never fill a form; 60-80 % of corporate traffic can be
    tied to a company by address, 5-40 % to a person; 1-3 % of visitors become leads."""

    sessions_per_day_idle: PerDay = 0.012
    sessions_per_day_research: PerDay = 0.028  # early research is done elsewhere
    sessions_per_day_engaged: PerDay = 1.10
    sessions_per_day_live: PerDay = 0.97
    sessions_per_day_stalled: PerDay = 0.04
    sessions_per_day_customer: PerDay = 0.045
    company_resolved_rate: Rate = 0.80
    form_rate_idle: Rate = 0.02  # of sessions
    form_rate_project: Rate = 0.032
    email_clicks_per_day_idle: PerDay = 0.0035
    email_clicks_per_day_project: PerDay = 0.030


class IntentSettings(_Frozen):
    """Weekly research of domains. Median score 16; 5.5 % of domain-topic pairs at 60 or more; median
    34 topics a domain (here over its history)."""

    covered_share: Rate = 0.95  # domains that the vendor sees
    topics_per_week: PerDay = 1.4  # of a company without a project
    usual_topics: Annotated[int, Field(ge=1, le=60)] = 32  # that it reads about, project or not
    relevant_topic_rate: Annotated[float, Field(ge=0, le=2)] = (
        1.35  # half of our topics, times this, a week of research
    )
    surge_score: Annotated[float, Field(ge=0, le=100)] = 49.5
    metro_duplicate_rate: Rate = 0.25
    isp_domain_rows: Rate = 0.01


class TechnologySettings(_Frozen):
    """Technologies found on companies' sites."""

    covered_share: Rate = 0.95
    per_company: Annotated[float, Field(gt=0, le=30)] = 6.0
    adoptions_per_year: PerDay = 0.35
    drops_per_year: PerDay = 0.25


class PollutionSettings(_Frozen):
    """What real data has and nobody wants; each kind's rate (0 plants none)."""

    duplicate_accounts: Rate = 0.03
    merged_duplicates: Rate = 0.5  # of the duplicates
    late_rows: Rate = 0.04  # of CRM rows of the later days
    corrected_rows: Rate = (
        0.02  # of opportunities and leads: an earlier version stands in the file too
    )
    free_mail_leads: Rate = 0.12
    own_staff_visits_per_day: PerDay = 0.002  # an account; so for the next ones
    competitor_visits_per_day: PerDay = 0.0015
    student_visits_per_day: PerDay = 0.0025
    consumer_visits_per_day: PerDay = 0.007  # nobody we could sell to
    bot_visits_per_day: PerDay = 0.0015
    isp_traffic: Rate = 0.10  # of corporate visits, from home
    scanner_clicks: Rate = 0.20  # of all clicks in emails (15-30 %)
    blank_fields: Rate = 0.08
    filled_when_won: Rate = 0.85  # revenue, rating, state of an account
    filled_otherwise: Rate = 0.10
    backdated_tasks: Rate = 0.05
    close_date_edits: Rate = 0.6  # of open opportunities' stage changes
    duplicate_events: Rate = 0.004
    restated_days: Rate = 0.4  # of the later days' web files
    competitor_accounts: Annotated[int, Field(ge=0, le=8)] = 4


class WorldSettings(_Frozen):
    """One demo world; the same settings give the same bytes."""

    accounts: Annotated[int, Field(ge=50, le=1_000_000)] = 2000
    months: Annotated[int, Field(ge=6, le=120)] = 36
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 7
    last_day: date = date(2026, 6, 30)
    later_days: Annotated[int, Field(ge=0, le=90)] = 30
    daily_truth_days: Annotated[int, Field(ge=0, le=365)] = 60
    companies_per_file: Annotated[int, Field(ge=500)] = 5_000
    measure_feeds: bool = True  # train the reference model for truth/feed_value.json
    chain: ChainSettings = ChainSettings()
    crm: CrmSettings = CrmSettings()
    web: WebSettings = WebSettings()
    intent: IntentSettings = IntentSettings()
    technology: TechnologySettings = TechnologySettings()
    pollution: PollutionSettings = PollutionSettings()

    @field_validator("last_day")
    @classmethod
    def _ends_a_month(cls, value: date) -> date:
        if (value + timedelta(days=1)).day != 1:
            raise ValueError(
                "should be the last day of a month, as the world is scored at month-ends"
            )
        return value

    @property
    def first_day(self) -> date:
        """The first day of the history."""
        month = self.last_day.year * 12 + self.last_day.month - self.months
        return date(month // 12, month % 12 + 1, 1)
