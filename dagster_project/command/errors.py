"""Why a command cannot do or answer what it was asked.

Here: one exception a reason that a person can mend. Not here: exit statuses (options.py), what home.py, settings_file.py
and dbt_runner.py raise themselves.
"""


class NoAnswer(Exception):
    """The question is fine but there is nothing to answer with; the message says what to do."""


class BadQuestion(Exception):
    """The question itself is wrong (SQL, an ambiguous name)."""


class WrongUse(Exception):
    """A command was asked for something it cannot mean; the message says what to do."""
