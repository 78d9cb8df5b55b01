"""A buyer comes back from the bank, at a PSP that begins nothing before it is handed what they bring."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from django_subatomic.db import transaction

from payments.ask_psp import charge, look_up
from payments.models import Attempt, Void
from payments.states import AttemptState
from payments.take_return import take_return
from payments.void import request_void, send_void
from tests.factories import NOW
from tests.notifications import Mail, mail_of
from tests.payments.holding import ORDER, assert_in_order, begin, states
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mail(psp: Psp) -> Iterator[Mail]:
    with mail_of(psp) as mail:
        yield mail


def _asked(card: str = "asksFirst") -> UUID:
    attempt = begin(token=f"shopper-1.{card}", psp="adyen", captures_at_once=True)
    assert charge(attempt_uuid=attempt, now=NOW) == "requires_action"
    return attempt


def _answer(psp: Psp, answer: str) -> dict[str, str]:
    back = psp.answer_three_d_secure(Attempt.objects.get().next_action_url, answer)
    path, _, query = back.partition("?redirectResult=")
    assert path == f"https://pay.example/returns/adyen/main/{Attempt.objects.get().uuid}"
    return {"redirectResult": query}


def _back(attempt: UUID, brought: dict[str, str]) -> AttemptState:
    return take_return(psp="adyen", account="main", attempt_uuid=attempt, brought=brought, now=NOW).state


@pytest.mark.parametrize(
    ("card", "answer", "expected"),
    [
        ("asksFirst", "approve", ("succeeded", "captured", 1290)),
        ("asksFirst", "fail", ("requires_payment_method", "declined", 0)),
        ("asksFirstRefused", "approve", ("requires_payment_method", "declined", 0)),
    ],
)
def test_what_the_buyer_brings_back_decides_once(
    psp: Psp, mail: Mail, card: str, answer: str, expected: tuple[str, str, int]
) -> None:
    attempt = _asked(card)
    brought = _answer(psp, answer)
    assert psp.charges() == [("waiting", 0, 0)]
    for _ in range(2):
        _back(attempt, brought)
        assert states() == expected
    mail.deliver()
    assert (states(), mail.unprocessed()) == (expected, [])
    assert_in_order()


def test_an_answer_to_what_was_brought_back_that_is_lost_is_asked_for_again(psp: Psp) -> None:
    # Given
    attempt = _asked()
    brought = _answer(psp, "approve")
    psp.http.post("/_simulator/faults", json={"next": ["drop_reply"]}).raise_for_status()
    assert _back(attempt, brought) == "requires_action"
    # When
    assert look_up(attempt_uuid=attempt, now=NOW) == "captured"
    # Then
    assert psp.charges() == [("authorised", 1290, 0)]


def test_what_somebody_made_up_keeps_nobody_from_coming_back(psp: Psp) -> None:
    attempt = _asked()
    brought = _answer(psp, "approve")
    assert _back(attempt, {"redirectResult": "made up"}) == "requires_action"
    assert Attempt.objects.get().returned == {}
    assert _back(attempt, brought) == "captured"


def test_a_question_that_nobody_has_answered_is_let_go_of_and_cannot_be_answered_any_more(psp: Psp) -> None:
    # Given
    attempt = _asked()
    brought = _answer(psp, "approve")
    with transaction():
        request_void(order_reference=ORDER, now=NOW)
    # When the buyer is back before the void is carried out
    assert _back(attempt, brought) == "requires_action"
    send_void(attempt_uuid=attempt, now=NOW)
    # Then
    assert states() == ("canceled", "voided", 0)
    assert _back(attempt, brought) == "voided"
    assert psp.charges() == [("waiting", 0, 0)]
    assert_in_order()


def test_a_buyer_who_is_back_is_heard_before_the_question_is_let_go_of(psp: Psp) -> None:
    # Given
    attempt = _asked()
    brought = _answer(psp, "approve")
    psp.http.post("/_simulator/faults", json={"next": ["reset"]}).raise_for_status()
    _back(attempt, brought)
    with transaction():
        request_void(order_reference=ORDER, now=NOW)
    # When
    send_void(attempt_uuid=attempt, now=NOW)
    assert states()[1] == "requires_action"
    look_up(attempt_uuid=attempt, now=NOW)
    # Then
    assert states() == ("succeeded", "captured", 1290)
    assert Void.objects.get().state == "failed"
