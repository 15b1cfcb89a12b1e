"""Contacts and leads: the people of companies as the CRM knows them.

Here: Contact and Lead versions of a block, and what becomes of leads (the funnel). Not here: forms that
make leads (web.py), activities.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from dagster_project.demo import names
from dagster_project.demo.calendar import Calendar
from dagster_project.demo.companies import NEVER, Companies, stream
from dagster_project.demo.duplicates import DUPLICATE, Duplicates
from dagster_project.demo.hidden_state import PHASE
from dagster_project.demo.ids import record_ids
from dagster_project.demo.lives import Lives
from dagster_project.demo.records import date_of, versions
from dagster_project.demo.settings import WorldSettings
from dagster_project.demo.visits import STUDENT
from dagster_project.demo.web import FORMS, LEAD, FormFills, contact_number

DAY = 86_400
_DEPARTMENTS = (
    "Management", "IT", "Finance", "Engineering", "Operations", "Procurement", "Marketing", "HR",
    "Sales", "Legal",
)  # fmt: skip


@dataclass(frozen=True)
class LeadLives:
    """What becomes of the leads of a block; days are NEVER where a step is not reached."""

    row: np.ndarray
    slot: np.ndarray
    kind: np.ndarray
    form: np.ndarray
    number: np.ndarray
    created: np.ndarray  # seconds, as the next ones
    mql: np.ndarray
    sql: np.ndarray
    converted: np.ndarray
    dropped: np.ndarray
    deal: np.ndarray  # opportunity of the conversion, -1 none
    free_mail: np.ndarray


def live_leads(
    settings: WorldSettings, companies: Companies, lives: Lives, fills: FormFills
) -> LeadLives:
    """The funnel: from new to qualified to an opportunity, or dropped."""
    rng = stream(settings, companies.block, "lead")
    new = fills.is_new_lead
    row, slot, kind, created = fills.row[new], fills.slot[new], fills.kind[new], fills.at[new] + 5
    n, crm = len(row), settings.crm
    day = created // DAY
    project = np.zeros(n, dtype=bool)
    mine = row >= 0
    project[mine] = PHASE[lives.state_on(day[mine], row[mine])] >= 0
    deal, opened = _next_deal(lives, row, day)
    soon = project | (opened <= day + 60)
    lots = rng.random((n, 4))
    is_mql = lots[:, 0] < np.where(soon, crm.mql_rate_project, crm.mql_rate_idle) * np.where(
        mine, 1, 0.5
    )
    is_sql = is_mql & (lots[:, 1] < np.where(soon, crm.sql_rate_project, crm.sql_rate_idle)) & mine
    mql = np.where(is_mql, created + rng.integers(600, 3 * DAY, n), NEVER * DAY)
    sql = np.where(is_sql, mql + rng.integers(DAY // 2, 6 * DAY, n), NEVER * DAY)
    opens = np.where(opened < NEVER, opened * DAY + 6 * 3600 + 600, NEVER * DAY)
    taken = is_sql & (opened <= day + 150) & (opened > day)
    _, first = np.unique(np.where(taken, deal, -1 - np.arange(n)), return_index=True)
    only = np.zeros(n, dtype=bool)
    only[first] = True
    taken &= only
    mql = np.where(taken, np.minimum(mql, opens - 7200), mql)
    sql = np.where(taken, np.minimum(sql, opens - 3600), sql)
    converted = np.where(taken, opens, NEVER * DAY)
    dropped = np.where(
        (lots[:, 2] < 0.55) & ~taken, created + rng.integers(20 * DAY, 90 * DAY, n), NEVER * DAY
    )
    dropped = np.where((dropped > sql) | (dropped > mql), NEVER * DAY, dropped)
    for company, person, when in zip(row[taken], slot[taken], opened[taken], strict=True):
        lives.contact[company, person] = min(lives.contact[company, person], when)
    free_mail = np.where(mine, lots[:, 3] < settings.pollution.free_mail_leads, kind != STUDENT)
    return LeadLives(
        row, slot, kind, fills.form[new], fills.person[new] - LEAD, created, mql, sql, converted,
        dropped, np.where(taken, deal, -1), free_mail,
    )  # fmt: skip


def _next_deal(lives: Lives, row: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The company's next opportunity after a day: its place in the block's deals, and its first day."""
    deals = lives.deals
    keys = deals.company * (1 << 20) + deals.opened
    if len(keys) == 0:
        return np.full(len(row), -1), np.full(len(row), NEVER)
    at = np.searchsorted(keys, row * (1 << 20) + day, side="right")
    inside = np.minimum(at, len(keys) - 1)
    fine = (at < len(keys)) & (deals.company[inside] == row)
    return np.where(fine, inside, -1), np.where(fine, deals.opened[inside], NEVER)


def _person_columns(
    companies: Companies, row: np.ndarray, slot: np.ndarray
) -> dict[str, pl.Series]:
    given = pl.Series(names.GIVEN).gather(companies.given[row, slot])
    family = pl.Series(names.FAMILY).gather(companies.family[row, slot])
    titles = pl.Series([title for title, *_ in names.TITLES])
    return {
        "FirstName": given,
        "LastName": family,
        "Title": titles.gather(companies.title[row, slot]),
    }


def _email(person: dict[str, pl.Series], domain: pl.Series) -> pl.Series:
    local = person["FirstName"].str.to_lowercase() + "." + person["LastName"].str.to_lowercase()
    return local + "@" + domain


def make_contacts(
    settings: WorldSettings,
    calendar: Calendar,
    companies: Companies,
    lives: Lives,
    duplicates: Duplicates,
) -> pl.DataFrame:
    """Contact versions of a block; some opt out of mail later."""
    rng = stream(settings, companies.block, "crm").spawn(1)[0]
    row, slot = np.nonzero(lives.contact <= calendar.end)
    day = lives.contact[row, slot]
    created = day * DAY + np.where(day == lives.known[row], 6 * 3600 + 60, 6 * 3600 + 660)
    words = names.company_words(pl.Series(companies.number))
    person = _person_columns(companies, row, slot)
    lot = rng.random(len(row))
    stray = (duplicates.made[row] <= day) & (duplicates.merged[row] >= NEVER) & (lot < 0.3)
    sources = pl.Series(["List", "Web", "Event", "Referral", "Partner"])
    blank = rng.random(len(row)) < settings.pollution.blank_fields
    frame = versions(
        {
            "Id": record_ids("contact", contact_number(companies.number[row], slot)),
            "AccountId": record_ids(
                "account", companies.number[row] + np.where(stray, DUPLICATE, 0)
            ),
            **person,
            "Email": _email(person, words["domain"].gather(row)),
            "Department": pl.Series(_DEPARTMENTS).gather(
                companies.title[row, slot] % len(_DEPARTMENTS)
            ),
            "LeadSource": sources.gather(rng.integers(0, 5, len(row))),
            "OwnerId": record_ids("user", companies.owner[row]),
            "MasterRecordId": pl.Series([None] * len(row), dtype=pl.String),
            "HasOptedOutOfEmail": [False] * len(row),
            "IsDeleted": [False] * len(row),
            "_row": row,
        },
        created,
        created,
    )
    frame = frame.with_columns(frame["Title"].set(pl.Series(blank), None))
    stamp = created + rng.integers(30 * DAY, 900 * DAY, len(row))
    leaves = (rng.random(len(row)) < 0.04) & (stamp < (calendar.end + 1) * DAY)
    left = frame.with_columns(
        pl.lit(True).alias("HasOptedOutOfEmail"), pl.Series("_stamp", stamp),
        pl.Series("_day", stamp // DAY, dtype=pl.Int32),
    ).filter(pl.Series(leaves))  # fmt: skip
    return pl.concat([frame, left])


def make_leads(
    settings: WorldSettings,
    calendar: Calendar,
    companies: Companies,
    leads: LeadLives,
    deal_number: np.ndarray,
) -> pl.DataFrame:
    """Lead versions of a block: one for each step of the funnel."""
    rng = stream(settings, companies.block, "lead").spawn(1)[0]
    columns = _lead_columns(companies, leads, rng)
    n = len(leads.row)
    done = leads.converted < NEVER * DAY
    ids = {
        "ConvertedDate": date_of(np.where(done, leads.converted // DAY, NEVER)),
        "ConvertedAccountId": record_ids(
            "account", np.where(done, companies.number[leads.row], -1)
        ),
        "ConvertedContactId": record_ids(
            "contact", np.where(done, contact_number(companies.number[leads.row], leads.slot), -1)
        ),
        "ConvertedOpportunityId": record_ids(
            "opportunity", np.where(leads.deal >= 0, deal_number[leads.deal], -1)
        ),
    }
    nothing = {name: pl.Series([None] * n, dtype=column.dtype) for name, column in ids.items()}
    steps = (
        ("New", leads.created), ("Marketing Qualified", leads.mql), ("Sales Qualified", leads.sql),
        ("Disqualified", leads.dropped), ("Converted", leads.converted),
    )  # fmt: skip
    parts = []
    for status, when in steps:
        is_last = status == "Converted"
        state = {
            "Status": [status] * n,
            "IsConverted": [is_last] * n,
            **(ids if is_last else nothing),
        }
        part = versions({**columns, **state}, leads.created, np.minimum(when, 1 << 40))
        parts.append(part.filter(pl.Series(when < (calendar.end + 1) * DAY)))
    return pl.concat(parts)


def _lead_columns(
    companies: Companies, leads: LeadLives, rng: np.random.Generator
) -> dict[str, object]:
    n, row = len(leads.row), leads.row
    mine = row >= 0
    words = names.company_words(pl.Series(companies.number))
    slot = np.where(mine, leads.slot, rng.integers(0, 18, n))
    person = _person_columns(
        companies, np.where(mine, row, rng.integers(0, len(companies), n)), slot
    )
    student = pl.Series(leads.kind == STUDENT)
    free = pl.Series(names.FREE_MAIL).gather(rng.integers(0, 3, n))
    school = pl.Series(names.UNIVERSITIES).gather(rng.integers(0, 3, n))
    own = words["domain"].gather(np.where(mine, row, 0))
    domain = own.zip_with(~pl.Series(leads.free_mail), free)
    domain = domain.zip_with(~student, school)
    company = (
        words["name"]
        .gather(np.where(mine, row, 0))
        .zip_with(pl.Series(mine), pl.Series(["-"] * n, dtype=pl.String))
    )
    company = company.zip_with(~student, pl.Series(["Student"] * n, dtype=pl.String))
    person["Title"] = person["Title"].zip_with(
        ~student, pl.Series(["Student"] * n, dtype=pl.String)
    )
    filled = pl.Series(mine & (rng.random(n) < 0.6))
    industry = pl.Series([names.INDUSTRIES[companies.industry[r]] for r in row], dtype=pl.String)
    country = pl.Series([names.PLACES[companies.place[r]][0] for r in row], dtype=pl.String)
    forms = pl.Series(["Web: " + f for f in FORMS])
    return {
        "Id": record_ids("lead", leads.number),
        **person,
        "Email": _email(person, domain),
        "Company": company,
        "Website": own.set(~pl.Series(mine & (rng.random(n) < 0.5)), None),
        "Industry": industry.set(~filled, None),
        "NumberOfEmployees": pl.Series(companies.employees[row]).set(~filled, None),
        "Country": country.set(~filled, None),
        "State": pl.Series([None] * n, dtype=pl.String),
        "LeadSource": forms.gather(leads.form),
        "OwnerId": record_ids("user", companies.owner[row]),
        "MasterRecordId": pl.Series([None] * n, dtype=pl.String),
        "IsDeleted": [False] * n,
    }
