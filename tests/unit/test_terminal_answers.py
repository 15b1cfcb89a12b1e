"""What people see of scores and of the home's state: every line fits, nothing missing is hidden.

Belongs here: terminal/scores.py, status.py, wording.py. Not here: layout (test_terminal_layout.py), runs (test_terminal_runs.py).
"""

from __future__ import annotations

import io
import sys
from datetime import date, datetime

import pytest
from rich.cells import cell_len

from dagster_project.command.terminal.scores import print_explanation, print_top
from dagster_project.command.terminal.status import print_findings, print_status
from dagster_project.command.terminal.tables import print_rows
from dagster_project.command.terminal.text import literal, shorten
from dagster_project.command.terminal.wording import percent, with_unit

pytestmark = pytest.mark.usefixtures("plain_environment")


def account(name="Acme", **changed):
    return {
        "account_id": "salesforce:1",
        "account_name": name,
        "domain": "acme.example",
        "as_of_date": date(2026, 1, 31),
        "score": 98.76,
        "rank": 1,
        "win_probability_90d": 0.0042,
        "band": "hot",
        "reasons": ["+ 3 deals won in two years", "- founded 12 years ago"],
        "flags": [],
        "score_basis": "model",
        "scoring_model_version": "2025-10-01-ab12",
    } | changed


def test_top_shows_rank_score_name_chance_band_and_reasons(capsys):
    print_top([account()], 90)
    text = capsys.readouterr().out
    for part in ("98.8", "Acme", "0.4%", "hot", "+ 3 deals won in two years", "2026-01-31"):
        assert part in text


def person(number: int, **changed) -> dict:
    return {
        "lead_id": f"salesforce:0035g00000000{number:03d}AAA",
        "lead_type": "contact",
        "seniority": "c_level",
        "job_function": "engineering",
        "lead_score": 98.765,
        "lead_probability": 0.21,
        "reasons": ["+ last answer to us 2 days ago", "- " + "many words of a long reason " * 4],
    } | changed


def test_an_accounts_people_are_shown_by_their_ids_with_what_they_say_together(capsys):
    together = {
        "people_known": 9,
        "people_engaged_90d": 2,
        "has_decision_maker_engaged": True,
        "committee_coverage": 1 / 3,
        "committee_engaged": ["it leader", "finance leader"],
        "best_lead_probability": 0.21,
        "leads_noisy_or": 0.456,
    }
    unsaid = {"seniority": None, "job_function": None, "lead_score": None, "lead_probability": None}
    people = [person(1), person(2, lead_type="lead", reasons=None, **unsaid)]
    print_explanation({"score": account(**together), "people": people}, 90)
    text = capsys.readouterr().out
    for part in (
        "9 known, 2 engaged in 90 days, a decision maker among them",
        "33% of its seats: it leader, finance leader",
        "21% the likeliest, 46% any",
        "the first 2 of 9",
        "salesforce:0035g00000000001AAA",
        "no job title (lead)",
        "98.8",
    ):
        assert part in text
    assert max(cell_len(line) for line in text.splitlines()) <= 100


def test_nothing_is_said_of_people_where_nobody_is_known(capsys):
    nothing = dict.fromkeys(["people_known", "people_engaged_90d", "committee_coverage"])
    print_explanation({"score": account(**nothing), "people": []}, 90)
    assert "people" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "name",
    [
        "Acme [bold]Inc[/bold]",
        "[/]",
        "株式会社とても長い名前の会社でございます" * 3,
        "É" * 200,
        "a\nb\tc",
    ],
)
def test_names_are_shown_literally_and_every_line_fits(name, capsys):
    reason = "+ " + "a long reason with many words " * 8
    print_top([account(name, reasons=[reason, "x" * 150])], 90)
    lines = capsys.readouterr().out.splitlines()
    assert max(cell_len(line) for line in lines) <= 100
    shown = shorten(literal(name), 26)
    assert any(shown in line for line in lines)


def test_missing_values_are_dashes_and_no_rows_are_said(capsys):
    bare = account(None, domain=None, score=None, win_probability_90d=None, reasons=None)
    print_top([bare], 90)
    print_top([], 90)
    print_rows([])
    text = capsys.readouterr().out
    assert "salesforce:1" in text and "–" in text
    assert "No account is scored." in text and "No rows." in text


def test_a_stream_that_cannot_write_a_letter_is_no_error(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    print_top([account("Søren")], 90)
    print_findings([{"what": "python", "ok": False, "seen": "2.7"}])
    sys.stdout.flush()
    text = raw.getvalue().decode("ascii")
    assert "S?ren" in text and "NO" in text


def test_explanation_shows_factors_and_what_moved(capsys):
    factor = {
        "factor_rank": 1,
        "feature": "deals_won_count",
        "family": "relationship",
        "feature_value": "3",
        "contribution": -0.41234,
        "reason": "3 deals won",
    }
    since = {
        "as_of_date": date(2026, 1, 30),
        "score": 99.0,
        "change": -0.3,
        "is_same_model": False,
        "factors": [{"feature": "deals_won_count", "before": "2", "now": "3", "change": 0.1}],
    }
    print_explanation({"score": account(), "factors": [factor], "since": since}, 90)
    text = capsys.readouterr().out
    for part in ("3 deals won", "-0.412", "another scoring model", "+0.100", "98.8 of 100, rank 1"):
        assert part in text
    print_explanation({"score": account(), "factors": [], "since": None}, 90)
    assert "No earlier day" in capsys.readouterr().out


def scorecard_account(**changed):
    by_points = {"score_basis": "scorecard", "scoring_model_version": "scorecard-ab12cd34ef56"}
    by_points |= {"win_probability_90d": None, "fit_score": 61.2, "intent_score": None}
    return account(**by_points, reasons=["+ 3 deals won (20 points)"], **changed)


def test_a_scorecards_top_shows_no_chance_and_says_why(capsys):
    print_top([scorecard_account()], 90)
    text = capsys.readouterr().out
    assert "Scored by scorecard-ab12cd34ef56." in text and "–" in text and "%" not in text
    assert "not probabilities" in text and "scoring retrain" in text
    assert max(cell_len(line) for line in text.splitlines()) <= 100
    print_top([account()], 90)
    assert "not probabilities" not in capsys.readouterr().out


def test_a_scorecards_explanation_speaks_of_points_and_components(capsys):
    factor = {"feature": "deals", "family": "fit", "feature_value": "3", "reason": "3 deals won"}
    nothing = factor | {"contribution": 0.0, "reason": "no visits"}
    since = {"as_of_date": date(2026, 1, 30), "change": 2.0, "is_same_basis": True}
    since |= {"is_same_model": True, "factors": []}
    answer = {"score": scorecard_account(), "since": since}
    print_explanation(answer | {"factors": [factor | {"contribution": 20.0}, nothing]}, 90)
    text = capsys.readouterr().out
    for part in ("Points", "+20.0", "fit 61", "by the same scorecard", "not probabilities"):
        assert part in text
    assert "Log-odds" not in text and "no visits" not in text and "intent" not in text


def test_between_a_scorecard_and_a_model_no_change_is_said(capsys):
    since = {"as_of_date": date(2026, 1, 30), "change": None, "is_same_basis": False}
    since |= {"is_same_model": False, "factors": []}
    print_explanation({"score": account(), "factors": [], "since": since}, 90)
    assert "taken turns" in capsys.readouterr().out


def factor(reason, contribution, rank, value=None, family="relationship"):
    facts = {"feature": f"f{rank}", "family": family, "feature_value": value, "reason": reason}
    return facts | {"factor_rank": rank, "contribution": contribution}


def test_factors_with_the_same_words_are_one_and_tiny_ones_are_counted(capsys):
    none = "no funding round on record"
    factors = [
        factor("where every account starts", -0.1, 0, family="base"),
        factor("region: SF Bay", 0.3, 1, "SF Bay", "fit"),
        factor(none, -0.2, 2),
        factor(none, -0.3, 3),
        factor("too small", -0.0004, 4),
        factor("none at all", -0.0, 5),
    ]
    print_explanation({"score": account(), "factors": factors, "since": None}, 90)
    text = capsys.readouterr().out
    assert text.count(none) == 1 and f"{none} (2 factors)" in text and "-0.500" in text
    assert "0.000" not in text and "and 2 factors of less than 0.001" in text
    assert text.index("where every account") < text.index(none) < text.index("region: SF Bay")
    assert "doubles the odds" in text


def test_a_change_of_nothing_has_no_sign(capsys):
    since = {"as_of_date": date(2026, 1, 30), "score": 9.0, "change": -0.01, "is_same_model": True}
    since["factors"] = [
        {"feature": "x", "reason": "an x", "before": "1", "now": "2", "change": -0.0001}
    ]
    print_explanation({"score": account(), "factors": [], "since": since}, 90)
    text = capsys.readouterr().out
    assert "score 0.0, by the same" in text and "and 1 change of less than 0.001" in text
    assert "-0.000" not in text


def test_a_change_is_said_in_the_words_of_its_factor(capsys):
    moved = {"feature": "visits_7d", "reason": "2 visits in 7 days", "before": "1", "now": "2"}
    since = {"as_of_date": date(2026, 1, 30), "score": 9.0, "change": 1.0, "is_same_model": True}
    since["factors"] = [moved | {"change": 0.5}]
    print_explanation({"score": account(), "factors": [], "since": since}, 90)
    text = capsys.readouterr().out
    assert "2 visits in 7 days" in text and "+0.500" in text and "visits_7d" not in text


def test_status_before_and_after_the_first_publishing(capsys):
    bare = {"home": "h", "settings": "s", "published": None, "sizes_bytes": {"landing": 1234567}}
    print_status(bare)
    text = capsys.readouterr().out
    assert "nothing yet" in text and "landing 1 MB" in text
    published = {
        "as_of_date": date(2026, 1, 31),
        "accounts": 8430,
        "hot": 843,
        "scoring_model_version": "v1",
        "score_basis": "model",
        "scored_at": datetime(2026, 2, 1, 5),
    }
    days = {"stored": 2, "first": date(2026, 1, 30), "last": date(2026, 1, 31)}
    feed = {"vendor": "salesforce", "table_name": "account", "rows_landed": 3456, "files": 1}
    feed |= {"last_ds": date(2026, 1, 31), "last_known_at": None, "quarantined_rows": 7}
    feed |= {"days_since_last_arrival": 0}
    refused = {"source_file": "account.csv", "rows": 7, "reason": "amount '1.0.0' is not a number"}
    training = {"scoring_model_version": "1", "trained_as_of": date(2025, 12, 31)}
    training |= {"champion_from": None, "verdict": "refuse", "lift_top_decile": None}
    lists = {"feeds": [feed], "quarantined": [refused], "models": [training | {"why": "no signal"}]}
    lists["models"].append(
        training
        | {"why": "good", "verdict": "promote", "scoring_model_version": "0"}
        | {"champion_from": date(2025, 9, 30), "withdrawn_from": date(2025, 11, 1)}
    )
    newer = {"scoring_model_version": "2", "trained_as_of": date(2026, 1, 31), "verdict": "keep"}
    print_status(
        bare | {"published": published, "days": days, "unpublished_models": [newer]} | lists
    )
    text = capsys.readouterr().out
    for part in ("8,430 accounts, 843 hot", "salesforce account", "3,456", "'1.0.0'", "no signal"):
        assert part in text
    assert (
        "Trained since the last refresh, which will show it above: model 2 as of 2026-01-31 (keep)"
        in text
    )
    assert "withdrawn" in text and "2025-11-01" in text
    assert max(cell_len(line) for line in text.splitlines()) <= 100


def drift(level, **more):
    row = {
        "level": level,
        "psi": 0.4123,
        "psi_limit_by_chance": 0.02,
        "psi_own_course": None,
        "words": None,
    }
    named = {
        "name": "visits_30d",
        "weight": 0.2,
        "words": "above 3: 34% of accounts, 12% in the reference",
    }
    told = {
        "scoring_model_version": "7",
        "as_of_date": date(2026, 1, 31),
        "population": [
            row | {"name": "score"},
            row | {"name": "all features", "words": "most by visits_30d"},
        ],
        "features": [row | named, row | named | {"name": "unused", "weight": 0.0}],
        "calibration": None,
        "outcomes": [],
        "asks_for_training": False,
        "why": None,
    }
    return told | more


def test_status_says_how_far_accounts_and_outcomes_have_left_the_model(capsys):
    bare = {"home": "h", "settings": "s", "published": None}
    print_status(bare | {"drift": drift("watch")})
    text = capsys.readouterr().out
    told = " ".join(text.replace("│", " ").split())
    assert "Drift of model 7, as of 2026-01-31" in told and "watch (PSI 0.41" in told
    assert "visits_30d: watch, above 3: 34% of accounts" in told and "unused" not in told
    assert "not known yet" in told and "scoring retrain" not in told
    outcomes = {"level": "drift", "observed_rate": 0.09, "predicted_rate": 0.03, "horizon_days": 90}
    outcomes |= {"ratio": 3.0, "ratio_low": 2.0, "ratio_high": 4.5, "share_held": 0.975}
    outcomes |= {"which": "its newest days", "days": 2, "scored_on": date(2025, 10, 1)}
    asked = {
        "outcomes": [outcomes | {"which": "all its days", "level": "steady"}, outcomes],
        "asks_for_training": True,
        "why": "outcomes left the predictions",
    }
    print_status(bare | {"drift": drift("drift", **asked)})
    text = capsys.readouterr().out
    told = " ".join(text.replace("│", " ").split())
    assert "steady (9.0%" in told and "outcomes of its newest days" in told
    assert (
        "drift (9.0% converted within 90 days, 3.0% predicted; ratio 3.00, 97.5 % 2.00 to 4.50"
        in told
    )
    assert "by 2 scored days" in told
    assert "Outcomes left the predictions." in told
    assert "scoring retrain --as-of 2026-01-31" in told
    assert max(cell_len(line) for line in text.splitlines()) <= 100


def test_status_says_why_a_model_was_trained_early(capsys):
    training = {
        "scoring_model_version": "1",
        "trained_as_of": date(2025, 12, 31),
        "champion_from": None,
    }
    training |= {"verdict": "keep", "lift_top_decile": None, "why": "not shown to beat"}
    print_status({"published": None, "models": [training | {"trained_because": "score drifted"}]})
    told = " ".join(capsys.readouterr().out.split())
    assert "not shown to beat. Trained early: score drifted" in told


def test_status_says_what_came_after_the_last_refresh(capsys):
    feed = {"vendor": "salesforce", "table_name": "account", "last_ds": None, "last_known_at": None}
    feed |= {"rows_landed": 12, "rows_at_last_refresh": 10, "files": 1, "quarantined_rows": 3}
    refused = {"source_file": "account.csv", "rows": 3, "reason": "ragged"}
    twice = {"vendor": "salesforce", "table_name": "account", "source_file": "account.csv"}
    twice["days"] = [date(2026, 1, 1), date(2026, 1, 2)]
    answer = {"published": None, "feeds": [feed], "quarantined": [refused], "landed_twice": [twice]}
    answer |= {"rows_in_quarantine": 3, "rows_in_quarantine_published": 1}
    print_status(answer)
    text = " ".join(capsys.readouterr().out.split())
    assert "not in the scores yet: 2 rows" in text
    assert "not in scores.quarantined_rows yet: 2 rows" in text
    assert "landed for several days" in text and "2026-01-01, 2026-01-02" in text
    assert 'scoring query "select * from scores.quarantined_rows"' in text


@pytest.mark.parametrize(
    ("share", "shown"), [(None, "–"), (0.0, "0%"), (0.0042, "0.4%"), (0.5, "50%")]
)
def test_percent(share, shown):
    assert percent(share) == shown


@pytest.mark.parametrize(
    ("feature", "value", "shown"),
    [
        ("days_since_last_won", "302", "302 days"),
        ("won_amount_total_usd", "11000000", "11,000,000 USD"),
        ("founded_age_years", "1", "1 year"),
        ("won_overdue_ratio", "3.871794871794872", "3.872"),
        ("region_group", "SF Bay", "SF Bay"),
        ("base", None, "–"),
    ],
)
def test_feature_values_are_short_and_have_units(feature, value, shown):
    assert with_unit(feature, value) == shown
