"""Hot and warm: limits by conversion and capacity, whichever is higher."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from models.bands import NO_LATER_ROWS, TOO_FEW, Bands, fix_bands
from models.model_files import MODEL_FILE
from models.reference import fix_reference
from models.scoring import ScoringModel
from models.settings import BandSettings
from models.training import train
from tests.factories import training_rows, training_settings, year_ends

SETTINGS = BandSettings()


def later(chance, n=8000, seed=1) -> pl.DataFrame:
    """Later rows that convert with a chance that follows the score (0-1)."""
    rng = np.random.default_rng(seed)
    score = rng.uniform(0, 100, n)
    return pl.DataFrame({"score": score, "is_converted": rng.random(n) < chance(score / 100)})


@pytest.fixture(scope="module")
def trained():
    rows = training_rows(accounts=800)
    return rows, train(rows, training_settings(rows))


def test_bands_hold_their_shares_of_a_large_reference():
    raw = np.random.default_rng(1).random(5000)
    bands = fix_bands(BandSettings(hot_share=0.1, warm_share=0.2)).bands
    found = bands.of(fix_reference(raw).scale(raw))
    shares = [np.mean(found == name) for name in ("hot", "warm", "cold")]
    assert shares == pytest.approx([0.1, 0.2, 0.7], abs=0.002)


def test_bands_must_leave_somebody_cold():
    with pytest.raises(ValueError, match="cold"):
        fix_bands(BandSettings(hot_share=0.6, warm_share=0.5))


def test_the_best_tenth_at_the_base_rate_is_not_hot():
    found = fix_bands(SETTINGS, later(lambda x: np.full(len(x), 0.1)))
    assert found.bands.hot_from is None and found.bands.warm_from >= 70
    assert "hot" not in found.bands.of(np.arange(101.0))
    hot = found.report["hot"]
    assert (hot["set_by"], hot["by_conversion"], hot["rows"]) == ("conversion", None, 0)
    json.dumps(found.report)


def test_a_good_models_bands_are_those_of_capacity():
    """Chances of 0 to 0.4 by the square: one and a half times their mean from 71 on, a quarter from 29 on."""
    found = fix_bands(SETTINGS, later(lambda x: 0.4 * x**2))
    assert found.bands == fix_bands(SETTINGS).bands == Bands(90.0, 70.0)
    for name in ("hot", "warm"):
        assert found.report[name]["set_by"] == "capacity"
        assert found.report[name]["by_conversion"] < found.bands.warm_from + 20
    assert found.report["hot"]["rate"] > 2 * found.report["base_rate"]


def test_between_the_two_the_higher_limit_counts_and_the_report_says_which():
    """Only the best five in a hundred convert often: all others do less often than the mean, however many could be called."""
    asks_more = BandSettings(warm_lift=1.0)
    found = fix_bands(asks_more, later(lambda x: np.where(x > 0.95, 0.6, 0.02), n=20_000))
    assert 93 < found.bands.hot_from < 97 and 70 < found.bands.warm_from <= found.bands.hot_from
    assert {found.report[name]["set_by"] for name in ("hot", "warm")} == {"conversion"}
    eager = BandSettings(hot_lift=0.5, warm_lift=0.1)
    assert fix_bands(eager, later(lambda x: 0.4 * x)).bands == Bands(90.0, 70.0)


def test_without_later_rows_that_tell_it_is_capacity_alone():
    none = later(lambda x: np.zeros(len(x)))
    for rows, why in ((None, NO_LATER_ROWS), (later(lambda x: x, n=90), TOO_FEW), (none, TOO_FEW)):
        found = fix_bands(SETTINGS, rows)
        assert found.bands == Bands(90.0, 70.0)
        assert found.report["why_capacity_alone"] == why


def test_hot_asks_for_no_less_than_warm():
    with pytest.raises(ValueError, match=r"hot_lift 0.2 is below warm_lift 0.25"):
        BandSettings(hot_lift=0.2)


def test_a_training_finds_them_on_its_later_rows(trained):
    rows, result = trained
    said = result.bands
    assert said["rows"] == result.metrics["n"] and said["base_rate"] == pytest.approx(
        result.test_rows["is_converted"].mean()
    )
    bands = result.model.bands
    assert (bands.hot_from, bands.warm_from) == (said["hot"]["from"], said["warm"]["from"])
    assert bands == fix_bands(SETTINGS, result.test_rows).bands
    assert result.test_rows["score"].is_between(0, 100).all()
    short = training_rows(accounts=400, days=year_ends(2008, 2008))
    alone = train(short, training_settings(short))
    assert alone.bands["why_capacity_alone"] == NO_LATER_ROWS
    assert alone.model.bands == Bands(90.0, 70.0)


def test_files_hold_a_band_that_nobody_is_in_and_others_are_as_before(trained, tmp_path):
    """A model that older code can read keeps format and digest; one that it would score wrongly does not look readable."""
    rows, result = trained
    newest = rows.filter(pl.col("as_of_date") == pl.col("as_of_date").max())
    for bands, number in ((Bands(90.0, 70.0), 4), (Bands(None, 70.0), 5)):
        model = replace(result.model, bands=bands)
        model.save(tmp_path)
        content = json.loads((tmp_path / MODEL_FILE).read_text())
        assert content["format"] == number
        assert content["bands"] == {"hot_from": bands.hot_from, "warm_from": 70.0}
        again = ScoringModel.load(tmp_path)
        assert again.bands == bands and again.digest() == model.digest()
        assert again.score(newest).equals(model.score(newest))
    assert set(again.score(newest)["band"]) == {"warm", "cold"}
