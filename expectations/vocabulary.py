"""The words in which suites are written: `critical(...)`, `warning(...)`, `suite(...)`.

Belongs here: turning a name, a sentence and a GX expectation class into an expectation that
says how bad its failure is and what to do about it.
Does not belong here: any statement about particular data (suites/).

A critical expectation blocks the hand-over; a warning is reported and the run goes on. Rule of
thumb used in all suites: critical when going on would publish something wrong, warning when a
single odd record is to be looked at. `some_and_many` writes both for one fact: single rows warn,
a share of rows that only a broken export explains blocks.
"""

from __future__ import annotations

from typing import Any

from expectations.engine import load_gx

ROWS_FOR_SHARES = 50


def critical(
    kind: str, name: str, means: str, do: str, *, show_values: bool = True, **kwargs: Any
) -> Any:
    """Return a GX expectation whose failure blocks the hand-over.

    kind: GX class name without its `Expect` prefix, e.g. "ColumnValuesToBeUnique".
    name: stable snake_case name, unique within its suite (reports and tests use it).
    means, do: one plain sentence each: what should be true; what to do when it is not.
    show_values: False where a value may be personal (names, websites, e-mail); then neither the
    report nor the stored result holds any value.
    """
    return _expectation("critical", kind, name, means, do, show_values, kwargs)


def warning(
    kind: str, name: str, means: str, do: str, *, show_values: bool = True, **kwargs: Any
) -> Any:
    """Return a GX expectation whose failure is reported but does not block. See `critical`."""
    return _expectation("warning", kind, name, means, do, show_values, kwargs)


def present(name: str, column_name: str, means: str, do: str) -> Any:
    """Return a critical expectation that the column holds no null. See `critical`."""
    return critical("ColumnValuesToNotBeNull", name, means, do, column=column_name)


def some_and_many(
    kind: str, name: str, means: str, do: str, *, block_below: float, **kwargs: Any
) -> list[Any]:
    """Return two expectations of one fact: `<name>` warns at the first row that breaks it,
    `<name>_mostly` blocks when less than the share `block_below` (0-1) of the rows keep it; it is
    not asked of frames with fewer than ROWS_FOR_SHARES rows, where one odd record is a large
    share."""
    share = f"{block_below:.0%}"
    many = f"{means} In at least {share} of the rows: below that the export itself is broken."
    blocks = kwargs | {"mostly": block_below}
    stop = f"Compare the export with the vendor's screen before landing it again. {do}"
    return [
        warning(kind, name, means, do, **kwargs),
        _asked_from(ROWS_FOR_SHARES, critical(kind, f"{name}_mostly", many, stop, **blocks)),
    ]


def suite(name: str, purpose: str, expectations: list[Any]) -> Any:
    """Return a GX ExpectationSuite; raises ValueError if two expectations share a name."""
    names = [expectation.meta["name"] for expectation in expectations]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"suite {name}: expectation names used twice: {', '.join(repeated)}")
    return load_gx().ExpectationSuite(name=name, notes=purpose, expectations=expectations)


def column(name: str) -> Any:
    """Return a GX column for row conditions, e.g. `row_condition=column("is_won") == True`."""
    load_gx()
    from great_expectations.expectations.row_conditions import Column

    return Column(name)


def _asked_from(rows: int, expectation: Any) -> Any:
    """Mark an expectation that the runner asks only of frames with at least so many rows."""
    expectation.meta["min_rows"] = rows
    return expectation


def _expectation(
    severity: str, kind: str, name: str, means: str, do: str, show: bool, kwargs: dict[str, Any]
) -> Any:
    cls = getattr(load_gx().expectations, f"Expect{kind}")
    meta = {"name": name, "show_values": show}
    return cls(severity=severity, description=means, notes=do, meta=meta, **kwargs)
