import json
from html.parser import HTMLParser

import pytest

from models.leads import train_leads
from models.model_card import Earlier, model_card
from models.plots import save_plots
from models.settings import BoosterSettings, TrainingSettings
from models.training import train
from models.training_record import training_record
from tests.factories import people_rows, training_rows, training_settings, year_ends

BOOSTER = BoosterSettings(default_trees=40, min_child_weight=5, nthread=1)


class Page(HTMLParser):
    """What a reader sees, and what the page would fetch."""

    def __init__(self, html: str):
        super().__init__()
        self.texts, self.open, self.fetched, self.pictures = [], [], [], 0
        self.feed(html)
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href") and value.startswith("data:image/png;base64,"):
                self.pictures += 1
            elif name in ("src", "href"):
                self.fetched.append(value)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)


def trained(**changes):
    rows = training_rows(accounts=400)
    settings = training_settings(rows, **changes)
    return train(rows, settings, metadata={"trained_as_of": "2009-03-31"}), settings


def record_of(result, settings):
    return json.loads(json.dumps(training_record(result, settings), sort_keys=True))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    result, settings = trained()
    paths = save_plots(result, tmp_path_factory.mktemp("plots"))
    return result, record_of(result, settings), {one.stem: one.read_bytes() for one in paths}


def test_a_card_says_what_the_training_found_and_fetches_nothing(made):
    result, record, pictures = made
    page = Page(model_card("3", record, pictures, scores="from 2009-03-31 on"))
    assert page.open == [] and page.fetched == []
    assert page.pictures == len(set(pictures) - {"feature_importance"}) >= 3
    assert "Scoring model 3 promoted" in page.text and "scores from 2009-03-31 on" in page.text
    assert result.verdict.why in page.text
    assert f"{result.metrics['auc']:.3f} ({result.metrics['auc_low']:.3f} to" in page.text
    assert f"{result.metrics['ece']:.4f} {result.metrics['ece_95_if_perfect']:.4f}" in page.text
    for name, one in result.baseline_metrics.items():
        assert f"{name.replace('_', ' ')} {one['auc']:.3f}" in page.text
    strongest = next(iter(result.importance))
    assert strongest.replace("_", " ") in page.text
    assert "it is no cause" in page.text and "What changed" not in page.text
    assert "before the quarter's end" not in page.text
    assert "Withdrawn" not in page.text
    gone = Page(model_card("3", record, pictures, withdrawn="from 2009-06-30 on: too fond")).text
    assert "Withdrawn from 2009-06-30 on: too fond." in gone and "; scores no day" in gone
    early = Page(model_card("3", record, pictures, because="score drifted")).text
    assert "Trained before the quarter's end: score drifted." in early


def test_the_same_record_gives_the_same_bytes(made):
    _, record, pictures = made
    assert model_card("3", record, pictures) == model_card("3", record, pictures)


def test_limits_name_groups_that_are_off_features_vouched_for_and_a_calibration_beyond_chance(made):
    _, record, pictures = made
    metrics = record["metrics"] | {"ece": 0.2, "ece_95_if_perfect": 0.1}
    ends = ("", "_low", "_high")
    ratio = [(f"observed_over_predicted{end}", 1.3 + len(end) / 100) for end in ends]
    metrics |= dict(ratio)
    group = {
        **{
            "attribute": "industry",
            "level": "<b>Retail</b>",
            "n": 10,
            "positives": 1,
            "accounts": 9,
        },
        **dict.fromkeys(("mean_predicted", "observed_rate"), 0.1),
        **dict.fromkeys(("auc", "auc_low", "auc_high", "lift_top_decile")),
        **{f"realised_over_expected{end}": 1.0 for end in ("", "_low", "_high")},
        "warning": "10.0% converted where 1.0% were predicted (1 of 10 rows)",
    }
    changed = record | {"metrics": metrics, "groups": [group], "allowed": {"visits_7d": "AUC 0.9"}}
    html = model_card("3", changed, pictures)
    assert "<b>Retail" not in html
    text = Page(html).text
    assert (
        "larger than chance explains" in text
        and "larger than chance" not in Page(model_card("3", record, pictures)).text
    )
    assert "within 365 days, on later data (0.2000)" in text
    assert "Off on later data: industry <b>Retail</b>: 10.0% converted" in text
    assert "visits_7d (AUC 0.9)" in text
    assert "ranks hold, but probabilities are 1.30 times too low" in text
    assert "ranks hold" not in Page(model_card("3", record, pictures)).text


def test_limits_name_each_horizon_whose_calibration_is_beyond_chance_or_that_was_left_out(made):
    _, record, pictures = made
    beside = {"metrics": record["metrics"] | {"ece": 0.3}, "calibration": {"kept": "identity"}}
    left_out = {
        "30": "its probabilities do not hold: 3.0% converted later where 1.0% were predicted"
    }
    changed = record | {"other_horizons": {"730": beside}, "horizons_left_out": left_out}
    text = Page(model_card("3", changed, pictures)).text
    assert "its probabilities within 730 days, on later data (0.3000), is larger than" in text
    assert "within 365 days, on" not in text
    assert "No probability within 30 days: its probabilities do not hold: 3.0%" in text
    beside["metrics"] = record["metrics"]
    assert "larger than chance" not in Page(model_card("3", changed, pictures)).text
    beside["metrics"] = None
    assert "larger than chance" not in Page(model_card("3", changed, pictures)).text


def test_what_changed_since_the_last_names_settings_data_and_measures(made):
    _, record, pictures = made
    before = json.loads(json.dumps(record))
    before["settings"]["booster"]["max_depth"] = 9
    before["window"]["rows"] = 17
    before["importance"]["an_old_feature"] = 0.1
    text = Page(model_card("3", record, pictures, Earlier("2", before))).text
    assert "What changed since scoring model 2" in text
    assert f"setting booster.max_depth 9 {record['settings']['booster']['max_depth']}" in text
    assert f"rows 17 {record['window']['rows']}" in text
    assert "no longer used an_old_feature" in text
    same = Page(model_card("3", record, pictures, Earlier("2", record))).text
    assert "Nothing that is on record" in same


def test_a_card_says_from_which_score_on_accounts_are_hot_and_why(made):
    _, record, pictures = made
    text = Page(model_card("3", record, pictures)).text
    assert f"hot score {record['bands']['hot']['from']:g} and more" in text
    assert f"Of {record['bands']['hot']['rows']:,} later rows in the band" in text
    assert f"Held against {record['bands']['rows']:,} later rows" in text
    hot = {"from": None, "set_by": "conversion", "by_capacity": 90.0, "by_conversion": None}
    hot |= {"lift": 2.0, "rows": 0, "rate": None}
    changed = record | {"bands": record["bands"] | {"hot": hot}}
    text = Page(model_card("3", changed, pictures, Earlier("2", record))).text
    assert (
        "hot nobody conversion: later accounts convert at 2 times the base rate and more at no score"
        in text
    )
    assert f"hot from score {record['bands']['hot']['from']}" in text
    warm = {"from": 70.0, "set_by": "capacity", "by_capacity": 70.0}
    alone = {"hot": warm | {"from": 90.0}, "warm": warm, "why_capacity_alone": "history is short"}
    text = Page(model_card("3", record | {"bands": alone}, pictures)).text
    assert "warm score 70 and more capacity: the best 30% of the accounts" in text
    assert "By capacity alone: history is short." in text
    before = {name: one for name, one in record.items() if name != "bands"}
    assert "Bands" not in Page(model_card("3", before, pictures, Earlier("2", before))).text


def test_a_card_says_of_how_many_wins_the_amount_is_not_on_record(made):
    _, record, pictures = made
    for value, said in (({"known_share": 0.75}, True), ({"known_share": 1.0}, False), ({}, False)):
        known = record | {"value": {"kept": "nothing", "why": "too few"} | value}
        text = Page(model_card("3", known, pictures)).text
        assert ("Of 25.0% of the later rows that converted no amount is on record" in text) == said


def test_a_search_is_told_with_what_it_found(made):
    _, record, pictures = made
    assert record["search"] is None
    found = {"trials": 30, "outcomes_known_before": "calibration", "found": {"max_depth": 2}}
    before = {name: one for name, one in record.items() if name != "search"}
    text = Page(model_card("3", record | {"search": found}, pictures, Earlier("2", before))).text
    assert "the best of 30 on older days" in text and "before its calibration part" in text
    assert "setting found by search: max_depth 2" in text
    none = {"trials": 0, "why": "history is too short for two folds"}
    text = Page(model_card("3", record | {"search": none}, pictures)).text
    assert "were to be searched and were not: history is too short" in text


def test_a_training_without_later_data_has_a_card_that_says_so(tmp_path):
    rows = training_rows(accounts=400, days=year_ends(2008, 2008))
    settings = training_settings(rows)
    result = train(rows, settings, metadata={"trained_as_of": "2009-03-31"})
    pictures = {one.stem: one.read_bytes() for one in save_plots(result, tmp_path)}
    text = Page(model_card("1", record_of(result, settings), pictures)).text
    assert "refused: too little data" in text and "scores no day" in text
    assert "history is too short for later data" in text


def test_groups_of_a_training_are_those_of_its_later_rows(made):
    result, _, _ = made
    industries = [one for one in result.groups if one["attribute"] == "industry"]
    assert sum(one["n"] for one in industries) == result.test_rows.height


def of_people(record, people, **changes):
    """The card's text and page where the lead model was trained on these people."""
    settings = TrainingSettings(horizon_days=90, booster=BOOSTER, **changes)
    leads = json.loads(json.dumps(train_leads(people, settings).record, sort_keys=True))
    thinning = {"people_thinning": {"rows_kept": 8640, "rows_available": 20000}}
    said = record | {"leads": leads, "metadata": record["metadata"] | thinning}
    said["settings"] = record["settings"] | json.loads(
        settings.model_dump_json(include=set(changes))
    )
    return leads, model_card("3", said, {})


def test_a_card_says_how_the_lead_model_did_and_names_nobody(made):
    people = people_rows()
    leads, html = of_people(made[1], people, snapshot_attributes=("title",))
    text = Page(html).text
    assert f"AUC (95 %) {leads['auc']:.3f} ({leads['auc_low']:.3f} to" in text
    assert f"{leads['lift_top_decile']:.2f} ({leads['lift_low']:.2f} to" in text
    assert "8,640 rows of 360 people at 120 accounts" in text
    assert "8,640 of 20,000 rows (training.max_lead_rows)" in text
    assert "own actions 90d own behaviour" in text and "There is none" not in text
    assert "seniority (as it is today) person" in text
    assert not [one for one in {*people["lead_id"], *people["account_id"]} if one in html]
    assert "@" not in text
    kept = Page(of_people(made[1], people, versioned_attributes=("title",))[1]).text
    assert "seniority person" in kept and "as it is today" not in kept


def test_a_card_says_for_which_feature_of_people_a_person_vouches(made):
    leads, html = of_people(made[1], people_rows())
    assert leads["allowed"] == {} and "Vouched for" not in Page(html).text
    vouched = made[1] | {"leads": leads | {"allowed": {"own_forms_90d": "AUC 0.97"}}}
    text = Page(model_card("3", vouched, {})).text
    assert "vouches in scoring.yaml for: own_forms_90d (AUC 0.97)" in text


def test_a_card_says_why_there_is_no_lead_model(made):
    leads, html = of_people(made[1], people_rows().head(50))
    assert f"There is none: {leads['why_not']}" in Page(html).text
    assert "There is none: no person has an outcome" in Page(model_card("3", made[1], {})).text
    by_default = Page(of_people(made[1], people_rows())[1]).text
    assert "job function, seniority: only today's value is known" in by_default
    without = {name: one for name, one in made[1].items() if name != "leads"}
    assert "There is none" not in Page(model_card("3", without, {})).text
