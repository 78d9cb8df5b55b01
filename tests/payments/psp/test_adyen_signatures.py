"""Adyen's notifications are taken when every item in them is signed, and known again by what they are about."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from payments.errors import BadSignature
from tests.payments.psp.adyen_items import ADAPTER, OURS, Item, body, item, modification, signed


def check(content: bytes) -> str:
    return ADAPTER.verify_webhook(headers={}, body=content, now=datetime.now(UTC))


def test_the_docs_own_example_is_signed() -> None:
    # Published by Adyen in the tests of its libraries
    example = {
        "pspReference": "7914073381342284",
        "originalReference": "",
        "merchantAccountCode": "TestMerchant",
        "merchantReference": "TestPayment-1407325143704",
        "amount": {"value": 1130, "currency": "EUR"},
        "eventCode": "AUTHORISATION",
        "success": "true",
        "additionalData": {"hmacSignature": "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0="},
    }
    assert check(body(example)) == "7914073381342284:AUTHORISATION:true"


def test_every_item_is_checked() -> None:
    first, second = signed(item()), signed(modification("CAPTURE"))
    assert check(body(first, second)) == ("NC6HT9CRT65ZGN82:AUTHORISATION:true+WNS7WQ756L2GWR82:CAPTURE:true")


def _without_data(each: Item) -> Item:
    return {name: value for name, value in each.items() if name != "additionalData"}


def _with_signature(signature: object) -> Callable[[Item], Item]:
    return lambda each: {**each, "additionalData": {"hmacSignature": signature}}


def _changed(**changes: Any) -> Callable[[Item], Item]:
    return lambda each: {**each, **changes}


FORGERIES: dict[str, Callable[[Item], Item]] = {
    "no data": _without_data,
    "data that is null": _changed(additionalData=None),
    "no signature": lambda each: {**each, "additionalData": {}},
    "an empty signature": _with_signature(""),
    "a signature that is null": _with_signature(None),
    "a signature beyond ASCII": _with_signature("ünsigned"),
    "a signature that is a list": _with_signature(["x"]),
    "another amount": _changed(amount={"currency": "EUR", "value": 1}),
    "another currency": _changed(amount={"currency": "JPY", "value": 1290}),
    "another event": _changed(eventCode="REFUND_FAILED"),
    "another success": _changed(success="false"),
    "another payment": _changed(pspReference="OTHER"),
    "another original": _changed(originalReference="OTHER"),
    "another reference of ours": _changed(merchantReference=f"{OURS}-hold"),
    "another merchant": _changed(merchantAccountCode="Other"),
    "another key": lambda each: signed(_without_data(each), key="00" * 32),
}


@pytest.mark.parametrize("forgery", list(FORGERIES))
@pytest.mark.parametrize("place", ["alone", "first", "second"])
def test_one_forged_item_is_enough_to_refuse_all(forgery: str, place: str) -> None:
    forged, genuine = FORGERIES[forgery](signed(modification("CAPTURE"))), signed(item())
    items = {"alone": [forged], "first": [forged, genuine], "second": [genuine, forged]}[place]
    with pytest.raises(BadSignature) as refusal:
        check(body(*items))
    assert refusal.value.code == "signature_invalid"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"notificationItems": null}',
        b'{"notificationItems": {}}',
        b'{"notificationItems": []}',
        b'{"notificationItems": [1]}',
        b'{"notificationItems": [{"NotificationRequestItem": null}]}',
        b'{"notificationItems": [{"NotificationRequestItem": {}}]}',
        b'{"notificationItems": "\xff"}',
        b"[" * 100_000,
        body(item(amount=None)),
        body(item(amount={})),
    ],
)
def test_what_is_no_list_of_items_is_refused(content: bytes) -> None:
    with pytest.raises(BadSignature):
        check(content)


def test_the_id_is_the_same_however_often_an_item_comes_and_other_for_other_news() -> None:
    first, later = signed(item(eventDate="2026-11-28T12:00:00+01:00")), signed(item(eventDate="2026-11-29T12:00:00Z"))
    assert check(body(first)) == check(body(later))
    others = [signed(item(success="false")), signed(item("EXPIRE")), signed(item(pspReference="OTHER"))]
    assert len({check(body(each)) for each in [first, *others]}) == 4


def test_many_items_have_an_id_that_fits() -> None:
    many = [signed(item(pspReference=f"NC6HT9CRT65ZG{number}")) for number in range(100, 120)]
    ids = {check(body(*many)), check(body(*many)), check(body(*many[1:]))}
    assert sorted(len(each) for each in ids) == [64, 64]
