"""Pages of all stored validation results, built by Great Expectations and made to work offline.

Belongs here: building the pages, taking out what would call other servers, the index.
Does not belong here: running suites (runner.py), storing results (store.py).

GX's pages load styles, scripts and images from public servers: without a network they are
unreadable (its index stays empty, since a script fills it), and with one, opening a page about a
company's data tells those servers. So scripts and links are taken out, one small style sheet is
put in, a content policy forbids every outside request, and the index is written here.
"""

from __future__ import annotations

import re
import shutil
from html import escape
from pathlib import Path
from typing import Any

from expectations.engine import DOCS_FOLDER, SITE, open_context
from expectations.store import stored_results

POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'unsafe-inline'; img-src data:\">"
)
STYLE = Path(__file__).with_name("data_docs.css")
REMOVED = re.compile(
    r"<script\b.*?</script>|<style\b.*?</style>|<footer\b.*?</footer>|<link\b[^>]*>|<img\b[^>]*>"
    # buttons that only scripts could serve
    r'|<div class="card mb-3">\s*<div class="card-header p-2">\s*<strong>Actions.*?'
    r'(?=<div class="card d-md-block)',
    re.S | re.I,
)
# suites are code and have no page of their own
SUITE_LINK = re.compile(r'<a href="[^"]*/expectations/[^"]*"\s*>([^<]*)</a>')
# On the index: dates and numbers are not broken over lines, however long the reasons beside them.
INDEX_STYLE = "td:nth-child(-n + 5), th { white-space: nowrap; } td .soft { white-space: normal; }"
NOTHING_SAID = re.compile(r"<title>.*?</title>|Data asset: None<br>", re.S)


def build(store_dir: Path) -> Path:
    """Build the pages below store_dir/data_docs from nothing and return the path of index.html.

    Without a stored result there is an index that says so. A damaged result file is left out.
    """
    site = store_dir / DOCS_FOLDER
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(parents=True)
    results = list(stored_results(store_dir))
    if results:
        _build_pages(store_dir, [path for path, _ in results])
    shutil.rmtree(site / "static", ignore_errors=True)
    style = STYLE.read_text(encoding="utf-8")
    for page in site.rglob("*.html"):
        page.write_text(_offline(page.read_text(encoding="utf-8"), style), encoding="utf-8")
    index = site / "index.html"
    index.write_text(_index(results, style), encoding="utf-8")
    return index


def _build_pages(store_dir: Path, paths: list[Path]) -> None:
    """Let GX render one page for each of these results."""
    from great_expectations.data_context.types.resource_identifiers import (
        ValidationResultIdentifier,
    )

    keys = [ValidationResultIdentifier.from_tuple(path.with_suffix("").parts[1:]) for path in paths]
    open_context(store_dir).build_data_docs([SITE], resource_identifiers=keys, build_index=False)


def _page_of(path: Path) -> str:
    """The page of a result, relative to the site."""
    return Path("validations", *path.with_suffix(".html").parts[1:]).as_posix()


def _offline(html: str, style: str) -> str:
    """The page without anything that reaches out, with a style of its own."""
    html = SUITE_LINK.sub(r"\1", REMOVED.sub("", html))
    html = NOTHING_SAID.sub("", html)
    return html.replace("<head>", f"<head>{_head('Check result', style)}", 1)


def _head(title: str, style: str) -> str:
    return f"<title>{title}</title>{POLICY}<style>{style}</style>"


def _index(results: list[tuple[Path, dict[str, Any]]], style: str) -> str:
    """The page people open first: all results, newest partition first."""
    shown = [_row(path, content) for path, content in results]
    heads = ("Outcome", "Checked", "Partition", "Rows", "Hold", "What failed")
    table = (
        f"<table><thead><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>"
        f"<tbody>{''.join(shown)}</tbody></table>"
        if shown
        else "<p>No check has been run in this home; <code>scoring refresh</code> runs them.</p>"
    )
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{_head('Data checks', style + INDEX_STYLE)}</head><body><main><h1>Data checks</h1>"
        '<p class="soft">One line a suite and partition: the latest result of each. A failed check '
        "that blocks stops the hand-over, a warning does not.</p>"
        f"{table}</main></body></html>"
    )


def _row(path: Path, content: dict[str, Any]) -> str:
    about = content.get("meta", {}).get("account_scoring", {})
    counts = about.get("statistics", {})
    failed, warned = about.get("failed", []), about.get("warned", [])
    mark = ("good", "passed") if not failed and not warned else ("warn", "warnings")
    kind, word = ("bad", "failed") if failed else mark
    rows, checked = about.get("rows", 0), about.get("rows_checked", 0)
    sample = "" if checked == rows else f' <span class="soft">(sample of {checked:,})</span>'
    reasons = [f'<span class="bad">blocks</span> {escape(text)}' for text in failed]
    reasons += [f'<span class="warn">warns</span> {escape(text)}' for text in warned]
    cells = (
        f'<span class="{kind}">{word}</span>',
        f'<a href="{escape(_page_of(path))}">{escape(str(about.get("name", path.stem)))}</a>',
        escape(str(about.get("partition", ""))),
        f"{rows:,}{sample}",
        f"{counts.get('passed', 0)} of {counts.get('evaluated', 0)}",
        "<br>".join(reasons),
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
