"""What a validation found, for people and for the asset check that blocks on it.

Belongs here: Finding and ValidationReport, reading them out of GX results, and the rule which
values may be shown or stored at all.
Does not belong here: running (runner.py) and storing (store.py).
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any

EXAMPLES_SHOWN = 5
# Last line of defence: columns whose values may identify a person or a customer are never
# shown, even if an expectation forgot show_values=False.
PERSONAL = re.compile(
    r"(^|_)(name|email|phone|mobile|fax|website|url|domain|street|address|city|title|company"
    r"|contact|description|ip)$"
)


@dataclass(frozen=True)
class Finding:
    """One expectation that failed.

    unexpected_count is None where GX counts no rows (a mean, a row count, a missing column);
    observed then says what was seen instead. examples are a few unexpected values as text, empty
    where values may not be shown.
    """

    expectation: str
    severity: str
    column: str | None
    description: str
    advice: str
    unexpected_count: int | None
    unexpected_share: float | None
    observed: str | None
    examples: tuple[str, ...]

    def text(self) -> str:
        """One line for a log or a terminal."""
        return f"{self.severity}: {self.said}"

    @property
    def said(self) -> str:
        """The same where its severity is plain."""
        count = self.unexpected_count
        seen = f"{count:,} row{'' if count == 1 else 's'}" if count else self.observed
        shown = f", e.g. {', '.join(self.examples)}" if self.examples else ""
        found = f" Found: {seen}{shown}." if seen else " This does not hold."
        return f"{self.description}{found}"


@dataclass(frozen=True)
class ValidationReport:
    """The outcome of one suite on one frame.

    success: no critical expectation failed (warnings do not count). rows: of the frame;
    rows_checked: fewer if row-wise expectations saw a sample. result_file: the stored GX result,
    relative to the store folder. statistics: evaluated, passed, failed_critical, failed_warning.
    """

    name: str
    suite: str
    partition: str
    run_id: str
    rows: int
    rows_checked: int
    statistics: dict[str, int]
    findings: tuple[Finding, ...] = field(default=())
    result_file: str = ""

    @property
    def success(self) -> bool:
        """True if nothing failed that blocks."""
        return not self.failed_critical

    @property
    def sampled(self) -> bool:
        """True if row-wise expectations saw a sample of the rows only."""
        return self.rows_checked < self.rows

    @property
    def failed_critical(self) -> list[Finding]:
        """Failed expectations that block."""
        return [finding for finding in self.findings if finding.severity == "critical"]

    @property
    def warnings(self) -> list[Finding]:
        """Failed expectations that do not block."""
        return [finding for finding in self.findings if finding.severity != "critical"]

    def text(self) -> str:
        """The whole report in a few lines: the outcome, what failed, what to do."""
        passed, of = self.statistics["passed"], self.statistics["evaluated"]
        outcome = "passed" if self.success else "FAILED"
        part = f", looked at a sample of {self.rows_checked:,}" if self.sampled else ""
        head = f"{self.name} {self.partition}: {outcome}, {passed} of {of} expectations hold"
        lines = [f"{head} ({self.rows:,} rows{part})"]
        blocked = {finding.expectation for finding in self.failed_critical}
        # a fact that most rows break already blocks; that some rows break it is no news
        new = [f for f in self.warnings if f"{f.expectation}_mostly" not in blocked]
        for finding in [*self.failed_critical, *new]:
            lines += [f"  {finding.text()}", f"    What to do: {finding.advice}"]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain JSON types."""
        plain = asdict(self) | {"success": self.success, "sampled": self.sampled}
        return plain | {"findings": [asdict(f) | {"text": f.text()} for f in self.findings]}


def redact(result: Any) -> None:
    """Take out of one GX expectation result, in place, what must not be kept.

    Values of personal columns go, and so do tracebacks (they hold paths of this machine); an
    exception becomes an observed value such as "column amount is missing".
    """
    failure = _exception_text(result.exception_info)
    if failure is not None:
        result.result = {"observed_value": failure}
        result.exception_info = {
            "raised_exception": False,
            "exception_traceback": None,
            "exception_message": None,
        }
    elif not may_show_values(result.expectation_config):
        kept = {k: v for k, v in result.result.items() if not k.startswith("partial_unexpected")}
        result.result = {k: v for k, v in kept.items() if k != "observed_value"}
        if "partial_unexpected_list" in kept or "unexpected_count" in kept:
            result.result["partial_unexpected_list"] = []


def without_markup(value: Any) -> Any:
    """The value with < and > replaced by ‹ and ›: GX writes values into its pages unescaped."""
    if isinstance(value, str):
        return value.replace("<", "‹").replace(">", "›")
    if isinstance(value, dict):
        return {key: without_markup(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_markup(item) for item in value]
    return value


def may_show_values(config: Any) -> bool:
    """True if the values this expectation looks at may be shown and stored."""
    named = [name for name in columns_of(config.kwargs) if PERSONAL.search(name.lower())]
    return bool((config.meta or {}).get("show_values")) and not named


def columns_of(kwargs: dict[str, Any]) -> list[str]:
    """Names of the columns whose values an expectation with these arguments looks at."""
    single = [kwargs.get(key) for key in ("column", "column_A", "column_B")]
    return [name for name in [*single, *(kwargs.get("column_list") or [])] if name]


def finding_of(result: Any) -> Finding:
    """Return the finding of a failed, already redacted GX expectation result."""
    config, seen = result.expectation_config, result.result
    count = seen.get("unexpected_count")
    observed = seen.get("observed_value")
    percent = seen.get("unexpected_percent")
    return Finding(
        expectation=(config.meta or {}).get("name", config.type),
        severity=str(getattr(config.severity, "value", config.severity)),
        column=", ".join(columns_of(config.kwargs)) or None,
        description=config.description or config.type,
        advice=str(config.notes or ""),
        unexpected_count=None if count is None else int(count),
        unexpected_share=None if percent is None else round(percent / 100, 6),
        observed=None if observed is None else _short(observed),
        examples=_examples(_as_shares(seen.get("partial_unexpected_list") or [], config.kwargs)),
    )


def _as_shares(values: list[Any], kwargs: dict[str, Any]) -> list[Any]:
    """Values of a column of shares (0-1) as people say them."""
    if not str(kwargs.get("column", "")).endswith("_share"):
        return values
    return [f"{value:.0%}" if isinstance(value, float) else value for value in values]


def _examples(values: list[Any]) -> tuple[str, ...]:
    different = dict.fromkeys(_short(value) for value in values if not _is_null(value))
    return tuple(different)[:EXAMPLES_SHOWN]


def _is_null(value: Any) -> bool:
    return value is None or str(value) in ("nan", "NaT", "<NA>")


def _short(value: Any, width: int = 60) -> str:
    if isinstance(value, dict):
        text = ", ".join(f"{key} {_short(item)}" for key, item in value.items())
    else:
        text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= width else text[: width - 1] + "…"


def _exception_text(info: dict[str, Any] | None) -> str | None:
    """What GX's exception record says, in words; None if nothing was raised.

    GX keeps either one record or one per metric. Only a missing column is quoted: other messages
    may hold values.
    """
    records = [info] if "raised_exception" in (info or {}) else list((info or {}).values())
    raised = [record for record in records if record and record.get("raised_exception")]
    if not raised:
        return None
    for record in raised:
        missing = re.search(r'column "([^"]+)" in BatchData', str(record.get("exception_message")))
        if missing:
            return f"column {missing.group(1)} is missing"
    return "values of a kind that this expectation cannot compare"
