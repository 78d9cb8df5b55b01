"""Which amounts Checkout.com takes for the sum that we mean. Pure; no money is converted here.

Our minor units are ISO 4217's; Checkout.com's are its own (documentation, "Format the amount value"): some currencies
count whole units, some thousandths, of which the last digit must be 0, and all others hundredths.
"""

from ledger.money import Money, exponent

THOUSANDTHS = 3
_DECIMALS = {
    0: "BIF DJF GNF ISK JPY KMF KRW PYG RWF UGX VUV VND XAF XOF XPF",
    THOUSANDTHS: "BHD IQD JOD KWD LYD OMR TND",
}
_DECIMALS_OF = {code: places for places, codes in _DECIMALS.items() for code in codes.split()}


def is_taken_alike(money: Money) -> bool:
    """Whether this many minor units mean the same sum to Checkout.com as to us, and one that it takes."""
    places = _DECIMALS_OF.get(money.currency, 2)
    ends_in = 10 if places == THOUSANDTHS else 1
    return places == exponent(money.currency) and money.amount_minor % ends_in == 0
