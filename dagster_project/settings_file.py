"""scoring.yaml → settings, or an error that says which key is wrong and what to do.

Here: reading and checking one file. Not here: which settings there are (config.py), which file is read (home.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from dagster_project.config import Settings


class SettingsError(Exception):
    """scoring.yaml cannot be used; the message names the file, the key and what to do."""


class _Loader(yaml.SafeLoader):
    """YAML with dates left as text (pydantic reads them, and says which key holds an impossible one) and no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        """As SafeLoader, but of two equal keys the second is an error: the first would be lost without a word."""
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for place, (key, _) in enumerate(node.value):
            if key.value in keys[:place]:
                raise yaml.constructor.ConstructorError(
                    None,
                    None,
                    f"the key {key.value} stands here for the second time",
                    key.start_mark,
                )
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_settings(path: Path) -> Settings:
    """Read and check one scoring.yaml.

    Raises SettingsError naming file, key and what to do.
    """
    try:
        return _settings_in(path.read_text(encoding="utf-8"), path)
    except FileNotFoundError:
        raise SettingsError(f"{path}: there is no such settings file") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise SettingsError(f"{path}: cannot be read: {problem}") from None


# A run asks for its settings some hundred times, and YAML is slow.
@lru_cache(maxsize=8)
def _settings_in(text: str, path: Path) -> Settings:
    try:
        content = yaml.load(text, _Loader)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        what = getattr(problem, "problem", None) or "it does not parse"
        raise SettingsError(f"{path}{where}: not valid YAML: {what}") from None
    if not isinstance(content, dict):
        raise SettingsError(
            f"{path}: must hold keys and values; compare the project's scoring.yaml"
        )
    try:
        return Settings.model_validate(content)
    except ValidationError as problem:
        raise SettingsError(f"{path}: {_in_words(problem)}") from None


def _in_words(problem: ValidationError) -> str:
    lines = []
    for error in problem.errors():
        key = ".".join(str(part) for part in error["loc"]) or "(top level)"
        if error["type"] == "extra_forbidden":
            lines.append(f"{key}: no such setting; remove it or correct its spelling")
        elif error["type"] == "missing":
            lines.append(f"{key}: is required and missing")
        else:
            lines.append(f"{key}: {_expected(error)}{_found(error['input'])}")
    return "\n  ".join(lines)


def _expected(error: Mapping[str, Any]) -> str:
    if error["type"].startswith("date_"):
        return "should be a day of the calendar, as in 2005-01-31"
    if error["type"].startswith("time_"):
        return 'should be a time of the day, as in "05:00"'
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return message[:1].lower() + message[1:]


def _found(value: object) -> str:
    if isinstance(value, dict):
        return ""  # a whole section would bury the message
    return " (found nothing)" if value is None else f" (found {value!r})"
