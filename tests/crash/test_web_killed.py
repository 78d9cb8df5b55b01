"""kill -9 of the web process after the PSP has charged and before we could commit it."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.campaigns import PROCESSES
from tests.shop import Shop, shop_at, wait_for
from tests.stack import new_stack

pytestmark = PROCESSES.only


@pytest.fixture(scope="module")
def crash_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("crash") / "now"


@pytest.fixture(scope="module")
def shop(crash_file: Path) -> Iterator[Shop]:
    with (
        new_stack(
            "crash",
            web_application="tests.crash.web_dies_after_psp:application",
            environment={
                "CRASH_ONCE_FILE": str(crash_file),
                "IDEMPOTENCY_LEASE_SECONDS": "2",
                # So that the client's retry, and not the sweeper, is what resumes, where a test is about that.
                "ATTEMPT_CHECK_SECONDS": "5",
            },
        ) as stack,
        shop_at(stack) as shop,
    ):
        yield shop
        # To end in good order takes it the ten seconds of its soft shutdown here, and proves nothing more.
        stack.processes["worker"].kill9()


def _crash_while_paying(shop: Shop, crash_file: Path, key: str) -> dict[str, str]:
    session = shop.open_session()
    crash_file.touch()
    with pytest.raises(httpx.TransportError):
        shop.pay(session, key=key)
    assert not crash_file.exists()
    # The PSP has charged, and we have committed nothing of it.
    assert [charge["captured_minor"] for charge in shop.charges_of(session)] == [1290]
    assert (shop.orders_of(session), shop.postings_of(session)) == (0, [])
    return session


def _assert_sold_once(shop: Shop, session: dict[str, str]) -> None:
    assert shop.orders_of(session) == 1
    assert [charge["captured_minor"] for charge in shop.charges_of(session)] == [1290]
    assert shop.postings_of(session) == [
        ("payment.captured", "assets:psp:stripe:receivable", "debit", 1290),
        ("payment.captured", "liabilities:orders", "credit", 1290),
    ]
    shop.verify()


def test_the_clients_retry_resumes_the_same_charge(shop: Shop, crash_file: Path) -> None:
    # Given no webhook and no worker: only the client can bring it to an end
    shop.psp.post("/_simulator/webhooks", json={"mode": "hold"}).raise_for_status()
    shop.stack.processes["worker"].kill9()
    key = str(uuid.uuid4())
    session = _crash_while_paying(shop, crash_file, key)
    shop.stack.processes["web"].restart()
    # When
    answer = shop.pay_until_final(session, "pm_card_visa", key=key)
    # Then
    assert (answer.status_code, answer.json()["state"]) == (200, "completed")
    _assert_sold_once(shop, session)
    shop.stack.processes["worker"].restart()
    shop.psp.post("/_simulator/webhooks", json={"mode": "live", "flush": True}).raise_for_status()


def test_the_webhook_ends_it_and_the_clients_retry_reads_the_answer(shop: Shop, crash_file: Path) -> None:
    # Given
    key = str(uuid.uuid4())
    session = _crash_while_paying(shop, crash_file, key)
    shop.stack.processes["web"].restart()
    # When the webhook, sent again by the PSP until it is taken, or the sweeper has ended it
    wait_for(lambda: shop.orders_of(session) == 1, "the webhook or the sweeper completes the session")
    answer = shop.pay_until_final(session, "pm_card_visa", key=key)
    # Then
    assert (answer.status_code, answer.json()["state"]) == (200, "completed")
    assert answer.headers["Idempotent-Replayed"] == "true"
    _assert_sold_once(shop, session)


def test_the_broker_may_lose_everything(shop: Shop) -> None:
    # Given a payment that nobody knows the end of
    session = shop.open_session()
    shop.psp.post("/_simulator/webhooks", json={"mode": "hold"}).raise_for_status()
    assert shop.pay(session, "pm_tally_dropReply").status_code == 202
    # When the broker is killed and starts empty
    shop.stack.processes["valkey"].kill9()
    shop.stack.processes["valkey"].restart()
    # Then the sweepers find what is due in the database
    wait_for(lambda: shop.orders_of(session) == 1, "the sweeper completes the session")
    _assert_sold_once(shop, session)
    shop.psp.post("/_simulator/webhooks", json={"mode": "live", "flush": True}).raise_for_status()
