"""What the people of an account say of it together: the best of them, how many deal with us, which seats of a buying
committee they fill.

Belongs here: the roll-up of scored people, the one place where it is made. Does not belong here: scores of people (leads.py), the
account's own score, which never sees any of this.

`leads_noisy_or` is 1 - (1 - p1)(1 - p2)…: the chance that at least one person takes part in a win if people did so
independently of each other. They do not: a deal has several people, so the true chance lies lower. It is an upper statement that
grows with the number of people known, and not the account's probability.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from models.encoding import require_columns

DECISION_MAKERS = ("c_level", "vp")
LEADERS = (*DECISION_MAKERS, "director")
# They do not buy (dbt, feat_engagement__people).
STUDENT = "student"
KEY = ("as_of_date", "account_id")
COLUMNS = {
    "people_known": pl.Int32,
    "people_engaged_90d": pl.Int32,
    "has_decision_maker_engaged": pl.Boolean,
    "committee_coverage": pl.Float64,
    "committee_engaged": pl.List(pl.String),
    "best_lead_id": pl.String,
    "best_lead_probability": pl.Float64,
    "leads_noisy_or": pl.Float64,
}
# Who may sit on a seat of each level.
LEVELS = {
    "leader": pl.col("seniority").is_in(LEADERS),
    "team": ~pl.col("seniority").is_in(LEADERS),
    "anyone": pl.lit(True),
}


def with_roles(people: pl.DataFrame) -> pl.DataFrame:
    """The people with is_decision_maker (null without a title) and is_engaged_90d (null where no feed says)."""
    return people.with_columns(
        pl.col("seniority").is_in(DECISION_MAKERS).alias("is_decision_maker"),
        (pl.col("own_actions_90d") > 0).alias("is_engaged_90d"),
    )


def roll_up(
    accounts: pl.DataFrame, people: pl.DataFrame, committee: Mapping[str, Sequence[str]]
) -> pl.DataFrame:
    """The columns of COLUMNS for each row of `accounts` (as_of_date, account_id), in its order.

    people: lead_id, job_function, seniority, is_decision_maker, is_engaged_90d, lead_probability (null without a lead model) of
    each person and day. committee: levels of the seats of each function. Students are left out. All null where nobody is known;
    the best of equally likely people is the first by lead_id.
    """
    require_columns(people, [*KEY, "lead_id", "is_engaged_90d", "lead_probability"])
    seats = _seats(committee)
    chance, engaged = pl.col("lead_probability"), pl.col("is_engaged_90d")
    is_said, is_scored = engaged.is_not_null().any(), chance.is_not_null().any()
    rolled = (
        people.filter(pl.col("seniority").ne_missing(STUDENT))
        # also so that a product takes its factors in one order
        .sort(*KEY, "lead_id")
        .group_by(KEY, maintain_order=True)
        .agg(
            pl.len().alias("people_known"),
            pl.when(is_said).then(engaged.sum()).alias("people_engaged_90d"),
            pl.when(is_said)
            .then((engaged & pl.col("is_decision_maker")).any())
            .alias("has_decision_maker_engaged"),
            *(
                pl.when(is_said).then((engaged & sits).any()).alias(seat)
                for seat, sits in seats.items()
            ),
            pl.when(is_scored)
            .then(pl.col("lead_id").get(chance.fill_null(-1.0).arg_max()))
            .alias("best_lead_id"),
            chance.max().alias("best_lead_probability"),
            pl.when(is_scored).then(1.0 - (1.0 - chance).product()).alias("leads_noisy_or"),
        )
    )
    every = accounts.select(KEY).join(rolled, on=KEY, how="left", maintain_order="left")
    return _with_coverage(every, list(seats)).select(
        pl.col(name).cast(kind) for name, kind in COLUMNS.items()
    )


def _seats(committee: Mapping[str, Sequence[str]]) -> dict[str, pl.Expr]:
    """Each seat, function and level (`it leader`), with who may sit on it."""
    return {
        f"{function} {level}": ((pl.col("job_function") == function) & LEVELS[level])
        for function, levels in committee.items()
        for level in levels
    }


def _with_coverage(rolled: pl.DataFrame, seats: Sequence[str]) -> pl.DataFrame:
    """Seats that are filled, by name, and their share of all; null where nothing can be said, or nobody asks for a seat."""
    if not seats:
        return rolled.with_columns(
            pl.lit(None).alias("committee_coverage"), pl.lit(None).alias("committee_engaged")
        )
    filled = pl.concat_list(pl.when(pl.col(seat)).then(pl.lit(seat)) for seat in seats)
    return rolled.with_columns(
        (pl.sum_horizontal(seats) / len(seats)).alias("committee_coverage"),
        filled.list.drop_nulls().alias("committee_engaged"),
    ).with_columns(
        pl.when(pl.col(seats[0]).is_not_null()).then(pl.col(name)).alias(name)
        for name in ("committee_coverage", "committee_engaged")
    )
