"""The lead model: what it learns, when there is none, its files, and that accounts never see people."""

import json
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from models.feature_contract import FEATURES
from models.lead_contract import LEAD_FEATURES, ContractError, check_lead_columns
from models.leads import train_leads
from models.model_files import MODEL_FILE, load_model
from models.settings import BoosterSettings, PromotionSettings, TrainingSettings
from models.training import train
from models.training_rows import training_digest
from tests.factories import people_rows, training_rows, training_settings

SETTINGS = TrainingSettings(
    horizon_days=90, booster=BoosterSettings(default_trees=40, min_child_weight=5, nthread=1)
)


@pytest.fixture(scope="module")
def people() -> pl.DataFrame:
    return people_rows()


@pytest.fixture(scope="module")
def trained(people):
    return train_leads(people, SETTINGS)


@pytest.fixture(scope="module")
def with_and_without(people):
    """The same training of accounts with people and without."""
    rows = training_rows(accounts=200)
    settings = training_settings(rows, horizon_days=90)
    rows = rows.with_columns(pl.lit(90).alias("horizon_days"))
    return train(rows, settings, people=people), train(rows, settings)


def test_it_ranks_people_on_later_data_and_says_how_well(trained):
    record = trained.record
    assert record["auc_low"] > 0.5 and record["auc"] == pytest.approx(0.66, abs=0.08)
    assert record["n"] == 3 * 120 * 4 and record["label_basis"] == "role"
    assert next(iter(record["importance"])) == "own_actions_90d"


def test_a_score_is_the_place_among_the_people_of_the_newest_day(trained, people):
    newest = people.filter(pl.col("as_of_date") == people["as_of_date"].max())
    scores = trained.model.score(newest)
    assert scores["lead_probability"].is_between(0, 1).all()
    assert scores["lead_score"].mean() == pytest.approx(50, abs=1)


def test_a_persons_score_rests_on_that_row_alone(trained, people):
    some = people.head(50)
    alone = pl.concat([trained.model.score(some[place : place + 1]) for place in range(50)])
    assert alone.equals(trained.model.score(some))
    backwards = trained.model.score(some.reverse()).reverse()
    assert backwards.equals(alone)
    assert trained.model.score(people.clear()).height == 0
    assert trained.model.reasons(people.clear()).len() == 0


def test_reasons_are_said_of_the_person(trained, people):
    most = people.sort("own_actions_90d", descending=True).head(1)
    (said,) = trained.model.reasons(most).to_list()
    actions = most["own_actions_90d"][0]
    assert f"+ {actions} visits and answers in 90 days" in said


def test_rows_in_any_order_give_the_same_model(trained, people):
    again = train_leads(people.sample(fraction=1.0, shuffle=True, seed=1), SETTINGS)
    assert again.record == trained.record
    assert again.model.score(people).equals(trained.model.score(people))


def test_without_people_enough_wins_history_or_signal_there_is_none_and_it_says_why(people):
    few = people.with_columns(
        pl.col("is_converted") & (pl.col("account_id") < "salesforce:00100030")
    )
    shuffled = people.with_columns(pl.col("is_converted").shuffle(seed=3))
    short = people.filter(pl.col("as_of_date") <= people["as_of_date"].min().replace(month=3))
    knowing = people.with_columns(
        own_meetings_90d=pl.col("is_converted").cast(pl.Int64) * 3 + pl.int_range(pl.len()) % 2
    )
    unsaid = people.with_columns(pl.lit(None).alias(feature.name) for feature in LEAD_FEATURES)
    for rows, why in (
        (unsaid, "nothing to learn from"),
        (None, "no person"),
        (people.clear(), "no person"),
        (few, "at least 40 are needed"),
        (short, "too short"),
        (shuffled, "holds 0.5"),
        (knowing, "own_meetings_90d"),
    ):
        found = train_leads(rows, SETTINGS)
        assert found.model is None and why in found.record["why_not"], found.record


def test_a_person_may_vouch_for_a_feature_of_people_and_that_is_on_record(people):
    noise = pl.Series(np.random.default_rng(2).normal(size=people.height))
    knowing = people.with_columns(own_forms_90d=noise + 2.5 * pl.col("is_converted"))
    refused = train_leads(knowing, SETTINGS)
    assert "seems to know the outcome: own_forms_90d" in refused.record["why_not"]
    assert refused.record["allowed"] == {}
    other = PromotionSettings(allow=("own_visits_90d", "visits_30d"))
    still = train_leads(knowing, SETTINGS.model_copy(update={"promotion": other}))
    assert still.model is None and still.record == refused.record
    by_name = PromotionSettings(allow=("own_forms_90d",))
    vouched = train_leads(knowing, SETTINGS.model_copy(update={"promotion": by_name}))
    assert vouched.model is not None and "why_not" not in vouched.record
    assert vouched.record["allowed"].keys() == {"own_forms_90d"}
    assert vouched.record["allowed"]["own_forms_90d"] in refused.record["why_not"]


def test_too_few_days_of_people_hold_no_training_up(people):
    needed = people["as_of_date"].n_unique() + 1
    split = SETTINGS.split.model_copy(update={"min_train_dates": needed})
    found = train_leads(people, SETTINGS.model_copy(update={"split": split}))
    assert found.model is None
    assert found.record["why_not"].endswith(f"fewer than split.min_train_dates={needed}")


def test_accounts_are_trained_whatever_people_lack(people):
    rows = training_rows(accounts=200).with_columns(pl.lit(90).alias("horizon_days"))
    unsaid = people.with_columns(pl.lit(None).alias(feature.name) for feature in LEAD_FEATURES)
    result = train(rows, training_settings(rows, horizon_days=90), people=unsaid)
    assert "nothing to learn from" in result.leads["why_not"] and result.metrics["auc"]


def test_without_refit_what_was_measured_scores(people, trained):
    """That is what had matured before the test part, as with accounts."""
    kept = train_leads(people, SETTINGS.model_copy(update={"refit": False}))
    first_tested = people["as_of_date"].max() - timedelta(days=90)
    settled = people.filter(pl.col("as_of_date") + pl.duration(days=90) <= first_tested)
    earlier = train_leads(settled, SETTINGS)
    assert kept.record["auc"] == trained.record["auc"]
    raw = [one.model.booster.save_raw("ubj") for one in (kept, earlier, trained)]
    assert raw[0] == raw[1] != raw[2]


def test_titles_without_history_are_learnt_from_only_where_scoring_yaml_says_so(people):
    """Of this home the leaders are those who win, which a title that was corrected after the win would tell."""
    telling = people.with_columns(
        is_converted=pl.col("is_converted") & (pl.col("seniority") == "vp"),
        job_function=pl.when(pl.col("lead_id").str.ends_with("1")).then("job_function"),
    )
    of_titles = {"job_function", "seniority"}
    by_default = train_leads(telling, SETTINGS)
    assert not of_titles & set(by_default.model.encoder.names)
    assert set(by_default.record["left_out"]) >= of_titles
    for place, kind in (("versioned_attributes", "versioned"), ("snapshot_attributes", "snapshot")):
        named = SETTINGS.model_copy(update={place: ("industry", "title")})
        found = train_leads(telling, named)
        assert not of_titles & set(found.record["left_out"])
        assert found.record["auc"] > by_default.record["auc"] + 0.05
        columns = {one.feature.name: one.feature for one in found.model.encoder.columns}
        assert {columns[name].source_kind for name in of_titles} == {kind}


def test_people_change_nothing_of_the_accounts(with_and_without):
    seeing, blind = (result.model for result in with_and_without)
    for one, other in zip(seeing.parts, blind.parts, strict=True):
        assert one.booster.save_raw("ubj") == other.booster.save_raw("ubj")
        assert one.calibrator == other.calibrator
    assert (seeing.encoder, seeing.reference) == (blind.encoder, blind.reference)
    assert seeing.leads is not None and blind.leads is None
    assert with_and_without[1].leads == {"why_not": "no person has an outcome"}


def test_the_two_levels_share_no_feature():
    assert not {f.name for f in FEATURES} & {f.name for f in LEAD_FEATURES} - {"job_function"}
    assert len({f.name for f in LEAD_FEATURES}) == len(LEAD_FEATURES)


def test_the_contract_of_people_names_what_is_missing_and_what_is_strange(people):
    check_lead_columns(people.columns)
    with pytest.raises(ContractError, match="missing: seniority"):
        check_lead_columns(set(people.columns) - {"seniority"})
    with pytest.raises(ContractError, match="not in the contract of leads: won_deals_total"):
        check_lead_columns([*people.columns, "won_deals_total"])


def test_it_is_stored_with_the_scoring_model_and_older_models_have_none(
    with_and_without, people, tmp_path
):
    model = with_and_without[0].model
    model.save(tmp_path)
    again = load_model(tmp_path)
    assert again.digest() == model.digest()
    assert again.leads.score(people).equals(model.leads.score(people))
    content = json.loads((tmp_path / MODEL_FILE).read_text())
    del content["leads"]
    (tmp_path / MODEL_FILE).write_text(json.dumps(content | {"format": 3}))
    assert load_model(tmp_path).leads is None


def test_a_training_knows_which_people_it_learnt_from(people):
    rows = training_rows(accounts=20)
    settings = training_settings(rows)
    known = training_digest(rows, settings, "code", people)
    assert known == training_digest(rows, settings, "code", people.reverse())
    changed = people.with_columns(is_converted=~pl.col("is_converted"))
    for other in (changed, people.head(10), None):
        assert training_digest(rows, settings, "code", other) != known
