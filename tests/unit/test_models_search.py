"""What a search for better settings may see, what it tries, and what a training makes of what it found."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from models.horizons import labelled
from models.search import BOUNDS, TOO_SHORT, folds_before_measures, search_booster
from models.settings import BoosterSettings, SplitSettings, TrainingSettings
from models.splits import split_dates
from models.training import train
from models.training_record import measures, training_record
from models.training_rows import training_digest
from tests.factories import FEATURES, training_rows, training_settings, with_days, year_ends

HORIZONS = (121, 365)
# learns by heart: most other settings are better
HASTY = BoosterSettings(
    learning_rate=1.0, max_depth=6, min_child_weight=0.1, max_trees=60, default_trees=20, nthread=1
)
FEW = tuple(f for f in FEATURES if f.name in ("won_deals_730d", "days_since_last_won"))


@pytest.fixture(scope="module")
def rows():
    return with_days(training_rows(accounts=400))


def searching(rows, trials: int, **changes) -> TrainingSettings:
    return training_settings(rows, horizons_days=HORIZONS, search_trials=trials, **changes)


def search(rows, trials: int, tell=lambda text: None, **changes):
    return search_booster(rows, HORIZONS, FEW, searching(rows, trials, **changes), tell)


days_of_rows = st.lists(st.dates(date(2000, 1, 1), date(2008, 12, 31)), min_size=1, max_size=40)


@how(deadline=None)
@given(days_of_rows, st.integers(1, 300), st.integers(1, 300), st.integers(1, 400))
def test_folds_never_see_an_outcome_of_what_measures_the_model(days, short, more, width):
    horizons, known = (short, short + more), date(2009, 1, 1)
    matured = [day for day in set(days) if day + timedelta(days=short) <= known]
    longest = [max(h for h in horizons if day + timedelta(days=h) <= known) for day in matured]
    rows = pl.DataFrame({"as_of_date": matured, "horizon_days": longest}).with_columns(
        is_converted=False, days_to_conversion=pl.lit(None, pl.Int64)
    )
    split = SplitSettings(validation_days=width, calibration_days=width, test_days=width)
    primary = horizons[-1] if horizons[-1] in longest else short
    if not longest:
        return
    settings = TrainingSettings(horizon_days=primary, horizons_days=horizons, split=split)
    learnable = [h for h in horizons if labelled(rows, h).height]
    folds, before, start = folds_before_measures(rows, learnable, settings)
    parts = {h: split_dates(labelled(rows, h)["as_of_date"], h, split) for h in learnable}
    for fold in folds:
        outcome_known = fold.validation[-1] + timedelta(days=primary)
        assert fold.train[-1] + timedelta(days=primary) <= fold.validation[0]
        assert outcome_known <= start == min(parts[primary].part(before)[0], start)
        assert all(outcome_known <= one.test[0] for one in parts.values() if one.test)


def test_outcomes_of_later_days_do_not_reach_a_search(rows):
    found = search(rows, 4)
    folds = found.report["folds"]
    assert found.report["outcomes_known_before"] == "calibration"
    assert [fold["validation"]["to"][:4] for fold in folds] == ["2005", "2004"]
    # 2006 calibrates, 2007 tests
    turned = rows.with_columns(
        is_converted=pl.col("is_converted") ^ (pl.col("as_of_date").dt.year() > 2005)
    )
    assert search(turned, 4) == found


def test_wins_that_came_to_be_known_later_do_not_reach_a_search(rows):
    late = pl.col("is_converted") & (pl.col("account_id").str.tail(1) == "3")
    stamp = pl.when(late).then(pl.lit(date(2010, 1, 1))).otherwise("matured_on")
    stamped = rows.with_columns(label_known_at=stamp)
    as_it_stood = stamped.with_columns(
        is_converted=pl.col("is_converted") & ~late, label_known_at=pl.col("matured_on")
    )
    assert search(stamped, 2).report == search(as_it_stood, 2).report != search(rows, 2).report


def test_a_seed_finds_the_same_twice_and_another_tries_others(rows):
    found, again, other = (search(rows, 6, booster=HASTY, seed=seed) for seed in (7, 7, 8))
    assert again == found
    assert other.report["found"] != found.report["found"]


def test_the_settings_in_force_are_tried_first_and_stay_where_nothing_else_is_tried(rows):
    said = []
    alone = search(rows, 1, said.append)
    in_force = searching(rows, 1).booster
    assert alone.booster == in_force
    assert alone.report["log_loss_found"] == alone.report["log_loss_in_force"]
    assert alone.report["found"] == {name: getattr(in_force, name) for name in BOUNDS}
    assert said == [f"1 of 1 settings tried, log loss {alone.report['log_loss_found']:.5f}"]
    more = search(rows, 8).report
    assert more["log_loss_in_force"] == alone.report["log_loss_in_force"]
    assert more["log_loss_found"] <= more["log_loss_in_force"]


def test_settings_outside_the_bounds_or_zero_can_be_in_force(rows):
    odd = BoosterSettings(max_depth=8, reg_lambda=0, min_child_weight=0, max_trees=30, nthread=1)
    report = search(rows, 3, booster=odd).report
    assert report["trials"] == 3 and report["log_loss_found"] <= report["log_loss_in_force"]


def test_a_better_region_is_found(rows):
    """Leaves so heavy that no tree can split tell nobody apart; lighter ones do."""
    heavy = BoosterSettings(min_child_weight=5000, max_trees=60, nthread=1)
    found = search(rows, 15, booster=heavy)
    assert found.booster.min_child_weight < 500
    assert found.report["log_loss_found"] < found.report["log_loss_in_force"] - 0.01
    # what is not searched stays as it was
    assert found.booster.max_trees == 60


def test_a_hopeless_trial_is_given_up(rows):
    assert search(rows, 20).report["given_up"] > 0


def test_a_training_takes_what_was_found_and_says_so(rows):
    plain, searched, again = (
        train(rows, searching(rows, trials, booster=HASTY)) for trials in (0, 6, 6)
    )
    assert plain.search is None
    assert searched.model.digest() == again.model.digest() != plain.model.digest()
    report = searched.search
    assert report["log_loss_found"] < report["log_loss_in_force"]
    assert training_record(searched, searching(rows, 6))["search"] == report
    told = measures(searched)
    assert told["search.log_loss_found"] == report["log_loss_found"]
    assert told["search.trials"] == 6
    # the number of their trees is fixed: what was found for the chain is not theirs
    scores = [result.model.score(rows)["readiness_score"] for result in (plain, searched)]
    assert scores[0].equals(scores[1])


def test_a_training_with_search_is_another_training(rows):
    digests = {training_digest(rows, searching(rows, trials), "code") for trials in (0, 5, 6)}
    assert len(digests) == 3


def test_short_history_is_trained_as_it_was_and_says_that_nothing_was_searched():
    # 2008 tests, 2007 is the only day before it whose outcomes were known: one fold at most
    short = training_rows(accounts=400, days=year_ends(2006, 2008))
    searched, plain = (train(short, training_settings(short, search_trials=n)) for n in (5, 0))
    assert searched.search == {"trials": 0, "why": TOO_SHORT}
    assert searched.model.digest() == plain.model.digest()


def test_where_history_is_short_the_calibration_part_is_seen_and_that_is_said():
    short = training_rows(accounts=300, days=year_ends(2005, 2008))
    report = search_booster(
        short, (365,), FEW, training_settings(short, search_trials=2), lambda text: None
    ).report
    assert report["outcomes_known_before"] == "test"
    assert [fold["validation"]["to"][:4] for fold in report["folds"]] == ["2007", "2006"]
