"""Invented words: companies, people, titles, places and technologies of the demo world.

Here: word lists and how a number becomes a name (no two companies share one). Not here: which company
has which attribute. Every domain ends in `.example`, which nobody can own.
"""

from __future__ import annotations

import polars as pl

OWN_DOMAIN = "stratus.example"
COMPETITORS = (
    ("Nimbusworks", "nimbusworks.example"),
    ("Cirrolane", "cirrolane.example"),
    ("Altoforge", "altoforge.example"),
    ("Vaporline", "vaporline.example"),
    ("Cumulo Systems", "cumulosystems.example"),
    ("Skyharrow", "skyharrow.example"),
    ("Brightvane", "brightvane.example"),
    ("Overlook Cloud", "overlookcloud.example"),
)
FREE_MAIL = ("postbox.example", "mailhub.example", "letterbird.example")
ISPS = (
    "northern-telecom.example",
    "metro-telecom.example",
    "fibernet.example",
    "coastal-telecom.example",
    "valley-telecom.example",
)
UNIVERSITIES = ("college.example", "university.example", "polytechnic.example")

_FIRST = (
    "Ald Amber Arc Ash Aven Bal Barr Beck Bel Birch Black Blue Bram Brook Cal Carr Ced Chal Clar Cob Cor "
    "Crest Dale Dar Del Dor Drift Dun East Ebb Eld Elm Ember Ever Fal Far Fen Fern Fin Flint Ford Fox Gal "
    "Gar Glen Gold Gran Grove Hal Har Hart Haven Haw Hazel Hel Hill Hol Iron Isle Jas Jun Kel Ken Kest Kin "
    "Lake Lan Lark Laur Lin Loch Lor Mal Mar Mead Mer Mill Mor Moss Nor Oak Or Pel Pine Quar Quill Rav Red "
    "Ridge Riv Rook Rose Row Sable Sal Sand Sel Shale Sil South Spruce Stan Stone Tal Tam Thorn Tor Val Ver "
    "Wal Wes Whit Wil Wind Wren Yar"
).split()
_SECOND = (
    "bank bay berg bourne bridge brook burn bury by cliff combe cote crest croft dale dean dell den don "
    "edge end fell field firth ford gate glen grange grove hall ham haven heath helm hill holm hurst ing "
    "lake land leigh ley lock low mark mead mere mill minster moor mouth nest ness over park peak pool "
    "port quay ridge rise row scar sea shaw shire side spring stead stoke stow strand thorpe ton vale view "
    "wall ward water way well wick wood worth yard"
).split()
_KINDS = (
    "Aerospace Agriculture Analytics Appliances Bakeries Beverages Ceramics Cosmetics Dairy Fitness Forestry Gaming "
    " Biotech Capital Care Chemicals Components Construction Consulting Controls Credit "
    "Data Dental Design Devices Digital Dynamics Education Electric Energy Engineering Fabrics Finance Foods "
    "Freight Furniture Gardens Glass Group Health Holdings Hotels Household Imaging Industries Instruments "
    "Insurance Interiors Labs Leasing Legal Lighting Logistics Machinery Marine Materials Media Medical "
    "Metals Mobility Motors Networks Optics Outdoor Packaging Paper Partners Pharma Plastics Power Precision "
    "Printing Properties Publishing Rail Research Retail Robotics Sciences Security Semiconductors Services "
    "Shipping Software Solar Solutions Steel Storage Studios Supply Systems Technologies Textiles Timber "
    "Tools Toys Trading Training Transport Travel Utilities Ventures Water Works"
).split()
COMPANY_NAMES = len(_FIRST) * len(_SECOND) * len(_KINDS)
_STRIDE = 524_287  # a prime that shares no factor with the number of names: neighbours look unlike
LEGAL = ("Inc", "Ltd", "GmbH", "LLC", "AG", "Corp", "Co", "SA")

GIVEN = (
    "Ada Adil Aiko Alba Aldo Amara Amir Ana Andre Anika Anya Arlo Asha Astrid Beatriz Ben Bianca Boris Bruno "
    "Carla Cem Chidi Clara Dalia Daria David Diego Dina Elena Elias Elif Emil Emma Erik Esme Eva Farid Fatou "
    "Felix Fiona Gita Goran Greta Hana Hugo Ida Igor Imani Ines Ivan Jana Jiro Joana Jonas Kai Karim Kira "
    "Lara Lars Leila Leo Lina Luca Maja Marco Mei Mila Mina Nadia Nico Nina Noor Olga Omar Oscar Paula Petra "
    "Priya Quinn Rafael Rania Ravi Rosa Ruben Sami Sara Silas Sofia Sven Talia Tariq Tomas Uma Vera Viktor "
    "Wanda Yara Yusuf Zara Zoe"
).split()
FAMILY = (
    "Abara Adler Almeida Amadi Arens Asano Bakker Balint Banerjee Barros Beller Bergen Bianchi Blom Boateng "
    "Borg Brandt Calder Carvalho Castell Cho Cordes Dahl Danso Demir Dietz Dorsey Duarte Eklund Engel Eriks "
    "Falk Farkas Ferro Fontaine Frost Galli Garcez Girard Gupta Haas Hagen Halim Hansen Hassan Hoffer Holt "
    "Ibarra Ito Jansen Jensen Joshi Kader Kaplan Keller Khan Kimura Klein Kovac Kruger Lang Larsen Leclerc "
    "Lindo Lopes Lund Maier Mansour Marek Mendez Meyer Moreau Mori Nagel Nair Navarro Novak Okafor Olsen "
    "Ortega Osei Palmer Pavlov Perez Pinto Quist Ramos Rao Reyes Ricci Rossi Sandu Santos Sato Schmid Sharma "
    "Silva Sorensen Stein Suzuki Tanaka Thoma Torres Ueda Varga Vidal Vogel Weber Winter Wolff Yamada Zeman "
    "Ziegler"
).split()

# title, seniority rank (0 the highest), role in a buying group
TITLES = (
    ("Chief Executive Officer", 0, "Executive Sponsor"),
    ("Chief Information Officer", 0, "Decision Maker"),
    ("Chief Financial Officer", 0, "Economic Buyer"),
    ("VP Engineering", 1, "Decision Maker"),
    ("Vice President Operations", 1, "Executive Sponsor"),
    ("VP Finance", 1, "Economic Buyer"),
    ("Director of IT", 2, "Technical Buyer"),
    ("Head of Procurement", 2, "Economic Buyer"),
    ("Director Data Platforms", 2, "Influencer"),
    ("Director of Marketing", 2, "Influencer"),
    ("IT Manager", 3, "Technical Buyer"),
    ("Engineering Manager", 3, "Evaluator"),
    ("Operations Manager", 3, "Influencer"),
    ("Finance Manager", 3, "Influencer"),
    ("HR Manager", 3, "Other"),
    ("Purchasing Manager", 3, "Economic Buyer"),
    ("Systems Administrator", 4, "Technical Buyer"),
    ("Software Engineer", 4, "Evaluator"),
    ("Data Analyst", 4, "Evaluator"),
    ("Marketing Specialist", 4, "Influencer"),
    ("Sales Representative", 4, "Other"),
    ("Legal Counsel", 4, "Other"),
    ("Office Assistant", 4, "Other"),
)

INDUSTRIES = (
    "Software", "Manufacturing", "Financial Services", "Healthcare", "Retail", "Logistics", "Energy",
    "Education", "Media", "Professional Services", "Construction", "Hospitality",
)  # fmt: skip
PLACES = (
    ("United States", "Americas", ("California", "Texas", "New York", "Illinois", "Ohio")),
    ("Germany", "EMEA", ("Bavaria", "Hesse", "Saxony")),
    ("United Kingdom", "EMEA", ("England", "Scotland", "Wales")),
    ("France", "EMEA", ("Brittany", "Normandy", "Occitanie")),
    ("Canada", "Americas", ("Ontario", "Quebec", "Alberta")),
    ("Netherlands", "EMEA", ("Utrecht", "Zeeland", "Drenthe")),
    ("Australia", "APAC", ("Victoria", "Queensland", "Tasmania")),
    ("Japan", "APAC", ("Osaka", "Kyoto", "Aichi")),
)

RELEVANT_TOPICS = (
    "cloud cost management", "workload automation", "data pipelines", "observability",
    "container orchestration", "cloud migration", "infrastructure monitoring", "service reliability",
)  # fmt: skip
_OTHER_TOPICS = (
    "accounting software", "employee onboarding", "social media strategy", "payroll", "email marketing",
    "network security", "zero trust", "endpoint protection", "crm systems", "sales enablement",
    "talent management", "benefits administration", "business travel", "fleet management",
    "supply chain planning", "warehouse automation", "demand forecasting", "procurement software",
    "contract management", "electronic signature", "video conferencing", "unified communications",
    "call center software", "customer support", "chatbots", "machine learning", "business intelligence",
    "data governance", "master data", "data privacy", "tax compliance", "risk management",
    "corporate banking", "commercial insurance", "leasing", "energy efficiency", "solar power",
    "facility management", "office design", "industrial robots", "3d printing", "product lifecycle",
    "quality management", "regulatory affairs", "clinical trials", "telemedicine", "e-learning",
    "event management", "content marketing", "search advertising", "web design", "e-commerce platforms",
)  # fmt: skip
TOPICS = RELEVANT_TOPICS + _OTHER_TOPICS
TOPIC_CATEGORIES = ("cloud", "business applications", "security & it", "planning & strategy")

# name, category: complements of ours first, then competing, then others
COMPLEMENTS = ("Kubernaut", "Terrakit", "Sparrowflow")
COMPETING = ("Nimbusworks Suite", "Cirrolane Ops", "Altoforge Cloud")
TECHNOLOGIES = (
    *((name, "Cloud operations") for name in COMPLEMENTS),
    *((name, "Cloud operations") for name in COMPETING),
    ("Ledgerly", "Finance"), ("Paystone", "Finance"), ("Hirely", "HR"), ("Teamnest", "HR"),
    ("Mailcraft", "Marketing"), ("Adhelm", "Marketing"), ("Pagewright", "Web"), ("Shopfern", "Web"),
    ("Querylake", "Analytics"), ("Chartwell BI", "Analytics"), ("Signalpost", "Analytics"),
    ("Gatekeep", "Security"), ("Lockvine", "Security"), ("Deskline", "Support"), ("Callbird", "Support"),
    ("Freightmap", "Logistics"), ("Plantview", "Manufacturing"), ("Carelink", "Healthcare"),
)  # fmt: skip


def _word_numbers(companies: pl.Expr) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    mixed = (companies * _STRIDE) % COMPANY_NAMES
    return (
        mixed % len(_FIRST),
        mixed // len(_FIRST) % len(_SECOND),
        mixed // (len(_FIRST) * len(_SECOND)),
    )


def company_words(numbers: pl.Series) -> pl.DataFrame:
    """`name` and `domain` of companies by their numbers; different numbers never share one."""
    first, second, kind = _word_numbers(pl.col("n"))
    words = pl.DataFrame({"n": numbers}).select(
        pl.lit(pl.Series(_FIRST)).gather(first).alias("first"),
        pl.lit(pl.Series(_SECOND)).gather(second).alias("second"),
        pl.lit(pl.Series(_KINDS)).gather(kind).alias("kind"),
    )
    stem = pl.concat_str("first", "second")
    return words.select(
        pl.concat_str(stem, pl.col("kind"), separator=" ").alias("name"),
        pl.concat_str(
            stem.str.to_lowercase(), pl.col("kind").str.to_lowercase(), pl.lit(".example"),
            separator="",
        ).alias("domain"),
    )  # fmt: skip
