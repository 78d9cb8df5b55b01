"""Exchange money of one currency for another: a transaction that balances in each, with its rate."""

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from ledger.drafts import TransactionDraft, credit, debit
from ledger.errors import InvalidDraft
from ledger.money import Money, exponent

# What the book gave in one currency and has not got back in it: per currency a position, never zero by itself.
POSITION = "equity:fx"


def convert(money: Money, *, rate: Decimal, currency: str) -> Money:
    """Return ``money`` in another currency at ``rate`` (units of it per unit of ours), rounded half to even.

    Both exponents count: 100 JPY at 0.0062 are 62 cents of a dollar.

    :raises InvalidDraft: ``rate_invalid``.
    """
    if not rate.is_finite() or rate <= 0:
        raise InvalidDraft(code="rate_invalid", detail="A rate is a finite number above zero.")
    shift = exponent(currency) - exponent(money.currency)
    exact = (Decimal(money.amount_minor) * rate).scaleb(shift)
    return Money(int(exact.to_integral_value(rounding=ROUND_HALF_EVEN)), currency)


def exchange(
    *,
    reference: str,
    sold: Money,
    bought: Money,
    rate: Decimal,
    from_account: str,
    to_account: str,
    effective_at: datetime,
    position_account: str = POSITION,
    description: str = "",
) -> TransactionDraft:
    """Return the transaction that takes ``sold`` out of one account and puts ``bought`` into another.

    The position account, kept in both currencies, stands between them, so that each currency balances by itself. The
    rate and both sides are kept in the metadata. ``bought`` may differ from the rate by the rounding of one minor unit.

    :raises InvalidDraft: ``rate_invalid``, ``same_currency`` or ``rate_mismatch``; and those of `TransactionDraft`.
    """
    if sold.currency == bought.currency:
        raise InvalidDraft(code="same_currency", detail="An exchange has two currencies.")
    expected = convert(sold, rate=rate, currency=bought.currency)
    if abs(expected.amount_minor - bought.amount_minor) > 1:
        raise InvalidDraft(code="rate_mismatch", detail=f"At {rate}, {sold} are {expected}, not {bought}.")
    return TransactionDraft(
        reference=reference,
        kind="fx.exchanged",
        entries=(
            debit(position_account, sold),
            credit(from_account, sold),
            debit(to_account, bought),
            credit(position_account, bought),
        ),
        effective_at=effective_at,
        description=description,
        metadata={"fx_rate": f"{rate:f}", "fx_sold": str(sold), "fx_bought": str(bought)},
    )
