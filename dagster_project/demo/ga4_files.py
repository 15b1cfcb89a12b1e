"""Web events in the shape of the GA4 BigQuery export.

Here: narrow event columns to nested rows. Not here: the events themselves (web.py), file names.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa

from dagster_project.demo import names, web
from dagster_project.demo.ids import record_ids
from dagster_project.demo.visits import FIRST_COMPETITOR, FIRST_ISP, NO_DOMAIN, OWN

_SITE = "https://www.stratus.example"
_PARAMS = (
    "page_location", "page_title", "page_referrer", "ga_session_id", "ga_session_number",
    "engagement_time_msec", "company_domain", "form_id", "file_name",
)  # fmt: skip
_CITIES = ("Chicago", "Munich", "London", "Paris", "Toronto", "Utrecht", "Sydney", "Osaka")


def visitor_ids(visitors: np.ndarray) -> pl.Series:
    """Cookies as GA4 writes them: two numbers with a point between."""
    unique, place = np.unique(visitors, return_inverse=True)
    first = pl.Series((unique * 2_654_435_761) % 2_147_483_647).cast(pl.String)
    return (first + "." + pl.Series(unique).cast(pl.String)).gather(place)


def person_ids(persons: np.ndarray) -> pl.Series:
    """Contact and lead ids by the numbers of web.py; -1 gives null."""
    unique, place = np.unique(persons, return_inverse=True)
    is_lead = unique >= web.LEAD
    leads = record_ids("lead", np.where(is_lead, unique - web.LEAD, -1))
    contacts = record_ids("contact", np.where(is_lead, -1, unique))
    return contacts.zip_with(~pl.Series(is_lead), leads).gather(place)


def domain_names(codes: np.ndarray) -> pl.Series:
    """Domains by company numbers and the codes below zero of visits.py; no domain gives null."""
    unique, place = np.unique(codes, return_inverse=True)
    texts = names.company_words(pl.Series(np.maximum(unique, 0)))["domain"].to_list()
    for at, code in enumerate(unique):
        if code <= FIRST_ISP:
            texts[at] = names.ISPS[FIRST_ISP - code]
        elif code <= FIRST_COMPETITOR:
            texts[at] = names.COMPETITORS[FIRST_COMPETITOR - code][1]
        elif code == OWN:
            texts[at] = names.OWN_DOMAIN
        elif code == NO_DOMAIN:
            texts[at] = None
    return pl.Series(texts, dtype=pl.String).gather(place)


def nested(events: pl.DataFrame) -> pa.Table:
    """Rows of the export for a frame of web.py's events."""
    n = events.height
    day = (events["ts"] // 86_400_000_000).cast(pl.Int32).cast(pl.Date)
    visitor = events["visitor"].to_numpy()
    user = person_ids(events["user"].to_numpy())
    same = np.zeros(n, np.int64)
    place, medium = events["place"].to_numpy(), events["medium"].to_numpy()

    def pick(pool: tuple[str | None, ...], at: np.ndarray | str) -> pa.Array:
        at = events[at].to_numpy() if isinstance(at, str) else at
        return _arrow(pl.Series(pool, dtype=pl.String).gather(at))

    device = {
        "category": pick(web.DEVICES, "device"),
        "browser": pick(web.BROWSERS, "browser"),
        "operating_system": pick(web.SYSTEMS, (visitor % len(web.SYSTEMS)).astype(np.int64)),
        "web_info": _struct({"hostname": pick(("www.stratus.example",), same)}),
    }
    geo = {
        "country": pick(tuple(p[0] for p in names.PLACES), place),
        "region": pick(tuple(p[2][0] for p in names.PLACES), place),
        "city": pick(_CITIES, place),
    }
    source = {
        "name": pick(web.CAMPAIGNS, medium),
        "medium": pick(web.MEDIA, medium),
        "source": pick(web.SOURCES, medium),
    }
    return pa.table(
        {
            "event_date": _arrow(day.dt.strftime("%Y%m%d")),
            "event_timestamp": _arrow(events["ts"]),
            "event_name": pick(web.EVENT_NAMES, "name"),
            "event_params": _params(events),
            "user_id": _arrow(user),
            "user_pseudo_id": _arrow(visitor_ids(visitor)),
            "device": _struct(device),
            "geo": _struct(geo),
            "traffic_source": _struct(source),
            "stream_id": pick(("4711",), same),
            "platform": pick(("WEB",), same),
        }
    )


def _arrow(values: pl.Series) -> pa.Array:
    array = values.to_arrow(compat_level=pl.CompatLevel.oldest())
    return array.cast(pa.string()) if pa.types.is_large_string(array.type) else array


def _struct(fields: dict[str, pa.Array]) -> pa.StructArray:
    return pa.StructArray.from_arrays(list(fields.values()), names=list(fields))


def _params(events: pl.DataFrame) -> pa.ListArray:
    """Each event's list of {key, value}: only the keys that it has."""
    texts, numbers, has = _param_columns(events)
    flat = np.flatnonzero(has.ravel())
    offsets = np.concatenate([[0], has.sum(axis=1).cumsum()]).astype(np.int32)
    key = flat % len(_PARAMS)
    is_number = np.isin(key, (3, 4, 5))
    value = {
        "string_value": _arrow(_pool(events).gather(pl.Series(texts.ravel()[flat]).set(pl.Series(is_number), None))),
        "int_value": _arrow(pl.Series(numbers.ravel()[flat]).set(pl.Series(~is_number), None)),
        "float_value": pa.nulls(len(flat), pa.float64()),
        "double_value": pa.nulls(len(flat), pa.float64()),
    }  # fmt: skip
    items = {"key": _arrow(pl.Series(_PARAMS).gather(key)), "value": _struct(value)}
    return pa.ListArray.from_arrays(pa.array(offsets), _struct(items))


def _pool(events: pl.DataFrame) -> pl.Series:
    """All texts that params of these events may hold; see `_param_columns` for the places."""
    locations = [_SITE + page for page in web.PAGES]
    titles = [page.strip("/").replace("/", " - ").title() or "Stratus" for page in web.PAGES]
    referrers = [r or "" for r in web.REFERRERS]
    domains = domain_names(np.unique(events["domain"].to_numpy()))
    return pl.concat(
        [pl.Series([*locations, *titles, *referrers, *web.FORMS, *web.FILES]), domains]
    )


def _param_columns(events: pl.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(event, param) matrices: place of the text in the pool, number, and whether it is there."""
    page, name, medium = (events[c].to_numpy().astype(np.int64) for c in ("page", "name", "medium"))
    form, file, engaged = (
        events[c].to_numpy().astype(np.int64) for c in ("form", "file", "engaged")
    )
    domain = events["domain"].to_numpy()
    pages, n = len(web.PAGES), events.height
    forms = 2 * pages + len(web.REFERRERS)
    domains = forms + len(web.FORMS) + len(web.FILES)
    nothing = np.zeros(n, np.int64)
    texts = np.stack(
        [page, pages + page, 2 * pages + medium, nothing, nothing, nothing,
         domains + np.searchsorted(np.unique(domain), domain), forms + form, forms + len(web.FORMS) + file], 1
    )  # fmt: skip
    numbers = np.stack(
        [nothing] * 3 + [events["session_id"].to_numpy(), events["session_number"].to_numpy().astype(np.int64), engaged]
        + [nothing] * 3, 1
    )  # fmt: skip
    always = np.ones(n, bool)
    refers = (name == web.START) & np.array([r is not None for r in web.REFERRERS])[medium]
    has = np.stack(
        [
            always,
            always,
            refers,
            always,
            always,
            engaged >= 0,
            domain != NO_DOMAIN,
            form >= 0,
            file >= 0,
        ],
        1,
    )
    return texts, numbers, has
