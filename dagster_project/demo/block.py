"""One block of companies: all that the world shows of it and all that is true of it.

Here: calling the parts in their order. Not here: what the parts do, files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from dagster_project.demo import (
    accounts,
    activities,
    campaigns,
    intent,
    opportunities,
    people,
    pollution,
    technology,
    truth,
    web,
)
from dagster_project.demo import visits as visiting
from dagster_project.demo.calendar import Calendar
from dagster_project.demo.companies import Companies, make_companies
from dagster_project.demo.duplicates import Duplicates, plan_duplicates
from dagster_project.demo.ga4_files import visitor_ids
from dagster_project.demo.hidden_state import Chain
from dagster_project.demo.lives import Lives, live
from dagster_project.demo.settings import WorldSettings


@dataclass
class Block:
    """Everything of one block; `tables` are CRM record versions by table."""

    companies: Companies
    lives: Lives
    deals: opportunities.Opportunities
    leads: people.LeadLives
    tasks: activities.Acts
    meetings: activities.Acts
    tables: dict[str, pl.DataFrame]
    events: pl.DataFrame
    surges: pl.DataFrame
    detections: pl.DataFrame
    probabilities: pl.DataFrame
    outcomes: pl.DataFrame
    identities: pl.DataFrame
    planted: pl.DataFrame


def make_block(
    settings: WorldSettings, calendar: Calendar, chain: Chain, table: np.ndarray, number: int
) -> Block:
    """Make a block; `table` holds the true probabilities by class and state."""
    companies = make_companies(settings, calendar, number)
    lives = live(settings, calendar, chain, companies)
    duplicates = plan_duplicates(settings, calendar, companies, lives)
    visits = visiting.make_visits(settings, calendar, companies, lives)
    events, fills = web.make_events(settings, companies, lives, visits)
    leads = people.live_leads(settings, companies, lives, fills)
    deals = opportunities.make_opportunities(settings, calendar, companies, lives)
    tasks = activities.make_tasks(settings, calendar, companies, lives)
    meetings = activities.make_meetings(settings, calendar, companies, lives)
    tables = _tables(
        settings, calendar, companies, lives, duplicates, leads, deals, tasks, meetings
    )
    surges = intent.make_surges(settings, calendar, companies, lives)
    late = pollution.make_late(settings, calendar, companies, tables)
    events, repeated = pollution.repeat_events(settings, companies, events)
    planted = [
        *pollution.crm_planted(calendar, companies, duplicates, leads, tables),
        *late,
        *pollution.visits_planted(events),
        repeated,
        *pollution.intent_planted(surges, companies),
    ]
    visitors = events.select("visitor", "row").unique(maintain_order=True)
    visitors = visitors.with_columns(
        visitor_ids(visitors["visitor"].to_numpy()).alias("visitor_id")
    )
    probabilities, outcomes = truth.true_rows(
        settings, calendar, companies, lives, duplicates, table
    )
    contacts = tables["contact"].unique("Id", keep="first", maintain_order=True)
    return Block(
        companies, lives, deals, leads, tasks, meetings, tables, events, surges,
        technology.make_detections(settings, calendar, companies), probabilities, outcomes,
        truth.identity_rows(companies, lives, duplicates, contacts, leads.number, visitors),
        pl.concat(planted),
    )  # fmt: skip


def _tables(
    settings: WorldSettings,
    calendar: Calendar,
    companies: Companies,
    lives: Lives,
    duplicates: Duplicates,
    leads: people.LeadLives,
    deals: opportunities.Opportunities,
    tasks: activities.Acts,
    meetings: activities.Acts,
) -> dict[str, pl.DataFrame]:
    account, account_history = accounts.make_accounts(
        settings, calendar, companies, lives, duplicates
    )
    opportunity, history = opportunities.opportunity_rows(settings, calendar, companies, deals)
    return {
        "account": account,
        "account_history": account_history,
        "contact": people.make_contacts(settings, calendar, companies, lives, duplicates),
        "lead": people.make_leads(settings, calendar, companies, leads, deals.number),
        "opportunity": opportunity,
        "opportunity_history": history,
        "opportunity_contact_role": opportunities.contact_roles(
            settings, calendar, companies, lives, deals
        ),
        "task": activities.task_rows(settings, companies, duplicates, deals, tasks),
        "event": activities.meeting_rows(settings, companies, duplicates, deals, meetings),
        "campaign_member": campaigns.make_members(settings, calendar, companies, lives),
    }
