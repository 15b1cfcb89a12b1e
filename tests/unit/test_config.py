"""scoring.yaml: the project's files load, and each kind of mistake is told with file, key and what to do.

Belongs here: reading settings. Not here: what the settings do.
"""

from __future__ import annotations

import json
import re
from datetime import date, time

import pytest

from dagster_project.config import DEFAULT_SETTINGS_FILE, PROJECT_ROOT
from dagster_project.settings_file import SettingsError, load_settings
from models.feature_contract import FEATURES

PROJECT = DEFAULT_SETTINGS_FILE.read_text(encoding="utf-8")
HORIZONS = "horizons_days: [30, 90, 180]"
# What follows the scorecard in the file is a section again.
WITHOUT_SCORECARD = re.sub(r"(?ms)^scorecard:\n.*?(?=^\S)", "", PROJECT)


def written(folder, text):
    path = folder / "scoring.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def edited(folder, old, new):
    assert PROJECT.count(old) == 1, f"scoring.yaml holds {old!r} {PROJECT.count(old)} times"
    return written(folder, PROJECT.replace(old, new))


def refusal(path):
    with pytest.raises(SettingsError) as refused:
        load_settings(path)
    message = str(refused.value)
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


def test_the_projects_settings_load():
    settings = load_settings(DEFAULT_SETTINGS_FILE)
    assert settings.arrival.cutoff_utc == time(5)
    assert settings.history_starts == date(2005, 1, 1)
    assert settings.conversion.mode == "new_business"


def test_the_projects_scorecard_has_lines_of_all_four_families():
    settings = load_settings(DEFAULT_SETTINGS_FILE)
    families = {f.name: f.family for f in FEATURES}
    named = {families[line.feature] for line in settings.scorecard.lines}
    assert named == {"fit", "engagement", "intent", "relationship"}
    assert settings.for_training().scorecard.lines == settings.scorecard.lines


def test_the_examples_settings_load_and_reach_training_and_dbt():
    settings = load_settings(PROJECT_ROOT / "examples" / "crunchbase" / "scoring.yaml")
    training = settings.for_training()
    assert training.horizon_days == settings.conversion.primary_horizon_days == 365
    assert training.snapshot_attributes == tuple(settings.features.snapshot_attributes)
    assert training.deal_words.plural == "funding rounds"
    told = json.loads(settings.for_dbt())
    assert told["mode"] == "expansion" and told["recording_starts"] == "2005-06-30"
    assert told["excluded_account_types"] == ["Acquired"]


@pytest.mark.parametrize(
    ("old", "new", "key", "advice"),
    [
        ("won_stages:", "won_stage:", "conversion.won_stage", "correct its spelling"),
        ("conversion:", "conversions:", "conversion", "is required and missing"),
        (
            "  recording_starts: 2005-01-01\n",
            "",
            "conversion.recording_starts",
            "is required and missing",
        ),
        (HORIZONS, "horizons_days: 90", "conversion.horizons_days", "a valid list"),
        (
            "feature_days: 400",
            "feature_days: 90",
            "retention",
            "longer than the primary horizon (90 days)",
        ),
        ("seed: 7", "seed: seven", "training.seed", "a valid integer"),
        (
            "drift_psi: 0.25",
            "drift_psi: 0.05",
            "monitoring.drift",
            "drift_psi 0.05 is below watch_psi 0.1",
        ),
        (
            "calibration_factor: 1.25",
            "calibration_factor: 1",
            "monitoring.drift.calibration_factor",
            "greater than 1",
        ),
        ("won_stages: [Closed Won]", "won_stages:", "conversion.won_stages", "found nothing"),
        (
            "primary_horizon_days: 90",
            "primary_horizon_days: 31",
            "conversion",
            "primary_horizon_days is 31, which is not one of horizons_days [30, 90, 180]",
        ),
        (
            HORIZONS,
            "horizons_days: [90, 30]",
            "conversion",
            "horizons_days [90, 30] must rise, each named once: [30, 90]",
        ),
        ("max_training_rows: 400000", "max_training_rows: 9", "training.max_training_rows", "1000"),
        ("seed: 7", "scorecard: {}", "training", "scorecard is set by scorecard, a section"),
        ("seed: 7", "search_trials: 9", "training", "search_trials is set by `scoring retrain"),
        (HORIZONS, "horizons_days: [0, 90]", "horizons_days.0", "greater than 0"),
        ('cutoff_utc: "05:00"', "cutoff_utc: 5:30", "arrival.cutoff_utc", "write the time in quot"),
        ('cutoff_utc: "05:00"', 'cutoff_utc: "25:00"', "arrival.cutoff_utc", 'as in "05:00"'),
        ("feeds: [salesforce", "feeds: [salesfroce", "feeds", "did you mean salesforce?"),
        ("feeds: [salesforce", "feeds: [sap", "feeds", "there are "),
        (
            "seed: 7",
            "horizon_days: 90",
            "training",
            "horizon_days is set by conversion.primary_horizon_days; remove it from training",
        ),
        (
            "history_starts: 2005-01-01",
            "history_starts: 2005-02-30",
            "history_starts",
            "a day of the calendar, as in 2005-01-31 (found '2005-02-30')",
        ),
        (
            "history_starts: 2005-01-01",
            "history_starts: soon",
            "history_starts",
            "as in 2005-01-31",
        ),
        ("mode: new_business", "mode: growth", "conversion.mode", "'new_business' or 'expansion'"),
        ("hot_share: 0.10", "hot_share: 1.5", "training.bands.hot_share", "less than 1"),
        (
            "snapshot_attributes: []",
            "snapshot_attributes: [regoin]",
            "features.snapshot_attributes",
            "did you mean region?",
        ),
        (
            "seed: 7",
            "left_out_features: [won_deals_366d]",
            "training.left_out_features",
            "did you mean won_deals_365d",
        ),
        ("seed: 7", "rule: [{name: age}]", "training.rule", "there is no 'age'"),
        ("allow: []", "allow: [visits_31d]", "training.promotion", "did you mean visits_30d"),
        ("allow: []", "allow: [own_forms_91d]", "training.promotion", "did you mean own_forms_90d"),
        ("version: 1", "version: 2", "version", "should be 1"),
        (
            "open_stages: [Prospecting,",
            "open_stages: [Closed Won,",
            "conversion",
            "cannot be in open_stages and in won_stages",
        ),
        (
            "open_stages: [Prospecting,",
            "open_stages: [Proposal,",
            "conversion",
            "names a stage twice",
        ),
        ("own_domains: []", "own_domains: [me@acme.com]", "identity.own_domains.0", "such as acme"),
        (
            "own_domains: []",
            "own_domains: [www.acme.com]",
            "identity.own_domains.0",
            "without http",
        ),
        (
            "isp_domains: []",
            "isp_domains: [telecom]",
            "identity.isp_domains.0",
            "should be a domain",
        ),
        (
            "versioned_attributes: []",
            "versioned_attributes: [employees]",
            "features.versioned_attributes",
            "did you mean employee_count?",
        ),
        (
            "own_complements: []\n  competitors: []",
            "own_complements: [Tool]\n  competitors: [Tool]",
            "technology",
            "cannot be in own_complements and in competitors",
        ),
        (
            "seed: 7",
            "versioned_attributes: [industry]",
            "training",
            "versioned_attributes is set by features.versioned_attributes",
        ),
    ],
)
def test_a_mistake_is_told_with_its_key_and_what_to_do(tmp_path, old, new, key, advice):
    message = refusal(edited(tmp_path, old, new))
    assert f"{key}: " in message and advice in message
    assert "Input" not in message and "Value error" not in message


LINE = "\nscorecard: {lines: [%s]}\nwords:\n"


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("{feature: won_deals, at_least: 1, points: 5}", "did you mean won_deals_"),
        ("{feature: won_deals_365d, points: 5}", "give one condition"),
        ("{feature: won_deals_365d, at_least: 1, present: true, points: 5}", "give one condition"),
        ("{feature: won_deals_365d, at_least: 3, at_most: 2, points: 5}", "nothing meets it"),
        ("{feature: won_deals_365d, at_least: 1, points: 0}", "remove the line"),
        ("{feature: won_deals_365d, at_least: 1, points: 500}", "less than or equal to 100"),
        ("{feature: won_deals_365d, one_of: [a], points: 5}", "holds numbers: use at_least"),
        ("{feature: last_won_type, at_least: 1, points: 5}", "holds texts: use one_of"),
        ("{feature: won_deals_365d, present: false, points: 5}", "should be True"),
        ("{feature: won_deals_365d, is: 1, points: 5}", "no such setting"),
        (
            "{feature: won_deals_365d, at_least: 1, points: 5, "
            "decay: {days_since: won_deals_730d, half_life_days: 9}}",
            "is no feature in days",
        ),
        (
            "{feature: won_deals_365d, at_least: 1, points: 5, "
            "decay: {days_since: days_since_last_vist, half_life_days: 9}}",
            "did you mean days_since_last_visit",
        ),
    ],
)
def test_a_mistake_of_the_scorecard_is_told(tmp_path, line, advice):
    text = WITHOUT_SCORECARD.replace("\nwords:\n", LINE % line)
    message = refusal(written(tmp_path, text))
    assert "scorecard.lines" in message and advice in message


def test_a_good_line_is_read(tmp_path):
    line = "{feature: won_deals_365d, at_least: 1, points: 5, "
    line += "decay: {days_since: days_since_last_won, half_life_days: 30}}"
    settings = load_settings(
        written(tmp_path, WITHOUT_SCORECARD.replace("\nwords:\n", LINE % line))
    )
    (read,) = settings.for_training().scorecard.lines
    assert (read.points, read.decay.half_life_days) == (5, 30)
    assert read.columns == ("won_deals_365d", "days_since_last_won")


def test_a_hot_score_is_above_a_warm_one(tmp_path):
    text = WITHOUT_SCORECARD + "\nscorecard: {hot_from: 30, warm_from: 40}\n"
    assert "warm_from 40.0 is above hot_from 30.0" in refusal(written(tmp_path, text))


@pytest.mark.parametrize(
    ("slices", "advice"),
    [
        ("[{name: all, feature: won_deals_365d, below: 1}]", "give the slice another name"),
        ("[{name: new, feature: won_deals_365d}]", "needs at_least, below or both"),
        ("[{name: new, feature: won_deals_364d, below: 1}]", "did you mean won_deals_365d"),
        ("[{name: new, feature: last_won_type, below: 1}]", "there is no 'last_won_type'"),
        (
            "[{name: new, feature: won_deals_365d, below: 1}, "
            "{name: new, feature: won_deals_365d, at_least: 1}]",
            "two slices are called new",
        ),
    ],
)
def test_a_mistake_of_a_slice_is_told(tmp_path, slices, advice):
    message = refusal(edited(tmp_path, "  slices: []", f"  slices: {slices}"))
    assert "evaluation.slices" in message and advice in message


def test_all_mistakes_are_told_at_once(tmp_path):
    text = PROJECT.replace("seed: 7", "seed: seven").replace("mode: new_business", "mode: growth")
    message = refusal(written(tmp_path, text))
    assert "training.seed" in message and "conversion.mode" in message


def test_a_mistake_of_a_section_does_not_print_the_section(tmp_path):
    message = refusal(edited(tmp_path, "primary_horizon_days: 90", "primary_horizon_days: 31"))
    assert "recording_starts" not in message and "Closed Won" not in message


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("version: 1\nfeeds: [salesforce\nversion: x", "line 3"),
        ("version: 1\n\tfeeds: []", "line 2"),
        ("version: 1\nfeeds: [a]\nversion: 1", "line 3"),
    ],
)
def test_what_is_not_yaml_is_told_with_its_line(tmp_path, text, where):
    message = refusal(written(tmp_path, text))
    assert message.startswith(f", {where}: not valid YAML: ")


def test_a_key_that_stands_twice_is_named(tmp_path):
    message = refusal(edited(tmp_path, "  seed: 7", "  seed: 7\n  seed: 8"))
    assert "the key seed stands here for the second time" in message


@pytest.mark.parametrize("text", ["", "- version\n- feeds", "version", "# only a comment\n"])
def test_what_holds_no_keys_is_refused_with_where_to_look(tmp_path, text):
    assert "must hold keys and values; compare the project's scoring.yaml" in refusal(
        written(tmp_path, text)
    )


def test_an_absent_or_unreadable_file_is_said(tmp_path):
    assert "no such settings file" in refusal(tmp_path / "absent.yaml")
    assert "cannot be read" in refusal(tmp_path)
    assert "cannot be read" in refusal(written(tmp_path, b"version: \xff\xfe"))


def test_what_identity_and_intent_say_reaches_dbt(tmp_path):
    text = PROJECT.replace("own_domains: []", "own_domains: [Acme.COM]")
    text = text.replace("isp_domains: []", "isp_domains: [fibre-net.example]")
    text = text.replace("relevant_topics: []", "relevant_topics: [Cloud Storage]")
    text = text.replace("own_complements: []", "own_complements: [Ledger]")
    told = json.loads(load_settings(written(tmp_path, text)).for_dbt())
    assert told["own_domains"] == ["acme.com"] and told["isp_domains"] == ["fibre-net.example"]
    assert told["relevant_topics"] == ["Cloud Storage"] and told["own_complements"] == ["Ledger"]
    assert told["competitors"] == told["free_mail_domains"] == told["versioned_attributes"] == []
    assert told["open_stages"][0] == "Prospecting" and "Closed Won" not in told["open_stages"]


def test_versioned_attributes_reach_dbt_and_those_of_features_the_trainer(tmp_path):
    text = PROJECT.replace("versioned_attributes: []", "versioned_attributes: [industry, owner_id]")
    settings = load_settings(written(tmp_path, text))
    assert json.loads(settings.for_dbt())["versioned_attributes"] == ["industry", "owner_id"]
    assert settings.for_training().versioned_attributes == ("industry",)


@pytest.mark.parametrize("place", ["versioned_attributes", "snapshot_attributes"])
def test_titles_of_people_are_named_like_attributes_of_accounts(tmp_path, place):
    text = PROJECT.replace(f"{place}: []", f"{place}: [title, industry]")
    settings = load_settings(written(tmp_path, text))
    assert getattr(settings.for_training(), place) == ("title", "industry")


def test_a_person_may_vouch_for_features_of_accounts_and_of_people(tmp_path):
    path = edited(tmp_path, "allow: []", "allow: [visits_30d, own_forms_90d]")
    promotion = load_settings(path).for_training().promotion
    assert promotion.allow == ("visits_30d", "own_forms_90d")


def test_dbt_has_a_default_for_each_setting_that_is_passed_on():
    macro = (PROJECT_ROOT / "dbt" / "macros" / "settings.sql").read_text(encoding="utf-8")
    for name in json.loads(load_settings(DEFAULT_SETTINGS_FILE).for_dbt()):
        assert f"'{name}':" in macro, name


def test_days_and_times_may_be_quoted(tmp_path):
    quoted = edited(tmp_path, "history_starts: 2005-01-01", 'history_starts: "2005-01-01"')
    assert load_settings(quoted).history_starts == date(2005, 1, 1)
