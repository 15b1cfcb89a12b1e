"""Which rows of a table must stand on one side of a split: those of one entity, and copies of each other.

Belongs here: which rows are copies, and what hangs together by entities and copies. Does not belong here: splitting
(table_split.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

# Equal rows are no copies where columns have few values between them, or where more than so many (rows or entities, share of all)
# have them: companies of which nothing is known look alike.
MOST_COPIES, COPIES_SHARE = 50, 0.01
# Copies join entities only as long as no more than this share of the rows hangs together: there would be nothing to test on.
LARGEST_SHARE = 0.2


@dataclass(frozen=True)
class Groups:
    """A number a row each, equal for: `own` rows of one entity (each row its own without entities), `content` rows whose features
    are equal, `copy` those of them that are copies of each other, `together` rows that must stand on one side of a split.

    Outcomes do not count: of equal rows with different outcomes on two sides one would be learnt and the contrary tested.
    """

    own: np.ndarray
    content: np.ndarray
    copy: np.ndarray
    together: np.ndarray


def groups_of(features: pl.DataFrame, entity: pl.Series | None, warnings: list[str]) -> Groups:
    """Tell which rows hang together: the connected components of entities and copies, without `entity` the copies."""
    own = _own(features.height, entity, warnings)
    content = _numbered(features.hash_rows(seed=0))
    copy, again = _copies(features, content, own)
    together = _joined(own, copy) if again else own
    if entity is not None and _largest(together) > max(LARGEST_SHARE * len(own), _largest(own)):
        warnings.append(
            f"{again:,} rows repeat a row of another {entity.name}, so that more than a fifth of all rows hang together: "
            "of copies on both sides of the split only those tested on are kept"
        )
        together = own
    elif again:
        shared = "repeat another row; copies stand"
        if entity is not None:
            shared = f"repeat a row of another {entity.name}; those who share a row stand"
        warnings.append(f"{again:,} rows {shared} on one side of the split")
    return Groups(own, content, copy, together)


def _own(rows: int, entity: pl.Series | None, warnings: list[str]) -> np.ndarray:
    if entity is None:
        return np.arange(rows)
    known = entity.cast(pl.String)
    if none := known.null_count():
        warnings.append(f"{none:,} rows without a value of {entity.name} stand each for themselves")
    alone = "row " + pl.int_range(rows, eager=True).cast(pl.String)
    return _numbered(pl.select(pl.coalesce("of " + known, alone)).to_series())


def _copies(features: pl.DataFrame, content: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, int]:
    """Numbers of `content` for copies, others for each of the other rows, and how many repeat another one's row."""
    rows = pl.DataFrame({"content": content, "own": own})
    cells = math.prod(features[name].n_unique() for name in features.columns)
    most = max(MOST_COPIES, COPIES_SHARE * rows["own"].n_unique())
    owners = rows.select(pl.col("own").n_unique().over("content")).to_series().to_numpy()
    is_copy = (owners > 1) & (owners <= most) & (cells > len(own))
    again = rows.filter(pl.Series(is_copy)).n_unique() - len(np.unique(content[is_copy]))
    return np.where(is_copy, content, len(own) + np.arange(len(own))), again


def _joined(own: np.ndarray, copy: np.ndarray) -> np.ndarray:
    """Numbers of what hangs together: whoever has a row is tied to what it holds."""
    _, held = np.unique(copy, return_inverse=True)
    owners = int(own.max()) + 1
    nodes = owners + int(held.max()) + 1
    ties = coo_matrix((np.ones(len(own), bool), (own, owners + held)), shape=(nodes, nodes))
    _, part = connected_components(ties, directed=False)
    return _numbered(pl.Series(part[own]))


def _largest(numbers: np.ndarray) -> int:
    return int(np.bincount(numbers).max())


def _numbered(keys: pl.Series) -> np.ndarray:
    """Numbers by first appearance."""
    found = keys.alias("key").to_frame().with_row_index("at")
    first = found.select(pl.col("at").min().over("key")).to_series()
    return first.rank("dense").cast(pl.Int64).to_numpy() - 1
