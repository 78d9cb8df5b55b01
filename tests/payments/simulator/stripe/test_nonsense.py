"""Whatever it is sent, the simulator says no in good order, changes nothing, and goes on."""

import socket
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.campaigns import PAYMENTS
from tests.payments.simulator.stripe.conftest import Simulator
from tests.processes import Program

GOOD = {"amount": "1290", "currency": "eur", "payment_method": "pm_card_visa", "confirm": "true"}
NONSENSE = [
    {"amount": "abc"},
    {"amount": "12.90"},
    {"amount": "²"},
    {"amount": "٣"},
    {"amount": "0"},
    {"amount": "-1"},
    {"amount": "1" * 5000},
    {"amount": "100000000"},
    {"amount": ""},
    {"currency": "euro"},
    {"currency": "<b>"},
    {"currency": ""},
    {"confirm": "maybe"},
    {"capture_method": "sometimes"},
    {"payment_method": "pm_nobody"},
    {"payment_method": ""},
    {"payment_method[id]": "pm_card_visa"},
    {"metadata": "x"},
    {"metadata[a][b]": "x"},
    {"metadata[a]": "x" * 501},
    {"metadata[" + "a" * 41 + "]": "x"},
    {"description": "x" * 5001},
    {"surprise": "1"},
    {"amount[]": "1"},
]


@pytest.mark.parametrize("change", NONSENSE, ids=lambda change: str(change)[:30])
def test_nonsense_is_refused_and_what_comes_after_still_works(psp: Simulator, change: dict[str, str]) -> None:
    # The parameter's own form must not stand beside the nonsense
    told = {name: value for name, value in GOOD.items() if name not in {key.split("[")[0] for key in change}}
    answer = psp.post("payment_intents", {**told, **change})
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert (psp.charges(), psp.record()["events"]) == ([], 0)
    assert psp.paid()["status"] == "succeeded"


@pytest.mark.parametrize("name", ["amount", "currency", "payment_method"])
def test_what_must_be_there_is_asked_for(psp: Simulator, name: str) -> None:
    answer = psp.post("payment_intents", {key: value for key, value in GOOD.items() if key != name})
    assert answer.status_code == 400
    assert psp.charges() == []


NAMES = st.sampled_from([*GOOD, "metadata[a]", "metadata", "amount_to_capture", "payment_intent", "[", "a[b", "a]b[c]"])
VALUES = st.one_of(st.sampled_from([*GOOD.values(), "", "\x00", "-", "0x1", "1_0"]), st.text(max_size=20))
BODIES = st.one_of(
    st.binary(max_size=200),
    st.lists(st.tuples(NAMES, VALUES), max_size=6).map(lambda pairs: urlencode(pairs).encode()),
)
PATHS = st.sampled_from(
    [
        "payment_intents",
        "refunds",
        "payment_intents/x/capture",
        "payment_intents/x/confirm",
        "payment_intents/%00/cancel",
    ]
)


def test_no_body_breaks_it(process: Program) -> None:
    headers = {"Authorization": "Bearer sk_test", "Content-Type": "application/x-www-form-urlencoded"}
    with httpx.Client(base_url=process.url, headers=headers, timeout=10) as http:

        @settings(max_examples=PAYMENTS.effort(100, 3000), deadline=None, database=None)
        @given(path=PATHS, body=BODIES)
        def send(path: str, body: bytes) -> None:
            answer = http.post(f"/v1/{path}", content=body)
            assert answer.status_code in {200, 400, 402, 404}, (answer.status_code, path, body)
            assert answer.json()

        send()


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"\x16\x03\x01\x02\x00",
        b"GET",
        b"POST /v1/refunds HTTP/1.1\r\nContent-Length: 99\r\n\r\nhalf",
        b"\r\n" * 50,
    ],
)
def test_bytes_that_are_no_request_do_no_harm(psp: Simulator, junk: bytes) -> None:
    with socket.create_connection(("127.0.0.1", psp.program.port), timeout=5) as connection:
        connection.sendall(junk)
    assert psp.paid()["status"] == "succeeded"


def test_a_body_beyond_a_megabyte_is_not_taken(psp: Simulator) -> None:
    assert psp.post("payment_intents", {"description": "x" * 2_000_000}).status_code == 413


@pytest.mark.parametrize("what", ["webhooks", "faults", "clock"])
@pytest.mark.parametrize("command", ["[]", "null", "1", "x", '{"mode": "later", "next": 1, "advance_seconds": "x"}'])
def test_a_command_that_is_none_is_refused(psp: Simulator, what: str, command: str) -> None:
    answer = psp.http.post(f"/_simulator/{what}", content=command, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
