"""What landing has validated ahead is what the checks find: each question is asked once, by landing.

Belongs here: who asks, and how often. Not here: that a failure blocks (tests/e2e/test_daily_refresh.py).
"""

import threading
from datetime import date

from dagster_project import checks
from tests.small_world import landed_home


def test_each_validation_is_asked_once_and_ahead(tmp_path, monkeypatch):
    asked = []
    ask = checks._ask

    def noted(validation, name, run_id, store):
        suite = validation.make_suite.func.__qualname__
        asked.append((run_id, name, suite, threading.current_thread().name))
        return ask(validation, name, run_id, store)

    monkeypatch.setattr(checks, "_ask", noted)
    landed_home(tmp_path / "home", date(2020, 12, 31), tmp_path / "export")
    assert {name for _, name, _, _ in asked} >= {
        "landing_salesforce__account",
        "landing_salesforce",
    }
    questions = [(run, name, suite) for run, name, suite, _ in asked]
    assert len(questions) == len(set(questions))
    assert all(thread.startswith("asking ahead") for _, _, _, thread in asked)
    assert not checks._asked_ahead
