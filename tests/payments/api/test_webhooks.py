"""What PSPs call with: kept where it is an event that bears the PSP's signature, and else refused in good order."""

import time

import pytest
from django.http import HttpResponse
from django.test import Client

from exactly_once.models import InboxEvent
from payments.simulator.stripe.protocol import sign
from tests.api import everything, problem
from tests.psp import Psp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

ADDRESS = "/webhooks/stripe/main"


def call(body: bytes, secret: str = "whsec_test") -> HttpResponse:
    headers = {"Stripe-Signature": sign(body, secret, int(time.time()))}
    answer = Client(raise_request_exception=False).post(ADDRESS, body, content_type="application/json", headers=headers)
    assert isinstance(answer, HttpResponse)
    return answer


@pytest.mark.parametrize("event_id", ["evt_1", "e" * 255, "two words"])
def test_an_event_is_kept_under_its_id(psp: Psp, event_id: str) -> None:
    answer = call(b'{"id": "%s"}' % event_id.encode())

    assert (answer.status_code, answer.content) == (200, b'{"received":true}')
    assert [row.event_id for row in InboxEvent.objects.all()] == [event_id]


@pytest.mark.parametrize(
    "body",
    [
        *(b"welcome", b"[]", b"{}", b'{"id": 1}', b'{"id": ""}', b"\xff"),
        # What the inbox could not keep, and what Python cannot read.
        *(b'{"id": "evt_\\u0000"}', b'{"id": "evt_\\ud800"}', b'{"id": "%s"}' % (b"e" * 256), b"[" * 100_000),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_signed_bytes_that_are_no_event_are_refused(psp: Psp, body: bytes) -> None:
    # Given
    before = everything()
    # When
    answer = call(body)
    # Then
    assert (answer.status_code, problem(answer)["code"]) in {(400, "event_invalid"), (400, "signature_invalid")}
    assert everything() == before


def test_anybody_elses_signature_is_refused(psp: Psp) -> None:
    answer = call(b'{"id": "evt_1"}', secret="whsec_other")

    assert (answer.status_code, problem(answer)["code"]) == (400, "signature_invalid")
    assert not InboxEvent.objects.exists()
