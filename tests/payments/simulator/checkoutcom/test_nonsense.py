"""Whatever it is sent, the simulator says no in good order, changes nothing, and goes on."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.campaigns import PAYMENTS
from tests.payments.simulator.checkoutcom.conftest import Simulator
from tests.processes import Program

NONSENSE: list[dict[str, Any]] = [
    {"amount": "1290"},
    {"amount": 12.9},
    {"amount": True},
    {"amount": 0},
    {"amount": -1},
    {"amount": 10**9},
    {"amount": None},
    {"currency": "eur"},
    {"currency": "EURO"},
    {"currency": "ÄÖÜ"},
    {"currency": ["EUR"]},
    {"currency": None},
    {"source": None},
    {"source": "src_visa"},
    {"source": {}},
    {"source": {"type": "card", "number": "4242"}},
    {"source": {"type": "id", "id": "src_nobody"}},
    {"source": {"type": "id", "id": "tok_visa"}},
    {"source": {"type": "token", "token": "src_visa"}},
    {"source": {"type": "token", "token": "tok_nobody"}},
    {"source": {"type": "id", "id": 5}},
    {"capture": "yes"},
    {"reference": "x" * 81},
    {"reference": 5},
    {"description": "x" * 101},
    {"metadata": "x"},
    {"metadata": {"a": 5}},
    {"metadata": {"a": "\ud800"}},
    {"3ds": "yes"},
    {"3ds": {"enabled": "yes"}},
    {"surprise": 1},
]


@pytest.mark.parametrize("change", NONSENSE, ids=lambda change: ascii(change)[:40])
def test_nonsense_is_refused_by_name_and_what_comes_after_still_works(psp: Simulator, change: dict[str, Any]) -> None:
    answer = psp.pay(**change)
    told = answer.json()
    assert (answer.status_code, told["error_type"], len(told["error_codes"])) == (422, "request_invalid", 1)
    assert (told["request_id"], psp.charges(), psp.record()["events"]) == (answer.headers["Cko-Request-Id"], [], 0)
    psp.paid()


@pytest.mark.parametrize("told", [{"amount": 0}, {"amount": "1"}, {"capture_type": "Last"}, {"metadata": 5}, {"x": 1}])
def test_an_action_that_makes_no_sense_is_refused(psp: Simulator, told: dict[str, Any]) -> None:
    payment = psp.paid(capture=False)
    assert psp.post(f"payments/{payment}/captures", told).status_code == 422
    assert psp.charges() == [("Authorized", 0, 0)]


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"skip": "-1"}, {"limit": "²"}])
def test_a_list_that_makes_no_sense_is_refused(psp: Simulator, query: dict[str, str]) -> None:
    assert psp.http.get("/checkoutcom/payments", params={"reference": "x", **query}).status_code == 422


@pytest.mark.parametrize("address", ["payments/pay_nobody", "payments/pay_nobody/actions", "payments/x/y/z"])
def test_what_is_not_there_is_not_found_without_a_word(psp: Simulator, address: str) -> None:
    answer = psp.http.get(f"/checkoutcom/{address}")
    assert (answer.status_code, answer.content, bool(answer.headers["Cko-Request-Id"])) == (404, b"", True)


def test_a_page_that_is_not_there_is_not_found(psp: Simulator) -> None:
    assert psp.http.get("/checkoutcom/3ds/pay_nobody").status_code == 404


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5)
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
NAMES = ("source", "amount", "currency", "capture", "reference", "metadata", "3ds", "description", "capture_type")
BODIES = st.one_of(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6), VALUES)
PATHS = st.sampled_from(["payments", "payments/x/captures", "payments/x/voids", "payments/%00/refunds"])


def test_no_body_breaks_it(process: Program) -> None:
    with httpx.Client(base_url=process.url, headers={"Authorization": "Bearer sk_test"}, timeout=10) as http:

        @settings(max_examples=PAYMENTS.effort(100, 3000), deadline=None, database=None)
        @given(path=PATHS, body=BODIES)
        def send(path: str, body: Any) -> None:
            answer = http.post(f"/checkoutcom/{path}", content=json.dumps(body))
            assert answer.status_code in {404, 422}, (answer.status_code, path, body)

        send()


@pytest.mark.parametrize("body", [b"welcome", b"\xff", b"[" * 100_000, b"[]", b"null", b'{"amount": 1e999}'])
def test_bytes_that_are_no_request_are_refused(psp: Simulator, body: bytes) -> None:
    assert psp.http.post("/checkoutcom/payments", content=body).status_code == 422
