"""Another amount or currency than we asked for is kept in suspense until it is known, and never absorbed."""

import pytest

from ledger import queries as ledger
from ledger.models import Entry
from ledger.money import Money
from payments.errors import PaymentRefused
from payments.judge_news import AttemptNews
from payments.models import Attempt, Break, BreakEvent, PaymentIntent
from payments.psp.outcomes import Approved, Declined, Expired, RequiresAction, Unknown, Voided
from tests.concurrency.crowd import crowd
from tests.payments.findings import balances, resolved
from tests.payments.holding import EUR, ask, assert_in_order, begin, news, states

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

ASKS = RequiresAction("pi_1", redirect_url="https://bank.example/3ds")
UNKNOWN = Unknown("time-out")
HELD = Approved("pi_1", captured=False, money=EUR)
TAKEN = Approved("pi_1", captured=True, money=EUR)


def taken(minor: int, currency: str = "EUR") -> Approved:
    return Approved("pi_1", captured=True, money=Money(minor, currency))


def breaks() -> list[tuple[str, str, int, bool, bool]]:
    rows = Break.objects.order_by("pk")
    return [(row.kind, row.resolution or row.state, row.amount_minor, row.received, row.in_suspense) for row in rows]


@pytest.mark.parametrize("before", [None, UNKNOWN, ASKS, HELD])
@pytest.mark.parametrize(
    ("reported", "kind"),
    [
        (Money(1291, "EUR"), "amount_mismatch"),
        (Money(1, "EUR"), "amount_mismatch"),
        (Money(1290, "USD"), "currency_mismatch"),
    ],
)
def test_another_sum_than_asked_is_in_suspense_and_not_absorbed(
    before: AttemptNews | None, reported: Money, kind: str
) -> None:
    # Given
    attempt = begin(captures_at_once=before is not HELD)
    if before is not None:
        news(attempt, before)
    told = Approved("pi_1", captured=True, money=reported)
    if before is HELD and reported.amount_minor == 1:
        ask()  # otherwise a part is as good as all
    # When it is told three times
    assert [news(attempt, told) for _ in range(3)] == ["unknown"] * 3
    # Then
    row = Attempt.objects.get()
    assert (row.psp_reference, row.captured_minor, PaymentIntent.objects.get().state) == ("pi_1", 0, "processing")
    assert "amount mismatch" in row.unknown_reason
    assert breaks() == [(kind, "open", reported.amount_minor, True, True)]
    assert balances(reported.currency) == (reported.amount_minor, -reported.amount_minor)
    assert_in_order()


def test_twenty_messengers_of_another_sum_open_one_break() -> None:
    attempt = begin(captures_at_once=True)
    assert crowd(20, lambda _: news(attempt, taken(1291))) == ["unknown"] * 20
    assert (breaks(), balances()) == ([("amount_mismatch", "open", 1291, True, True)], (1291, -1291))
    assert BreakEvent.objects.count() == 1


def test_the_sum_that_was_asked_for_ends_the_break_and_is_booked_as_itself() -> None:
    attempt = begin(captures_at_once=True)
    news(attempt, taken(1291))
    assert news(attempt, TAKEN) == "captured"
    assert (breaks(), balances()) == ([("amount_mismatch", "superseded", 1291, True, True)], (1290, 0))
    assert ledger.totals(code="liabilities:orders")["EUR"] == 1290
    assert list(BreakEvent.objects.order_by("pk").values_list("what", "by")) == [
        ("opened", "tally"),
        ("superseded", "tally"),
    ]
    assert_in_order()


def test_another_wrong_sum_replaces_the_first_and_may_be_replaced_by_it_again() -> None:
    attempt = begin(captures_at_once=True)
    for minor in (1291, 1300, 1291):
        news(attempt, taken(minor))
        assert balances() == (minor, -minor)
    assert breaks() == [
        ("amount_mismatch", "superseded", 1291, True, True),
        ("amount_mismatch", "superseded", 1300, True, True),
        ("amount_mismatch", "open", 1291, True, True),
    ]
    assert_in_order()


@pytest.mark.parametrize(
    "late", [HELD, ASKS, Declined("pi_1", reason="do_not_honor", soft=True), Voided("pi_1"), Expired("pi_1"), UNKNOWN]
)
def test_money_that_was_taken_is_not_undone_by_older_news(late: AttemptNews) -> None:
    attempt = begin(captures_at_once=True)
    news(attempt, taken(1291))
    assert news(attempt, late) == "unknown"
    assert (breaks(), balances()) == ([("amount_mismatch", "open", 1291, True, True)], (1291, -1291))


def test_what_is_held_in_another_sum_moves_no_money_and_ends_with_the_attempt() -> None:
    attempt = begin()
    held = Approved("pi_1", captured=False, money=Money(1291, "EUR"))
    assert news(attempt, held) == "unknown"
    assert (breaks(), Entry.objects.count()) == ([("amount_mismatch", "open", 1291, True, False)], 0)
    assert news(attempt, Voided("pi_1")) == "voided"
    assert (breaks(), Entry.objects.count()) == ([("amount_mismatch", "superseded", 1291, True, False)], 0)


@pytest.mark.parametrize(
    ("reported", "found_minor", "received"), [(Money(900, "EUR"), 400, True), (Money(300, "EUR"), 200, False)]
)
def test_of_a_payment_taken_in_parts_only_the_difference_is_in_suspense(
    reported: Money, found_minor: int, received: bool
) -> None:
    # Given 5.00 of it taken, and 3.00 asked for
    attempt = begin()
    news(attempt, HELD)
    ask(500, final=False)
    news(attempt, taken(500))
    ask(300)
    # When
    news(attempt, Approved("pi_1", captured=True, money=reported))
    # Then
    assert breaks() == [("amount_mismatch", "open", found_minor, received, True)]
    assert balances() == (reported.amount_minor, -found_minor if received else found_minor)
    assert states() == ("processing", "unknown", 500)
    assert_in_order()


@pytest.mark.parametrize(
    ("settled", "found_minor", "receivable_minor"),
    [(TAKEN, 1, 1291), (Declined("pi_1", reason="do_not_honor", soft=True), 1291, 1291), (Voided("pi_1"), 1291, 1291)],
)
def test_another_sum_than_was_settled_opens_a_break_and_leaves_the_payment_as_it_is(
    settled: AttemptNews, found_minor: int, receivable_minor: int
) -> None:
    attempt = begin(captures_at_once=True)
    news(attempt, settled)
    before = list(Attempt.objects.values()), list(PaymentIntent.objects.values())
    assert [news(attempt, taken(1291)) for _ in range(2)] == [before[0][0]["state"]] * 2
    assert (list(Attempt.objects.values()), list(PaymentIntent.objects.values())) == before
    assert breaks() == [("amount_mismatch", "open", found_minor, True, True)]
    assert balances() == (receivable_minor, -found_minor)
    assert_in_order()


def test_the_same_number_in_another_currency_is_no_part_that_we_know_of() -> None:
    attempt = begin()
    news(attempt, HELD)
    ask(500, final=False)
    news(attempt, taken(500))
    news(attempt, taken(500, "USD"))
    assert breaks() == [("currency_mismatch", "open", 500, True, True)]
    assert (balances(), balances("USD")) == ((500, 0), (500, -500))


def test_more_than_a_surplus_opens_a_break() -> None:
    # Given a payment that was declined, and taken all the same
    attempt = begin(captures_at_once=True)
    news(attempt, Declined("pi_1", reason="do_not_honor", soft=True))
    news(attempt, TAKEN)
    # When
    assert news(attempt, taken(1291)) == "surplus"
    # Then
    assert (breaks(), balances()) == ([("amount_mismatch", "open", 1, True, True)], (1291, -1))
    assert_in_order()


def test_a_break_about_an_open_attempt_ends_with_it_and_not_by_one_persons_word() -> None:
    attempt = begin(captures_at_once=True)
    news(attempt, taken(1291))
    before = list(Break.objects.values()), Entry.objects.count()
    with pytest.raises(PaymentRefused) as refusal:
        resolved(Break.objects.get().public_id)
    assert refusal.value.code == "attempt_still_open"
    assert (list(Break.objects.values()), Entry.objects.count()) == before
