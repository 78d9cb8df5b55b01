"""The one way in which prices are rounded."""


def round_half_up(numerator: int, denominator: int) -> int:
    """Return the fraction as a whole number; a half goes up. Neither is negative, the denominator above zero.

    Half up, because taxes are rounded like this by law where the law says how: the Streamlined Sales and Use Tax
    Agreement (section 324) wants half a cent and more to become a cent. Half to even, as currencies are exchanged in
    ledger/exchange.py, would be a cent short of it on every second half.
    """
    return (2 * numerator + denominator) // (2 * denominator)
