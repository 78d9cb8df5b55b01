"""Which currencies Stripe counts as we do. Pure; no money is converted here.

Our minor units are ISO 4217's. Stripe's differ for a few currencies (Stripe's docs, "Supported currencies":
zero-decimal, three-decimal, special cases): 5000 of ours in ISK would be taken as 50 krónur.
"""

from ledger.money import exponent

_DECIMALS = {0: "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF", 3: "BHD JOD KWD OMR TND"}
_DECIMALS_OF = {code: places for places, codes in _DECIMALS.items() for code in codes.split()}


def is_counted_alike(currency: str) -> bool:
    """Whether an amount in minor units means the same sum to Stripe as to us."""
    return _DECIMALS_OF.get(currency, 2) == exponent(currency)
