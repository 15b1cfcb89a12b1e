from dataclasses import replace

import pytest

from models.feature_contract import (
    ATTRIBUTES_OF_PEOPLE,
    FEATURES,
    SNAPSHOT_ATTRIBUTES,
    ContractError,
    check_columns,
    contract_version,
    usable_features,
)
from models.wording import format_value
from tests.factories import feature_named

KEYS = ["account_id", "as_of_date"]


def test_names_are_unique_and_every_row_can_be_said():
    names = [feature.name for feature in FEATURES]
    assert len(names) == len(set(names))
    for feature in FEATURES:
        for value in ("x",) if feature.unit == "text" else (0, 1, 3, True):
            said = feature.say(value, "won deal", "won deals")
            assert said and "{" not in said and "|" not in said
        assert "{" not in feature.say(None, "won deal", "won deals")


def test_a_snapshot_feature_names_its_attributes_and_others_have_none():
    for feature in FEATURES:
        assert bool(feature.attributes) == (feature.source_kind == "snapshot")
        assert set(feature.attributes) <= {*SNAPSHOT_ATTRIBUTES, *ATTRIBUTES_OF_PEOPLE}


def test_snapshot_features_are_used_only_when_named():
    assert all(feature.source_kind == "versioned" for feature in usable_features())
    named = {feature.name for feature in usable_features(["industry"])}
    assert {"industry", "industry_heat_365d"} <= named
    assert "region" not in named


def test_a_feature_whose_attributes_the_crm_keeps_is_versioned_there():
    kept = {f.name: f for f in usable_features(["region"], versioned_attributes=["industry"])}
    assert kept["industry"].source_kind == "versioned"
    assert kept["region"].source_kind == "snapshot"
    assert "country" not in kept
    assert feature_named("industry").source_kind == "snapshot"


def test_kept_attributes_may_stand_beside_allowed_ones_in_one_feature():
    both = replace(feature_named("industry"), name="both", attributes=("industry", "region"))
    (named,) = usable_features(["region"], (), (both, feature_named("region")), ["industry"])[:1]
    assert named.name == "both" and named.source_kind == "snapshot"
    names = usable_features((), (), (both, feature_named("region")), ["industry"])
    assert names == ()


def test_unsafe_features_are_never_used():
    status = replace(feature_named("last_won_type"), name="status", source_kind="unsafe")
    every = (*SNAPSHOT_ATTRIBUTES, *ATTRIBUTES_OF_PEOPLE)
    assert usable_features(every, features=(*FEATURES, status)) == FEATURES


def test_left_out_features_are_left_out():
    assert "won_deals_total" not in {f.name for f in usable_features(left_out=["won_deals_total"])}


@pytest.mark.parametrize(
    "wrong",
    [
        {"snapshot_attributes": ["colour"]},
        {"versioned_attributes": ["colour"]},
        {"left_out": ["colour"]},
    ],
)
def test_a_name_that_does_not_exist_is_refused(wrong):
    with pytest.raises(ContractError, match="colour"):
        usable_features(**wrong)


def test_columns_must_match_the_contract():
    names = [feature.name for feature in FEATURES]
    check_columns([*KEYS, *names, "horizon_days", "is_converted", "matured_on"])
    with pytest.raises(ContractError, match="not a column: won_deals_total"):
        check_columns([*KEYS, *names[1:]])
    with pytest.raises(ContractError, match="not in the feature contract: status"):
        check_columns([*KEYS, *names, "status"])
    with pytest.raises(ContractError, match="missing keys: as_of_date"):
        check_columns(["account_id", *names])


def test_any_change_of_content_changes_the_version():
    changed = (replace(FEATURES[0], words="{value}!"), *FEATURES[1:])
    assert contract_version() == contract_version(FEATURES)
    assert contract_version(changed) != contract_version()


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0, "count", "no"),
        (1200, "count", "1,200"),
        (1, "days", "1 day"),
        (59, "days", "59 days"),
        (400, "days", "13 months"),
        (1534, "days", "4.2 years"),
        (950, "usd", "$950"),
        (250_000, "usd", "$250,000"),
        (999_700, "usd", "$1.0 million"),
        (2.55e9, "usd", "$2.5 billion"),
        (1.84, "ratio", "1.8 times"),
        (0.04, "ratio", "0.04 times"),
        (0.213, "share", "21 %"),
        (0.213, "rate", "0.21"),
        (1, "years", "1 year"),
        ("biotech", "text", "biotech"),
        (3.44, "count", "3.4"),
        (0.01, "count", "hardly any"),
        (1, "weeks", "1 week"),
        (0, "points", "0"),
        (0, "change", "unchanged"),
        (12, "change", "+12"),
        (-12, "change", "-12"),
    ],
)
def test_values_read_as_people_say_them(value, unit, words):
    assert format_value(value, unit) == words


def test_words_say_one_and_several_and_none():
    visits = feature_named("pricing_views_30d")
    said = [visits.say(value, "won deal", "won deals") for value in (9, 1, 0)]
    assert said == [
        "9 views of the pricing page in 30 days",
        "1 view of the pricing page in 30 days",
        "no views of the pricing page in 30 days",
    ]
    assert visits.say(None, "won deal", "won deals") == "no website data on record"
    worked = feature_named("is_worked_by_sales")
    assert worked.say(True, "", "") == "written to or called by sales in 90 days"
    assert worked.say(False, "", "") == "neither written to nor called by sales in 90 days"


@pytest.mark.parametrize(
    ("name", "value", "longer", "said"),
    [
        ("visits_7d", 9, 32, "9 website visits in 7 days, up from 7 a week before"),
        ("visits_7d", 14, 37, "14 website visits in 7 days, up from 7 a week before"),
    ],
)
def test_what_is_much_the_same_as_before_is_no_news(name, value, longer, said):
    assert (feature_named(name).say(value, "", "", longer) == said) is (value == 14)


@pytest.mark.parametrize(
    ("name", "value", "longer", "said"),
    [
        ("visits_7d", 2, 2, "2 website visits in 7 days, up from none in the 3 weeks before"),
        ("visits_7d", 0, 14, "no website visits in 7 days, down from 4.3 a week before"),
        ("visits_30d", 9, 9, "9 website visits in 30 days, up from none in the 2 months before"),
        ("visits_30d", 2, 42, "2 website visits in 30 days, down from 20 a month before"),
        ("visits_30d", 0, 0, "no website visits in 30 days"),
        ("visits_30d", 5, None, "5 website visits in 30 days"),
        ("won_deals_365d", 3, 4, "3 rounds in the last year, up from 1 the year before"),
        ("visits_90d", 5, 5, "5 website visits in 90 days"),
    ],
)
def test_a_count_says_what_it_was_before_its_window(name, value, longer, said):
    assert feature_named(name).say(value, "round", "rounds", longer) == said


def test_a_ratio_of_about_one_is_said_so():
    growth = feature_named("employee_growth_365d_ratio")
    assert growth.say(1.02, "", "") == "about as many employees as a year before"
    assert growth.say(1.3, "", "") == "1.3 times as many employees as a year before"
    heat = feature_named("industry_heat_365d")
    assert (
        heat.say(0.98, "", "rounds") == "rounds in its industry at about the usual rate this year"
    )


def test_what_is_no_time_ago_is_today():
    said = [feature_named("days_since_last_visit").say(value, "", "") for value in (0.0, 1, 0.4)]
    assert said == [
        "last website visit today",
        "last website visit 1 day ago",
        "last website visit today",
    ]
    assert feature_named("days_in_open_stage").say(0, "", "") == (
        "open opportunity in its stage since today"
    )
    assert (
        feature_named("weeks_since_last_surge").say(0, "", "") == "research last surged this week"
    )


def test_the_market_tells_of_deals_that_others_won():
    """So it is looked for where new business is sought and no account has won any itself."""
    assert feature_named("days_since_last_won").is_of_won_deals
    assert not feature_named("market_heat_365d").is_of_won_deals
    assert not feature_named("industry_heat_365d").is_of_won_deals


def test_one_deal_is_singular_and_missing_is_said():
    feature = feature_named("won_deals_730d")
    assert feature.say(1, "round", "rounds") == "1 round in the last 2 years"
    assert feature.say(0, "round", "rounds") == "no rounds in the last 2 years"
    age = feature_named("age_when_known_years")
    assert age.say(3, "round", "rounds") == "3 years old when first on record"
    pace = feature_named("last_won_amount_per_day_usd").say(950, "round", "rounds")
    assert pace == "last round, spread over the time since and 90 days more, is about $950 a day"
    kind = feature_named("last_won_type")
    assert kind.say(None, "round", "rounds") == "no type on record for its last round"
    industry = feature_named("industry")
    assert industry.say(None, "round", "rounds") == "no industry on record"
