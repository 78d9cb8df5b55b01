"""Money: an integer number of minor units of one ISO 4217 currency. No floats, no silent mixing."""

from dataclasses import dataclass
from functools import cache

from iso4217 import Currency

from ledger.errors import InvalidMoney

# Sums of entries live in PostgreSQL's bigint.
MAX_MINOR = 2**63 - 1


@cache
def exponent(currency: str) -> int:
    """Return how many decimals the currency's minor unit has (JPY 0, EUR 2, KWD 3), as ISO 4217 lists it.

    :raises InvalidMoney: ``unknown_currency``: not an active ISO 4217 code with a minor unit.
    """
    try:
        found = Currency(currency)
    except ValueError as error:
        raise InvalidMoney(code="unknown_currency", detail=f"{currency!r} is not an ISO 4217 currency.") from error
    if found.exponent is None:
        raise InvalidMoney(code="unknown_currency", detail=f"{currency} has no minor unit: nothing is priced in it.")
    return int(found.exponent)


@dataclass(frozen=True, slots=True)
class Money:
    """``amount_minor`` minor units of ``currency``; may be negative.

    :raises InvalidMoney: ``not_an_integer``, ``amount_out_of_range`` (bigint) or ``unknown_currency``.
    """

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount_minor) is not int:
            raise InvalidMoney(code="not_an_integer", detail="An amount is an integer number of minor units.")
        if abs(self.amount_minor) > MAX_MINOR:
            raise InvalidMoney(code="amount_out_of_range", detail=f"An amount has at most {MAX_MINOR} minor units.")
        exponent(self.currency)

    def __add__(self, other: "Money") -> "Money":
        self._require_same_currency(other)
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return self + -other

    def __neg__(self) -> "Money":
        return Money(-self.amount_minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._require_same_currency(other)
        return self.amount_minor < other.amount_minor

    def __le__(self, other: "Money") -> bool:
        self._require_same_currency(other)
        return self.amount_minor <= other.amount_minor

    def __str__(self) -> str:
        places = exponent(self.currency)
        sign = "-" if self.amount_minor < 0 else ""
        whole, fraction = divmod(abs(self.amount_minor), 10**places)
        return f"{self.currency} {sign}{whole}" + (f".{fraction:0{places}d}" if places else "")

    def _require_same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise InvalidMoney(
                code="currency_mismatch", detail=f"{self.currency} and {other.currency} do not mix without a rate."
            )
