"""The model card of a scoring model: one page that says what it rests on, how good it is, and what it cannot do.

Belongs here: what stands on the page, in which words, out of the record of a training. Does not belong here: the record
(training_record.py), the pictures (plots.py), where the page is kept (dagster_project/model_cards.py).

The page is one HTML file with its pictures inside, so that it can be sent and archived. The same record gives the same bytes.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from models.by_group import warnings_of
from models.feature import Feature
from models.feature_contract import FEATURES
from models.lead_contract import LEAD_FEATURES
from models.promotion import KEEP, PROMOTE, off_level

TOP_FACTORS = 15
# The order of the page, and what each picture shows to who cannot see it.
PICTURES = {
    "reliability": "predicted probability against the share that converted, in ten bins",
    "gain": "share of conversions found against share of accounts called, model and baselines",
    "lift": "conversion rate of the best accounts over the base rate, model and baselines",
    "by_group": "realised over expected conversions of each group, with intervals",
}


@dataclass(frozen=True)
class Earlier:
    """The scoring model before: its version and the record of its training."""

    version: str
    record: Mapping


def model_card(
    version: str,
    record: Mapping,
    pictures: Mapping[str, bytes],
    earlier: Earlier | None = None,
    scores: str | None = None,
    because: str | None = None,
    withdrawn: str | None = None,
) -> str:
    """HTML of a version's card. record: training_record.training_record, as JSON keeps it; pictures: PNG files by name
    (plots.py); scores: the days that the version scores, in words, None where it scores none; because: what had drifted, where
    it was trained before its time; withdrawn: since when and why it scores no more.

    Raises KeyError where the record is of a version before groups were measured.
    """
    page = _ENVIRONMENT.get_template("model_card.html")
    return page.render(
        version=version,
        record=record,
        verdict={PROMOTE: "promoted", KEEP: "not promoted"}.get(
            record["verdict"]["verdict"],
            f"refused: {record['verdict']['verdict'].replace('_', ' ')}",
        ),
        scores=scores,
        because=because,
        withdrawn=withdrawn,
        pictures={
            name: (b64encode(pictures[name]).decode(), shows)
            for name, shows in PICTURES.items()
            if name in pictures
        },
        horizons=list(_horizons(record)),
        rivals=list(_rivals(record)),
        factors=list(_factors(record, record["importance"], FEATURES)),
        bands=list(_bands(record)),
        people=_people(record),
        limits=list(_limits(record)),
        earlier=earlier,
        changes=list(_changes(record, earlier.record)) if earlier else [],
    )


def _interval(value: float | None, low: float | None, high: float | None, digits: int = 3) -> str:
    if value is None:
        return "–"
    said = f"{value:.{digits}f}"
    return said if low is None else f"{said} ({low:.{digits}f} to {high:.{digits}f})"


def _horizons(record: Mapping) -> Iterator[dict]:
    """Each horizon with its measures, shortest first."""
    primary = record["settings"]["horizon_days"]
    measured = {primary: (record["metrics"], record["calibration"])}
    for days, one in record["other_horizons"].items():
        measured[int(days)] = one["metrics"], one["calibration"]
    for days in sorted(measured):
        metrics, calibration = measured[days]
        yield {
            "days": days,
            "is_primary": days == primary,
            "metrics": metrics,
            "calibrator": calibration["kept"],
        }


def _rivals(record: Mapping) -> Iterator[dict]:
    """Baselines and champion: their own measures, and the model's lead on the same rows."""
    for name, metrics in record["baseline_metrics"].items():
        yield {
            "name": name.replace("_", " "),
            "metrics": metrics,
            "lead": record["comparisons"][name],
        }
    if record["duel"] and "why_not" not in record["duel"]:
        name = f"scoring model {record['duel']['champion']} (in force)"
        yield {"name": name, "metrics": None, "lead": record["duel"]}


def _factors(record: Mapping, importance: Mapping, contract: tuple[Feature, ...]) -> Iterator[dict]:
    known = {feature.name: feature for feature in contract}
    kept = set(record["settings"]["versioned_attributes"])
    # JSON objects are kept by name: what was largest first is put in order again.
    falling = sorted(importance.items(), key=lambda item: (-item[1], item[0]))
    for name, share in falling[:TOP_FACTORS]:
        feature = known.get(name)
        yield {
            "name": name.replace("_", " "),
            "share": share,
            "family": feature.family if feature else "",
            "is_snapshot": bool(
                feature and feature.source_kind == "snapshot" and not kept >= {*feature.attributes}
            ),
        }


def _bands(record: Mapping) -> Iterator[tuple[str, str, str]]:
    """hot and warm: name, from which score on, and why; none in a record from before this was kept."""
    found, settings = record.get("bands") or {}, record["settings"]["bands"]
    shares = {"hot": settings["hot_share"]}
    shares["warm"] = shares["hot"] + settings["warm_share"]
    for name, share in shares.items():
        if one := found.get(name):
            start = "nobody" if one["from"] is None else f"score {one['from']:g} and more"
            yield name, start, _why_from(one, f"the best {share:.0%} of the accounts compared with")


def _why_from(band: Mapping, capacity: str) -> str:
    """Both limits of a band in words, the one that binds first."""
    of_capacity = f"capacity: {capacity} stand above {band['by_capacity']:g}"
    if "lift" not in band:
        return of_capacity
    often = f"conversion: later accounts convert at {band['lift']:g} times the base rate and more"
    start = band["by_conversion"]
    often += " at no score" if start is None else f" from score {start:g} on"
    both = [of_capacity, often] if band["set_by"] == "capacity" else [often, of_capacity]
    said = f"{both[0]}; lower is {both[1]}" if start is not None else "; ".join(both)
    if not band["rows"]:
        return said
    return f"{said}. Of {band['rows']:,} later rows in the band {band['rate']:.1%} converted"


def _people(record: Mapping) -> dict | None:
    """The lead model's part; None in a record from before there was one."""
    leads = record.get("leads")
    if not leads:
        return None
    left_out: dict[str, list[str]] = {}
    for name, why in leads.get("left_out", {}).items():
        left_out.setdefault(why, []).append(name.replace("_", " "))
    return {
        **leads,
        "is_measured": "auc" in leads,
        "allowed": leads.get("allowed", {}),
        "factors": list(_factors(record, leads.get("importance", {}), LEAD_FEATURES)),
        "left_out": sorted(left_out.items()),
        "thinning": record["metadata"].get("people_thinning"),
    }


def _limits(record: Mapping) -> Iterator[str]:
    """What has to be known before the numbers are used, in sentences."""
    metrics, window = record["metrics"], record["window"]
    if metrics is None:
        yield "History was too short to measure it on later data: nothing is known of how good it is."
    yield from (_approximate(one) for one in _horizons(record) if _is_beyond_chance(one["metrics"]))
    if metrics and record["verdict"]["verdict"] in (PROMOTE, KEEP):
        off = off_level(metrics, record["settings"]["promotion"]["drift_factor"])
        yield from [f"Off on later data: {off}."] if off else []
    yield from (f"Off on later data: {text}." for text in warnings_of(record["groups"]))
    yield from (
        f"No probability within {days} days: {why}."
        for days, why in record["horizons_left_out"].items()
    )
    if record["value"].get("kept") == "nothing":
        yield f"No expected deal size: {record['value']['why']}."
    if (known := record["value"].get("known_share", 1)) < 1:
        yield (
            f"Of {1 - known:.1%} of the later rows that converted no amount is on record: deal sizes rest on the others, and "
            "realised value is held against as large a share of what was expected."
        )
    if snapshots := record["settings"]["snapshot_attributes"]:
        yield (
            f"Attributes known only as they are today were learnt from, on purpose: {', '.join(snapshots)}. "
            "What was filled in after an outcome flatters the measures."
        )
    if record["allowed"]:
        vouched = "; ".join(f"{name} ({why})" for name, why in record["allowed"].items())
        yield f"Features that the guards suspect, and a person vouches for in scoring.yaml: {vouched}."
    if thinning := record["metadata"].get("thinning"):
        yield f"It learnt from {thinning['rows_kept']:,} of {thinning['rows_available']:,} rows (training.max_training_rows)."
    if search := record.get("search"):
        yield _of_search(search)
    if record["without_data"]:
        yield (
            f"{len(record['without_data'])} features were left out, because nothing can be learnt from them: "
            f"{', '.join(sorted(record['without_data']))}."
        )
    yield (
        f"It rests on {window['converting_accounts']:,} accounts that converted. Intervals say what chance does within this "
        "data; they say nothing of a market that changes."
    )
    yield "A contribution says what the model weighs, not what would happen if it were changed: it is no cause."


def _is_beyond_chance(metrics: Mapping | None) -> bool:
    return metrics is not None and metrics["ece"] > metrics["ece_95_if_perfect"]


def _approximate(one: Mapping) -> str:
    ece, chance = one["metrics"]["ece"], one["metrics"]["ece_95_if_perfect"]
    return (
        f"The calibration error of its probabilities within {one['days']} days, on later data ({ece:.4f}), is larger than chance "
        f"explains: 95 % of perfectly calibrated models stay below {chance:.4f}. Read them as approximate."
    )


def _changes(record: Mapping, before: Mapping) -> Iterator[tuple[str, str, str]]:
    """What is different from an earlier training: (what, then, now)."""
    for name in ("first_as_of_date", "last_as_of_date", "rows", "converting_accounts"):
        yield from _changed(name.replace("_", " "), before["window"][name], record["window"][name])
    for name in ("auc", "lift_top_decile", "ece", "log_loss"):
        then, now = ((one["metrics"] or {}).get(name) for one in (before, record))
        yield from _changed(
            f"{name.replace('_', ' ')} on its own later data", _rounded(then), _rounded(now)
        )
    old, new = (_flat(one["settings"]) | _found(one) for one in (before, record))
    for name in sorted(old.keys() | new.keys()):
        yield from _changed(f"setting {name}", old.get(name), new.get(name))
    for name in ("hot", "warm"):
        then, now = ((one.get("bands") or {}).get(name, {}) for one in (before, record))
        if then:
            yield from _changed(f"{name} from score", then["from"], now["from"])
    then, now = set(before["importance"]), set(record["importance"])
    yield from _changed("features used", len(then), len(now))
    if gone := then - now:
        yield "no longer used", ", ".join(sorted(gone)), ""
    if come := now - then:
        yield "newly used", "", ", ".join(sorted(come))


def _of_search(search: Mapping) -> str:
    if why := search.get("why"):
        return f"Settings of its boosters were to be searched and were not: {why}."
    return (
        f"The settings of its boosters are the best of {search['trials']} on older days, whose outcomes were known before its "
        f"{search['outcomes_known_before']} part."
    )


def _found(record: Mapping) -> dict[str, object]:
    """Settings that a search found; a record from before there was one has none."""
    search = record.get("search") or {}
    return _flat(search.get("found", {}), "found by search: ")


def _changed(what: str, then: object, now: object) -> Iterator[tuple[str, str, str]]:
    if then != now:
        yield what, *("" if one is None else str(one) for one in (then, now))


def _rounded(value: float | None) -> str | None:
    return None if value is None else f"{value:.4f}"


def _flat(settings: Mapping, prefix: str = "") -> dict[str, object]:
    """Nested settings as one level; the scorecard's lines are their own table elsewhere."""
    out = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            out |= _flat(value, f"{prefix}{name}.")
        elif name != "lines":
            out[prefix + name] = value
    return out


_ENVIRONMENT = Environment(
    loader=PackageLoader("models", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters["interval"] = _interval
