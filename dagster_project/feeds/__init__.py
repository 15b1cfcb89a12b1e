"""Which vendors there are.

Belongs here: the registry from vendor name to declared tables; a new vendor is one import and one
line. Does not belong here: anything about one vendor's files (its own module) or about reading
(reader.py).
"""

from dagster_project.feeds import bombora, ga4, salesforce, technographics
from dagster_project.feeds.contract import Table

VENDORS: dict[str, tuple[Table, ...]] = {
    "salesforce": salesforce.TABLES,
    "ga4": ga4.TABLES,
    "bombora": bombora.TABLES,
    "technographics": technographics.TABLES,
}
