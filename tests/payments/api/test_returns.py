"""Where buyers come back to from their bank: whatever they bring, the PSP judges it, and the shop hears who is back."""

from uuid import UUID, uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from payments.ask_psp import charge
from payments.models import Attempt
from tests.factories import NOW
from tests.payments.holding import ORDER, begin, states
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(psp: Psp) -> UUID:
    assert psp.requests() == 0
    attempt = begin(token="shopper-1.asksFirst", psp="adyen", captures_at_once=True)
    assert charge(attempt_uuid=attempt, now=NOW) == "requires_action"
    return attempt


def _back(psp: Psp) -> str:
    """Answer the bank, and return the address that the browser is sent to, as a path."""
    url = psp.answer_three_d_secure(Attempt.objects.get().next_action_url, "approve")
    return url.removeprefix("https://pay.example")


def _get(path: str) -> HttpResponse:
    answer = Client(headers={"host": "localhost"}, raise_request_exception=False).get(path)
    assert isinstance(answer, HttpResponse)
    return answer


def test_a_buyer_is_thanked_and_the_payment_goes_on(psp: Psp, asked: UUID) -> None:
    path = _back(psp)
    assert path.startswith(f"/returns/adyen/main/{asked}?redirectResult=")
    for _ in range(2):
        answer = _get(path)
        assert (answer.status_code, answer.content) == (200, b"Thank you. You may close this page.")
    assert states() == ("succeeded", "captured", 1290)
    assert psp.charges() == [("authorised", 1290, 0)]


def test_a_buyer_is_sent_on_to_the_shop(psp: Psp, asked: UUID, settings: Settings) -> None:
    settings.PAYMENTS_RETURN_URL = "https://shop.example/done?lang=en#thanks"
    answer = _get(_back(psp))
    assert (answer.status_code, answer["Location"]) == (
        303,
        f"https://shop.example/done?lang=en&reference={ORDER}#thanks",
    )


@pytest.mark.parametrize("query", ["", "?redirectResult=made-up", "?redirectResult=", "?what=ever"])
def test_what_somebody_makes_up_changes_nothing(psp: Psp, asked: UUID, query: str) -> None:
    before = states()
    assert _get(f"/returns/adyen/main/{asked}{query}").status_code == 200
    assert (states(), Attempt.objects.get().returned) == (before, {})
    assert psp.charges() == [("waiting", 0, 0)]


def test_nobody_comes_back_from_elsewhere(psp: Psp, asked: UUID) -> None:
    requests = psp.requests()
    for path in (f"adyen/main/{uuid4()}", f"stripe/main/{asked}", f"adyen/other/{asked}", "adyen/main/x"):
        assert _get(f"/returns/{path}?redirectResult=x").status_code == 404
    assert _get(f"/returns/adyen/main/{asked}?redirectResult={'x' * 9000}").status_code == 400
    assert psp.requests() == requests


@pytest.mark.parametrize("method", ["head", "post", "put", "delete"])
def test_only_a_browser_that_comes_back_is_heard(psp: Psp, asked: UUID, method: str) -> None:
    path = _back(psp)
    answer = getattr(Client(headers={"host": "localhost"}), method)(path)
    assert answer.status_code == 405
    assert states()[1] == "requires_action"


def test_a_buyer_who_comes_back_from_stripe_is_looked_up(psp: Psp) -> None:
    # Given a shop that has Stripe's buyers come back here, too
    attempt = begin(token="pm_card_authenticationRequired", captures_at_once=True)
    charge(attempt_uuid=attempt, now=NOW)
    psp.answer_three_d_secure(Attempt.objects.get().next_action_url, "approve")
    # When
    assert _get(f"/returns/stripe/main/{attempt}?redirect_status=failed").status_code == 200
    # Then
    assert states() == ("succeeded", "captured", 1290)
