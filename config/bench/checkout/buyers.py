"""Buyers who buy one thing after another, each over a connection that is kept."""

import http.client
import itertools
import json
import random
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

# A payment whose outcome is open is asked about again; none should be, with a PSP that answers at once.
MOST_TRIES = 50

# No two purchases may look alike, or the second within ten minutes would be refused as a duplicate.
_numbers = itertools.count(1)


class BuyerFailedError(Exception):
    """A checkout did not end with an order: what was measured would be worth nothing."""


@dataclass
class Purchases:
    """How long each checkout took, from its session to its order, in seconds."""

    latencies: list[float] = field(default_factory=list)

    def quantile(self, share: float) -> float:
        """Return the latency that this share of the checkouts did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


@dataclass(frozen=True, slots=True)
class Shop:
    """Where to buy, and what. ``run`` names this run in the buyers' addresses."""

    port: int
    api_key: str
    skus: Sequence[str]
    run: str


def buy(*, shop: Shop, buyers: int, seconds: float) -> Purchases:
    """Have so many buyers buy for so long; every checkout that was begun is ended.

    :raises BuyerFailedError: with the answer that was none.
    """
    purchases, failures = Purchases(), list[Exception]()
    until = time.monotonic() + seconds

    def shopping(number: int) -> None:
        dice = random.Random(number)  # noqa: S311 - a repeatable play, not a secret
        connection = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=60)
        try:
            while time.monotonic() < until and not failures:
                began = time.perf_counter()
                _check_out(connection, shop, dice.choice(shop.skus))
                purchases.latencies.append(time.perf_counter() - began)
        except (BuyerFailedError, OSError, http.client.HTTPException) as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=shopping, args=[number]) for number in range(buyers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise BuyerFailedError(str(failures[0])) from failures[0]
    return purchases


def _check_out(connection: http.client.HTTPConnection, shop: Shop, sku: str) -> None:
    number = next(_numbers)
    cart = {
        "currency": "EUR",
        "line_items": [{"sku": sku, "quantity": 1}],
        "buyer": {"email": f"buyer{number}-{shop.run}@example.com"},
    }
    status, session = _post(connection, shop, "checkout-sessions", cart, f"s{number}-{shop.run}")
    if status != http.client.CREATED:
        raise BuyerFailedError(f"{status}: {session}")
    payment = {"payment": {"token": "pm_card_visa"}}
    path = f"checkout-sessions/{session['id']}/complete"
    status, answer = 0, dict[str, str]()
    for _ in range(MOST_TRIES):
        status, answer = _post(connection, shop, path, payment, f"p{number}-{shop.run}")
        if status != http.client.ACCEPTED:
            break
        time.sleep(0.1)
    if status != http.client.OK or answer["state"] != "completed":
        raise BuyerFailedError(f"{status}: {answer}")


def _post(
    connection: http.client.HTTPConnection, shop: Shop, path: str, body: Mapping[str, object], key: str
) -> tuple[int, dict[str, str]]:
    headers = {
        "Authorization": f"Bearer {shop.api_key}",
        "Content-Type": "application/json",
        "Idempotency-Key": key,
    }
    connection.request("POST", f"/api/v1/{path}", json.dumps(body), headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())
