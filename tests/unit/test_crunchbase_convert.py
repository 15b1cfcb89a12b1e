"""The Crunchbase converter: a company's story as a CRM tells it, whatever the input's dress."""

import csv
import gzip
import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from examples.crunchbase.convert import convert
from examples.crunchbase.source import SourceError

DATA = Path(__file__).parents[2] / "examples/crunchbase/data"
OUT = ("Account.csv", "Opportunity.csv", "OpportunityHistory.csv")
COMPANIES = """permalink,name,category_code,country_code,state_code,region,city,founded_at
/company/a,Acmé™,web,USA,CA,SF Bay,Palo Alto,2001-01-01
/company/b,Bolt,,USA,,unknown,,
/company/quiet,Never Funded,web,USA,,unknown,,
"""
ROUNDS = """company_permalink,company_name,funding_round_type,funded_at,raised_amount_usd
/company/a,Acmé™,series-a,2005-03-04,1000000
/company/a,Acmé™,series-b,2007-03-04,
/company/a,Acmé™,series-b,2007-03-04,
/company/b,Bolt,angel,2009-01-01,50000.50
/company/c,Only Here,venture,2010-01-01,1
/company/c,Only Here,venture,,1
"""
ACQUISITIONS = """company_permalink,acquired_at
/company/a,2011-05-06
/company/a,2010-05-06
/company/b,2008-12-31
/company/unheard,2010-01-01
/company/c,
"""


def source(folder: Path, companies=COMPANIES, rounds=ROUNDS, acquisitions=ACQUISITIONS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in zip(
        ("companies", "rounds", "acquisitions"), (companies, rounds, acquisitions), strict=True
    ):
        data = text if isinstance(text, bytes) else text.encode()
        (folder / f"{name}.csv").write_bytes(data)
    return folder


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with open(folder / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def output(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in OUT]


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    out = tmp_path_factory.mktemp("real")
    return out, convert(DATA, out)


def test_a_companys_story(tmp_path):
    summary = convert(source(tmp_path / "in"), tmp_path / "out")
    accounts = rows(tmp_path / "out", "Account.csv")
    acme = [r for r in accounts if r["Name"] == "Acmé™"]
    assert [(r["Type"], r["SystemModstamp"][:10]) for r in acme] == [
        ("Customer", "2005-03-04"),
        ("Acquired", "2010-05-06"),
    ]
    assert {r["CreatedDate"] for r in acme} == {"2005-03-04T00:00:00.000Z"}
    assert acme[0]["Region__c"] == "SF Bay" and acme[0]["Founded_Date__c"] == "2001-01-01"
    bolt = [r for r in accounts if r["Name"] == "Bolt"]
    assert [(r["Type"], r["SystemModstamp"][:10]) for r in bolt] == [("Acquired", "2009-01-01")]
    assert bolt[0]["Region__c"] == ""
    assert {r["Name"] for r in accounts} == {"Acmé™", "Bolt", "Only Here"}
    assert (summary.accounts, summary.opportunities, summary.acquired_accounts) == (3, 5, 2)
    assert (summary.rounds_without_date, summary.acquisitions_without_date) == (1, 1)
    assert (summary.companies_without_rounds, summary.accounts_only_in_rounds) == (1, 1)
    assert (summary.first_round, summary.last_round) == (date(2005, 3, 4), date(2010, 1, 1))


def test_rounds_are_won_opportunities_with_ids_of_their_own(tmp_path):
    convert(source(tmp_path / "in"), tmp_path / "out")
    deals = rows(tmp_path / "out", "Opportunity.csv")
    stages = rows(tmp_path / "out", "OpportunityHistory.csv")
    accounts = {r["Id"] for r in rows(tmp_path / "out", "Account.csv")}
    assert len({d["Id"] for d in deals}) == len({s["Id"] for s in stages}) == 5
    assert {s["OpportunityId"] for s in stages} == {d["Id"] for d in deals}
    assert {d["AccountId"] for d in deals} == accounts
    assert all(len(d["Id"]) == 18 and d["Id"].startswith("006") for d in deals)
    assert sorted(d["Amount"] for d in deals) == ["", "", "1", "1000000", "50000.5"]
    assert all(d["CloseDate"] == d["SystemModstamp"][:10] == d["CreatedDate"][:10] for d in deals)


def dressed(text: str, encoding: str, end: str, extra: bool, order: random.Random) -> bytes:
    """The same content as another export would write it."""
    table = list(csv.reader(text.splitlines()))
    columns = list(range(len(table[0])))
    order.shuffle(columns)
    head, body = table[0], table[1:]
    order.shuffle(body)
    lines = []
    for number, row in enumerate([head, *body]):
        cells = [f" {row[i]} " if number == 0 else row[i] for i in columns]
        if "raised_amount_usd" in head and number:
            at = columns.index(head.index("raised_amount_usd"))
            value = cells[at]
            cells[at] = f" {int(value):,} " if value.isdigit() else value
        if extra:
            cells += ["status" if not number else order.choice(["closed", "operating", "9e9"])]
        quoted = ('"' + c.replace('"', '""') + '"' for c in cells)
        lines.append(",".join(quoted))
    return (end.join(lines) + end).encode(encoding)


@pytest.mark.parametrize(
    ("encoding", "end"), [("utf-8-sig", "\r\n"), ("cp1252", "\r"), ("mac_roman", "\r")]
)
def test_the_dress_of_the_source_changes_nothing(tmp_path, real, encoding, end):
    order = random.Random(7)
    texts = [
        gzip.decompress((DATA / f"{name}.csv.gz").read_bytes()).decode()
        for name in ("companies", "rounds", "acquisitions")
    ]
    source(tmp_path / "in", *(dressed(t, encoding, end, True, order) for t in texts))
    convert(tmp_path / "in", tmp_path / "out")
    assert output(tmp_path / "out") == output(real[0])


def test_the_real_companies_as_of_the_last_comparable_day(real):
    out, summary = real
    assert (summary.accounts, summary.opportunities) == (12_611, 21_047)
    assert summary.bad_rows == () and summary.last_round == date(2012, 3, 31)
    day = date(2011, 3, 31)
    until = (day + timedelta(365)).isoformat()
    versions = rows(out, "Account.csv")
    known = {r["Id"] for r in versions if r["CreatedDate"][:10] <= day.isoformat()}
    gone = {
        r["Id"]
        for r in versions
        if r["Type"] == "Acquired" and r["SystemModstamp"][:10] <= day.isoformat()
    }
    won = {
        r["AccountId"]
        for r in rows(out, "Opportunity.csv")
        if day.isoformat() < r["CloseDate"] <= until
    }
    eligible = known - gone
    assert (len(eligible), len(eligible & won)) == (8_430, 1_702)


def test_bad_source_rows_are_left_out_and_told(tmp_path):
    rounds = ROUNDS + '/company/a,"open,series-c,2008-01-01,5\n,Nobody,angel,2008-01-01,5\n'
    rounds += "/company/a,short\n/company/b,Bolt,angel,2010-01-01,lots\n"
    summary = convert(source(tmp_path / "in", rounds=rounds), tmp_path / "out")
    assert [b.split(":")[0] for b in summary.bad_rows] == [
        "rounds.csv line 8",
        "rounds.csv line 9",
        "rounds.csv line 10",
    ]
    assert "never closed" in summary.bad_rows[0] and "no company_permalink" in summary.bad_rows[1]
    assert (summary.opportunities, summary.amounts_not_read) == (6, 1)


def test_impossible_dates_are_no_dates(tmp_path):
    rounds = ROUNDS.replace("2010-01-01", "0010-01-01").replace("2009-01-01", "2009-02-30")
    summary = convert(source(tmp_path / "in", rounds=rounds), tmp_path / "out")
    assert (summary.opportunities, summary.rounds_without_date) == (3, 3)


def test_a_wrong_source_is_refused_with_advice(tmp_path):
    with pytest.raises(SourceError, match=r"is no folder, so it has no companies.csv"):
        convert(tmp_path / "nowhere", tmp_path / "out")
    folder = source(tmp_path / "in")
    (folder / "rounds.csv").unlink()
    with pytest.raises(SourceError, match=r"has no rounds.csv \(or rounds.csv.gz\); give a folder"):
        convert(folder, tmp_path / "out")
    source(folder, rounds=ROUNDS.replace("funded_at", "when"))
    with pytest.raises(SourceError, match="column funded_at missing; the file has: company_perma"):
        convert(folder, tmp_path / "out")
    source(folder, rounds=ROUNDS.splitlines()[0])
    with pytest.raises(SourceError, match="no round with a usable date"):
        convert(folder, tmp_path / "out")
    source(folder)
    (folder / "rounds.csv").write_bytes(gzip.compress(ROUNDS.encode())[:-12])
    with pytest.raises(SourceError, match="damaged gzip file"):
        convert(folder, tmp_path / "out")
