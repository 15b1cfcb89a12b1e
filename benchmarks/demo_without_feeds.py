"""What each feed is worth: the demo home's world landed, trained and scored once more without it.

Belongs here: homes that lack one vendor, and their measures beside what the world's own reference model loses. Does not belong
here: the reference model (dagster_project/demo/reference.py), measures (demo_truth.py).

    python -m benchmarks.demo_without_feeds HOME FOLDER [--json FILE]

FOLDER takes a home for each vendor that is left out. Takes as long as three trainings of the demo home's size.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from benchmarks.demo_truth import expected_auc, later_rows, measures, trained_as_of
from dagster_project.automation import DAYS
from dagster_project.command.demo import exports_of, must
from dagster_project.command.operations import retrain
from dagster_project.command.runs import run_job
from dagster_project.demo import WorldSettings, write_world
from dagster_project.home import Home
from dagster_project.home_layout import open_home

# Vendor → its name in truth/feed_value.json. Without the CRM there are no accounts.
FEEDS = {"ga4": "web", "bombora": "intent", "technographics": "technographics"}


def worth_to_the_reference(home: Path) -> dict[str, Any]:
    """Measures of a model on clean features of the same world, with all feeds and without each."""
    made = json.loads((home / "demo" / "world.json").read_text())
    world = WorldSettings(
        **{name: made[name] for name in ("accounts", "months", "seed")}, measure_feeds=True
    )
    with tempfile.TemporaryDirectory() as folder:
        write_world(world, Path(folder), lambda _: None)
        return json.loads((Path(folder) / "demo" / "truth" / "feed_value.json").read_text())


def without(home: Path, vendor: str, folder: Path, rows: pl.DataFrame) -> Home:
    """A home of the same world in which the vendor is no feed, trained and scored on the days of `rows`."""
    other = folder / f"without_{vendor}"
    other.mkdir(parents=True)
    settings = yaml.safe_load((home / "scoring.yaml").read_text())
    settings["feeds"].remove(vendor)
    (other / "scoring.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    opened, days = open_home(other), sorted(rows["as_of_date"].unique().to_list())
    last = days[-1].isoformat()
    exports = exports_of(open_home(home))
    del exports[f"land_{vendor}"]
    must(run_job(opened, "land", last, config=exports, show_progress=False))
    must(retrain(opened, trained_as_of(home), False)[1])
    must(
        run_job(
            opened,
            "backfill",
            last,
            tags={DAYS: ",".join(map(str, days))},
            show_progress=False,
        )
    )
    return opened


def main() -> None:
    """Print what each feed is worth, to the pipeline and to the reference model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    home, truth = asked.home.resolve(), asked.home.resolve() / "demo" / "truth"
    rows = later_rows(home, truth)
    reference = worth_to_the_reference(home)
    found: dict[str, Any] = {"all": measures(rows), "reference": reference}
    whole = found["all"]["expected_auc"]["model"]
    print(
        f"all feeds: AUC expected under the true probabilities {whole:.4f} (truth {found['all']['expected_auc']['truth']:.4f})"
    )
    for vendor, name in FEEDS.items():
        other = without(home, vendor, asked.folder.resolve(), rows)
        left = later_rows(other.root, truth)
        found[f"without {vendor}"] = measures(left)
        auc = expected_auc(left["p"].to_numpy(), left["true_p"].to_numpy())
        flagged = left["flags"].explode().value_counts(sort=True).head(1).rows()
        lost = reference["all_feeds"]["expected_auc"] - reference["without"][name]["expected_auc"]
        print(
            f"without {vendor}: {left.height:,} rows scored, most frequent flag {flagged}; AUC {auc:.4f}, "
            f"{whole - auc:+.4f} lost; the reference model loses {lost:+.4f}"
        )
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2, default=str) + "\n")


if __name__ == "__main__":
    main()
