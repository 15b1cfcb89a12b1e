"""The dbt project parsed by another process is found by whoever wants it; what goes wrong there is told here."""

import pytest

from dagster_project import dbt_runner
from dagster_project.home_layout import open_home


@pytest.fixture
def home(tmp_path):
    return open_home(tmp_path / "home")


def test_the_other_process_parses_and_this_one_waits_for_it(home, monkeypatch):
    dbt_runner.parse_ahead(home)
    child = dbt_runner._parsing[-1]
    # Nothing is left to parse for this process.
    assert child.wait(120) == 0
    monkeypatch.setattr(dbt_runner, "_invoke", lambda *asked: pytest.fail("parsed again"))
    assert dbt_runner.read_manifest(home)["nodes"]
    dbt_runner.parse_ahead(home)
    assert dbt_runner._parsing[-1] is child


def test_when_the_other_process_cannot_this_one_parses_and_tells(home):
    home.dbt.mkdir(parents=True)
    (home.dbt / "parse.lock").mkdir()  # a lock that nobody can take
    dbt_runner.parse_ahead(home)
    assert dbt_runner._parsing[-1].wait(120) != 0
    with pytest.raises(OSError):
        dbt_runner.read_manifest(home)
