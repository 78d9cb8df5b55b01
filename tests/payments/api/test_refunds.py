"""Refunds through the API: of a sum or of parts, and never without a payment."""

from typing import Any

import pytest
from django.db import IntegrityError
from django_subatomic.db import transaction

from exactly_once.models import OutboxEvent
from ledger.accounts import open_book
from payments.models import Refund
from payments.tasks import pay_back
from tests.api import Api, everything, problem
from tests.factories import NOW
from tests.payments.api.test_intents import ADDRESS, LONG_AGO, assert_in_order, confirm, told

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

REFUNDS = "/api/v1/refunds"
PARTS = [
    {"kind": "line", "reference": "MUG", "quantity": 2, "amount_minor": 1000},
    {"kind": "tax", "reference": "MUG", "jurisdiction": "de", "amount_minor": 190},
    {"kind": "shipping", "reference": "parcel", "amount_minor": 100},
]
WISH = {"amount_minor": 1290, "currency": "EUR", "payment": {"token": "pm_card_visa"}}


@pytest.fixture
def api() -> Api:
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)
    return Api("payments")


@pytest.fixture
def paid(api: Api) -> str:
    """A payment of parts."""
    intent = str(told(api.post(ADDRESS, {**WISH, "parts": PARTS}), 201)["id"])
    told(confirm(api, intent))
    return intent


def back_by_part(api: Api, intent: str) -> list[tuple[str, str, int]]:
    parts: list[dict[str, Any]] = told(api.get(f"{ADDRESS}/{intent}"))["parts"]
    return [(part["kind"], part["reference"], part["refunded_minor"]) for part in parts]


def test_an_intent_says_what_it_is_for(api: Api, paid: str) -> None:
    shown = told(api.get(f"{ADDRESS}/{paid}"))["parts"]
    assert shown == [{"jurisdiction": "", "quantity": None, "refunded_minor": 0, **part} for part in PARTS]
    assert told(api.get(ADDRESS))["data"][0]["parts"] == shown


def test_a_refund_of_a_line_pays_its_tax_back_too(api: Api, paid: str) -> None:
    # When
    body = {"payment_intent": paid, "parts": [{"reference": "MUG", "amount_minor": 595}]}
    refund = told(api.post(REFUNDS, body), 201)
    # Then
    assert (refund["amount_minor"], refund["parts"]) == (
        595,
        [
            {"kind": "line", "reference": "MUG", "jurisdiction": "", "amount_minor": 500},
            {"kind": "tax", "reference": "MUG", "jurisdiction": "de", "amount_minor": 95},
        ],
    )
    assert told(api.get(f"{REFUNDS}/{refund['id']}")) == refund
    assert told(api.get(REFUNDS))["data"] == [refund]
    assert back_by_part(api, paid) == [("line", "MUG", 500), ("tax", "MUG", 95), ("shipping", "parcel", 0)]
    assert_in_order()


def test_what_is_left_of_an_item_and_then_of_all_goes_back(api: Api, paid: str) -> None:
    told(api.post(REFUNDS, {"payment_intent": paid, "amount_minor": 645}), 201)
    rest_of_line = told(api.post(REFUNDS, {"payment_intent": paid, "parts": [{"reference": "MUG"}]}), 201)
    assert rest_of_line["amount_minor"] == 595
    assert told(api.post(REFUNDS, {"payment_intent": paid}), 201)["amount_minor"] == 50
    assert back_by_part(api, paid) == [("line", "MUG", 1000), ("tax", "MUG", 190), ("shipping", "parcel", 100)]
    more = api.post(REFUNDS, {"payment_intent": paid, "parts": [{"reference": "parcel"}]})
    assert (more.status_code, problem(more)["code"]) == (409, "nothing_to_refund")
    assert_in_order()


def test_a_refund_that_waits_for_the_buyer_is_shown(api: Api) -> None:
    intent = str(told(api.post(ADDRESS, {**WISH, "payment": {"token": "pm_tally_refundAsksFirst"}}), 201)["id"])
    told(confirm(api, intent))
    refund = told(api.post(REFUNDS, {"payment_intent": intent}), 201)
    assert (refund["state"], refund["parts"]) == ("pending", [])
    # When
    Refund.objects.update(next_check_at=LONG_AGO)
    pay_back(str(Refund.objects.get().uuid))
    # Then
    assert told(api.get(f"{REFUNDS}/{refund['id']}"))["state"] == "requires_action"
    assert OutboxEvent.objects.filter(type="refund.requires_action").count() == 1


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"amount_minor": 1291}, "/parts", "does_not_add_up"),
        ({"parts": [*PARTS, PARTS[0]]}, "/parts/3", "there_twice"),
        ({"parts": [{"kind": "tax", "amount_minor": 1290}]}, "/parts/0", "not_named"),
        (
            {"parts": [{"kind": "tax", "reference": "X", "jurisdiction": "de", "amount_minor": 1290}]},
            "/parts/0",
            "taxes_nothing",
        ),
        ({"parts": [{"kind": "gift", "reference": "X", "amount_minor": 1290}]}, "/parts/0/kind", "invalid_choice"),
        ({"parts": [{"kind": "line", "reference": "X", "amount_minor": -1}]}, "/parts/0/amount_minor", "min_value"),
        (
            {"parts": [{"kind": "tax", "jurisdiction": "DE:x", "amount_minor": 1290}]},
            "/parts/0/jurisdiction",
            "invalid",
        ),
        ({"parts": [PARTS[0]] * 257}, "/parts", "max_length"),
    ],
)
def test_parts_that_do_not_make_up_the_payment_are_named(
    api: Api, change: dict[str, object], pointer: str, code: str
) -> None:
    before = everything()
    answer = api.post(ADDRESS, {**WISH, "parts": PARTS, **change})
    assert answer.status_code == 400
    assert [(error["pointer"], error["code"]) for error in problem(answer)["errors"]] == [(pointer, code)]
    assert everything() == before


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ({}, 400, ("/payment_intent", "required")),
        ({"amount_minor": 1290}, 400, ("/payment_intent", "required")),
        ({"payment_intent": ""}, 400, ("/payment_intent", "blank")),
        ({"payment_intent": None}, 400, ("/payment_intent", "null")),
        ({"payment_intent": "pi_x", "amount_minor": 1, "parts": [{"reference": "MUG"}]}, 400, ("/parts", "not_both")),
        ({"payment_intent": "pi_x", "parts": [{}]}, 400, ("/parts/0", "not_named")),
        ({"payment_intent": "pi_x", "parts": []}, 400, ("/parts", "min_length")),
        ({"payment_intent": "pi_06h0kupcdppkhet26e0vcs6fe0"}, 404, "payment_intent_not_found"),
    ],
)
def test_there_is_no_refund_without_a_payment(api: Api, paid: str, body: object, status: int, where: object) -> None:
    assert paid
    before = everything()
    answer = api.post(REFUNDS, body)
    said = problem(answer)
    found = next((error["pointer"], error["code"]) for error in said["errors"]) if status == 400 else said["code"]
    assert (answer.status_code, found) == (status, where)
    after = everything()
    assert [label for label in after if after[label] != before[label]] in ([], ["exactly_once.IdempotencyKey"])


def test_the_database_keeps_no_refund_without_a_payment() -> None:
    with pytest.raises(IntegrityError, match="attempt_id"):
        Refund.objects.create(public_id="re_1", amount_minor=1, currency="EUR", reason="requested", created_at=NOW)


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([{"reference": "CAP"}], "unknown_part"),
        ([{"reference": "MUG", "amount_minor": 1191}], "refund_exceeds_part"),
        ([{"reference": "MUG"}, {"reference": "MUG", "amount_minor": 1}], "refund_exceeds_part"),
    ],
)
def test_what_the_payment_has_no_part_for_is_refused(api: Api, paid: str, parts: list[object], code: str) -> None:
    answer = api.post(REFUNDS, {"payment_intent": paid, "parts": parts})
    assert (answer.status_code, problem(answer)["code"]) == (409, code)
    assert Refund.objects.count() == 0


def test_what_was_canceled_is_not_refunded(api: Api) -> None:
    intent = str(told(api.post(ADDRESS, WISH), 201)["id"])
    told(api.post(f"{ADDRESS}/{intent}/cancel"))
    answer = api.post(REFUNDS, {"payment_intent": intent})
    assert (answer.status_code, problem(answer)["code"]) == (409, "payment_not_captured")
