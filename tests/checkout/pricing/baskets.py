"""Baskets that tests price: by hand, and whatever Hypothesis thinks of."""

from decimal import Decimal

from hypothesis import strategies as st

from checkout.pricing.basket import (
    PERCENT_DECIMALS,
    PPM,
    AmountOff,
    Basket,
    FreeShipping,
    Line,
    PercentOff,
    Shipping,
    TaxRate,
)

CURRENCIES = ["JPY", "EUR", "KWD", "CLF"]  # 0, 2, 3 and 4 decimals

DE = TaxRate("DE", Decimal(19), inclusive=True)
DE_BOOKS = TaxRate("DE", Decimal(7), inclusive=True)
JP = TaxRate("JP", Decimal(10), inclusive=True)
CALIFORNIA = TaxRate("US-CA", Decimal(6), inclusive=False)
COUNTY = TaxRate("US-CA-LA", Decimal("3.5"), inclusive=False)

_PERCENTS = st.integers(0, PPM).map(lambda ppm: Decimal(ppm).scaleb(-PERCENT_DECIMALS))
_RATES = st.sampled_from([DE, DE_BOOKS, JP, CALIFORNIA, COUNTY]) | st.builds(
    TaxRate, st.sampled_from(["A", "B", "C"]), _PERCENTS, st.booleans()
)
_TAXES = st.lists(_RATES, max_size=4, unique=True).map(tuple)
_AMOUNTS = st.integers(0, 200) | st.integers(0, 10**9)

LINES = st.lists(st.builds(Line, st.integers(1, 60), _AMOUNTS, _TAXES), min_size=1, max_size=7)
SHIPPING = st.none() | st.builds(Shipping, _AMOUNTS, _TAXES)
DISCOUNTS = st.none() | st.builds(PercentOff, _PERCENTS) | st.builds(AmountOff, _AMOUNTS) | st.builds(FreeShipping)
BASKETS = st.builds(Basket, st.sampled_from(CURRENCIES), LINES, SHIPPING, DISCOUNTS)
