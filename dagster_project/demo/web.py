"""Events of visits: pages, forms, downloads, and from when on a cookie is a known person.

Here: the event table of a block in narrow columns, and the forms that make leads. Not here: who visits
(visits.py), the GA4 shape (ga4_files.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from dagster_project.demo import visits as v
from dagster_project.demo.companies import SLOTS, Companies, stream
from dagster_project.demo.lives import Lives
from dagster_project.demo.settings import WorldSettings

EVENT_NAMES = ("session_start", "page_view", "form_submit", "file_download")
START, VIEW, FORM, FILE = range(4)
FORMS = ("demo_request", "contact", "newsletter", "whitepaper", "webinar")
FILES = (
    "cloud-cost-guide.pdf",
    "observability-handbook.pdf",
    "security-overview.pdf",
    "price-list.pdf",
)
_KIND_PAGES = {
    "home": ("/",),
    "pricing": ("/pricing", "/pricing/enterprise"),
    "docs": ("/docs/quickstart", "/docs/install", "/docs/api", "/docs/integrations", "/docs/security"),
    "product": ("/product/overview", "/product/automation", "/product/monitoring", "/product/costs"),
    "blog": ("/blog/cloud-bills", "/blog/on-call", "/blog/release-notes", "/blog/data-pipelines", "/blog/culture"),
    "customers": ("/customers/stories", "/customers/manufacturing"),
    "careers": ("/careers",),
    "login": ("/login",),
    "demo": ("/demo",),
}  # fmt: skip
PAGES = tuple(page for pages in _KIND_PAGES.values() for page in pages)
_PAGES_OF_KIND = np.array([len(pages) for pages in _KIND_PAGES.values()])
PAGE_KIND = np.repeat(np.arange(len(_KIND_PAGES)), _PAGES_OF_KIND)
PRICING, DOCS, PRODUCT, DEMO = 1, 2, 3, 8  # places in _KIND_PAGES
# Shares of page kinds by mix: home pricing docs product blog customers careers login demo
_MIX = np.array(
    [
        [0.22, 0.03, 0.06, 0.17, 0.37, 0.07, 0.06, 0.01, 0.01],
        [0.15, 0.12, 0.14, 0.28, 0.18, 0.10, 0.01, 0.00, 0.02],
        [0.12, 0.18, 0.20, 0.24, 0.08, 0.10, 0.01, 0.00, 0.07],
        [0.10, 0.18, 0.30, 0.19, 0.06, 0.12, 0.01, 0.00, 0.04],
        [0.18, 0.06, 0.15, 0.20, 0.27, 0.08, 0.03, 0.00, 0.03],
        [0.05, 0.02, 0.35, 0.06, 0.06, 0.02, 0.01, 0.43, 0.00],
        [0.20, 0.04, 0.16, 0.12, 0.36, 0.03, 0.08, 0.00, 0.01],
    ]
)
_FORM_MIX = np.array(  # idle, project: demo contact newsletter whitepaper webinar
    [[0.02, 0.06, 0.45, 0.35, 0.12], [0.30, 0.25, 0.05, 0.25, 0.15]]
)
MEDIA = ("organic", "(none)", "cpc", "referral", "email")
SOURCES = ("google", "(direct)", "google", "partnersite.example", "newsletter")
CAMPAIGNS = (None, None, "brand-search", None, "monthly-news")
REFERRERS = (
    "https://www.google.com/",
    None,
    "https://www.google.com/",
    "https://partnersite.example/list",
    None,
)
BROWSERS = ("Chrome", "Safari", "Edge", "Firefox", "HeadlessChrome", "LinkPeek crawler", "Siftbot")
SYSTEMS = ("Windows", "Macintosh", "iOS", "Android", "Linux")
DEVICES = ("desktop", "mobile", "tablet")
LEAD = 1 << 45  # added to a lead's number where a number may be a contact's or a lead's
NOBODYS_LEAD = 1 << 40
BATCH = 64


def contact_number(company: np.ndarray, slot: np.ndarray) -> np.ndarray:
    """Number of a person as a contact."""
    return company * 32 + slot


def lead_number(company: np.ndarray, slot: np.ndarray) -> np.ndarray:
    """Number of a person as a lead."""
    return company * 64 + slot


@dataclass(frozen=True)
class FormFills:
    """Forms that were sent: by whom (row -1: nobody we could sell to) and when."""

    row: np.ndarray
    slot: np.ndarray
    kind: np.ndarray  # of the visit
    form: np.ndarray
    at: np.ndarray
    visitor: np.ndarray
    is_new_lead: np.ndarray
    person: np.ndarray  # contact number, or LEAD + lead number


def make_events(
    settings: WorldSettings, companies: Companies, lives: Lives, visits: v.Visits
) -> tuple[pl.DataFrame, FormFills]:
    """Events of a block by time, and the forms among them."""
    rng = np.random.default_rng(stream(settings, companies.block, "web").integers(0, 1 << 62, 4)[3])
    pages = _page_counts(rng, visits)
    sent = _forms_sent(settings, rng, visits)
    files = rng.random(len(visits)) < np.where(visits.mix == v.MIX_IDLE, 0.02, 0.07)
    files &= visits.kind == v.CORPORATE
    events = _rows(rng, visits, pages, sent, files)
    fills = _fills(settings, rng, companies, lives, visits, sent, events)
    frame = _frame(rng, companies, visits, events)
    return _with_persons(frame, companies, lives, visits, fills).sort(
        "ts", "visitor", "name"
    ), fills


def _page_counts(rng: np.random.Generator, visits: v.Visits) -> np.ndarray:
    mean = np.array([1.7, 2.5, 2.7, 2.6, 1.8, 2.0, 1.6])[visits.mix]
    mean = np.where(visits.kind == v.BOT, 8.0, np.where(visits.kind == v.STAFF, 4.0, mean))
    pages = rng.geometric(1 / mean)
    pages = np.where(visits.kind == v.SCANNER, 1, np.minimum(pages, 40))
    return pages


def _forms_sent(settings: WorldSettings, rng: np.random.Generator, visits: v.Visits) -> np.ndarray:
    """Form by session, -1 for none."""
    web = settings.web
    project = np.isin(visits.mix, (v.MIX_RESEARCH, v.MIX_ENGAGED, v.MIX_LIVE))
    rate = np.where(project, web.form_rate_project, web.form_rate_idle)
    rate = np.where(visits.mix == v.MIX_ENGAGED, rate * 1.8, rate)
    rate = np.where(visits.mix == v.MIX_CUSTOMER, rate / 3, rate)
    rate = np.select(
        [visits.kind == v.STUDENT, visits.kind == v.CONSUMER, visits.kind >= v.SCANNER],
        [0.06, 0.012, 0.0],
        rate,
    )
    sent = rng.random(len(visits)) < rate
    shares = _FORM_MIX[project.astype(np.int64)].cumsum(axis=1)
    form = (shares < rng.random(len(visits))[:, None]).sum(axis=1)
    return np.where(sent, np.minimum(form, len(FORMS) - 1), -1)


def _rows(
    rng: np.random.Generator,
    visits: v.Visits,
    pages: np.ndarray,
    sent: np.ndarray,
    files: np.ndarray,
) -> dict[str, np.ndarray]:
    """One row an event: session, name, microsecond, page, engagement."""
    session = np.repeat(np.arange(len(visits)), pages)
    first = np.cumsum(pages) - pages
    place = np.arange(len(session)) - first[session]
    stay = rng.exponential(28_000, len(session)).astype(np.int64) + 700
    quick = np.isin(visits.kind[session], (v.SCANNER, v.BOT))
    stay[quick] = 400
    before = np.cumsum(stay) - stay
    after = before - before[first][session] + place * 300
    begun = visits.start * 1_000_000 + rng.integers(0, 1_000_000, len(visits))
    viewed = begun[session] + after * 1000 + 1000
    page = _pages(rng, visits, session)
    ended = viewed[first + pages - 1] + 4_000_000
    forms, loads = np.flatnonzero(sent >= 0), np.flatnonzero(files)
    form_page = np.where(sent[forms] == 0, PAGES.index("/demo"), page[first[forms]])
    return {
        "session": np.concatenate([np.arange(len(visits)), session, forms, loads]),
        "name": np.repeat([START, VIEW, FORM, FILE], [len(visits), len(session), len(forms), len(loads)]),
        "ts": np.concatenate([begun, viewed, ended[forms], ended[loads] + 1_000_000]),
        "page": np.concatenate([page[first], page, form_page, page[first[loads]]]),
        "engaged": np.concatenate(
            [np.full(len(visits), -1), np.where(quick, -1, stay), np.full(len(forms) + len(loads), -1)]
        ),
        "form": np.concatenate(
            [np.full(len(visits) + len(session), -1), sent[forms], np.full(len(loads), -1)]
        ),
        "file": np.concatenate(
            [np.full(len(visits) + len(session) + len(forms), -1), rng.integers(0, len(FILES), len(loads))]
        ),
    }  # fmt: skip


def _pages(rng: np.random.Generator, visits: v.Visits, session: np.ndarray) -> np.ndarray:
    """Pages of views: budget shows in prices being looked at."""
    mixes = np.repeat(_MIX[:, None, :], 2, axis=1)
    for mix in (v.MIX_RESEARCH, v.MIX_ENGAGED, v.MIX_LIVE):
        mixes[mix, 0, PRICING] *= 0.3
        mixes[mix, 1, PRICING] *= 1.9
    shares = (mixes / mixes.sum(axis=2, keepdims=True)).cumsum(axis=2)
    own = shares[visits.mix, visits.has_budget.astype(np.int64)][session]
    kind = np.minimum(
        (own < rng.random(len(session))[:, None]).sum(axis=1), len(_PAGES_OF_KIND) - 1
    )
    first = np.cumsum(_PAGES_OF_KIND) - _PAGES_OF_KIND
    return first[kind] + (rng.random(len(session)) * _PAGES_OF_KIND[kind]).astype(np.int64)


def _fills(
    settings: WorldSettings,
    rng: np.random.Generator,
    companies: Companies,
    lives: Lives,
    visits: v.Visits,
    sent: np.ndarray,
    events: dict[str, np.ndarray],
) -> FormFills:
    """Who sent forms; a person who is no contact yet becomes a lead by the first one."""
    is_form = events["name"] == FORM
    session = events["session"][is_form]
    at = events["ts"][is_form] // 1_000_000
    row, slot, kind = visits.row[session], visits.slot[session], visits.kind[session]
    known = np.zeros(len(row), dtype=bool)
    mine = row >= 0
    known[mine] = lives.contact[row[mine], slot[mine]] <= at[mine] // 86_400
    number = np.where(mine, lead_number(companies.number[row], slot), 0)
    nobody = np.flatnonzero(~mine)
    number[nobody] = NOBODYS_LEAD + companies.block * (1 << 20) + np.arange(len(nobody))
    person = np.where(known, contact_number(companies.number[row], slot), LEAD + number)
    order = np.argsort(at, kind="stable")
    _, first = np.unique(number[order] + known[order] * (1 << 60), return_index=True)
    is_new = np.zeros(len(row), dtype=bool)
    is_new[order[first]] = True
    return FormFills(
        row, slot, kind, sent[session], at, visits.visitor[session], is_new & ~known, person
    )


def _frame(
    rng: np.random.Generator,
    companies: Companies,
    visits: v.Visits,
    events: dict[str, np.ndarray],
) -> pl.DataFrame:
    n = len(visits)
    bot, click = visits.kind == v.BOT, np.isin(visits.kind, (v.EMAIL_CLICK, v.SCANNER))
    browser = np.where(bot, rng.integers(4, 7, n), rng.choice(4, n, p=[0.62, 0.18, 0.12, 0.08]))
    medium = np.where(click, 4, rng.choice(4, n, p=[0.45, 0.33, 0.12, 0.10]))
    device = rng.choice(3, n, p=[0.82, 0.16, 0.02])
    place = np.where(visits.row >= 0, companies.place[visits.row], rng.integers(0, 8, n))
    order = np.lexsort((visits.start, visits.visitor))
    number = np.empty(n, dtype=np.int64)
    sorted_visitors = visits.visitor[order]
    starts = np.r_[True, sorted_visitors[1:] != sorted_visitors[:-1]]
    number[order] = np.arange(n) - np.flatnonzero(starts)[np.cumsum(starts) - 1] + 1 if n else 0
    s = events["session"]
    narrow = {
        "ts": (events["ts"], pl.Int64), "name": (events["name"], pl.Int8), "visitor": (visits.visitor[s], pl.Int64),
        "page": (events["page"], pl.Int16), "engaged": (events["engaged"], pl.Int32), "form": (events["form"], pl.Int8),
        "file": (events["file"], pl.Int8), "session_id": (visits.start[s], pl.Int64),
        "session_number": (number[s], pl.Int32), "domain": (visits.domain[s], pl.Int64),
        "browser": (browser[s], pl.Int8), "medium": (medium[s], pl.Int8), "device": (device[s], pl.Int8),
        "place": (place[s], pl.Int8), "kind": (visits.kind[s], pl.Int8), "row": (visits.row[s], pl.Int32),
    }  # fmt: skip
    return pl.DataFrame(
        {k: pl.Series(values, dtype=dtype) for k, (values, dtype) in narrow.items()}
    )


def _with_persons(
    frame: pl.DataFrame, companies: Companies, lives: Lives, visits: v.Visits, fills: FormFills
) -> pl.DataFrame:
    """`user`: the person of a cookie from its first form or e-mail click on, else -1."""
    click = np.isin(visits.kind, (v.EMAIL_CLICK, v.SCANNER))
    row, slot = visits.row[click], visits.slot[click]
    visitor = np.concatenate([visits.visitor[click], fills.visitor])
    since = np.concatenate([visits.start[click] * 1_000_000, fills.at * 1_000_000])
    person = np.concatenate([contact_number(companies.number[row], slot), fills.person])
    order = np.lexsort((since, visitor))
    unique, first = np.unique(visitor[order], return_index=True)
    known_since, who = since[order][first], person[order][first]
    if len(unique) == 0:
        return frame.with_columns(pl.lit(-1, dtype=pl.Int64).alias("user"))
    at = np.minimum(np.searchsorted(unique, frame["visitor"].to_numpy()), len(unique) - 1)
    is_known = (unique[at] == frame["visitor"].to_numpy()) & (
        known_since[at] <= frame["ts"].to_numpy()
    )
    return frame.with_columns(pl.Series("user", np.where(is_known, who[at], -1), dtype=pl.Int64))


assert SLOTS <= 32
