"""What history says beside the scores: segments, the profile of winners, suggested points.

Here: the newest training's, from what is published. Not here: how they are learnt (models/), printing (terminal/segments.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import duckdb
import yaml

from dagster_project.command.answers import published
from dagster_project.command.errors import BadQuestion, NoAnswer
from dagster_project.command.query_rows import rows_of
from dagster_project.home import Home

NEWEST = (
    "select scoring_model_version, trained_as_of, horizon_days, train_rows, test_rows, auc, baselines from scores.model_versions "
    "order by trained_as_of desc, created_at desc limit 1"
)
# The surest first: how far a lift is from 1 at least, whichever way.
SUREST = "greatest(lift_low, 1 / lift_high) desc nulls last, lift desc nulls last, feature, segment_number"


def learnt(home: Home) -> dict[str, Any]:
    """The newest training with its `statements` (segments that are sure, the surest first), `profile` and `points`.

    Raises NoAnswer without a training that was published.
    """
    with closing(published(home)) as connection:
        training = _newest(connection)
        version = training["scoring_model_version"]
        of = "where scoring_model_version = ?"
        return {
            **training,
            "statements": rows_of(
                connection,
                f"select * from scores.segment_conversion {of} and is_sure order by {SUREST}",
                [version],
            ),
            "profile": rows_of(
                connection,
                f"select * from scores.icp_profile {of} order by over_representation_low desc nulls last, feature",
                [version],
            ),
            "points": rows_of(
                connection,
                f"select * from scores.suggested_points {of} order by line_number",
                [version],
            ),
        }


def segments_of(home: Home, feature: str) -> dict[str, Any]:
    """The newest training with all segments of one feature. Raises BadQuestion on a feature that has none."""
    with closing(published(home)) as connection:
        training = _newest(connection)
        version = training["scoring_model_version"]
        rows = rows_of(
            connection,
            "select * from scores.segment_conversion where scoring_model_version = ? and feature = ? order by segment_number",
            [version, feature],
        )
        if not rows:
            raise BadQuestion(_unknown(connection, version, feature))
    return {**training, "feature": feature, "segments": rows}


def scorecard_yaml(answer: Mapping[str, Any]) -> str:
    """The suggested lines as a section of scoring.yaml, ready to paste. Raises NoAnswer without any."""
    if not answer["points"]:
        raise NoAnswer(
            f"the training as of {answer['trained_as_of']} found no line that history is sure of; it needs more conversions"
        )
    first = answer["points"][0]
    lines = "".join(f"    - {_flow(_line(row))}\n" for row in answer["points"])
    bands = "".join(f"  {name}: {first[name]:g}\n" for name in ("hot_from", "warm_from"))
    return f"scorecard:\n{bands}  lines:\n{lines}"


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    ends = {name: row[name] for name in ("at_least", "at_most") if row[name] is not None}
    line = {name: int(end) if end == int(end) else end for name, end in ends.items()}
    if row["one_of"]:
        line["one_of"] = row["one_of"]
    if row["is_present"]:
        line["present"] = True
    return {"feature": row["feature"], **line, "points": row["points"]}


def _flow(line: dict[str, Any]) -> str:
    text = yaml.safe_dump(
        line, default_flow_style=True, sort_keys=False, width=1000, allow_unicode=True
    )
    return text.strip()


def _newest(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    try:
        found = rows_of(connection, NEWEST)
        connection.execute("from scores.segment_conversion limit 0")
    except duckdb.CatalogException:  # published by an earlier version
        found = []
    if not found:
        raise NoAnswer(
            "no training has been published that says anything of segments; `scoring retrain` trains, and the next "
            "`scoring refresh` publishes what it learnt"
        )
    return found[0] | {"baselines": json.loads(found[0]["baselines"])}


def _unknown(connection: duckdb.DuckDBPyConnection, version: str, feature: str) -> str:
    from difflib import get_close_matches

    known = connection.execute(
        "select distinct feature from scores.segment_conversion where scoring_model_version = ? order by 1",
        [version],
    ).fetchall()
    names = [name for (name,) in known]
    near = get_close_matches(feature, names, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}"
    return f"no segments of {feature!r}; {hint}"
