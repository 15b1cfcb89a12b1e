"""Expected deal sizes: the mean of skewed amounts, and only as much of the features as later deals bear out."""

import numpy as np
import polars as pl
import pytest

from models.chain import LaterPart
from models.feature_contract import usable_features
from models.scoring import ScoringModel
from models.training import train
from models.value import fit_value, measure_value
from tests.factories import training_rows, training_settings


def with_amounts(rows: pl.DataFrame, says: float, seed: int = 5) -> pl.DataFrame:
    """Lognormal deal sizes around 20,000 USD, `says` times the log of won_deals_total higher; some are not on record."""
    rng = np.random.default_rng(seed)
    size = np.exp(
        says * np.log(rows["won_deals_total"].to_numpy()) + rng.normal(9.9, 0.6, rows.height)
    )
    return rows.with_columns(
        days_to_conversion=pl.when("is_converted").then(
            pl.Series(rng.integers(1, 365, rows.height))
        ),
        won_amount_usd=pl.when(
            pl.col("is_converted") & pl.Series(rng.random(rows.height) < 0.9)
        ).then(pl.Series(np.round(size, 2))),
    )


@pytest.fixture(scope="module")
def base():
    return training_rows(accounts=800)


@pytest.fixture(scope="module")
def told(base):
    rows = with_amounts(base, says=0.8)
    return rows, train(rows, training_settings(rows))


def test_what_features_say_of_deal_sizes_is_kept_where_later_deals_bear_it_out(told):
    rows, result = told
    found = result.value
    assert found["kept"] == "model"
    assert found["deviance"] < 0.9 * found["deviance_of_the_mean"]
    assert found["predicted_mean_usd"] == pytest.approx(found["mean_usd"], rel=0.15)
    low, high = found["realised_over_expected_low"], found["realised_over_expected_high"]
    assert low < 1 < high and high - low < 0.6
    scored = result.model.score(rows)
    many = rows["won_deals_total"] >= 4
    assert scored["expected_deal_usd"].filter(many).mean() > 1.5 * scored["expected_deal_usd"].filter(~many).mean()  # fmt: skip
    assert scored["expected_value_usd"].to_numpy() == pytest.approx(
        (scored["expected_deal_usd"] * scored["win_probability_365d"]).to_numpy()
    )


def test_where_features_say_nothing_everybody_has_the_mean(base):
    rows = with_amounts(base, says=0.0, seed=11)
    result = train(rows, training_settings(rows))
    assert result.value["kept"] == "mean", result.value
    deals = result.model.score(rows)["expected_deal_usd"]
    assert deals.n_unique() == 1
    won = rows.filter(pl.col("won_amount_usd").is_not_null())["won_amount_usd"]
    assert deals[0] == pytest.approx(won.mean(), rel=0.05)


def test_files_hold_it_and_an_account_is_worth_the_same_alone(told, tmp_path):
    rows, result = told
    result.model.save(tmp_path)
    assert (tmp_path / "deal_size.ubj").exists()
    again = ScoringModel.load(tmp_path)
    whole = result.model.score(rows)
    assert again.score(rows).equals(whole) and again.digest() == result.model.digest()
    assert result.model.score(rows[7:8])["expected_deal_usd"][0] == whole["expected_deal_usd"][7]


def measured_with(rows: pl.DataFrame, probability: float) -> dict:
    """Measures of deal sizes where everybody has this chance, on the newest day of `rows`."""
    last = rows["as_of_date"].max()
    earlier, later = (rows.filter(e) for e in (pl.col("as_of_date") < last, pl.col("as_of_date") == last))  # fmt: skip
    settings = training_settings(rows)
    y = later["is_converted"].cast(pl.Float64).to_numpy()
    part = LaterPart(None, earlier, later, y, y)
    features = usable_features((), settings.left_out_features)
    return measure_value(part, np.full(later.height, probability), features, settings)


@pytest.mark.parametrize("unknown", [0.0, 1 / 3, 0.6])
@pytest.mark.parametrize("off", [1.0, 2.0])
def test_amounts_not_on_record_move_no_ratio_and_hide_no_model_that_is_off(base, unknown, off):
    """Every third amount unknown is no reason to think that less was won; twice the chance is, whatever is unknown."""
    rows = with_amounts(base, says=0.0).with_columns(
        won_amount_usd=pl.when("is_converted").then(
            np.round(np.exp(np.random.default_rng(2).normal(9.9, 0.3, base.height)), 2)
        )
    )
    hidden = pl.Series(np.random.default_rng(3).random(rows.height) < unknown)
    rows = rows.with_columns(won_amount_usd=pl.when(~hidden).then("won_amount_usd"))
    rate = rows.filter(pl.col("as_of_date") == rows["as_of_date"].max())["is_converted"].mean()
    found = measured_with(rows, min(1.0, rate * off))
    assert found["known_share"] == pytest.approx(1 - unknown, abs=0.06)
    assert found["realised_over_expected"] == pytest.approx(1 / off, rel=0.08)
    low, high = found["realised_over_expected_low"], found["realised_over_expected_high"]
    assert (low < 1 < high) == (off == 1)


@pytest.mark.parametrize("drop", ["won_amount_usd", "all but a few"])
def test_without_amounts_nothing_is_said_and_never_zero(base, drop):
    rows = with_amounts(base, says=0.8)
    if drop == "won_amount_usd":
        rows = rows.drop(drop)
    else:
        few = pl.col("account_id") < "salesforce:00009"
        rows = rows.with_columns(won_amount_usd=pl.when(few).then("won_amount_usd"))
    result = train(rows, training_settings(rows))
    assert result.value["kept"] == "nothing" and "too few" in result.value["why"]
    scored = result.model.score(rows)
    assert scored["expected_deal_usd"].null_count() == scored["expected_value_usd"].null_count() == rows.height  # fmt: skip


def test_a_win_counts_once_however_many_days_saw_it_coming():
    """Forty small wins seen on one day each, forty large ones seen on five: the mean is that of eighty wins."""
    frame = training_rows(accounts=80, days=None)
    days = frame["as_of_date"].unique().sort()
    small = frame.filter(pl.col("as_of_date") == days[0])[:40].with_columns(
        won_amount_usd=pl.lit(100.0)
    )
    large = frame.filter(pl.col("account_id") >= "salesforce:00040").with_columns(
        won_amount_usd=pl.lit(300.0)
    )
    won_on = pl.lit(days[-1]) + pl.duration(days=30)
    rows = pl.concat([small, large]).with_columns(
        is_converted=pl.lit(True),
        days_to_conversion=(won_on - pl.col("as_of_date")).dt.total_days(),
    )
    settings = training_settings(rows)
    features = usable_features((), settings.left_out_features)
    assert fit_value(rows, features, settings).mean_usd == pytest.approx(200.0)
