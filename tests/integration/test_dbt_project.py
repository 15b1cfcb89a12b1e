"""The dbt project on a small world made by hand: what its tables hold, and that its guards fire.

Belongs here: what the tables of that world must hold, the wiring of the models, and a damaged copy
that must fail. Does not belong here: the world itself (tests/dbt_world.py), how Dagster runs dbt.
"""

import hashlib
import re
import shutil
from pathlib import Path

import pytest

from dagster_project import warehouse
from dagster_project.home import Home
from dagster_project.landing.known_at import KnownAt
from models.feature_contract import check_columns
from models.lead_contract import check_lead_columns
from tests.dbt_world import DAYS, IMPORTED, LATER, SETTINGS, TRAINING, WORLD, Dbt, new_home, rows

PROJECT = Path(__file__).parents[2] / "dbt"
CLOSED = f"(from labels.label_when_closed where matured_on <= '{DAYS[-1]}')"


def digest(home: Home) -> str:
    """SHA-256 over spine, scoring set, and labels that were final by the last of the days, in order."""
    found = [
        rows(home, f"select * from {table} order by as_of_date, account_id")
        for table in ("spine.spine_account_day", "datasets.scoring_set", CLOSED)
    ]
    return hashlib.sha256(repr(found).encode()).hexdigest()


@pytest.fixture(scope="module")
def environment():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
        yield patch


@pytest.fixture(scope="module")
def dbt(tmp_path_factory, environment) -> Dbt:
    return Dbt(PROJECT, tmp_path_factory.mktemp("dbt"), environment)


@pytest.fixture(scope="module")
def world(dbt, tmp_path_factory) -> Home:
    """The small world with all three days built."""
    home = new_home(tmp_path_factory.mktemp("world") / "home", WORLD)
    dbt.build(home, DAYS)
    dbt.build(home, DAYS, TRAINING, labels_as_of="2020-03-31")
    dbt.build(home, DAYS[-1:], ["account_scoring.marts", "account_scoring.monitoring"])
    return home


def test_the_spine_names_the_rule_that_held_on_each_day(world):
    sql = "select as_of_date::varchar, account_id[12:], exclusion_rule from spine.spine_account_day"
    assert sorted(rows(world, sql), key=lambda row: row[:2]) == [
        ("2020-01-31", "A1", None),
        ("2020-01-31", "A2", None),
        ("2020-01-31", "A3", None),
        ("2020-02-29", "A1", None),
        ("2020-02-29", "A2", None),
        ("2020-02-29", "A3", "account type is Acquired"),
        ("2020-03-05", "A1", None),
        ("2020-03-05", "A2", "merged"),
        ("2020-03-05", "A3", "account type is Acquired"),
    ]


def test_features_are_those_of_each_day_and_a_correction_counts_from_its_arrival(world):
    found = rows(
        world,
        "select as_of_date::varchar, account_id[12:], won_deals_total, days_since_last_won, "
        "max_won_amount_usd, age_when_known_years from datasets.scoring_set order by all",
    )
    assert found == [
        ("2020-01-31", "A1", 1, 26, 100.0, None),
        ("2020-01-31", "A2", 0, None, None, None),
        ("2020-01-31", "A3", 0, None, None, None),
        ("2020-02-29", "A1", 1, 55, 100.0, None),
        ("2020-02-29", "A2", 1, 25, 70.0, None),
        # and the win of the account that was merged into it
        ("2020-03-05", "A1", 2, 30, 150.0, None),
    ]


def test_labels_leave_out_open_windows_and_keep_accounts_excluded_later(world):
    found = rows(
        world,
        "select as_of_date::varchar, account_id[12:], is_converted, converted_on::varchar, "
        "label_known_at::varchar from labels.label_conversion order by all",
    )
    assert found == [
        # one company, as we learnt by the merge of March
        ("2020-01-31", "A1", True, "2020-02-04", "2020-03-02"),
        ("2020-01-31", "A2", True, "2020-02-04", "2020-03-02"),
        ("2020-01-31", "A3", False, None, "2020-03-01"),
        ("2020-02-29", "A1", False, None, "2020-03-30"),
        ("2020-02-29", "A2", False, None, "2020-03-30"),
    ]


def test_a_label_when_its_window_closed_is_what_was_known_that_day(world):
    """A2 was not yet merged; what became known of the other windows is told on their last days."""
    found = "select as_of_date::varchar, account_id[12:], is_converted, matured_on::varchar"
    assert rows(world, f"{found} from labels.label_when_closed order by all") == [
        ("2020-01-31", "A1", False, "2020-03-01"),
        ("2020-01-31", "A2", True, "2020-03-01"),
        ("2020-01-31", "A3", False, "2020-03-01"),
        ("2020-02-29", "A1", False, "2020-03-30"),
        ("2020-02-29", "A2", False, "2020-03-30"),
        ("2020-03-05", "A1", False, "2020-04-04"),
    ]


def test_both_datasets_hold_exactly_the_features_of_the_contract(world):
    for table in ("training_set", "scoring_set"):
        check_columns([name for name, *_ in rows(world, f"describe datasets.{table}")])
        check_lead_columns([name for name, *_ in rows(world, f"describe datasets.lead_{table}")])


def test_days_in_any_order_and_a_second_time_give_the_same_rows(dbt, world, tmp_path):
    other = new_home(tmp_path / "other", WORLD)
    for days in (DAYS[1:], DAYS[:2]):
        dbt.build(other, days, tests=False)
    assert digest(other) == digest(world)


def test_nothing_that_becomes_known_later_changes_an_earlier_day(dbt, world, tmp_path):
    other = new_home(tmp_path / "other", WORLD, LATER)
    dbt.build(other, DAYS, tests=False)
    assert digest(other) == digest(world)
    dbt.build(other, ["2020-03-06"], tests=False)
    assert digest(other) != digest(world)


def test_a_first_import_tells_past_days_nothing_of_what_became_of_an_account(dbt, tmp_path):
    home = new_home(tmp_path / "home", IMPORTED, known=KnownAt.history())
    dbt.build(home, DAYS)
    ruled = (
        "select as_of_date::varchar, account_id[12:], exclusion_rule from spine.spine_account_day"
    )
    assert rows(home, f"{ruled} order by all") == [
        ("2020-01-31", "A1", None),
        ("2020-01-31", "A2", None),
        ("2020-02-29", "A1", None),
        ("2020-02-29", "A2", "deleted"),
        ("2020-02-29", "A3", None),
        ("2020-03-05", "A1", None),
        ("2020-03-05", "A2", "deleted"),
        ("2020-03-05", "A3", None),
    ]
    deals = "won_deals_total, days_since_last_won, last_won_amount_usd, last_won_type"
    found = f"select as_of_date::varchar, account_id[12:], {deals} from datasets.scoring_set"
    # O1 by its history, O2 without any from its change stamp on
    assert rows(home, f"{found} where won_deals_total > 0 order by all") == [
        ("2020-01-31", "A1", 1, 11, 40.0, "New"),
        ("2020-02-29", "A1", 1, 40, 40.0, "New"),
        ("2020-03-05", "A1", 1, 45, 40.0, "New"),
        ("2020-03-05", "A3", 1, 24, 200.0, "New"),
    ]
    dbt.build(home, DAYS[-1:], ["account_scoring.marts"], tests=False)
    assert rows(
        home,
        "select table_name, rows_landed from marts.feed_health where rows_landed > 0 order by 1",
    ) == [
        ("account", 3),
        ("opportunity", 2),
        ("opportunity_history", 2),
    ]


def test_a_day_that_has_no_rows_any_more_keeps_none(dbt, world):
    dbt.build(world, DAYS, ["label_conversion"], labels_as_of="2020-03-10", tests=False)
    days = "select distinct as_of_date::varchar from labels.label_conversion"
    assert rows(world, days) == [("2020-01-31",)]
    dbt.build(world, DAYS, ["label_conversion"], labels_as_of="2020-03-31", tests=False)


def test_one_manifest_serves_other_settings_and_a_moved_home(dbt, world, tmp_path):
    moved = Home(tmp_path / "moved")
    shutil.copytree(world.root, moved.root)
    new_business = SETTINGS | {"mode": "new_business", "excluded_account_types": []}
    dbt.build(moved, DAYS[1:2], settings=new_business, tests=False)
    day = "select account_id[12:], exclusion_rule from spine.spine_account_day where as_of_date = "
    assert sorted(rows(moved, day + "'2020-02-29'")) == [
        ("A1", "already a customer"),
        ("A2", "already a customer"),
        ("A3", None),
    ]
    assert (
        "moved" in rows(moved, "select sql from duckdb_views() where view_name like 'stg%'")[0][0]
    )


def test_unit_tests_pass(dbt, world):
    outcome = dbt.run(world, DAYS[-1:], "--select", "test_type:unit", command="test")
    assert len(outcome) >= 19
    assert {status for status, _ in outcome.values()} == {"pass"}, outcome


def test_marts_stand_before_anything_is_scored(world):
    assert rows(world, "select * from marts.account_scores") == []
    assert rows(
        world,
        "select table_name, rows_landed from marts.feed_health where rows_landed > 0 order by 1",
    ) == [
        ("account", 5),
        ("opportunity", 4),
        ("opportunity_history", 2),
    ]


def test_every_column_is_described(dbt, world):
    described = {}
    for node in dbt.nodes.values():
        if node.resource_type.value == "model":
            described[node.name] = {c.name for c in node.columns.values() if c.description}
            assert node.description, node.name
    features = set().union(*(cols for name, cols in described.items() if "feat_" in name))
    for name, columns in described.items():
        if name.removeprefix("lead_") in ("training_set", "scoring_set"):
            columns |= features
        schema = next(n.schema for n in dbt.nodes.values() if n.name == name)
        built = {column for column, *_ in rows(world, f"describe {schema}.{name}")}
        assert not built - columns, f"{name}: {built - columns} without a description"


def predict(home: Home, day: str, score: float) -> None:
    """Put a prediction for A1 where scoring would."""
    with warehouse.connect(home) as connection:
        connection.execute(
            "insert into scoring.account_predictions (as_of_date, account_id, raw_probability, "
            "score, score_basis) values (?, 'salesforce:A1', 0.5, ?, 'model')",
            [day, score],
        )


def test_scoring_an_earlier_day_again_mends_the_change_that_later_days_show(dbt, world, tmp_path):
    home = Home(tmp_path / "home")
    shutil.copytree(world.root, home.root)
    latest = "select as_of_date::varchar, account_name from marts.account_scores"
    for day, score in (("2020-03-05", 70.0), ("2020-03-04", 50.0), ("2020-02-27", 40.0)):
        predict(home, day, score)
        dbt.build(home, [day], ["account_scores_daily", "account_scores"], tests=False)
        seen_before = [] if day == "2020-03-05" else [("2020-03-05", "One")]
        assert rows(home, latest) == seen_before, "a day that has not passed its check was shown"
        with warehouse.connect(home) as connection:
            connection.execute("insert into scoring.passed_days values (?, 'a run')", [day])
    changes = "select as_of_date::varchar, rank, score_change_1d, score_change_7d "
    assert rows(home, changes + "from marts.account_scores_daily order by 1") == [
        ("2020-02-27", 1, None, None),
        ("2020-03-04", 1, None, None),
        ("2020-03-05", 1, 20.0, 30.0),
    ]


def core_reads_past_the_macro(sql: str) -> list[str]:
    """Core relations that a model refers to other than through macros/as_of.sql."""
    macros = (
        "as_of_(?:versions|events|event_days)|left_join_version|first_(?:event|version)_known_on"
        # both read what they are given through left_join_version
        "|windows_of|outcomes_of"
        # through as_of_versions
        "|contacts_of_people"
    )
    through = rf"(?:{macros})\(\s*ref\('core_\w+'\)(?:, ref\('core_\w+'\))?"
    return re.findall(r"ref\(\s*['\"](core_\w+)", re.sub(through, "", sql))


def test_everything_downstream_of_core_reads_it_as_of_a_date(dbt):
    for node in dbt.nodes.values():
        if node.resource_type.value != "model" or node.fqn[1] in ("staging", "core"):
            continue
        assert not core_reads_past_the_macro(node.raw_code), node.name
        cores = {name.split(".")[-1] for name in node.depends_on.nodes if ".core_" in name}
        assert cores <= set(re.findall(r"core_\w+", node.raw_code)), f"{node.name}: by a macro"
        if node.fqn[1] not in ("marts", "monitoring"):
            assert not [n for n in node.depends_on.nodes if ".stg_" in n or n.startswith("source")]
    assert core_reads_past_the_macro("select * from {{ ref('core_account_version') }}")


def test_accounts_and_people_never_see_each_other(dbt):
    """No feature of accounts rests on people's features, labels or scores, and none of people on an account's or an outcome."""
    nodes = {node.name: node for node in dbt.nodes.values()}

    def made_of(name: str) -> set[str]:
        parents = [n.split(".")[-1] for n in nodes[name].depends_on.nodes if n.startswith("model.")]
        return {name}.union(*(made_of(parent) for parent in parents))

    of_people = made_of("lead_training_set")
    only_theirs = {n for n in of_people if re.match("(spine|label)_lead|feat_leads|lead_", n)}
    assert len(only_theirs) == 6 and not made_of("training_set") & only_theirs
    features = made_of("lead_scoring_set")
    assert {n for n in features if n.startswith("feat_")} == {
        "feat_leads__profile",
        "feat_leads__behaviour",
    }
    assert not features & {
        "label_conversion",
        "label_lead",
        "scoring_set",
        "int_relationship__opportunity",
    }
    for name in made_of("training_set") | of_people:
        sources = [n for n in nodes[name].depends_on.nodes if n.startswith("source.")]
        assert not [n for n in sources if ".scoring." in n], f"{name} reads what was scored"


@pytest.mark.parametrize(
    ("reasons", "base", "raw", "failing"),
    [
        ("['+ visits']", -2.0, 0.11920292202211755, set()),
        ("null", None, 0.5, set()),
        # the chain of horizons can come to exactly 1; its log-odds then are no number to compare with
        ("['+ visits']", 27.0, 1.0, set()),
        ("['+ visits']", -27.0, 0.0, set()),
        ("['+ visits']", None, 0.5, {"contributions_stand_where_a_model_gave_reasons"}),
        ("['+ visits']", -2.0, 0.2, {"contributions_sum_to_the_log_odds"}),
    ],
)
def test_contributions_are_there_and_sum_to_the_log_odds(
    dbt, world, tmp_path, reasons, base, raw, failing
):
    home = Home(tmp_path / "home")
    shutil.copytree(world.root, home.root)
    parts = None if base is None else 0.0
    with warehouse.connect(home) as connection:
        connection.execute(
            "insert into scoring.account_predictions (as_of_date, account_id, raw_probability, score, score_basis, reasons, "
            "contribution_base, contribution_fit, contribution_engagement, contribution_intent, contribution_relationship) "
            f"values ('2020-03-05', 'salesforce:A1', $1, 50, 'model', {reasons}, $2, $3, $3, $3, $3)",
            [raw, base, parts],
        )
    models = ["--select", "account_scores_daily", "--exclude-resource-type", "unit_test"]
    outcome = dbt.run(home, ["2020-03-05"], *models)
    found = {name for name, (status, _) in outcome.items() if status != "pass" and "contr" in name}
    assert found == failing


def test_lists_in_macros_name_every_feature_model_and_every_feed(dbt):
    listed = re.findall(r"'(feat_\w+)'", (PROJECT / "macros" / "feature_models.sql").read_text())
    assert sorted(listed) == sorted(
        p.stem for p in (PROJECT / "models/features").rglob("feat_*.sql")
    )
    feeds = re.findall(r"\('(\w+)', '(\w+)'\)", (PROJECT / "macros" / "feeds.sql").read_text())
    declared = [source.name for source in dbt.sources.values() if "__" in source.name]
    assert sorted(f"{vendor}__{table}" for vendor, table in feeds) == sorted(declared)
    for source in dbt.sources.values():
        assert len(source.config.meta["dagster"]["asset_key"]) == 1


def damage(project: Path, model: str, old: str, new: str) -> None:
    (path,) = project.rglob(f"{model}.sql")
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("left join accounts", "cross join range(2) left join accounts"),
        ("where is_eligible", "where is_eligible and account_id not like '%A1'"),
    ],
)
def test_rows_that_a_feature_model_has_twice_or_lacks_show_in_the_scoring_set(
    tmp_path, environment, world, old, new
):
    project = tmp_path / "dbt"
    shutil.copytree(PROJECT, project)
    damage(project, "feat_fit__firmographics", old, new)
    broken = Dbt(project, tmp_path / "parsed", environment)
    models = ["--select", "feat_fit__firmographics", "scoring_set"]
    outcome = broken.run(world, DAYS[:1], *models, "--exclude-resource-type", "unit_test")
    assert outcome["scoring_set_has_each_eligible_account_and_day_once"][0] == "fail"


def test_contract_and_unit_test_fire_on_damage(tmp_path, environment, world):
    project = tmp_path / "dbt"
    shutil.copytree(PROJECT, project)
    damage(project, "feat_relationship__deal_types", "0)::integer", "0)::varchar")
    damage(
        project, "feat_relationship__won_deals", "days_ago < {{ days }}", "days_ago <= {{ days }}"
    )
    broken = Dbt(project, tmp_path / "parsed", environment)
    features = ["--select", "account_scoring.features"]
    outcome = broken.run(world, DAYS[:1], *features, "--exclude-resource-type", "unit_test")
    status, message = outcome["feat_relationship__deal_types"]
    assert status == "error" and "contract" in message
    unit = "won_deals_are_counted_by_window_and_the_future_is_not_seen"
    outcome = broken.run(
        world, DAYS[:1], "--select", f"test_name:{unit},test_type:unit", unit, command="test"
    )
    assert outcome[unit][0] == "fail"
