"""A draft is complete and balanced before the database sees it."""

from datetime import datetime

import pytest

from ledger.drafts import MAX_ENTRIES, TransactionDraft, credit, debit
from ledger.errors import InvalidDraft
from ledger.money import Money
from tests.ledger.books import CASH, FEES, NOW, SALES, draft, eur, sale


def _refused(reference: str = "r", *entries: object, effective_at: datetime = NOW) -> str:
    with pytest.raises(InvalidDraft) as refusal:
        TransactionDraft(reference=reference, kind="t", entries=entries, effective_at=effective_at)  # type: ignore[arg-type]
    return refusal.value.code


def test_debits_equal_credits_in_every_currency() -> None:
    usd = Money(100, "USD")
    draft("fx", debit(CASH, usd), credit(SALES, usd), debit(CASH, eur(90)), credit(SALES, eur(90)))
    assert _refused("r", debit(CASH, eur(100)), credit(SALES, eur(99))) == "unbalanced"
    assert _refused("r", debit(CASH, eur(100)), credit(SALES, usd)) == "unbalanced"


@pytest.mark.parametrize("amount", [0, -1])
def test_an_amount_is_positive(amount: int) -> None:
    assert _refused("r", debit(CASH, eur(amount)), credit(SALES, eur(amount))) == "amount_not_positive"


def test_there_are_two_entries_or_more_but_not_any_number() -> None:
    assert _refused("r") == "too_few_entries"
    assert _refused("r", debit(CASH, eur(1))) == "too_few_entries"
    many = [debit(CASH, eur(1)), credit(SALES, eur(1))] * (MAX_ENTRIES // 2 + 1)
    assert _refused("r", *many) == "too_many_entries"


@pytest.mark.parametrize("reference", ["", "x" * 256])
def test_a_reference_has_1_to_255_characters(reference: str) -> None:
    assert _refused(reference, debit(CASH, eur(1)), credit(SALES, eur(1))) == "reference_invalid"


def test_the_effective_time_has_a_zone() -> None:
    naive = NOW.replace(tzinfo=None)
    assert _refused("r", debit(CASH, eur(1)), credit(SALES, eur(1)), effective_at=naive) == "effective_at_naive"


def test_the_fingerprint_is_of_everything_but_the_reference() -> None:
    assert sale("a").fingerprint() == sale("b").fingerprint()
    different = [
        sale("a", 101),
        sale("a", description="other"),
        draft("a", debit(CASH, Money(100, "USD")), credit(SALES, Money(100, "USD"))),
        draft("a", debit(FEES, eur(100)), credit(SALES, eur(100))),
        draft("a", credit(CASH, eur(100)), debit(SALES, eur(100))),
    ]
    assert len({sale("a").fingerprint(), *(other.fingerprint() for other in different)}) == len(different) + 1
