"""Rules about columns: each fires on what it is for, and is silent on honest columns.

Not here: what follows from a suspicion (test_models_promotion.py), whole tables (tests/behaviour/test_flat_table.py).
"""

import numpy as np
import polars as pl
import pytest

from models.guards import auc_alone, leak_suspects, questionable, unusable
from models.settings import PromotionSettings

N = 2000


@pytest.fixture(scope="module")
def drawn():
    """An outcome of every fifth row and a number that knows a little of it."""
    rng = np.random.default_rng(3)
    y = (rng.random(N) < 0.2).astype(float)
    return rng, y, rng.normal(size=N) + y


def suspected(y, **columns) -> dict[str, str]:
    found = leak_suspects(pl.DataFrame(columns), y, PromotionSettings(), seed=7)
    return {suspect.column: suspect.why for suspect in found}


def test_constants_identifiers_and_repeats_are_named_with_their_reason():
    rows = pl.DataFrame(
        {
            "same": ["x"] * 40,
            "nothing": pl.Series([None] * 40, dtype=pl.Float64),
            "nan": [float("nan")] * 40,
            "id": [f"001-{n}" for n in range(40)],
            "number": [1000 + n for n in range(40)],
            "amount": [n * n * 7 for n in range(40)],
            "size": [n % 7 for n in range(40)],
            "size_again": [n % 7 for n in range(40)],
            "size_in_words": [str(n % 7) for n in range(40)],
        }
    )
    found = unusable(rows)
    assert set(found) == {"same", "nothing", "nan", "id", "number", "size_again"}
    assert "size" in found["size_again"]
    assert "names rows" in found["id"] and "numbers rows" in found["number"]


def test_few_rows_are_no_proof_of_an_identifier():
    assert unusable(pl.DataFrame({"name": ["a", "b", "c"], "n": [1, 2, 3]})) == {}


def test_honest_columns_are_not_suspected(drawn):
    rng, y, signal = drawn
    assert (
        suspected(
            y,
            signal=signal,
            noise=rng.normal(size=N),
            word=rng.choice(["a", "b", "c"], N),
            holes=pl.Series(np.where(rng.random(N) < 0.5, np.nan, signal)),
            flag=rng.random(N) < 0.5,
            # a name that polars uses itself
            count=rng.integers(0, 3, N),
            nothing=pl.Series([None] * N, dtype=pl.Int64),
        )
        == {}
    )


@pytest.mark.parametrize("turned", [1, -1])
def test_a_number_that_tells_alone_is_suspected_whichever_way_it_points(drawn, turned):
    _, y, signal = drawn
    found = suspected(y, told=turned * (signal + 3 * y))
    assert "alone tells the outcome" in found["told"]


def test_a_number_that_tells_by_its_middle_is_suspected(drawn):
    rng, y, _ = drawn
    assert "told" in suspected(y, told=np.where(y > 0, rng.normal(0, 0.1, N), rng.normal(0, 5, N)))


def test_a_text_that_tells_alone_is_suspected(drawn):
    _, y, _ = drawn
    assert "told" in suspected(y, told=np.where(y > 0, "Closed Won", "Closed Lost"))


def test_the_mere_presence_of_a_value_is_suspected(drawn):
    rng, y, _ = drawn
    filled = np.where(rng.random(N) < 0.3 + 0.5 * y, rng.normal(size=N), np.nan)
    assert "has a value at all" in suspected(y, late=filled)["late"]


def test_a_value_that_appears_beside_conversions_alone_is_suspected(drawn):
    rng, y, _ = drawn
    some = (rng.random(N) < 0.25) & (y > 0)
    found = suspected(
        y,
        signed_on=pl.Series(np.where(some, rng.normal(size=N), np.nan)).fill_nan(None),
        discount=np.where(some, rng.random(N), 0.0),
        status=np.where(some, "contract sent", rng.choice(["new", "known"], N)),
    )
    assert set(found) == {"signed_on", "discount", "status"}
    assert all("beside conversions alone" in why for why in found.values())


def test_a_value_that_never_appears_beside_a_conversion_is_suspected_but_a_kind_is_not(drawn):
    rng, y, _ = drawn
    some = (rng.random(N) < 0.15) & (y == 0)
    found = suspected(
        y,
        lost_on=pl.Series(np.where(some, rng.normal(size=N), np.nan)).fill_nan(None),
        industry=np.where(some, "public", rng.choice(["retail", "banking"], N)),
    )
    assert set(found) == {"lost_on"}


def test_a_flag_that_appears_beside_conversions_alone_is_suspected_however_it_is_written(drawn):
    rng, y, _ = drawn
    some = (rng.random(N) < 0.25) & (y > 0)
    assert set(suspected(y, refunded=some, paid=some.astype(int))) == {"refunded", "paid"}
    # also where most rows convert
    often = (rng.random(N) < 0.6).astype(float)
    assert set(suspected(often, paid=(rng.random(N) < 0.25) & (often > 0))) == {"paid"}


def test_a_kind_that_never_buys_is_no_leak_as_a_flag_either(drawn):
    rng, y, _ = drawn
    assert suspected(y, public=((rng.random(N) < 0.3) & (y == 0)).astype(int)) == {}


@pytest.mark.parametrize("share", [0.9, 0.97, 0.983, 0.995])
def test_where_nearly_all_convert_no_value_is_suspected_for_it(share):
    rng = np.random.default_rng(3)
    y = (rng.random(20_000) < share).astype(float)
    columns = {
        "region": rng.choice(["N", "S", "E", "W"], 20_000),
        "visits": np.where(rng.random(20_000) < 0.6, 0, rng.integers(1, 9, 20_000)),
        "flag": rng.random(20_000) < 0.3,
        # honest and strong: who uses it hardly leaves, and a kind that never does
        "used": np.where(rng.random(20_000) < np.where(y > 0, 0.4, 0.05), 3, 0),
        "tier": np.where((rng.random(20_000) < 0.2) & (y > 0), "gold", "plain"),
    }
    of_kinds = {"tier"} if share == 0.9 else set()
    for outcome in (y, 1 - y):
        assert set(suspected(outcome, **columns)) <= of_kinds
    some = (rng.random(20_000) < 0.5) & (y > 0)
    paid = pl.Series(np.where(some, rng.normal(size=20_000), np.nan)).fill_nan(None)
    # enough of those who left have to be expected beside it
    assert set(suspected(y, paid=paid)) == {"paid"}


@pytest.mark.parametrize("nothing", ["-", "", " n/a ", None])
def test_a_reason_for_the_loss_is_suspected_however_its_absence_is_written(drawn, nothing):
    rng, y, _ = drawn
    lost = (rng.random(N) < 0.6) & (y == 0)
    words = [
        w if is_lost else nothing
        for w, is_lost in zip(rng.choice(["price", "rival"], N), lost, strict=True)
    ]
    assert "has a value at all" in suspected(y, reason=words)["reason"]


@pytest.mark.parametrize("written", [(1, 0), (True, False), ("yes", "no"), ("lost", "open")])
def test_a_flag_of_most_losses_is_suspected_but_what_every_winner_had_is_not(drawn, written):
    rng, y, _ = drawn
    lost = (rng.random(N) < 0.6) & (y == 0)
    assert set(suspected(y, lost=np.where(lost, *written))) == {"lost"}
    # nobody without a meeting buys
    had = (y > 0) | (rng.random(N) < 0.45)
    if "lost" not in written:
        assert suspected(y, meeting=np.where(had, *written)) == {}


def test_honest_flags_and_counts_are_not_suspected_however_often_they_are_nothing():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        some, kind = rng.random(N) < 0.3, rng.random(N) < 0.4
        y = (rng.random(N) < np.where(some, 0.4, 0.05) * np.where(kind, 0.1, 1)).astype(float)
        counts = np.where(some, 1 + rng.poisson(1.5, N), 0)
        columns = {"some": some, "counts": counts, "word": np.where(some, "yes", "no")}
        assert suspected(y, **columns, kind=kind.astype(int)) == {}
        assert questionable(pl.DataFrame(columns), y, np.arange(N)) == []


def test_a_sum_that_nearly_says_that_it_converted_is_asked_about_and_no_more(drawn):
    rng, y, _ = drawn
    paid = np.where(rng.random(N) < np.where(y > 0, 0.6, 0.01), rng.integers(1, 999, N), 0)
    assert suspected(y, paid=paid) == {}
    (asked,) = questionable(pl.DataFrame({"paid": paid}), y, np.arange(N))
    assert asked.column == "paid" and "nearly says that it converted" in asked.why


def test_rows_of_one_group_do_not_vouch_for_each_other(drawn):
    rng, _, _ = drawn
    who = rng.integers(0, 100, N)
    fate = (rng.random(100) < 0.3).astype(float)
    rows = pl.DataFrame({"city": [f"c{n // 2}" for n in who], "code": rng.normal(size=100)[who]})
    found = leak_suspects(rows, fate[who], PromotionSettings(), seed=7, group=who)
    assert found == []
    assert leak_suspects(rows, fate[who], PromotionSettings(), seed=7)


def test_presence_in_few_rows_may_be_chance():
    suspects = 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        y = (rng.random(100) < 0.3).astype(float)
        columns = {
            f"c{n}": pl.Series(np.where(rng.random(100) < 0.5, rng.random(100), np.nan)).fill_nan(
                None
            )
            for n in range(40)
        }
        suspects += len(suspected(y, **columns))
    assert suspects == 0


def test_a_column_alone_is_judged_on_rows_that_its_rates_were_not_learnt_from(drawn):
    rng, y, _ = drawn
    fold = rng.integers(0, 5, N)
    # one level a few rows: learnt by heart it would tell nearly all
    levels = pl.Series(rng.integers(0, N // 3, N).astype(str))
    assert abs(auc_alone(levels, y, fold) - 0.5) < 0.06


def test_outcomes_of_one_kind_raise_no_suspicion():
    assert suspected(np.zeros(30), told=np.arange(30.0)) == {}
