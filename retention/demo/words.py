"""Names for a company that does not exist: word lists, and names put together from them.

Company names are built from invented place and family words and a trade, in the manner of each country; should
one of them exist somewhere, that is chance.
"""

from itertools import product

import numpy as np

COMPANY = "Larkfield Controls"
DOMAIN = "larkfield.example"

# Country, its share of the accounts, its cities, words that names begin with, trades, legal forms.
PLACES: dict[str, tuple[float, tuple[str, ...]]] = {
    "United Kingdom": (
        0.60,
        (
            "London",
            "Manchester",
            "Birmingham",
            "Leeds",
            "Glasgow",
            "Bristol",
            "Sheffield",
            "Liverpool",
            "Edinburgh",
            "Cardiff",
            "Newcastle",
            "Nottingham",
            "Norwich",
            "Exeter",
            "Belfast",
            "York",
            "Derby",
            "Aberdeen",
        ),
    ),
    "Germany": (0.10, ("Hamburg", "Köln", "München", "Leipzig", "Stuttgart", "Bremen", "Nürnberg")),
    "Netherlands": (0.06, ("Rotterdam", "Utrecht", "Eindhoven", "Groningen")),
    "France": (0.07, ("Lyon", "Lille", "Nantes", "Toulouse", "Strasbourg")),
    "Ireland": (0.05, ("Dublin", "Cork", "Galway", "Limerick")),
    "Sweden": (0.04, ("Göteborg", "Malmö", "Uppsala", "Västerås")),
    "Spain": (0.04, ("Valencia", "Zaragoza", "Bilbao", "Sevilla")),
    "Poland": (0.04, ("Poznań", "Gdańsk", "Wrocław", "Łódź")),
}
STEMS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "United Kingdom": (
        (
            "Ash",
            "Bram",
            "Carr",
            "Dun",
            "Elder",
            "Fen",
            "Glen",
            "Haw",
            "Kest",
            "Marl",
            "Nether",
            "Oaken",
            "Pend",
            "Rother",
            "Stan",
            "Thorn",
            "Ulver",
            "Wether",
            "Yarl",
            "Quar",
        ),
        ("bourne", "combe", "dale", "gate", "ley", "mere", "moor", "stead", "wick", "thorpe"),
    ),
    "Germany": (
        ("Brück", "Eich", "Falken", "Grün", "Hasel", "Linden", "Rauh", "Stein"),
        ("hagen", "bruch", "feldt", "moser", "rath", "wald"),
    ),
    "Netherlands": (
        ("Berg", "Dijk", "Hoog", "Kort", "Meer", "Veen"),
        ("huizen", "stra", "kamp", "lo", "zicht"),
    ),
    "France": (("Beau", "Clair", "Haute", "Mont", "Roche", "Val"), ("cour", "fort", "lieu", "rive", "brun", "mesnil")),
    "Ireland": (("Bally", "Clon", "Drum", "Kil", "Knock", "Lis"), ("more", "derry", "brack", "keen", "vara")),
    "Sweden": (("Berg", "Lind", "Norr", "Sund", "Ek", "Häll"), ("kvist", "strand", "mark", "hult", "åker")),
    "Spain": (("Monte", "Rio", "Val", "Torre", "Alta"), ("blanca", "seco", "verde", "luz", "mora")),
    "Poland": (("Brzoz", "Lip", "Dąb", "Jawor", "Wierz"), ("owski", "iński", "ecki", "nica", "bor")),
}
TRADES: dict[str, tuple[str, ...]] = {
    "United Kingdom": (
        "Heating",
        "Fittings",
        "Building Services",
        "Mechanical",
        "Pumps",
        "Plumbing Supply",
        "Water Services",
        "Facilities",
        "Trade Supplies",
        "Process Systems",
        "Climate",
        "Maintenance",
        "Installations",
        "Utilities",
    ),
    "Germany": ("Haustechnik", "Gebäudetechnik", "Anlagenbau", "Pumpenhandel", "Wärmetechnik"),
    "Netherlands": ("Installaties", "Klimaattechniek", "Groothandel", "Watertechniek", "Beheer"),
    "France": ("Génie Climatique", "Thermique", "Équipements", "Maintenance", "Distribution"),
    "Ireland": ("Mechanical", "Heating", "Building Services", "Trade Supplies", "Facilities"),
    "Sweden": ("Rör", "Fastighet", "Värmeteknik", "Industri", "Grossist"),
    "Spain": ("Climatización", "Suministros", "Instalaciones", "Hidráulica", "Mantenimiento"),
    "Poland": ("Instalacje", "Technika Grzewcza", "Hurtownia", "Serwis", "Pompy"),
}
FORMS = {
    "United Kingdom": "Ltd",
    "Germany": "GmbH",
    "Netherlands": "BV",
    "France": "SARL",
    "Ireland": "Ltd",
    "Sweden": "AB",
    "Spain": "SL",
    "Poland": "Sp. z o.o.",
}
PUBLIC_BODIES: dict[str, tuple[str, ...]] = {
    "United Kingdom": (
        "{} District Council",
        "{} Borough Council",
        "{} Hospitals",
        "University of {}",
        "{} Housing Trust",
        "{} Academy Schools",
        "{} Leisure Services",
        "{} Fire and Rescue",
    ),
    "Germany": ("Stadtwerke {}", "Klinikum {}", "Hochschule {}", "Wohnungsbau {}"),
    "Netherlands": ("Gemeente {}", "Ziekenhuis {}", "Waterschap {}", "Woonstichting {}"),
    "France": ("Ville de {}", "Centre hospitalier de {}", "Lycées de {}", "Habitat {}"),
    "Ireland": ("{} County Council", "{} General Hospital", "{} Institute", "{} Housing Association"),
    "Sweden": ("{} kommun", "{} lasarett", "{} högskola", "{} bostäder"),
    "Spain": ("Ayuntamiento de {}", "Hospital de {}", "Universidad de {}", "Vivienda {}"),
    "Poland": ("Gmina {}", "Szpital {}", "Politechnika {}", "Wodociągi {}"),
}
FIRST_NAMES = (
    "Aisha", "Alan", "Amara", "Anders", "Anna", "Beatriz", "Ben", "Bronwen", "Callum", "Carmen", "Chidi", "Clara",
    "Daniel", "Deepa", "Diana", "Edmund", "Elena", "Emeka", "Esther", "Farid", "Fiona", "Gareth", "Grace", "Hana",
    "Harriet", "Ibrahim", "Imogen", "Ines", "Ivan", "James", "Jia", "Joanna", "Kamil", "Karin", "Kwame", "Leila",
    "Liam", "Lucia", "Magda", "Marcus", "Mei", "Miriam", "Naomi", "Niall", "Noor", "Olga", "Oscar", "Owen", "Paula",
    "Petra", "Priya", "Rafael", "Rhys", "Rosa", "Ruth", "Samir", "Sanna", "Simon", "Sofia", "Tariq", "Tess", "Tomas",
    "Uma", "Victor", "Wanda", "Yusuf", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Abara", "Ahmadi", "Aldous", "Almeida", "Barrow", "Bekele", "Berglund", "Bhatt", "Brandt", "Calloway", "Carrick",
    "Chowdhury", "Costa", "Dacosta", "Dahl", "Dobson", "Eriksen", "Farrow", "Fenwick", "Ferreira", "Garside",
    "Gallagher", "Haddad", "Halvorsen", "Hartley", "Hollis", "Ibarra", "Jansen", "Jarvis", "Kaminski", "Kapoor",
    "Kettle", "Koh", "Lacey", "Larsen", "Lindgren", "Mahmoud", "Malik", "Marchetti", "Mbeki", "Moreau", "Nakata",
    "Nolan", "Novak", "Okafor", "Ortega", "Osborne", "Parrish", "Pereira", "Quigley", "Rahman", "Reuter", "Rosso",
    "Sandhu", "Schreiber", "Sefton", "Silva", "Sorensen", "Talbot", "Tanaka", "Thorpe", "Umar", "Vaughan", "Visser",
    "Wallis", "Weller", "Yilmaz", "Zielinska",
)  # fmt: skip


def companies(count: int, countries: list[str], is_public: list[bool], random: np.random.Generator) -> list[str]:
    """Return a name of its own for each of `count` accounts, fitting its country and kind."""
    pools: dict[tuple[str, bool], list[str]] = {}
    names = []
    for place, public in zip(countries, is_public, strict=True):
        if (place, public) not in pools:
            pools[place, public] = _shuffled((_public_names if public else _trade_names)(place), random)
        pool = pools[place, public]
        if not pool:
            raise ValueError(f"There are not enough names for {count} accounts in {place}.")
        names.append(pool.pop())
    return names


def _stems(place: str) -> list[str]:
    return [first + last for first, last in product(*STEMS[place])]


def _trade_names(place: str) -> list[str]:
    return [f"{stem} {trade} {FORMS[place]}" for stem, trade in product(_stems(place), TRADES[place])]


def _public_names(place: str) -> list[str]:
    return [body.format(stem) for stem, body in product(_stems(place), PUBLIC_BODIES[place])]


def people(count: int, random: np.random.Generator) -> list[str]:
    """Return `count` names of people, no two alike."""
    return _shuffled([f"{first} {last}" for first, last in product(FIRST_NAMES, LAST_NAMES)], random)[:count]


def _shuffled(names: list[str], random: np.random.Generator) -> list[str]:
    return [names[position] for position in random.permutation(len(names))]


def pick(random: np.random.Generator, words: tuple[str, ...]) -> str:
    """Return one of the words by chance."""
    return words[int(random.integers(len(words)))]
