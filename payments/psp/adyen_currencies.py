"""Which currencies Adyen counts as we do. Pure; no money is converted here.

Our minor units are ISO 4217's. Adyen's differ for a few currencies (Adyen's docs, "Currency codes and minor units"): it
counts the Chilean peso and the Icelandic króna in hundredths, and the Indonesian rupiah in whole ones.
"""

from ledger.money import exponent

_DECIMALS = {
    0: "CVE DJF GNF IDR JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
}
_DECIMALS_OF = {code: places for places, codes in _DECIMALS.items() for code in codes.split()}


def is_counted_alike(currency: str) -> bool:
    """Whether an amount in minor units means the same sum to Adyen as to us."""
    return _DECIMALS_OF.get(currency, 2) == exponent(currency)
