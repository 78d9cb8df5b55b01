"""Events leave until they are taken, as often and in whatever order is wanted, and outlive the process."""

import time
from pathlib import Path

import httpx
import pytest

from tests.payments.simulator.stripe.conftest import Simulator
from tests.processes import running, simulator
from tests.waiting import eventually
from tests.webhook_endpoint import SECRET, Endpoint

STORY = ["charge.succeeded", "payment_intent.created", "payment_intent.succeeded"]


def test_events_are_sent_when_they_happen(psp: Simulator, endpoint: Endpoint) -> None:
    psp.control("webhooks", mode="live")
    paid = psp.paid()
    eventually(lambda: len(endpoint.taken) == 3, "three events come")
    assert sorted(endpoint.types()) == STORY
    told = next(event for event in endpoint.events() if event["type"] == "payment_intent.succeeded")
    assert told["data"]["object"].to_dict() == paid
    assert told["api_version"] == "2026-10-28.endive"


@pytest.mark.parametrize("answer", [500, 404, 307])
def test_what_is_not_taken_is_sent_again(psp: Simulator, endpoint: Endpoint, answer: int) -> None:
    endpoint.answers[:] = [answer] * 4
    psp.control("webhooks", mode="live")
    psp.paid()
    eventually(lambda: psp.record()["waiting"] == 0, "every event is taken")
    assert (len(endpoint.taken), psp.record()["deliveries"]) == (7, 3)
    assert (sorted(set(endpoint.types())), endpoint.paths) == (STORY, {"/webhooks/stripe/main"})


def test_an_endpoint_that_is_away_gets_its_events_when_it_is_back(psp: Simulator, endpoint: Endpoint) -> None:
    psp.control("webhooks", mode="live", base="http://127.0.0.1:9")
    psp.paid()
    assert psp.record()["waiting"] == 3
    psp.control("webhooks", base=endpoint.url)
    eventually(lambda: psp.record()["waiting"] == 0, "every event is taken")
    assert sorted(endpoint.types()) == STORY


def test_holding_stops_what_is_being_tried_and_going_on_takes_it_up_again(psp: Simulator, endpoint: Endpoint) -> None:
    endpoint.answers[:] = [503] * 1000
    psp.control("webhooks", mode="live")
    psp.paid()
    eventually(lambda: len(endpoint.taken) >= 3, "every event is tried")
    psp.control("webhooks", mode="hold")
    endpoint.answers.clear()
    time.sleep(1)  # longer than the pause between the first tries
    assert (psp.record()["waiting"], psp.record()["deliveries"]) == (3, 0)
    psp.control("webhooks", mode="live")
    eventually(lambda: psp.record()["waiting"] == 0, "every event is taken")


def test_held_events_wait_until_events_are_sent_again(psp: Simulator, endpoint: Endpoint) -> None:
    psp.paid()
    assert (psp.record()["waiting"], endpoint.taken) == (3, [])
    psp.control("webhooks", mode="live")
    eventually(lambda: psp.record()["waiting"] == 0, "every event is taken")
    assert sorted(endpoint.types()) == STORY


def test_held_events_are_sent_as_often_and_in_the_order_that_the_seed_says(psp: Simulator, endpoint: Endpoint) -> None:
    psp.paid()
    sent = psp.control("webhooks", flush=True, duplicates=3, shuffle=True, seed=7)["deliveries"]
    assert (sent, psp.record()["waiting"]) == (9, 0)
    assert sorted(endpoint.types()) == sorted(STORY * 3)
    assert psp.control("webhooks", flush=True)["deliveries"] == 0


def test_what_a_flush_does_not_get_rid_of_stays(psp: Simulator, endpoint: Endpoint) -> None:
    psp.paid()
    endpoint.answers[:] = [503] * 2
    assert psp.control("webhooks", flush=True)["deliveries"] == 1
    assert psp.record()["waiting"] == 2
    assert psp.control("webhooks", flush=True)["deliveries"] == 2


def test_events_can_come_twice_by_themselves(psp: Simulator, endpoint: Endpoint) -> None:
    psp.control("faults", webhook_duplicate=1)
    psp.control("webhooks", mode="live")
    held = psp.paid(capture_method="manual")
    eventually(lambda: psp.record()["waiting"] == 0, "every event is taken")
    psp.post(f"payment_intents/{held['id']}/capture", {})
    eventually(lambda: len(endpoint.taken) == 10, "each event comes twice")
    assert len({event["id"] for event in endpoint.events()}) == 5


def test_the_same_news_can_come_under_two_ids(psp: Simulator, endpoint: Endpoint) -> None:
    psp.control("faults", webhook_twin=1)
    psp.paid()
    psp.control("webhooks", flush=True)
    assert sorted(endpoint.types()) == sorted(STORY * 2)
    assert len({event["id"] for event in endpoint.events()}) == 6


def test_events_can_overtake_each_other(psp: Simulator, endpoint: Endpoint) -> None:
    psp.control("faults", webhook_late_seconds=0.5)
    psp.control("webhooks", mode="live")
    intents = [psp.paid()["id"] for _ in range(10)]
    eventually(lambda: len(endpoint.taken) == 30, "every event comes")
    created = [
        event["data"]["object"]["id"] for event in endpoint.events() if event["type"] == "payment_intent.created"
    ]
    assert sorted(created) == sorted(intents)
    assert created != intents


def test_refused_requests_send_nothing(psp: Simulator, endpoint: Endpoint) -> None:
    psp.pay("pm_nobody")
    psp.pay("pm_tally_error500")
    assert (psp.record()["events"], psp.record()["waiting"]) == (0, 0)


def test_a_crash_forgets_nothing(tmp_path: Path, endpoint: Endpoint) -> None:
    program = simulator(tmp_path, webhook_base=endpoint.url, webhook_secrets={"stripe": SECRET})
    with running(program), httpx.Client(base_url=program.url, headers={"Authorization": "Bearer sk_test"}) as http:
        psp = Simulator(program, http)
        psp.control("webhooks", mode="hold")
        psp.control("clock", advance_seconds=5000)
        paid, record = psp.pay(key="key-1").json(), psp.record()
        program.kill9()
        program.start()
        # Then it knows what it knew, and still holds what it held
        assert psp.record() == {**record, "requests": 1}
        assert psp.pay(key="key-1").json() == paid
        assert psp.control("clock", advance_seconds=0)["now"] >= paid["created"]
        assert endpoint.taken == []
        # And what was to be sent is sent by the next process, by itself
        psp.control("webhooks", mode="live")
        program.kill9()
        program.start()
        eventually(lambda: psp.record()["waiting"] == 0, "every event is taken")
    assert sorted(set(endpoint.types())) == STORY
