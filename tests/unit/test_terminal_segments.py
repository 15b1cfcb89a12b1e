"""What `scoring segments` prints, also where little can be said.

Belongs here: words, order and width. Not here: the rows themselves (test_models_segments.py), a whole home (tests/e2e).
"""

from datetime import date

import pytest
import yaml

from dagster_project.command.errors import NoAnswer
from dagster_project.command.learnt import scorecard_yaml
from dagster_project.command.terminal.segments import points_comment, print_learnt, print_segments
from dagster_project.config import Scorecard
from tests.command_line import widest

pytestmark = pytest.mark.usefixtures("plain_environment")

TRAINING = {
    "scoring_model_version": "3",
    "trained_as_of": date(2026, 6, 30),
    "horizon_days": 90,
    "train_rows": 48498,
    "test_rows": 5156,
    "auc": 0.766,
    "baselines": {"scorecard": {"auc": 0.743}, "suggested_scorecard": {"auc": 0.75}},
}
LINE = dict.fromkeys(("at_least", "at_most", "one_of")) | {
    **{"feature": "industry", "is_present": False, "points": 5, "hot_from": 43.0, "warm_from": 20.0}
}
POINTS = [
    LINE | {"one_of": ["Research, Development", "Retail: food"]},
    LINE | {"feature": "visits_trend_30d", "at_least": 0.5, "points": 11},
    LINE | {"feature": "days_since_last_visit", "at_most": 6.0, "points": -3},
    LINE | {"feature": "contacts", "is_present": True},
]


def statement(topic, said, family="fit"):
    return {"family": family, "topic": topic, "feature": topic, "statement": said, "is_sure": True}


def segment(**changes):
    row = {
        "segment": "industry: Financial Services",
        "accounts": 125,
        "is_sure": True,
        "weight_of_evidence": 1.4,
    }
    rates = {
        f"{of}_{end}": value
        for of, ends in (("conversion", (0.4, 0.31, 0.49)), ("others", (0.1, 0.08, 0.12)))
        for end, value in zip(("rate", "low", "high"), ends, strict=True)
    }
    lift = {"lift": 4.0, "lift_low": 2.9, "lift_high": 5.4, "information_value": 0.3}
    return row | rates | lift | changes


def test_the_surest_of_each_topic_stands_first_and_lines_fit(capsys):
    said = "Financial Services convert at 40 % (31-49 %) within 90 days, others at 10 % (8-12 %)"
    rows = [
        statement("industry", said),
        statement("industry", "Retail convert at 2 %"),
        statement("x", "long " * 40),
    ]
    print_learnt({**TRAINING, "statements": rows, "profile": [], "points": POINTS})
    text = capsys.readouterr().out
    assert f"• {said}\n" in text and "Retail" not in text and widest(text) <= 100
    assert "the surest 2 of 3 statements" in text and "nothing is sure yet" in text
    assert "No account has been won yet" in text
    assert (
        "scoring segments --feature industry" in " ".join(text.split())
        and "segments --points" in text
    )


def test_where_nothing_is_sure_no_command_is_offered(capsys):
    print_learnt({**TRAINING, "statements": [], "profile": [], "points": []})
    text = capsys.readouterr().out
    assert text.count("nothing is sure yet") == 2 and "--points" not in text


def test_all_segments_of_a_feature_with_what_cannot_be_said(capsys):
    nothing = {
        "others_rate": None,
        "lift": None,
        "lift_low": None,
        "lift_high": None,
        "is_sure": False,
    }
    rows = [segment(), segment(lift_high=None), segment(segment="no industry on record", **nothing)]
    print_segments({**TRAINING, "feature": "industry", "segments": rows})
    text = capsys.readouterr().out
    assert "40 % (31-49 %)" in text and "4.00 (2.90-5.40)" in text and "4.00 (2.90-–)" in text
    assert widest(text) <= 100


def test_points_are_pasted_into_scoring_yaml_as_they_are_printed():
    answer = {**TRAINING, "points": POINTS}
    text = points_comment(answer) + scorecard_yaml(answer)
    assert "such lines 0.750, scoring.yaml's 0.743, the model 0.766" in text
    card = Scorecard.model_validate(yaml.safe_load(text)["scorecard"])
    assert card.hot_from == 43 and [line.points for line in card.lines] == [5, 11, -3, 5]
    assert card.lines[0].one_of == ("Research, Development", "Retail: food")
    assert card.lines[3].present and card.lines[2].at_most == 6
    assert "at_most: 6," in text


def test_without_points_it_says_what_is_missing():
    with pytest.raises(NoAnswer, match="more conversions"):
        scorecard_yaml({**TRAINING, "points": []})
    unmeasured = {**TRAINING, "auc": None, "baselines": {}}
    assert points_comment(unmeasured).count("#") == 1
