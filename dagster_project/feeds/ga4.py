"""GA4: the BigQuery export of web events, nested as it comes.

Belongs here: what is read of an event, how it is laid flat, how its clocks are written. Does not belong
here: reading files (nested_jsonl.py, nested_parquet.py), landing, meaning (dbt says what a visit is, and keeps one of repeats).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from dagster_project.feeds.contract import STAMP, Column, Nested, Table
from dagster_project.feeds.salesforce_columns import record_id

_VALUE = ("string_value", "int_value", "float_value", "double_value")
_PARAM = pl.Struct({"key": pl.String, "value": pl.Struct(dict.fromkeys(_VALUE, pl.String))})
_PARAMS = (
    "page_location",
    "page_title",
    "page_referrer",
    "ga_session_id",
    "ga_session_number",
    "engagement_time_msec",
    "company_domain",
    "form_id",
    "file_name",
)
# Declared column → where it stands in the row, best place first.
_PLACES = {
    "device_category": ("device.category",),
    "browser": ("device.web_info.browser", "device.browser"),
    "operating_system": ("device.operating_system",),
    "hostname": ("device.web_info.hostname",),
    "country": ("geo.country",),
    "region": ("geo.region",),
    "city": ("geo.city",),
    "traffic_source": ("traffic_source.source",),
    "traffic_medium": ("traffic_source.medium",),
    "traffic_campaign": ("traffic_source.name",),
}
_POSITION = ("batch_event_index", "event_bundle_sequence_id")
_TOP = ("event_date", "event_timestamp", "event_name", "user_id", "user_pseudo_id")


def _struct(*names: str, **inner: pl.DataType) -> pl.Struct:
    return pl.Struct(dict.fromkeys(names, pl.String) | inner)


SCHEMA = pl.Schema(
    dict.fromkeys((*_TOP, *_POSITION, "stream_id", "platform"), pl.String())
    | {
        "event_params": pl.List(_PARAM),
        "device": _struct(
            "category", "browser", "operating_system", web_info=_struct("browser", "hostname")
        ),
        "geo": _struct("country", "region", "city"),
        "traffic_source": _struct("name", "medium", "source"),
    }
)


def flatten(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of SCHEMA as flat text columns under the declared names.

    The id joins who, when, what and, where the export says it, the position among the events that
    were sent together (they share a timestamp).
    """
    who, when, what = (
        pl.col(name).fill_null("") for name in ("user_pseudo_id", "event_timestamp", "event_name")
    )
    position = pl.coalesce(_POSITION)
    return rows.select(
        pl.concat_str(who, when, what, position, separator="|", ignore_nulls=True).alias(
            "event_id"
        ),
        "event_date",
        pl.col("event_timestamp").alias("event_at"),
        "event_name",
        "user_id",
        "user_pseudo_id",
        *_params(rows["event_params"]),
        *(pl.coalesce(map(_at, places)).alias(name) for name, places in _PLACES.items()),
        "stream_id",
        "platform",
    )


def _params(params: pl.Series) -> list[pl.Series]:
    """The event parameters as columns: of each the first of its name, from whichever typed place."""
    count = params.list.len().fill_null(0).to_numpy()
    filled = count > 0
    row = np.repeat(np.flatnonzero(filled), count[filled])
    items = params.filter(pl.Series(filled)).explode().struct
    keys, value = items.field("key"), items.field("value").struct
    texts = pl.select(pl.coalesce(value.field(place) for place in _VALUE)).to_series()
    found = []
    for name in _PARAMS:
        # Written backwards, so that the first of several stays.
        at = (keys == name).fill_null(False).arg_true().to_numpy()[::-1]
        place = np.full(len(params), -1, dtype=np.int64)
        place[row[at]] = at
        gathered = pl.Series(place).replace(-1, None)
        found.append(texts.gather(gathered).alias(name))
    return found


def _at(place: str) -> pl.Expr:
    first, *inner = place.split(".")
    found = pl.col(first)
    for name in inner:
        found = found.struct.field(name)
    return found


def fault(row: dict[str, object]) -> tuple[str, str] | None:
    """Why one row, as JSON reads it, is not nested as the export nests: (column, reason)."""
    params = row.get("event_params")
    if params is not None and not (
        isinstance(params, list) and all(_is_param(param) for param in params)
    ):
        return "event_params", (
            "event_params is not a list of {key, value {string_value, int_value, …}}; "
            "export the rows as BigQuery nests them"
        )
    for name in ("device", "geo", "traffic_source"):
        inner = row.get(name)
        if inner is not None and not isinstance(inner, dict):
            return name, f"{name} is not an object; export the rows as BigQuery nests them"
    device = row.get("device") or {}
    if not isinstance(device.get("web_info"), dict | None):
        return "device", "device.web_info is not an object; export the rows as BigQuery nests them"
    return None


def _is_param(param: object) -> bool:
    if param is None:
        return True
    return isinstance(param, dict) and isinstance(param.get("value"), dict | None)


def from_micros(text: pl.Series) -> pl.Series:
    """Microseconds since 1970 as moments; null where digits say another unit or are none."""
    digits = text.set(~text.str.contains(r"^\d{16}$").fill_null(False), None)
    return digits.cast(pl.Int64, strict=False).cast(STAMP)


def from_digits(text: pl.Series) -> pl.Series:
    """Days written YYYYMMDD, or YYYY-MM-DD as flattened exports have them."""
    plain = text.set(~text.str.contains(r"^\d{8}$|^\d{4}-\d{2}-\d{2}$").fill_null(False), None)
    return plain.str.replace_all("-", "", literal=True).str.to_date("%Y%m%d", strict=False)


EVENT = Table(
    vendor="ga4",
    name="event",
    file_names=("event", "events"),
    key=("event_id",),
    stamps=("event_at",),
    created="event_at",
    known="event_date",
    day_of_file="event_date",
    repeats=True,
    nested=Nested(
        SCHEMA,
        flatten,
        fault,
        required=("event_date", "event_timestamp", "event_name", "event_params"),
        whole=("event_timestamp", "int_value", *_POSITION),
        fractions=("float_value", "double_value"),
    ),
    columns=(
        Column("event_id", required=True),
        Column(
            "event_date",
            pl.Date(),
            required=True,
            parse=from_digits,
            expects="a day written as YYYYMMDD, such as 20240131",
        ),
        Column(
            "event_at",
            STAMP,
            required=True,
            parse=from_micros,
            expects="microseconds since 1970 (16 digits), such as 1706659200000000",
        ),
        Column("event_name", required=True),
        # The CRM's id of a person.
        record_id("user_id"),
        Column("user_pseudo_id"),
        Column("page_location"),
        Column("page_title"),
        Column("page_referrer"),
        Column("ga_session_id", pl.Int64()),
        Column("ga_session_number", pl.Int64()),
        Column("engagement_time_msec", pl.Int64()),
        Column("company_domain"),
        Column("form_id"),
        Column("file_name"),
        *(Column(name) for name in _PLACES),
        Column("stream_id"),
        Column("platform"),
    ),
)

TABLES = (EVENT,)
