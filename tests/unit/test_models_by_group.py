from datetime import date

import numpy as np
import polars as pl
import pytest

from models.by_group import NOT_KNOWN, OTHERS, measure_by_group, warnings_of
from models.feature_contract import FEATURES
from models.settings import TrainingSettings

ACCOUNTS = 1200


def world(seed: int = 0, factor: float = 1.0, group: str = "Retail", is_told_apart: bool = True):
    """Test rows of three industries, two days each account; `group` converts `factor` times as often as is predicted."""
    generator = np.random.default_rng(seed)
    account = np.repeat(np.arange(ACCOUNTS), 2)
    industry = np.array(["Energy", "Media", "Retail"])[account % 3]
    p = np.repeat(0.01 + 0.5 * generator.random(ACCOUNTS) ** 3, 2)
    true = np.where(industry == group, p * factor if is_told_apart else p.mean(), p)
    luck = np.repeat(generator.random(ACCOUNTS), 2)
    tested = pl.DataFrame(
        {
            "as_of_date": [date(2026, 1, 31), date(2026, 2, 28)] * ACCOUNTS,
            "account_id": [f"a{number:04d}" for number in account],
            "is_converted": luck < true,
            "probability": p,
            "raw_probability": p,
        }
    )
    rows = pl.DataFrame({"industry": industry, "employee_count": 10 * (account % 8 + 1)})
    return tested, rows


def measured(tested, rows, **changes):
    settings = TrainingSettings(bootstrap_rounds=50, **changes)
    return measure_by_group(tested, rows, settings, FEATURES)


def test_a_group_that_converts_twice_as_often_as_predicted_is_called_off_and_no_other():
    found = measured(*world(factor=2.2), measured_by=("industry",))
    assert [one["level"] for one in found if one["warning"]] == ["Retail"]
    (text,) = warnings_of(found)
    assert text.startswith("industry Retail: ") and "were predicted" in text


def test_a_group_whose_accounts_the_model_cannot_tell_apart_is_called_off():
    found = measured(*world(is_told_apart=False, seed=3))
    warned = {one["level"]: one["warning"] for one in found if one["warning"]}
    assert "cannot tell its accounts apart" in warned["Retail"]


def test_of_calibrated_models_one_in_twenty_has_a_group_called_off():
    alarms = sum(bool(warnings_of(measured(*world(seed)))) for seed in range(100))
    assert 1 <= alarms <= 10


def test_what_is_measured_of_a_group_is_its_own_rows():
    tested, rows = world()
    energy = next(one for one in measured(tested, rows) if one["level"] == "Energy")
    mine = tested.filter(rows["industry"] == "Energy")
    assert energy["n"] == mine.height and energy["accounts"] == mine["account_id"].n_unique()
    assert energy["positives"] == mine["is_converted"].sum()
    assert energy["mean_predicted"] == pytest.approx(mine["probability"].mean())
    ratio = mine["is_converted"].sum() / mine["probability"].sum()
    assert energy["realised_over_expected"] == pytest.approx(ratio)


def test_numbers_are_parted_in_quarters_and_every_row_is_in_one_group():
    tested, rows = world()
    found = measured(tested, rows, measured_by=("employee_count",))
    assert [one["level"] for one in found] == [
        "below 20", "20 to below 40", "40 to below 60", "60 or more",
    ]  # fmt: skip
    assert sum(one["n"] for one in found) == tested.height


def test_a_missing_value_is_a_group_and_small_groups_stand_together():
    tested, rows = world()
    rare = pl.Series(
        ["Mining"] * 4 + ["Fishing"] * 4 + [None] * 400 + ["Media"] * (2 * ACCOUNTS - 408)
    )
    levels = [one["level"] for one in measured(tested, rows.with_columns(rare.alias("industry")))]
    assert levels[:3] == ["Media", OTHERS, NOT_KNOWN]


def test_what_is_not_there_or_never_differs_is_not_measured():
    tested, rows = world()
    alike = rows.with_columns(
        pl.lit("Media").alias("industry"), pl.lit(None).alias("employee_count")
    )
    assert measured(tested, alike) == []
    assert measured(tested, rows, measured_by=("region",)) == []
