"""What the sample shop sells, and on which terms. Prices are minor units, with the taxes of Germany in them."""

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Sample:
    """A variant; those of one ``name`` are of one product, told apart by their ``options``."""

    sku: str
    name: str
    description: str
    prices: dict[str, int]
    on_hand: int
    weight_grams: int
    picture: str
    category: str = "general"
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SampleRate:
    """What a jurisdiction takes of one category of goods."""

    jurisdiction: str
    category: str
    country: str
    percent: Decimal
    inclusive: bool
    region: str = ""


_DARJEELING = "First flush, 100 g, in a tin."
_TOWEL = "Half linen, 50 x 70 cm."

SAMPLES = (
    Sample("TEA-100", "Darjeeling", _DARJEELING, {"EUR": 1290, "USD": 1390}, 500, 180, "tin", "food"),
    Sample("TEA-SEN", "Sencha", "Steamed, 100 g, in a tin.", {"EUR": 1150, "USD": 1250}, 400, 180, "tin", "food"),
    Sample("COF-250", "Coffee", "Espresso roast, whole beans.", {"EUR": 990, "USD": 1090}, 400, 260, "beans", "food"),
    Sample("HNY-LIN", "Honey", "From lime trees, 250 g.", {"EUR": 790, "USD": 890}, 300, 420, "honey", "food"),
    Sample("MUG-WHT", "Mug", "White porcelain, 0.3 l.", {"EUR": 950, "USD": 1050}, 500, 340, "mug"),
    Sample("CUP-SET", "Cup and saucer", "Thin porcelain, 0.15 l.", {"EUR": 1490, "USD": 1590}, 300, 290, "cup"),
    Sample("POT-IRN", "Teapot", "Cast iron, 0.8 l, with a sieve.", {"EUR": 5400, "USD": 5900}, 200, 1650, "teapot"),
    Sample(
        "KTL-LTD", "Kettle, limited", "Copper, signed, few are left.", {"EUR": 24900, "USD": 26900}, 25, 1900, "kettle"
    ),
    Sample("SIV-STL", "Tea sieve", "Stainless steel, fine.", {"EUR": 690, "USD": 750}, 300, 60, "sieve"),
    Sample("SPN-LOT", "Measuring spoon", "For one cup, brass.", {"EUR": 550, "USD": 590}, 300, 40, "spoon"),
    Sample("BRD-OAK", "Tray", "Oiled oak, 40 cm.", {"EUR": 3200, "USD": 3490}, 150, 900, "board"),
    Sample("TWL-BLU", "Tea towel", _TOWEL, {"EUR": 1190, "USD": 1290}, 250, 110, "towel", options={"colour": "blue"}),
    Sample("TWL-RED", "Tea towel", _TOWEL, {"EUR": 1190, "USD": 1290}, 250, 110, "towel", options={"colour": "red"}),
    Sample("BOK-TEA", "The book of tea", "Okakura, paperback.", {"EUR": 999, "USD": 1099}, 200, 210, "book", "books"),
    Sample("GFT-025", "Gift card", "By e-mail: nothing is sent.", {"EUR": 2500, "USD": 2500}, 1000, 0, "card"),
)

MAIN, STORE = "main", "store"
# In the order in which they are sold from, and what the second one has.
LOCATIONS = {MAIN: "Warehouse", STORE: "Store"}
IN_STORE = {"TEA-100": 40, "TEA-SEN": 30, "COF-250": 30, "MUG-WHT": 20, "KTL-LTD": 2}

SENDING = "shipping"  # is taxed like this
CATEGORIES = {"general": "General", "food": "Food", "books": "Books", SENDING: "Shipping"}

# Germany's are in the prices. California's come on top: the state's, and what all its counties take at least; food and
# shipping go free.
RATES = (
    *(
        SampleRate("de", category, "DE", Decimal(percent), inclusive=True)
        for category, percent in {"general": 19, "food": 7, "books": 7, SENDING: 19}.items()
    ),
    *(
        SampleRate(jurisdiction, category, "US", Decimal(percent), inclusive=False, region="CA")
        for category in ("general", "books")
        for jurisdiction, percent in {"us-ca": "6", "us-ca-local": "1.25"}.items()
    ),
)

# (code, name, description), in the order of the offer.
OPTIONS = (
    ("standard", "Standard", "Within a week."),
    ("express", "Express", "The day after tomorrow."),
)

# (option, country, currency, up to this weight in grams, amount); without a country: everywhere else.
SHIPPING = (
    ("standard", "DE", "EUR", 5_000, 490),
    ("standard", "DE", "EUR", None, 790),
    ("standard", "", "EUR", None, 1490),
    ("standard", "US", "USD", None, 990),
    ("standard", "", "USD", None, 1690),
    ("express", "DE", "EUR", None, 1190),
    ("express", "US", "USD", None, 2490),
)

# Ten percent off, for whoever has the code, from EUR 30 or USD 35 of goods.
CODE, TITLE, PERCENT, MINIMA = "TEA10", "10 % off", Decimal(10), {"EUR": 3000, "USD": 3500}
