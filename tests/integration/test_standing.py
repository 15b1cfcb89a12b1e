"""Views that stand: not made again while project and settings are the same, made again after anybody may have changed them."""

import pytest

from dagster_project import dbt_runner, standing, warehouse
from dagster_project.home_layout import open_home

VIEW = "stg_salesforce__account"


@pytest.fixture
def home(tmp_path):
    """A home whose warehouse has one staging view, made by a build."""
    home = open_home(tmp_path / "home")
    connection = warehouse.connect(home)
    connection.execute(f"create schema staging; create view staging.{VIEW} as select 1")
    connection.close()
    standing.remember(home, [VIEW, "core_account_version"])
    return home


def test_a_view_stands_and_a_table_never_does(home):
    assert standing.standing(home, {VIEW, "core_account_version"}) == {VIEW}


def test_a_view_that_is_gone_does_not_stand(home):
    connection = warehouse.connect(home)
    connection.execute(f"drop view staging.{VIEW}")
    connection.close()
    assert standing.standing(home, {VIEW}) == set()


def test_after_a_build_that_died_what_it_was_to_make_does_not_stand(home, monkeypatch):
    """The project was another one when it was killed, and is the old one again."""
    with monkeypatch.context() as other:
        other.setattr(dbt_runner, "project_digest", lambda home=None: "another")
        assert standing.standing(home, {VIEW}) == set()
    assert standing.standing(home, {VIEW}) == set()


def test_after_any_command_of_dbt_nothing_stands(home):
    standing.forget_all(home)
    assert standing.standing(home, {VIEW}) == set()
