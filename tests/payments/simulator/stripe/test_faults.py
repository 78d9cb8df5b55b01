"""What goes wrong does so on demand, and the record knows what really happened."""

from pathlib import Path

import httpx
import pytest

from tests.payments.simulator.stripe.conftest import Simulator
from tests.processes import running, simulator

TAKEN, NOTHING = [("succeeded", 1290, 0)], list[tuple[str, int, int]]()


@pytest.mark.parametrize(
    ("token", "taken"), [("pm_tally_dropReply", TAKEN), ("pm_tally_slow", TAKEN), ("pm_tally_resetBefore", NOTHING)]
)
def test_a_retry_with_the_same_key_learns_what_a_lost_reply_said(
    psp: Simulator, token: str, taken: list[tuple[str, int, int]]
) -> None:
    told = {"amount": "1290", "currency": "eur", "payment_method": token, "confirm": "true"}
    with pytest.raises(httpx.TransportError):
        psp.post("payment_intents", told, "key-1", timeout=0.5)
    assert psp.charges() == taken
    assert psp.post("payment_intents", told, "key-1").json()["status"] == "succeeded"
    assert psp.charges() == TAKEN


@pytest.mark.parametrize(("token", "taken"), [("pm_tally_error500", NOTHING), ("pm_tally_error500After", TAKEN)])
def test_a_500_is_stored_whatever_was_executed(psp: Simulator, token: str, taken: list[tuple[str, int, int]]) -> None:
    answers = [psp.pay(token, "key-1") for _ in range(2)]
    assert [(answer.status_code, answer.json()["error"]["type"]) for answer in answers] == [(500, "api_error")] * 2
    assert psp.charges() == taken


def test_a_rate_limit_is_not_stored(psp: Simulator) -> None:
    answers = [psp.pay("pm_tally_rateLimit", "key-1") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [429, 200]
    assert psp.charges() == TAKEN


def test_another_amount_can_be_taken_than_was_asked_for(psp: Simulator) -> None:
    assert psp.paid("pm_tally_otherAmount")["amount_received"] == 1289
    assert psp.charges() == [("succeeded", 1289, 0)]


def test_faults_can_be_queued_for_the_next_writes_and_reads(psp: Simulator) -> None:
    psp.control("faults", next=["rate_limit", None, "error500"], next_reads=["error500", None])
    assert [psp.pay().status_code for _ in range(4)] == [429, 200, 500, 200]
    assert [psp.get("payment_intents").status_code for _ in range(3)] == [500, 200, 200]


def test_a_search_can_lag(psp: Simulator) -> None:
    paid = psp.paid(**{"metadata[tally_attempt]": "a-1"})
    psp.control("faults", search_lag_seconds=60)
    query = "metadata['tally_attempt']:'a-1'"
    assert psp.get("payment_intents/search", query=query).json()["data"] == []
    psp.control("clock", advance_seconds=60)
    assert psp.get("payment_intents/search", query=query).json()["data"] == [paid]


@pytest.mark.parametrize(
    "command",
    [{"drop_replies": 1}, {"drop_reply": 2}, {"drop_reply": -0.1}, {"drop_reply": "often"}, {"next": ["boom"]}],
)
def test_a_fault_that_does_not_exist_is_refused(psp: Simulator, command: dict[str, object]) -> None:
    assert psp.http.post("/_simulator/faults", json=command).status_code == 400


def test_what_is_drawn_follows_from_the_seed_also_across_a_crash(tmp_path: Path) -> None:
    def luck(name: str, seed: int, *, crash: bool) -> list[int]:
        directory = tmp_path / name
        directory.mkdir()
        program = simulator(directory, arguments=["--seed", str(seed), "--fault", "rate_limit=0.5"])
        statuses = []
        with running(program), httpx.Client(headers={"Authorization": "Bearer sk_test"}) as http:
            for payment in range(16):
                if crash and payment == 8:
                    program.kill9()
                    program.start()
                told = {"amount": "1", "currency": "eur", "payment_method": "pm_card_visa", "confirm": "true"}
                statuses.append(http.post(f"{program.url}/v1/payment_intents", data=told).status_code)
        return statuses

    first = luck("a", 7, crash=False)
    assert set(first) == {200, 429}
    assert luck("b", 7, crash=True) == first
    assert luck("c", 8, crash=False) != first
