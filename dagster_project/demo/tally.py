"""Counting over blocks: funnel, cycles, base rate, how well the truth ranks, what was planted.

Here: bounded counters and the measures made of them. Not here: the published ranges (settings.py).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from dagster_project.demo.block import Block
from dagster_project.demo.calendar import Calendar, day_of
from dagster_project.demo.companies import NEVER
from dagster_project.demo.settings import WorldSettings
from dagster_project.demo.truth import Ranking
from dagster_project.demo.visits import BOT, CORPORATE, EMAIL_CLICK, SCANNER, STAFF
from dagster_project.demo.web import VIEW

_FEW = 200_000  # cycle lengths kept


class Tally:
    """Counters over all blocks of a world."""

    def __init__(self, settings: WorldSettings, calendar: Calendar):
        self._settings, self._calendar = settings, calendar
        self._ranking = {name: Ranking() for name in ("month_ends", "with_duplicates", "last_year")}
        self._counts: dict[str, float] = {}
        self._cycles: dict[str, list[np.ndarray]] = {"won": [], "lost": []}
        self._scores = np.zeros(101)
        self._topics: list[np.ndarray] = []
        self.planted_counts: dict[str, int] = {}

    def planted(self, rows: pl.DataFrame) -> None:
        """Count planted things."""
        for kind, count in rows.group_by("kind").len().iter_rows():
            self.planted_counts[kind] = self.planted_counts.get(kind, 0) + count

    def add(self, block: Block, corrected: pl.DataFrame) -> None:
        """Count a block."""
        self.planted(block.planted)
        self.planted(corrected)
        self._rank(block)
        self._funnel(block)
        self._web(block)
        self._intent(block)

    def _more(self, **counts: float) -> None:
        for name, count in counts.items():
            self._counts[name] = self._counts.get(name, 0) + float(count)

    def _rank(self, block: Block) -> None:
        month_end = pl.col("as_of_date") == pl.col("as_of_date").dt.month_end()
        rows = pl.concat(
            [block.probabilities, block.outcomes.select("is_won_90d")], how="horizontal"
        )
        rows = rows.filter(pl.col("is_eligible") & month_end)
        year = pl.lit(day_of(self._calendar.last - 365))
        for name, some in (
            ("month_ends", rows.filter(~pl.col("is_duplicate"))),
            ("with_duplicates", rows),
            ("last_year", rows.filter(~pl.col("is_duplicate") & (pl.col("as_of_date") > year))),
        ):
            self._ranking[name].add(some["p90"].to_numpy(), some["is_won_90d"].to_numpy())

    def _funnel(self, block: Block) -> None:
        deals, leads = block.deals, block.leads
        closed = deals.is_new & (deals.closed < NEVER)
        days = (deals.closed - deals.opened)[closed]
        won = deals.is_won[closed]
        for name, own in (("won", days[won]), ("lost", days[~won])):
            if sum(map(len, self._cycles[name])) < _FEW:
                self._cycles[name].append(own)
        reached = NEVER * 86_400
        old = leads.created < (self._calendar.last - 150) * 86_400
        self._more(
            deals_closed=closed.sum(), deals_won=won.sum(), leads=old.sum(),
            mql=(old & (leads.mql < reached)).sum(), sql=(old & (leads.sql < reached)).sum(),
            converted=(old & (leads.converted < reached)).sum(), leads_all=len(leads.row),
            accounts=(block.lives.known <= self._calendar.end).sum(),
            customers=(block.lives.won <= self._calendar.end).sum(),
            touches=np.isin(block.tasks.kind, (0, 1, 2)).sum() + len(block.meetings.row),
        )  # fmt: skip

    def _web(self, block: Block) -> None:
        events, months = block.events, self._settings.months + self._settings.later_days / 30.4
        views = events.filter(
            (pl.col("name") == VIEW) & pl.col("kind").is_in([CORPORATE, EMAIL_CLICK])
        )
        people = events.filter(~pl.col("kind").is_in([BOT, SCANNER, STAFF]))
        corporate = events.filter((pl.col("kind") == CORPORATE) & (pl.col("user") < 0))
        clicks = events.filter(pl.col("medium") == 4)["session_id", "kind"].unique()
        self._more(
            views=views.height, account_months=len(block.companies) * months,
            visitors=people["visitor"].n_unique(), anonymous=corporate.height,
            resolved=(corporate["domain"] >= 0).sum(), clicks=clicks.height,
            scans=(clicks["kind"] == SCANNER).sum(),
            identified=people.filter(pl.col("user") >= 0)["visitor"].n_unique(),
        )  # fmt: skip

    def _intent(self, block: Block) -> None:
        rows = block.surges.filter((pl.col("row") >= 0) & ~pl.col("is_double"))
        self._scores += np.bincount(rows["score"].to_numpy(), minlength=101)
        self._topics.append(
            rows.group_by("row").agg(pl.col("topic").n_unique())["topic"].to_numpy()
        )

    def measures(self) -> dict[str, float | None]:
        """All measures of the world, by name."""
        c = {**dict.fromkeys(("mql", "sql", "converted"), 0.0), **self._counts}
        all_rows = self._ranking["month_ends"]
        won, lost = (np.concatenate(self._cycles[name]) for name in ("won", "lost"))
        scores = self._scores.cumsum() / max(self._scores.sum(), 1)
        return {
            "truth_auc_90d": all_rows.auc(),
            "truth_auc_90d_last_year": self._ranking["last_year"].auc(),
            "truth_auc_90d_with_duplicates": self._ranking["with_duplicates"].auc(),
            "truth_lift_top_decile": all_rows.lift(),
            "base_rate_90d": all_rows.wins.sum() / max(all_rows.rows, 1),
            "mean_true_probability_90d": all_rows.expected / max(all_rows.rows, 1),
            "rows_at_month_ends": float(all_rows.rows),
            "accounts_in_crm": c["accounts"],
            "customers_at_end": c["customers"],
            "opportunity_win_rate": _share(c["deals_won"], c["deals_closed"]),
            "won_cycle_days_median": _quantile(won, 0.5),
            "won_cycle_days_mean": won.mean() if len(won) else None,
            "lost_cycle_days_median": _quantile(lost, 0.5),
            "lost_cycle_days_mean": lost.mean() if len(lost) else None,
            "visitor_to_lead": _share(c["leads_all"], c["visitors"]),
            "visitor_identified": _share(c["identified"], c["visitors"]),
            "lead_to_mql": _share(c["mql"], c["leads"]),
            "mql_to_sql": _share(c["sql"], c["mql"]),
            "sql_to_opportunity": _share(c["converted"], c["sql"]),
            "page_views_an_account_month": _share(c["views"], c["account_months"]),
            "anonymous_traffic_resolved": _share(c["resolved"], c["anonymous"]),
            "scanner_share_of_clicks": _share(c["scans"], c["clicks"]),
            "surge_score_median": float(np.searchsorted(scores, 0.5)),
            "surge_share_60": 1 - scores[59],
            "topics_a_domain_median": _quantile(np.concatenate(self._topics), 0.5),
        }


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _quantile(values: np.ndarray, share: float) -> float | None:
    return float(np.quantile(values, share)) if len(values) else None
