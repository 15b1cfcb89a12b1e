"""A small source folder of real companies, the same with its ends put back, and counts made without the pipeline.

Belongs here: what end-to-end tests feed the example with. Not here: running it (command_line.py).
"""

from __future__ import annotations

import csv
import gzip
import random
from datetime import date, timedelta
from pathlib import Path

COMMITTED = Path(__file__).resolve().parents[1] / "examples" / "crunchbase" / "data"
KEYS = {
    "companies": "permalink",
    "rounds": "company_permalink",
    "acquisitions": "company_permalink",
}
YEAR = timedelta(days=365)
Rows = list[dict[str, str]]


def read(folder: Path, stem: str) -> Rows:
    """Rows of a committed (gzip) or sampled file."""
    packed = folder / f"{stem}.csv.gz"
    if packed.exists():
        with gzip.open(packed, "rt", encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    with open(folder / f"{stem}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sample(folder: Path, companies: int, seed: int = 7) -> Path:
    """Some companies that raised, with all their rounds and acquisitions; names that Latin-1 can write."""
    files = {stem: read(COMMITTED, stem) for stem in KEYS}
    raised = {row["company_permalink"] for row in files["rounds"]}
    plain = sorted(
        row["permalink"]
        for row in files["companies"]
        if row["permalink"] in raised and _is_latin1(" ".join(row.values()))
    )
    kept = set(random.Random(seed).sample(plain, companies))
    folder.mkdir(parents=True)
    for stem, rows in files.items():
        mine = [row for row in rows if row[KEYS[stem]] in kept]
        _write(folder / f"{stem}.csv", mine, list(rows[0]), "utf-8", "\n")
    return folder


def with_ends_put_back(source: Path, folder: Path, as_of: date, seed: int = 11) -> Path:
    """The same companies as another export would hold them: end-state columns whose values follow from what happened after
    as_of, rows and columns shuffled, Latin-1, CR line ends."""
    chance = random.Random(seed)
    rounds = read(source, "rounds")
    raised = converted(rounds, as_of)
    folder.mkdir(parents=True)
    for stem, key in KEYS.items():
        rows = [row | _ends(row[key], row[key] in raised, rounds) for row in read(source, stem)]
        names = list(rows[0])
        chance.shuffle(rows)
        chance.shuffle(names)
        _write(folder / f"{stem}.csv", rows, names, "latin-1", "\r")
    return folder


def _ends(company: str, has_raised: bool, rounds: Rows) -> dict[str, str]:
    days = sorted(row["funded_at"] for row in rounds if row["company_permalink"] == company)
    return {
        "status": "operating" if has_raised else "closed",
        "funding_total_usd": "90000000" if has_raised else "1000",
        "funding_rounds": str(len(days)),
        "first_funding_at": days[0] if days else "",
        "last_funding_at": days[-1] if days else "",
        "last_milestone_at": "2012-03-01" if has_raised else "",
        "investor_rating": "5" if has_raised else "1",
    }


def eligible(folder: Path, as_of: date) -> set[str]:
    """Companies with a round on or before the day and no acquisition on or before it."""
    known = {r["company_permalink"] for r in read(folder, "rounds") if _by(r["funded_at"], as_of)}
    gone = read(folder, "acquisitions")
    return known - {r["company_permalink"] for r in gone if _by(r["acquired_at"], as_of)}


def converted(rounds: Rows, as_of: date) -> set[str]:
    """Companies with a round in the year after the day."""
    return {
        row["company_permalink"]
        for row in rounds
        if not _by(row["funded_at"], as_of) and _by(row["funded_at"], as_of + YEAR)
    }


def _by(text: str, day: date) -> bool:
    return bool(text) and date.fromisoformat(text[:10]) <= day


def _is_latin1(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _write(path: Path, rows: Rows, names: list[str], encoding: str, line_end: str) -> None:
    with open(path, "w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator=line_end)
        writer.writeheader()
        writer.writerows(rows)
