"""Any table with an outcome: what a model learns from it, how far that can be trusted, and whether it may be used.

Belongs here: the way from roles and rows to a report, with the trainer's own encoder, booster, measures and verdict. Does not
belong here: reading files, the rules about columns (guards.py), the split (table_split.py).

Growing, stopping and measuring see different rows: trees are grown on the rows to learn from, their number is found on the newest
fifth of these (or a fold), and all measures are of rows that neither has seen. Probabilities are the booster's own: a table has
no further slice of time on which a calibrator could be judged.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from models.boosting import dmatrix, fit_booster, gain_by_feature, raw_probability
from models.encoding import fit_encoder
from models.evaluation import evaluate
from models.guards import Suspect, leak_suspects, questionable
from models.promotion import LEAKAGE, drifted, judge, off_level, vouched_for
from models.settings import BoosterSettings, TrainingSettings
from models.table_roles import Columns, Table, features_of, read_roles
from models.table_split import inner_split, split_table

MEASURES = (
    *("auc", "auc_low", "auc_high", "pr_auc", "log_loss", "brier", "brier_base", "ece"),
    "lift_top_decile",
)
# A level of a text needs this share of the rows, and the trainer's number at most.
LEVEL_SHARE = 0.01
# At most this share of all that a leaf could weigh is asked of one; few columns are all drawn from.
LEAF_SHARE, COLUMNS_A_TREE = 0.05, 5
STRONGEST = 10


def judge_table(frame: pl.DataFrame, columns: Columns, settings: TrainingSettings) -> dict:
    """Train and judge on the rows of `frame`. JSON-ready: n, positives, split, auc, auc_low, auc_high, pr_auc, log_loss, brier,
    brier_base, ece, lift_top_decile, leak_suspects, warnings, verdict, why, and strongest_features (shares of the gain).

    Measures are of rows that the model did not learn from, None where they cannot be said. Raises TableError.
    """
    table = read_roles(*_plain_names(frame, columns))
    rows, warnings = table.features, list(table.warnings)
    suspects, allowed = [], []
    for suspect in _suspects(table, settings):
        (allowed if suspect.column in columns.allow else suspects).append(suspect)
    warnings += _questions(table, [*suspects, *allowed])
    split = split_table(table, settings.seed)
    metrics, gain, drift, tested = _tested(table, rows, split.parts, settings)
    strongest = next(iter(gain), None)
    allowed = vouched_for(allowed, gain, metrics, settings.promotion, columns.allow)
    warnings += split.warnings
    warnings += [f"{s.column} looks like a leak and was allowed: {s.why}" for s in allowed]
    verdict = judge(
        *_counted(table, np.arange(len(table.y))),
        metrics,
        settings.promotion,
        strongest,
        suspects,
        drift,
        of="entities" if table.has_entities else "rows",
        where="on later rows" if table.time is not None else "on rows that it did not learn from",
        vouched=allowed,
        tested=_counted(table, tested),
    )
    if verdict.verdict == LEAKAGE and not suspects:
        suspects = _strongest(gain, metrics["auc"])
    if verdict.is_promoted and (off := off_level(metrics, settings.promotion.drift_factor)):
        warnings.append(off)
    return {
        "n": len(table.y),
        "positives": int(table.y.sum()),
        "split": split.described,
        **{name: metrics[name] if metrics else None for name in MEASURES},
        "leak_suspects": [{"column": s.column, "why": s.why} for s in suspects],
        "warnings": warnings,
        "verdict": verdict.verdict,
        "why": verdict.why,
        "strongest_features": dict(list(gain.items())[:STRONGEST]),
    }


def _suspects(table: Table, settings: TrainingSettings) -> list[Suspect]:
    """By the features, and by the words that stand in columns of numbers, which as features are missing values."""
    found: dict[str, Suspect] = {}
    for rows in (table.features, table.words):
        # A frame without columns has no rows to draw from either.
        if rows.columns:
            for suspect in leak_suspects(
                rows, table.y, settings.promotion, settings.seed, group=table.group
            ):
                found.setdefault(suspect.column, suspect)
    return list(found.values())


def _plain_names(frame: pl.DataFrame, columns: Columns) -> tuple[pl.DataFrame, Columns]:
    """polars reads "*" and "^a.*$" as patterns of names, even of one column; with a blank behind them they are plain names."""
    plain = {n: f"{n} " for n in frame.columns if n == "*" or (n[:1] == "^" and n[-1:] == "$")}
    if not plain:
        return frame, columns
    frame = frame.clone()
    frame.columns = [plain.get(name, name) for name in frame.columns]
    roles = {role: plain.get(name, name) for role, name in _roles_of(columns).items()}
    lists = {
        one: tuple(plain.get(n, n) for n in getattr(columns, one)) for one in ("drop", "allow")
    }
    return frame, replace(columns, **roles, **lists)


def _questions(table: Table, known: list[Suspect]) -> list[str]:
    names = {one.column for one in known}
    return [
        f"{one.column} should be asked about: {one.why}; was it known on the day of the row?"
        for one in questionable(table.features, table.y, table.group)
        if one.column not in names
    ]


def _roles_of(columns: Columns) -> dict[str, str | None]:
    return {"label": columns.label, "time": columns.time, "entity": columns.entity}


def _strongest(gain: dict[str, float], auc: float) -> list[Suspect]:
    name, share = next(iter(gain.items()))
    return [
        Suspect(
            name,
            f"the model is too good to be true (AUC {auc:.3f}), and {share:.0%} of it rests on this column",
        )
    ]


def _counted(table: Table, rows: np.ndarray) -> tuple[int, int]:
    """Entities (or rows, without them) that among these rows have one with a conversion, and that have one without."""
    own, y = table.groups.own[rows], table.y[rows]
    return len(np.unique(own[y == 1])), len(np.unique(own[y == 0]))


def _tested(
    table: Table, rows: pl.DataFrame, parts, settings: TrainingSettings
) -> tuple[dict | None, dict[str, float], str | None, np.ndarray]:
    """Measures on rows not learnt from, shares of the gain, what has drifted, and which rows these are."""
    # Names as people have them are more than the booster stands ("amount [EUR]"), or stand for something ("account_id").
    named = {f"c{place}": name for place, name in enumerate(rows.columns)}
    rows = pl.DataFrame([rows[name].alias(safe) for safe, name in named.items()])
    y, told = table.y, np.full(len(table.y), np.nan)
    gains: list[dict[str, float]] = []
    for learnt, tested in parts:
        if len(learnt) == 0 or len(tested) == 0 or y[learnt].min() == y[learnt].max():
            continue
        told[tested], gain = _fit_and_tell(table, rows, learnt, tested, settings)
        gains.append({named[name]: share for name, share in gain.items()})
    known = ~np.isnan(told)
    if not known.any():
        return None, {}, None, np.flatnonzero(known)
    metrics = evaluate(
        y[known], told[known], table.group[known], settings.seed, settings.bootstrap_rounds
    )
    drift = None
    if table.time is not None:
        groups = len(np.unique(table.group[known]))
        means = y[known].mean(), told[known].mean(), y[parts[0][0]].mean()
        drift = drifted(*means, groups, settings.promotion)
    return metrics, _mean(gains), drift, np.flatnonzero(known)


def _fit_and_tell(table: Table, rows: pl.DataFrame, learnt, tested, settings: TrainingSettings):
    """Probabilities of the rows to test on, from a model of the rows to learn from, and its shares of the gain."""
    earlier, y = rows[learnt], table.y[learnt]
    least = min(settings.min_level_rows, max(2, int(LEVEL_SHARE * len(y))))
    encoder = fit_encoder(earlier, features_of(rows), least)
    booster = _booster(settings.booster, y, len(rows.columns))
    matrix, trees = encoder.matrix(_keyed(earlier), True), settings.booster.default_trees
    if halves := inner_split(y, table.group[learnt], table.time is not None, settings.seed):
        grow, stop = halves
        known, newer = (
            dmatrix(encoder, matrix[half], booster.nthread, label=y[half]) for half in (grow, stop)
        )
        tried = fit_booster(encoder, known, booster, settings.seed, booster.max_trees, newer)
        trees = tried.num_boosted_rounds()
    data = dmatrix(encoder, matrix, booster.nthread, label=y)
    fitted = fit_booster(encoder, data, booster, settings.seed, trees)
    told = raw_probability(fitted, encoder, encoder.matrix(_keyed(rows[tested])), booster.nthread)
    return told, gain_by_feature(fitted)


def _booster(settings: BoosterSettings, y: np.ndarray, columns: int) -> BoosterSettings:
    """The trainer's own settings, made for months of thousands of accounts, in proportion to a smaller table."""
    base = float(y.mean())
    weight = min(settings.min_child_weight, max(1.0, LEAF_SHARE * len(y) * base * (1 - base)))
    drawn = max(settings.colsample_bytree, min(1.0, COLUMNS_A_TREE / columns))
    return settings.model_copy(update={"min_child_weight": weight, "colsample_bytree": drawn})


def _keyed(rows: pl.DataFrame) -> pl.DataFrame:
    """The encoder wants to know whose row it is, to fill snapshot attributes; a table has none of these."""
    return rows.with_columns(pl.int_range(pl.len()).cast(pl.String).alias("account_id"))


def _mean(gains: list[dict[str, float]]) -> dict[str, float]:
    names = {name for gain in gains for name in gain}
    mean = {name: sum(gain.get(name, 0.0) for gain in gains) / len(gains) for name in names}
    return dict(sorted(mean.items(), key=lambda item: (-item[1], item[0])))
