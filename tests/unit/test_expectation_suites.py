"""Each expectation of each suite is silent on good data and fires on the damage it is there for.

Belongs here: good frames, one damage an expectation. Not here: storing, sampling, pages
(tests/integration/test_expectations.py).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import polars as pl
import pytest

from dagster_project.landing.door import land_file
from dagster_project.landing.known_at import KnownAt
from expectations.runner import validate
from expectations.suites.account_scores import (
    COMPONENTS,
    PROVENANCE,
    SHARES_OF_PEOPLE,
    account_scores_suite,
    day_counts_suite,
    several_days_suite,
)
from expectations.suites.arrival import arrival_facts, arrival_suite
from expectations.suites.crm import account_suite, opportunity_history_suite, opportunity_suite
from expectations.suites.lead_scores import lead_scores_suite
from expectations.suites.training_set import training_set_suite
from expectations.vocabulary import critical, suite

DAY = date(2026, 1, 31)
ROWS = 60
FEATURES = ("deals_won_count", "industry")
Damage = Callable[[pl.DataFrame], pl.DataFrame]


def landed(**columns: object) -> pl.DataFrame:
    """ROWS good landed rows with the columns every vendor table has."""
    stamps = [datetime(2026, 1, 1, 9) + timedelta(hours=row) for row in range(ROWS)]
    return pl.DataFrame(
        {
            "id": [f"001{row:012d}AAA" for row in range(ROWS)],
            "created_date": [datetime(2020, 5, 1)] * ROWS,
            "system_modstamp": stamps,
            "occurred_at": stamps,
            "known_at": [DAY] * ROWS,
            "is_deleted": [False] * ROWS,
            **columns,
        }
    )


def accounts() -> pl.DataFrame:
    return landed(
        name=["Bär & Söhne"] * ROWS,
        number_of_employees=[10, None] * (ROWS // 2),
        annual_revenue=[1e6, None] * (ROWS // 2),
        founded_date=[date(1999, 1, 1), None] * (ROWS // 2),
    )


def opportunities() -> pl.DataFrame:
    return landed(
        account_id=["001000000000000AAA"] * ROWS,
        stage_name=["Closed Won", "Prospecting"] * (ROWS // 2),
        amount=[5000.0, None] * (ROWS // 2),
        close_date=[date(2026, 3, 1)] * ROWS,
        probability=[10.0, None] * (ROWS // 2),
        is_closed=[True, False] * (ROWS // 2),
        is_won=[True, None] * (ROWS // 2),
    )


def history() -> pl.DataFrame:
    return landed(
        opportunity_id=["006000000000000AAA"] * ROWS,
        stage_name=["Prospecting"] * ROWS,
        amount=[5000.0, None] * (ROWS // 2),
        probability=[10.0, None] * (ROWS // 2),
    )


def delivered(**files):
    rows = [(name, landed, refused) for name, (landed, refused) in files.items()]
    frame = pl.DataFrame(rows, schema=["source_file", "landed", "refused"], orient="row")
    return frame.with_columns(pl.lit(None, dtype=pl.Float64).alias("usual"))


def arrival() -> pl.DataFrame:
    return pl.from_pandas(arrival_facts(delivered(account=(900, 0), opportunity=(60, 0))))


def training() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "account_id": [f"salesforce:{row}" for row in range(ROWS)],
            "as_of_date": [date(2025, 1, 1)] * ROWS,
            "horizon_days": [30] + [90] * (ROWS - 1),
            "is_converted": [True, False] * (ROWS // 2),
            "days_to_conversion": [9, None] * (ROWS // 2),
            "matured_on": [date(2025, 4, 1)] * ROWS,
            "deals_won_count": [1.0, None] * (ROWS // 2),
            "industry": ["Software", None] * (ROWS // 2),
        }
    )


def scores() -> pl.DataFrame:
    chance = [0.9 - row / 100 for row in range(ROWS)]
    return pl.DataFrame(
        {
            "account_id": [f"salesforce:{row}" for row in range(ROWS)],
            "account_name": ["Bär & Söhne"] * ROWS,
            "as_of_date": [DAY] * ROWS,
            "score": [100 * value for value in chance],
            "win_probability_30d": [value / 2 for value in chance],
            "win_probability_90d": chance,
            "fit_score": [100 * value for value in chance],
            "engagement_score": [50.0, None] * (ROWS // 2),
            "intent_score": pl.Series([None] * ROWS, dtype=pl.Float64),
            "readiness_score": pl.Series([50.0] * ROWS),
            "rank": list(range(1, ROWS + 1)),
            "band": ["hot", "warm", "cold"] * (ROWS // 3),
            "grade": ["A", None] * (ROWS // 2),
            "tier": [1, None] * (ROWS // 2),
            "people_known": [3, None] * (ROWS // 2),
            "people_engaged_90d": [3, None, 0, None] * (ROWS // 4),
            "committee_coverage": [0.5, None] * (ROWS // 2),
            "best_lead_probability": [0.3, None] * (ROWS // 2),
            "leads_noisy_or": [0.4, None] * (ROWS // 2),
            "reasons": [["+ three deals won"], ["- no deal yet"]] * (ROWS // 2),
            **{name: ["v1"] * ROWS for name in PROVENANCE},
            "score_basis": ["model"] * ROWS,
            "scored_at": [datetime(2026, 2, 1, 5)] * ROWS,
        }
    )


SUITES = {
    "arrival": (arrival, lambda: arrival_suite()),
    "account": (accounts, lambda: account_suite(DAY)),
    "opportunity": (opportunities, lambda: opportunity_suite(DAY)),
    "history": (history, lambda: opportunity_history_suite(DAY)),
    "training": (
        training,
        lambda: training_set_suite(
            feature_columns=FEATURES,
            labels_as_of=date(2025, 6, 1),
            horizons_days=[30, 90],
            min_rows=50,
            min_conversions=20,
        ),
    ),
    "scores": (
        scores,
        lambda: account_scores_suite(
            as_of_date=DAY, horizons_days=[90, 30], eligible_count=ROWS, previous_count=50
        ),
    ),
}


def people() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "lead_id": [f"salesforce:003{row}" for row in range(ROWS)],
            "account_id": ["salesforce:1"] * ROWS,
            "as_of_date": [DAY] * ROWS,
            "lead_type": ["contact", "lead"] * (ROWS // 2),
            "lead_probability": [0.2] * ROWS,
            "lead_score": [20.0] * ROWS,
        }
    )


def people_without_a_model() -> pl.DataFrame:
    nothing = pl.lit(None, dtype=pl.Float64)
    return people().with_columns(nothing.alias("lead_probability"), nothing.alias("lead_score"))


def scores_of_days() -> pl.DataFrame:
    day_before = pl.lit(DAY - timedelta(days=1)).alias("as_of_date")
    return pl.concat([scores(), scores().with_columns(day_before)])


def day_counts() -> pl.DataFrame:
    """Two days of which nothing is to be said."""
    day = {
        "rows": 60,
        "eligible": 60,
        "highest_rank": 60,
        "different_scores": 40,
        "different_needed": 2,
    }
    limits = {"fewest": 30, "most": 90, "without_reasons": 3, "without_reasons_allowed": 3}
    return pl.DataFrame([day | limits] * 2)


SUITES |= {
    "scores of days": (
        scores_of_days,
        lambda: several_days_suite(
            as_of_dates=[DAY - timedelta(days=1), DAY], horizons_days=[90, 30], most_accounts=ROWS
        ),
    ),
    "people": (
        people,
        lambda: lead_scores_suite(as_of_date=DAY, people_count=ROWS, has_model=True),
    ),
    "day counts": (day_counts, lambda: day_counts_suite()),
}


def scorecard_scores() -> pl.DataFrame:
    return scores().with_columns(
        pl.lit("scorecard").alias("score_basis"),
        pl.lit(None, dtype=pl.Float64).alias("win_probability_30d"),
        pl.lit(None, dtype=pl.Float64).alias("win_probability_90d"),
        pl.Series("reasons", [[]] * ROWS, dtype=pl.List(pl.String)),
    )


def put(column: str, value: object, rows: int = 1) -> Damage:
    """Write a value into the first rows of a column."""

    def damage(frame: pl.DataFrame) -> pl.DataFrame:
        values = [value] * rows + frame[column].to_list()[rows:]
        dtype = frame.schema[column] if value is None or isinstance(value, list) else None
        return frame.with_columns(pl.Series(column, values, dtype=dtype, strict=False))

    return damage


def repeat_first_row(frame: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([frame.head(1), frame])


def one_and_all(name: str, column: str, value: object) -> dict[str, Damage]:
    """The two damages of a `some_and_many` pair: one row, and every row."""
    return {name: put(column, value), f"{name}_mostly": put(column, value, ROWS)}


LANDED = {
    "id_present": put("id", None),
    **one_and_all("id_is_safe", "id", "001 000"),
    "id_has_vendor_shape": put("id", "1.2E+14"),
    "known_at_present": put("known_at", None),
    "known_by_arrival": put("known_at", DAY + timedelta(days=1)),
    "occurred_at_present": put("occurred_at", None),
    **one_and_all("occurred_in_sane_years", "occurred_at", datetime(2030, 1, 1)),
    "created_date_sane": put("created_date", datetime(1970, 1, 1)),
}
VERSIONED = {
    "version_once": repeat_first_row,
    "not_mostly_deleted": put("is_deleted", True, ROWS // 2 + 1),
}
AMOUNT = one_and_all("amount_not_negative", "amount", -1.0)

DAMAGES: dict[str, dict[str, Damage]] = {
    "arrival": {
        "quarantined_share_below_limit": put("quarantined_share", 0.21),
        "nothing_quarantined": put("rows_quarantined", 1),
        "as_many_rows_as_usual": put("usual_share", 0.2),
    },
    "account": {
        **LANDED,
        **VERSIONED,
        "account_has_name": put("name", None, ROWS // 2),
        **one_and_all("employees_plausible", "number_of_employees", -5),
        **one_and_all("revenue_not_negative", "annual_revenue", -1.0),
        "founded_in_the_past": put("founded_date", date(2199, 1, 1)),
    },
    "opportunity": {
        **LANDED,
        **VERSIONED,
        **AMOUNT,
        **one_and_all("belongs_to_account", "account_id", None),
        "stage_present": put("stage_name", None),
        **one_and_all("close_date_sane", "close_date", date(9999, 12, 31)),
        **one_and_all("won_means_closed", "is_closed", False),
        **one_and_all("won_stage_means_won", "is_won", False),
        "probability_is_percent": put("probability", 101.0),
    },
    "history": {
        **LANDED,
        **AMOUNT,
        "belongs_to_opportunity": put("opportunity_id", None),
        "history_row_once": repeat_first_row,
        "change_has_time": put("created_date", None),
        "stage_present": put("stage_name", None),
        "probability_is_percent": put("probability", 101.0),
    },
    "training": {
        "enough_rows": lambda frame: frame.head(49),
        "one_row_per_account_and_day": repeat_first_row,
        "account_present": put("account_id", None),
        "as_of_date_present": put("as_of_date", None),
        "known_horizons": put("horizon_days", 365),
        "label_present": put("is_converted", None),
        "both_outcomes_present": put("is_converted", False, ROWS),
        "label_rate_believable": put("is_converted", True, ROWS),
        "enough_conversions": put("is_converted", False, ROWS // 2),
        "maturity_present": put("matured_on", None),
        "labels_matured": put("matured_on", date(2025, 6, 2)),
        "matured_after_as_of_date": put("matured_on", date(2025, 1, 1)),
        "feature_columns_present": lambda frame: frame.drop("industry"),
        **{f"feature_{name}_has_values": put(name, None, ROWS) for name in FEATURES},
    },
    "scores": {
        "every_eligible_account_scored": lambda frame: frame.head(ROWS - 1),
        "one_row_per_account_and_day": repeat_first_row,
        "account_present": put("account_id", None),
        "of_the_right_day": put("as_of_date", DAY - timedelta(days=1)),
        "day_present": put("as_of_date", None),
        "number_of_accounts_steady": lambda frame: frame.head(24),
        "score_present": put("score", float("nan")),
        "score_0_to_100": put("score", 100.5),
        "scores_differ": put("score", 50.0, ROWS),
        "win_probability_30d_0_to_1": put("win_probability_30d", -0.01),
        "win_probability_90d_0_to_1": put("win_probability_90d", 1.01),
        "win_probability_30d_present_where_modelled": put("win_probability_30d", None),
        "win_probability_90d_present_where_modelled": put("win_probability_90d", None),
        "win_probability_30d_empty_where_scorecard": put("score_basis", "scorecard"),
        "win_probability_90d_empty_where_scorecard": put("score_basis", "scorecard"),
        **{
            f"{name}_0_to_100": put(name, value)
            for name, value in zip(COMPONENTS, (-0.1, 100.1, 101.0, -9.0), strict=True)
        },
        "win_probability_90d_at_least_30d": put("win_probability_30d", 0.95),
        "rank_present": put("rank", None),
        "rank_once": put("rank", 2),
        "rank_1_to_n": put("rank", ROWS + 1),
        "band_present": put("band", None),
        "band_known": put("band", "boiling"),
        "grade_known": put("grade", "E"),
        "tier_known": put("tier", 5),
        **{f"{name}_0_to_1": put(name, 1.1) for name in SHARES_OF_PEOPLE},
        "people_engaged_among_known": put("people_engaged_90d", 4),
        **one_and_all("reasons_where_modelled", "reasons", []),
        "basis_known": put("score_basis", "guess"),
        "account_has_name": put("account_name", None, ROWS // 2),
        **{f"{name}_present": put(name, None) for name in PROVENANCE},
    },
}
DAMAGES["people"] = {
    "every_person_scored": lambda frame: frame.head(ROWS - 1),
    "probability_where_modelled": put("lead_probability", None),
    "lead_present": put("lead_id", None),
    "account_present": put("account_id", None),
    "one_row_per_person": repeat_first_row,
    "person_by_id_alone": put("lead_id", "ann@acme.example"),
    "of_the_right_day": put("as_of_date", DAY - timedelta(days=1)),
    "kind_known": put("lead_type", "friend"),
    "lead_probability_0_to_1": put("lead_probability", 1.2),
    "lead_score_0_to_100": put("lead_score", -1.0),
    "score_where_probability": put("lead_score", None),
}
# What is counted day by day stands in the suite of the counts.
COUNTED = {"every_eligible_account_scored", "number_of_accounts_steady", "scores_differ"}
DAMAGES["scores of days"] = {
    **{name: damage for name, damage in DAMAGES["scores"].items() if name not in COUNTED},
    "of_the_right_day": put("as_of_date", DAY - timedelta(days=9)),
}
DAMAGES["day counts"] = {
    f"{name}_each_day": damage
    for name, damage in {
        "every_eligible_account_scored": put("rows", 59),
        "ranks_end_at_n": put("highest_rank", 61),
        "number_of_accounts_not_below": put("fewest", 61),
        "number_of_accounts_not_above": put("most", 59),
        "scores_differ": put("different_scores", 1),
        "reasons_where_modelled": put("without_reasons", 4),
    }.items()
}
CASES = [(name, expectation) for name, cases in DAMAGES.items() for expectation in cases]


def check(frame: pl.DataFrame, a_suite: object, store_dir: object) -> object:
    return validate(
        frame, a_suite, name="x", run_id="run", partition=DAY.isoformat(), store_dir=store_dir
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("expectations")


@pytest.mark.parametrize("name", SUITES)
def test_good_data_passes_without_a_warning(name, store):
    frame, make = SUITES[name]
    report = check(frame(), make(), store)
    assert report.findings == ()
    assert report.success
    assert report.statistics["evaluated"] == len(make().expectations)


@pytest.mark.parametrize(("name", "expectation"), CASES)
def test_damage_is_found_and_only_critical_blocks(name, expectation, store):
    frame, make = SUITES[name]
    one = [item for item in make().expectations if item.meta["name"] == expectation]
    alone = suite(f"{name}_{expectation}", "one expectation", one)
    report = check(DAMAGES[name][expectation](frame()), alone, store)
    assert [finding.expectation for finding in report.findings] == [expectation]
    assert report.success == (one[0].severity == "warning")
    assert report.findings[0].advice


@pytest.mark.parametrize("name", SUITES)
def test_every_expectation_has_its_damage(name):
    names = {item.meta["name"] for item in SUITES[name][1]().expectations}
    assert names == set(DAMAGES[name])


@pytest.mark.parametrize("name", SUITES)
def test_every_expectation_says_what_it_means_and_what_to_do(name):
    for item in SUITES[name][1]().expectations:
        assert item.description.endswith(".") and len(item.description) > 20
        assert item.notes.endswith(".") and len(item.notes) > 10
        assert str(item.severity.value) in ("critical", "warning")


def test_people_have_no_probability_without_a_lead_model(store):
    unasked = lead_scores_suite(as_of_date=DAY, people_count=ROWS, has_model=False)
    assert check(people_without_a_model(), unasked, store).findings == ()


@pytest.mark.parametrize("name", ["account", "opportunity", "history"])
def test_an_arrival_without_rows_is_no_failure(name, store):
    frame, make = SUITES[name]
    assert check(frame().clear(), make(), store).findings == ()


@pytest.mark.parametrize("name", ["training", "scores"])
def test_an_empty_result_blocks(name, store):
    frame, make = SUITES[name]
    assert not check(frame().clear(), make(), store).success


def test_one_odd_record_of_a_small_arrival_does_not_block(store):
    small = put("amount", -1.0)(opportunities().head(3))
    report = check(small, opportunity_suite(DAY), store)
    assert report.success
    assert [finding.expectation for finding in report.warnings] == ["amount_not_negative"]


def test_a_bad_row_of_a_small_file_does_not_block_and_a_bad_big_one_does(store):
    small = check(arrival_facts(delivered(account=(2, 1))), arrival_suite(), store)
    big = check(arrival_facts(delivered(account=(70, 30))), arrival_suite(), store)
    usual = pl.lit(1000.0).alias("usual")
    cut = check(arrival_facts(delivered(week=(100, 0)).with_columns(usual)), arrival_suite(), store)
    whole = check(
        arrival_facts(delivered(week=(300, 0)).with_columns(usual)), arrival_suite(), store
    )
    assert (cut.success, whole.findings) == (True, ())
    assert [finding.examples for finding in cut.warnings] == [("10%",)]
    assert small.success and len(small.warnings) == 1
    assert [finding.expectation for finding in big.failed_critical] == [
        "quarantined_share_below_limit"
    ]


@pytest.mark.parametrize("table", ["account", "opportunity"])
def test_states_at_creation_of_a_history_import_are_good_data(table, tmp_path, store):
    heads = {
        "account": ("Name,Type,IsDeleted", "Acme,Customer,false"),
        "opportunity": (
            "AccountId,StageName,Amount,CloseDate,IsClosed,IsWon",
            "001000000000000AAA,Closed Won,5,2016-01-01,true,true",
        ),
    }
    head, row = heads[table]
    path = tmp_path / f"{table}.csv"
    lines = [f"006{n:012d}AAA,{row},2015-01-01T00:00:00Z,2022-01-01T00:00:00Z" for n in range(ROWS)]
    path.write_text("\n".join([f"Id,{head},CreatedDate,LastModifiedDate", *lines]))
    receipt = land_file(path, "salesforce", tmp_path, tmp_path / "bad", DAY, KnownAt.history())
    assert receipt.states_at_creation == receipt.rows_landed == ROWS
    (file,) = (tmp_path / "salesforce" / table).rglob("*.parquet")
    assert check(pl.read_parquet(file), SUITES[table][1](), store).findings == ()


def test_no_day_before_means_no_comparison_with_it():
    first = account_scores_suite(
        as_of_date=DAY, horizons_days=[90], eligible_count=1, previous_count=None
    )
    names = {item.meta["name"] for item in first.expectations}
    assert "number_of_accounts_steady" not in names


def test_a_scorecard_row_needs_neither_probability_nor_reasons(store):
    assert check(scorecard_scores(), SUITES["scores"][1](), store).findings == ()


def test_few_different_scores_block_a_model_and_not_a_scorecard(store):
    alike = scorecard_scores().with_columns(pl.lit(40.0).alias("score"))
    by_scorecard, by_model = (
        check(
            alike,
            account_scores_suite(
                as_of_date=DAY,
                horizons_days=[90],
                eligible_count=ROWS,
                by_scorecard=is_scorecard,
            ),
            store,
        )
        for is_scorecard in (True, False)
    )
    assert by_scorecard.success
    assert [finding.expectation for finding in by_scorecard.warnings] == ["scores_differ"]
    assert [finding.expectation for finding in by_model.failed_critical] == ["scores_differ"]


def test_two_expectations_of_one_name_are_refused():
    twice = [
        critical("ColumnToExist", "same", "It exists.", "Add it.", column=name) for name in "ab"
    ]
    with pytest.raises(ValueError, match="same"):
        suite("s", "p", twice)
