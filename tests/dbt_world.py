"""A small world made by hand, landed through the real door, and the dbt project that builds it.

Belongs here: the world's files and the builds. Does not belong here: assertions about its tables.
"""

import json
from datetime import date
from pathlib import Path

import duckdb

from dagster_project import warehouse
from dagster_project.dbt_runner import release_warehouse
from dagster_project.home import Home
from dagster_project.landing.door import land_file
from dagster_project.landing.known_at import KnownAt
from dagster_project.landing.store import write_schemas

FEATURES = ["account_scoring.staging", "account_scoring.core", "account_scoring.spine"]
SCORED_SETS = ["scoring_set", "lead_scoring_set"]
FEATURES += ["account_scoring.features", *SCORED_SETS, "label_when_closed"]
TRAINING = ["account_scoring.spine", "account_scoring.features", *SCORED_SETS]
TRAINING += ["label_conversion", "training_set", "label_lead", "lead_training_set"]
DAYS = ["2020-01-31", "2020-02-29", "2020-03-05"]
SETTINGS = {
    "mode": "expansion",
    "horizons_days": [30],
    "primary_horizon_days": 30,
    "won_stages": ["Closed Won"],
    "excluded_account_types": ["Acquired"],
    "recording_starts": "2020-01-01",
}
ACCOUNT = "Id,Name,Website,Type,Region__c,IsDeleted,MasterRecordId,SystemModstamp"
OPPORTUNITY = "Id,AccountId,Name,Type,StageName,Amount,CloseDate,SystemModstamp"
HISTORY = "Id,OpportunityId,StageName,CreatedDate"
WORLD = {
    "2020-01-10": {
        "account": [
            ACCOUNT,
            "A1,One,https://www.one.example/,Prospect,Boston,false,,2020-01-08T00:00:00Z",
            "A2,Two,,Prospect,,false,,2020-01-08T00:00:00Z",
            "A3,Three,,Prospect,Austin,false,,2020-01-08T00:00:00Z",
        ],
        "opportunity": [
            OPPORTUNITY,
            "O1,A1,First,New,Closed Won,100,2020-01-05,2020-01-06T00:00:00Z",
            "O2,A2,Second,New,Open,70,2020-06-30,2020-01-06T00:00:00Z",
        ],
        "opportunity_history": [HISTORY, "H1,O1,Closed Won,2020-01-05T12:00:00Z"],
    },
    "2020-02-05": {
        "opportunity": [
            OPPORTUNITY,
            "O2,A2,Second,New,Closed Won,70,2020-02-28,2020-02-05T08:00:00Z",
        ],
        "opportunity_history": [HISTORY, "H2,O2,Closed Won,2020-02-04T12:00:00Z"],
    },
    "2020-02-20": {"account": [ACCOUNT, "A3,Three,,Acquired,Austin,false,,2020-02-20T00:00:00Z"]},
    # A correction that arrives in March, of an amount of January; and a merge.
    "2020-03-01": {
        "opportunity": [
            OPPORTUNITY,
            "O1,A1,First,New,Closed Won,150,2020-01-05,2020-01-06T00:00:00Z",
        ]
    },
    "2020-03-02": {"account": [ACCOUNT, "A2,Two,,Prospect,,true,A1,2020-03-02T00:00:00Z"]},
}
LATER = {
    "2020-03-06": {
        "account": [
            ACCOUNT,
            "A1,Renamed,,Acquired,Reno,false,,2020-01-09T00:00:00Z",
            "A9,Late,,Prospect,Boston,false,,2020-01-01T00:00:00Z",
        ],
        "opportunity": [
            OPPORTUNITY,
            "O1,A1,First,New,Closed Lost,1,2020-01-05,2020-01-06T00:00:00Z",
            "O3,A1,Third,New,Closed Won,9,2020-01-20,2020-01-20T00:00:00Z",
        ],
        "opportunity_history": [HISTORY, "H1,O1,Closed Lost,2020-01-05T12:00:00Z"],
    }
}


# One export years later, of accounts that were acquired, merged or deleted meanwhile.
IMPORTED = {
    "2023-05-05": {
        "account": [
            "Id,Name,Type,IsDeleted,MasterRecordId,CreatedDate,SystemModstamp",
            "A1,One,Acquired,false,,2019-12-01T00:00:00Z,2022-01-01T00:00:00Z",
            "A2,Two,Prospect,true,,2019-12-01T00:00:00Z,2020-02-20T00:00:00Z",
            "A3,Three,Prospect,true,A1,2020-02-01T00:00:00Z,2022-01-01T00:00:00Z",
        ],
        "opportunity": [
            "Id,AccountId,Type,StageName,Amount,CloseDate,CreatedDate,SystemModstamp",
            "O1,A1,New,Closed Won,100,2021-01-01,2019-12-05T00:00:00Z,2022-01-01T00:00:00Z",
            "O2,A3,New,Closed Won,200,2020-02-10,2020-02-02T00:00:00Z,2020-03-01T00:00:00Z",
        ],
        "opportunity_history": [
            "Id,OpportunityId,StageName,Amount,CreatedDate",
            "H1,O1,Open,10,2019-12-05T00:00:00Z",
            "H2,O1,Closed Won,40,2020-01-20T00:00:00Z",
        ],
    }
}


INDIRECT = ("--indirect-selection", "buildable")


class Dbt:
    """One parsed project, built again and again in this process, as the pipeline does."""

    def __init__(self, project: Path, folder: Path, environment):
        from dbt.cli.main import dbtRunner
        from dbt.contracts.graph.manifest import Manifest

        self._runner, self._environment = dbtRunner, environment
        self._places = ["--project-dir", str(project), "--profiles-dir", str(project)]
        self._places += ["--target-path", str(folder / "target"), "--log-path", str(folder / "log")]
        environment.setenv("SCORING_WAREHOUSE", str(folder / "warehouse.duckdb"))
        self._manifest = None
        assert self._invoke("parse").success
        content = (folder / "target" / "partial_parse.msgpack").read_bytes()
        self._manifest = Manifest.from_msgpack(content)
        self.nodes = self._manifest.nodes
        self.sources = self._manifest.sources

    def _invoke(self, command, *arguments):
        quiet = ["--no-use-colors", "--log-level", "none"]
        runner = self._runner(manifest=self._manifest)
        try:
            return runner.invoke([*quiet, command, *self._places, *arguments])
        finally:
            release_warehouse()

    def run(self, home, days, *arguments, **more):
        """Statuses and messages by node name."""
        results = self._results(home, days, *arguments, **more)
        return {r.node.name: (r.status.value, r.message) for r in results}

    def compiled(self, home, days, select, **more):
        """SQL of the selected models by name, as it would run for these days."""
        results = self._results(home, days, "--select", *select, command="compile", **more)
        models = [r.node for r in results if r.node.resource_type.value == "model"]
        return {node.name: node.compiled_code for node in models}

    def _results(self, home, days, *arguments, labels_as_of="", command="build", settings=SETTINGS):
        warehouse.connect(home).close()
        self._environment.setenv("SCORING_HOME", str(home.root))
        self._environment.setenv("SCORING_WAREHOUSE", str(home.warehouse))
        self._environment.setenv("SCORING_SETTINGS", json.dumps(settings))
        self._environment.setenv("SCORING_AS_OF_DATES", ",".join(days))
        self._environment.setenv("SCORING_LABELS_AS_OF", labels_as_of)
        arguments = arguments if command == "compile" else (*INDIRECT, *arguments)
        result = self._invoke(command, *arguments)
        assert result.result is not None, result.exception
        return result.result.results

    def build(self, home, days, select=FEATURES, tests=True, **more):
        """Build without unit tests (and without data tests); every node must be well."""
        left_out = ["--exclude-resource-type", "unit_test"]
        left_out += [] if tests else ["--exclude-resource-type", "test"]
        outcome = self.run(home, days, *left_out, "--select", *select, **more)
        bad = {
            name: found for name, found in outcome.items() if found[0] not in ("success", "pass")
        }
        assert not bad, bad


def land(home: Home, world: dict, known: KnownAt | None = None) -> None:
    write_schemas(home.landing, home.quarantine)
    for day, tables in world.items():
        for table, lines in tables.items():
            path = home.root / f"{table}.csv"
            path.write_text("\n".join(lines) + "\n")
            ds = date.fromisoformat(day)
            where = (home.landing, home.quarantine, ds, known or KnownAt.on(ds))
            found = land_file(path, "salesforce", *where)
            assert found.rows_landed == len(lines) - 1


def new_home(folder: Path, *worlds: dict, known: KnownAt | None = None) -> Home:
    folder.mkdir(parents=True)
    for world in worlds:
        land(Home(folder), world, known)
    return Home(folder)


def rows(home: Home, sql: str) -> list[tuple]:
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()
