"""A shop's developer at the public addresses of a running stack: HTTP in, HTTP out, and the books by SQL."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg

from config.services.leftovers import BASE_DIR
from config.services.stack import Stack

# How long the whole service may take to bring one thing to its end.
PATIENCE_SECONDS = 40.0


class Shop:
    """Talks to one stack."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.http = httpx.Client(
            base_url=stack.base_url, headers={"Authorization": f"Bearer {stack.api_key}"}, timeout=30
        )
        self.psp = httpx.Client(base_url=stack.simulator_url, timeout=30)

    def close(self) -> None:
        self.http.close()
        self.psp.close()

    def post(self, path: str, body: dict[str, Any] | None = None, *, key: str | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return self.http.post(f"/api/v1/{path}", json=body or {}, headers=headers)

    def get(self, path: str) -> Any:
        return self.http.get(f"/api/v1/{path}").raise_for_status().json()

    def open_session(
        self, sku: str = "TEA-100", quantity: int = 1, currency: str = "EUR", *, email: str | None = None
    ) -> dict[str, Any]:
        """Open one, for a buyer of its own unless an e-mail is given: the same one buying the same again is refused."""
        cart = {
            "currency": currency,
            "line_items": [{"sku": sku, "quantity": quantity}],
            "buyer": {"email": email or f"ada-{uuid.uuid4()}@example.com", "name": "Ada"},
        }
        answer = self.post("checkout-sessions", cart)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def pay(self, session: dict[str, Any], token: str = "pm_card_visa", *, key: str | None = None) -> httpx.Response:
        return self.post(f"checkout-sessions/{session['id']}/complete", {"payment": {"token": token}}, key=key)

    def pay_until_final(self, session: dict[str, Any], token: str, *, key: str) -> httpx.Response:
        """Retry with the same key, as a good client does, until the answer is final."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self.pay(session, token, key=key)
            if answer.status_code != 202 and "Retry-After" not in answer.headers:
                return answer
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.2)

    def charges_of(self, session: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the PSP's own record of what was captured for a session."""
        attempts = {str(row[0]) for row in self.sql(_ATTEMPTS, [session["id"]])}
        record = self.psp.get("/_simulator/record").raise_for_status().json()
        return [row for row in record["charges"] if row["attempt_id"] in attempts and row["captured_minor"]]

    def orders_of(self, session: dict[str, Any]) -> int:
        return int(self.sql(_ORDERS, [session["id"]])[0][0])

    def postings_of(self, session: dict[str, Any]) -> list[tuple[str, str, str, int]]:
        """Return (kind, account, direction, amount) of every entry for a session, in the order of posting."""
        return self.sql(_POSTINGS, [session["id"]])

    def sql(self, query: str, values: list[Any] | None = None) -> list[Any]:
        with psycopg.connect(self.stack.database_url) as connection:
            return connection.execute(query, values or []).fetchall()

    def add_product(self, *, on_hand: int) -> str:
        """Put something new up for sale for EUR 10.00, through the application's own code, and return its SKU."""
        sku = f"TEST-{uuid.uuid4().hex[:12]}"
        program = (
            "import django; django.setup()\n"
            "from datetime import UTC, datetime\n"
            "from django_subatomic.db import transaction\n"
            "from checkout.add_product import add_product\n"
            "with transaction():\n"
            f"    add_product(sku={sku!r}, name={sku!r}, description='', prices={{'EUR': 1000}},"
            f" on_hand={on_hand}, reference='test', now=datetime.now(UTC))\n"
        )
        subprocess.run([sys.executable, "-c", program], check=True, env=self._environment(), cwd=BASE_DIR, timeout=60)
        return sku

    def verify(self) -> None:
        """Check every invariant of the whole system, and rebuild what can be rebuilt."""
        done = self.manage("verify", "--replay", "--json")
        report = json.loads(done.stdout)
        broken = [check for check in report["checks"] if not check["passed"]]
        differing = [stage for stage in report["replay"] if stage["differences"]]
        assert (broken, differing, done.returncode) == ([], [], 0), (broken, differing, done.stderr)

    def manage(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of ``manage.py`` beside the stack, to its end."""
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            env=self._environment(),
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **self.stack.environment()}


@contextmanager
def shop_at(stack: Stack) -> Iterator[Shop]:
    shop = Shop(stack)
    try:
        yield shop
    finally:
        shop.close()


def wait_for(what: Callable[[], bool], why: str) -> None:
    """Wait until something is true that other processes bring about."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < deadline, f"{why}: not after {PATIENCE_SECONDS:.0f} s"
        time.sleep(0.05)


_ATTEMPTS = """
    SELECT a.uuid FROM payments_attempt AS a
    JOIN payments_paymentintent AS i ON i.id = a.intent_id
    WHERE i.order_reference = %s
"""
_ORDERS = """
    SELECT count(*) FROM checkout_order AS o
    JOIN checkout_checkoutsession AS s ON s.id = o.session_id
    WHERE s.public_id = %s
"""
_POSTINGS = """
    SELECT t.kind, a.code, CASE e.direction WHEN 'D' THEN 'debit' ELSE 'credit' END, e.amount_minor
    FROM ledger_transaction AS t
    JOIN ledger_entry AS e ON e.id >> 10 = t.id
    JOIN ledger_account AS a ON a.id = e.account_id
    WHERE t.metadata ->> 'order_reference' = %s
    ORDER BY e.id
"""
