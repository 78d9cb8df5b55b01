"""Payments through the API: what a client asks for happens once, and the client is told how it stands."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django_subatomic.db import transaction

from config.verification import all_checks
from exactly_once.models import OutboxEvent
from exactly_once.webhook_owners import owners_of
from ledger.accounts import open_book
from payments.models import Attempt, Capture, PaymentIntent, Refund, Void
from payments.tasks import check_attempt, pay_back, take
from tests.api import Api, everything, problem
from tests.concurrency.crowd import crowd
from tests.factories import NOW
from tests.psp import Psp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

ADDRESS = "/api/v1/payment-intents"
LONG_AGO = NOW.replace(year=2020)


@pytest.fixture
def api() -> Api:
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)
    return Api("payments")


def told(answer: HttpResponse, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    body = json.loads(answer.content)
    assert isinstance(body, dict)
    return body


def create(api: Api, token: str | None = "pm_card_visa", **more: object) -> str:
    payment = {"payment": {"token": token}} if token else {}
    body = told(api.post(ADDRESS, {"amount_minor": 1290, "currency": "EUR", **payment, **more}), 201)
    return str(body["id"])


def confirm(api: Api, intent: str, body: object = None, **headers: str) -> HttpResponse:
    return api.post(f"{ADDRESS}/{intent}/confirm", body, **headers)


def assert_in_order() -> None:
    assert [check.name for check in all_checks(now=NOW) if not check.passed] == []


def test_an_intent_is_made_confirmed_and_paid_back(api: Api, psp: Psp) -> None:
    # Given
    answer = api.post(ADDRESS, {"amount_minor": 1290, "currency": "EUR", "payment": {"token": "pm_card_visa"}})
    intent = told(answer, 201)
    assert intent["state"] == "requires_confirmation"
    assert answer["Location"] == f"{ADDRESS}/{intent['id']}"
    # When it is paid
    paid = told(confirm(api, intent["id"]))
    assert (paid["state"], paid["captured_minor"], paid["psp"]) == ("succeeded", 1290, "stripe")
    # When part of it is paid back
    refund = told(api.post("/api/v1/refunds", {"payment_intent": intent["id"], "amount_minor": 290}), 201)
    assert (refund["state"], refund["reason"]) == ("pending", "requested_by_customer")
    Refund.objects.update(next_check_at=LONG_AGO)
    pay_back(str(Refund.objects.get().uuid))
    # Then
    assert told(api.get(f"/api/v1/refunds/{refund['id']}"))["state"] == "succeeded"
    assert told(api.get(f"{ADDRESS}/{intent['id']}"))["refunded_minor"] == 290
    assert told(api.get(ADDRESS))["data"][0]["id"] == intent["id"]
    assert told(api.get("/api/v1/refunds"))["data"][0]["id"] == refund["id"]
    assert psp.charges() == [("succeeded", 1290, 290)]
    assert_in_order()


def test_what_is_left_out_of_a_refund_is_all_that_is_left(api: Api) -> None:
    intent = create(api)
    told(confirm(api, intent))
    told(api.post("/api/v1/refunds", {"payment_intent": intent, "amount_minor": 290}), 201)
    rest = told(api.post("/api/v1/refunds", {"payment_intent": intent, "reason": "duplicate"}), 201)
    assert rest["amount_minor"] == 1000
    more = api.post("/api/v1/refunds", {"payment_intent": intent})
    assert (more.status_code, problem(more)["code"]) == (409, "nothing_to_refund")


def test_what_is_asked_for_is_at_its_address(api: Api) -> None:
    intent = create(api, capture_method="manual")
    told(confirm(api, intent))
    captured = api.post(f"{ADDRESS}/{intent}/capture")
    Capture.objects.update(next_check_at=LONG_AGO)
    take(str(Capture.objects.get().uuid))
    refunded = api.post("/api/v1/refunds", {"payment_intent": intent})
    for answer, name in ((captured, "captures"), (refunded, "refunds")):
        assert answer["Location"] == f"/api/v1/{name}/{told(answer, 201)['id']}"
        assert told(api.get(answer["Location"]))["payment_intent"] == intent


def test_an_authorised_payment_is_captured_in_part(api: Api, psp: Psp) -> None:
    # Given
    intent = create(api, capture_method="manual")
    assert told(confirm(api, intent))["state"] == "requires_capture"
    # When
    capture = told(api.post(f"{ADDRESS}/{intent}/capture", {"amount_minor": 1000}), 201)
    Capture.objects.update(next_check_at=LONG_AGO)
    take(str(Capture.objects.get().uuid))
    # Then
    assert (capture["state"], capture["final"]) == ("pending", True)
    assert told(api.get(f"/api/v1/captures/{capture['id']}"))["state"] == "succeeded"
    assert told(api.get("/api/v1/captures"))["data"][0]["id"] == capture["id"]
    assert told(api.get(f"{ADDRESS}/{intent}"))["captured_minor"] == 1000
    assert psp.charges() == [("succeeded", 1000, 0)]
    assert_in_order()


def test_an_authorised_payment_is_canceled(api: Api, psp: Psp) -> None:
    intent = create(api, capture_method="manual")
    told(confirm(api, intent))
    for _ in range(2):
        assert told(api.post(f"{ADDRESS}/{intent}/cancel"))["state"] == "requires_capture"
    assert Void.objects.count() == 1
    check_attempt(str(Attempt.objects.get().uuid))
    assert told(api.get(f"{ADDRESS}/{intent}"))["state"] == "canceled"
    assert psp.charges() == [("canceled", 0, 0)]
    assert told(api.post(f"{ADDRESS}/{intent}/cancel"))["state"] == "canceled"


@pytest.mark.parametrize("token", ["pm_card_visa", None])
def test_what_nobody_was_asked_for_is_canceled_at_once_and_told(api: Api, token: str | None) -> None:
    intent = create(api, token)
    assert told(api.post(f"{ADDRESS}/{intent}/cancel"))["state"] == "canceled"
    assert list(OutboxEvent.objects.values_list("type", flat=True)) == ["payment_intent.canceled"]
    captured = api.post(f"{ADDRESS}/{intent}/capture")
    assert (captured.status_code, problem(captured)["code"]) == (409, "payment_not_authorized")
    again = confirm(api, intent, {"payment": {"token": "pm_card_visa"}})
    assert (again.status_code, problem(again)["code"]) == (409, "payment_canceled")


def test_a_declined_card_may_be_followed_by_another(api: Api) -> None:
    intent = create(api, "pm_card_chargeDeclinedInsufficientFunds")
    declined = confirm(api, intent)
    assert (declined.status_code, problem(declined)["decline_reason"]) == (402, "insufficient_funds")
    assert told(api.get(f"{ADDRESS}/{intent}"))["decline_reason"] == "insufficient_funds"
    assert told(confirm(api, intent, {"payment": {"token": "pm_card_visa"}}))["state"] == "succeeded"


def test_the_buyer_is_sent_to_the_bank_and_the_intent_follows(api: Api, psp: Psp) -> None:
    intent = create(api, "pm_card_authenticationRequired")
    asked = told(confirm(api, intent))
    assert asked["state"] == "requires_action"
    psp.answer_three_d_secure(asked["next_action"]["url"], "approve")
    Attempt.objects.update(next_check_at=LONG_AGO)
    check_attempt(str(Attempt.objects.get().uuid))
    after = told(api.get(f"{ADDRESS}/{intent}"))
    assert (after["state"], after["next_action"]) == ("succeeded", None)


@pytest.mark.parametrize("mishap", ["drop_reply", "reset", "error500_after"])
def test_an_unknown_outcome_is_202_and_the_same_key_finds_it_out(api: Api, psp: Psp, mishap: str) -> None:
    # Given
    intent, key = create(api), str(uuid4())
    psp.http.post("/_simulator/faults", json={"next": [mishap]}).raise_for_status()
    unknown = confirm(api, intent, **{"Idempotency-Key": key})
    assert (unknown.status_code, unknown["Retry-After"]) == (202, "2")
    assert told(unknown, 202)["state"] == "processing"
    # When
    Attempt.objects.update(next_check_at=LONG_AGO)
    found = confirm(api, intent, **{"Idempotency-Key": key})
    # Then
    assert told(found)["state"] == "succeeded"
    assert confirm(api, intent, **{"Idempotency-Key": key})["Idempotent-Replayed"] == "true"
    assert psp.charges() == [("succeeded", 1290, 0)]


def test_of_twenty_that_confirm_with_their_own_keys_one_charges(api: Api, psp: Psp) -> None:
    intent = create(api)
    answers = crowd(20, lambda _: confirm(api, intent))
    statuses = sorted(answer.status_code for answer in answers if isinstance(answer, HttpResponse))
    assert statuses == [200] + [409] * 19
    assert psp.charges() == [("succeeded", 1290, 0)]


def test_of_twenty_that_make_the_same_reference_one_does(api: Api) -> None:
    body = {"amount_minor": 1290, "currency": "EUR", "reference": "invoice-1"}
    answers = crowd(20, lambda _: api.post(ADDRESS, body))
    statuses = sorted(answer.status_code for answer in answers if isinstance(answer, HttpResponse))
    assert statuses == [201] + [409] * 19
    taken = api.post(ADDRESS, body)
    assert problem(taken)["payment_intent"] == PaymentIntent.objects.get().public_id
    # When it was canceled, the name is free again
    told(api.post(f"{ADDRESS}/{PaymentIntent.objects.get().public_id}/cancel"))
    told(api.post(ADDRESS, body), 201)


def test_nobody_sees_or_moves_what_is_another_clients(api: Api) -> None:
    # Given
    intent = create(api)
    told(confirm(api, intent))
    told(api.post("/api/v1/refunds", {"payment_intent": intent, "amount_minor": 1}), 201)
    other, before = Api("payments", client="cli_other"), everything()
    # When
    refund = Refund.objects.get().public_id
    answers = [
        other.get(f"{ADDRESS}/{intent}"),
        other.get(f"/api/v1/refunds/{refund}"),
        confirm(other, intent),
        *(other.post(f"{ADDRESS}/{intent}/{verb}") for verb in ("capture", "cancel")),
        other.post("/api/v1/refunds", {"payment_intent": intent}),
    ]
    # Then
    assert [answer.status_code for answer in answers] == [404] * 6
    assert [told(other.get(f"/api/v1/{name}"))["data"] for name in ("payment-intents", "captures", "refunds")] == [
        []
    ] * 3
    after = everything()
    assert [label for label in after if after[label] != before[label]] in ([], ["exactly_once.IdempotencyKey"])


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"currency": "EUR"}, "/amount_minor", "required"),
        ({"amount_minor": 0, "currency": "EUR"}, "/amount_minor", "min_value"),
        ({"amount_minor": 1.5, "currency": "EUR"}, "/amount_minor", "not_an_integer"),
        ({"amount_minor": 10**13, "currency": "EUR"}, "/amount_minor", "max_value"),
        ({"amount_minor": 1, "currency": "eur"}, "/currency", "unknown_currency"),
        ({"amount_minor": 1, "currency": "EUR", "capture_method": "later"}, "/capture_method", "invalid_choice"),
        ({"amount_minor": 1, "currency": "EUR", "payment": {"token": "x y"}}, "/payment/token", "invalid"),
        (
            {"amount_minor": 1, "currency": "EUR", "payment": {"token": "t", "psp": "nobody"}},
            "/payment/psp",
            "invalid_choice",
        ),
        ({"amount_minor": 1, "currency": "EUR", "colour": "red"}, "/colour", "unknown_field"),
    ],
)
def test_bad_input_names_the_field_and_the_rule(api: Api, body: object, pointer: str, code: str) -> None:
    before = everything()
    answer = api.post(ADDRESS, body)
    assert answer.status_code == 400
    assert [(error["pointer"], error["code"]) for error in problem(answer)["errors"]] == [(pointer, code)]
    assert everything() == before


@pytest.mark.parametrize(
    ("address", "body", "code"),
    [
        ("capture", {}, "payment_not_authorized"),
        ("confirm", {}, "payment_method_required"),
        ("refund", {}, "payment_not_captured"),
    ],
)
def test_what_the_state_does_not_allow_is_refused(api: Api, address: str, body: object, code: str) -> None:
    intent = create(api, None)
    if address == "refund":
        answer = api.post("/api/v1/refunds", {"payment_intent": intent})
    else:
        answer = api.post(f"{ADDRESS}/{intent}/{address}", body)
    assert (answer.status_code, problem(answer)["code"]) == (409, code)


def test_a_key_without_the_scope_opens_nothing(api: Api) -> None:
    intent = create(api)
    other = Api("checkout")
    assert other.get(f"{ADDRESS}/{intent}").status_code == 403
    assert other.post(ADDRESS, {}).status_code == 403


def test_the_client_hears_of_what_is_its_own(api: Api) -> None:
    intent = create(api, capture_method="manual")
    told(confirm(api, intent))
    events = list(OutboxEvent.objects.values_list("id", flat=True))
    assert owners_of(event_ids=events) == dict.fromkeys(events, "cli_test")
