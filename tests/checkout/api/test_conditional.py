"""What has not changed is not sent again, and what was seen in another state is not acted upon."""

import uuid
from typing import Any

import pytest

from checkout.models import CheckoutSession, Price
from tests.api import Api, everything, problem
from tests.checkout.api.shop import SESSIONS, furnish, open_session, told
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

VISA = {"payment": {"token": "pm_card_visa"}}


@pytest.fixture
def api() -> Api:
    furnish()
    return Api("checkout")


def address(session: dict[str, Any]) -> str:
    return f"{SESSIONS}/{session['id']}"


def test_a_session_is_not_sent_again_until_something_of_it_has_changed(api: Api) -> None:
    session = open_session(api)
    first = api.get(address(session))

    again = api.get(address(session), **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])

    # A price is none of the session, but what is said about it is.
    Price.objects.filter(variant__sku="MUG", currency="EUR").update(unit_amount_minor=1300)
    changed = api.get(address(session), **{"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def test_a_change_answers_with_the_version_that_it_made(api: Api) -> None:
    session = open_session(api)

    changed = api.request("PATCH", address(session), {"customer": "ada"})

    assert changed["ETag"] == api.get(address(session))["ETag"]


@pytest.mark.parametrize(
    ("method", "step", "body"),
    [("PATCH", "", {"customer": "bob"}), ("POST", "/complete", VISA), ("POST", "/cancel", {})],
    ids=["change", "complete", "cancel"],
)
def test_what_has_changed_since_it_was_seen_is_left_alone(
    api: Api, psp: Psp, method: str, step: str, body: dict[str, Any]
) -> None:
    # Given
    session, key = open_session(api), str(uuid.uuid4())
    seen = api.get(address(session))["ETag"]
    told(api.request("PATCH", address(session), {"customer": "ada"}))
    before = everything()
    # When
    refusal = api.request(method, address(session) + step, body, **{"If-Match": seen, "Idempotency-Key": key})
    # Then
    assert (problem(refusal)["status"], problem(refusal)["code"]) == (412, "precondition_failed")
    assert everything() == before
    assert psp.charges() == []
    # And once it has been seen, the same key may be used
    seen = api.get(address(session))["ETag"]
    told(api.request(method, address(session) + step, body, **{"If-Match": f'"x", {seen}', "Idempotency-Key": key}))


def test_a_retry_is_not_asked_what_it_has_changed_itself(api: Api, psp: Psp) -> None:
    # Given
    session = open_session(api)
    sent = {"If-Match": api.get(address(session))["ETag"], "Idempotency-Key": "pay"}
    paid = api.post(f"{address(session)}/complete", VISA, **sent)
    # When
    again = api.post(f"{address(session)}/complete", VISA, **sent)
    # Then
    assert (paid.status_code, again.status_code, again.content) == (200, 200, paid.content)
    assert len(psp.charges()) == 1


@pytest.mark.parametrize("header", ["abc", '"abc', "", '"a" "b"', "W/abc"])
def test_what_is_no_etag_is_refused(api: Api, header: str) -> None:
    session = open_session(api)

    refusal = problem(api.request("PATCH", address(session), {"customer": "ada"}, **{"If-Match": header}))

    assert (refusal["status"], refusal["code"]) == (400, "if_match_malformed")
    assert CheckoutSession.objects.get().customer == ""


@pytest.mark.parametrize(("header", "status"), [("*", 200), ('W/"abc"', 412), ('"abc", "def"', 412)])
def test_a_star_fits_whatever_there_is_and_a_weak_tag_nothing(api: Api, header: str, status: int) -> None:
    session = open_session(api)
    etag = api.get(address(session))["ETag"]

    assert api.request("PATCH", address(session), {}, **{"If-Match": header}).status_code == status
    assert api.request("PATCH", address(session), {}, **{"If-Match": f"W/{etag}"}).status_code == 412
