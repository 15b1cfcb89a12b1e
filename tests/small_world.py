"""A small company's CRM, made from a seed: Salesforce-shaped exports with enough won deals to train on.

Belongs here: writing its files, a home that has landed them, and its training. Does not belong here: assertions, and worlds
whose every row is known by hand (tests/dbt_world.py).
"""

import csv
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from dagster_project.command import operations
from dagster_project.home import Home
from dagster_project.home_layout import open_home

FIRST_DAY, LAST_DAY = date(2018, 1, 1), date(2021, 6, 30)
SETTINGS = """\
version: 1
feeds: [salesforce]
history_starts: 2018-01-01
conversion:
  mode: expansion
  won_stages: [Closed Won]
  horizons_days: [90]
  primary_horizon_days: 90
  recording_starts: 2018-01-01
training:
  spacing: quarter
  bootstrap_rounds: 50
  booster: {max_trees: 60, default_trees: 40, min_child_weight: 10}
"""
ACCOUNT = ["Id", "Name", "Website", "Type", "CreatedDate", "SystemModstamp"]
OPPORTUNITY = ["Id", "AccountId", "Name", "Type", "StageName", "Amount", "CloseDate"]
OPPORTUNITY += ["CreatedDate", "SystemModstamp"]
HISTORY = ["Id", "OpportunityId", "StageName", "CreatedDate"]


class SmallWorld:
    """Accounts that win deals at a rate of their own, so that their past tells something about their future.

    `wins` says how often they win; from `triples_on` on, where given, they do so three times as often.
    """

    def __init__(
        self, accounts: int = 400, seed: int = 7, wins: float = 0.3, triples_on: date | None = None
    ):
        generator = np.random.default_rng(seed)
        known = generator.integers(0, 700, accounts)
        # Won deals a day: by default about one account in four wins one within 90 days.
        rates = np.exp(generator.normal(-0.5, 1.2, accounts)) * wins / 90
        self.accounts = [
            (f"A{number:04d}", FIRST_DAY + timedelta(days=int(days)))
            for number, days in enumerate(known)
        ]
        self.wins = []
        for (account, since), rate in zip(self.accounts, rates, strict=True):
            clock = since
            while True:
                clock += timedelta(days=1 + int(generator.exponential(1 / rate)))
                day = clock
                if triples_on and clock > triples_on:
                    day = triples_on + (clock - triples_on) / 3
                if day >= LAST_DAY:
                    break
                amount = round(float(np.exp(generator.normal(9, 1))), 2)
                self.wins.append((account, day, amount))
        self.wins.sort(key=lambda win: (win[1], win[0]))

    def write(self, folder: Path, first: date, last: date) -> Path:
        """What came to be or changed from the first day to the last (both inclusive), one file a table.

        On every day one account is touched, so that no day's export is empty.
        """
        accounts = [
            (account, since, since) for account, since in self.accounts if first <= since <= last
        ]
        if first == last:
            account, since = self.accounts[first.toordinal() % len(self.accounts)]
            accounts.append((account, since, first))
        wins = [(number, *win) for number, win in enumerate(self.wins) if first <= win[1] <= last]
        folder.mkdir(parents=True, exist_ok=True)
        _write(
            folder / "Account.csv",
            ACCOUNT,
            [
                [a, f"Company {a}", f"https://{a}.example", "Prospect", _at(since), _at(changed)]
                for a, since, changed in accounts
            ],
        )
        _write(
            folder / "Opportunity.csv",
            OPPORTUNITY,
            [
                [f"O{n:06d}", a, f"Deal {n}", "New", "Closed Won", amount, day, _at(day), _at(day)]
                for n, a, day, amount in wins
            ],
        )
        _write(
            folder / "OpportunityHistory.csv",
            HISTORY,
            [[f"H{n:06d}", f"O{n:06d}", "Closed Won", _at(day)] for n, _, day, _ in wins],
        )
        return folder


def landed_home(
    root: Path, history_until: date, folder: Path, world: SmallWorld | None = None
) -> Home:
    """A home that has landed a world's history, the usual one's unless given; nothing is trained or scored yet."""
    root.mkdir(parents=True)
    (root / "scoring.yaml").write_text(SETTINGS)
    home = open_home(root)
    exported = (world or SmallWorld()).write(folder, FIRST_DAY, history_until)
    landed = operations.land(home, "salesforce", [exported], None, is_history=True, show=False)
    assert landed.ok, landed.problems
    return home


def train(home: Home, as_of: date) -> None:
    """Train on what was known that day; the model must be good enough to score with."""
    _, trained = operations.retrain(home, as_of, show=False)
    assert trained.ok, trained.problems
    assert trained.metadata["trained_models"]["verdict"] == "promote", trained.metadata


def _at(day: date) -> str:
    return f"{day.isoformat()}T12:00:00Z"


def _write(path: Path, header: list[str], rows: list[list]) -> None:
    if rows:
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])
