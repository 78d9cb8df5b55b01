"""One buyer at the REST API: retries as a good client does, with the same key, and believes only final answers."""

import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

from config.demo.plan import TOKENS, Buyer, Story

# An answer must come in this time, however many retries it takes.
PATIENCE_SECONDS = 60.0
IMPATIENT_COPIES = 3


@dataclass(frozen=True, slots=True)
class Visit:
    """How a visit ended: ``outcome`` is ``ordered`` or the problem's code."""

    buyer: Buyer
    outcome: str
    order_id: str | None
    total_minor: int
    requests: int


class Shopper:
    """Talks to one shop. Safe to share between threads."""

    def __init__(self, *, base_url: str, api_key: str, patience_seconds: float = PATIENCE_SECONDS) -> None:
        # Buyers of another run are other people: the shop would refuse them the same purchase within ten minutes.
        self._crowd = uuid.uuid4().hex[:8]
        self._patience_seconds = patience_seconds
        self._http = httpx.Client(
            base_url=f"{base_url}/api/v1/",
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=30.0,
            limits=httpx.Limits(max_connections=64),
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def visit(self, buyer: Buyer) -> Visit:
        """Fill a cart and pay for it."""
        cart = {
            "currency": buyer.currency,
            "line_items": [{"sku": sku, "quantity": quantity} for sku, quantity in buyer.items],
            "buyer": {"email": f"buyer{buyer.number}-{self._crowd}@example.com", "name": f"Buyer {buyer.number}"},
            **buyer.terms,
        }
        copies = IMPATIENT_COPIES if buyer.story is Story.IMPATIENT else 1
        created, first = self._post("checkout-sessions", cart, copies=copies)
        session = created.raise_for_status().json()
        payment = {"payment": {"psp": buyer.psp, "token": TOKENS[buyer.psp][buyer.story]}}
        paid, second = self._post(f"checkout-sessions/{session['id']}/complete", payment, copies=copies)
        body = paid.json()
        total = next(row["amount_minor"] for row in session["totals"] if row["type"] == "total")
        ordered = paid.status_code == httpx.codes.OK and body["state"] == "completed"
        return Visit(
            buyer=buyer,
            outcome="ordered" if ordered else body.get("code", f"{paid.status_code} {body.get('state')}"),
            order_id=body["order"]["id"] if ordered else None,
            total_minor=total if ordered else 0,
            requests=first + second,
        )

    def send(self, path: str, body: Mapping[str, object]) -> httpx.Response:
        """Post what the shop itself has to say, until the answer is final."""
        answer, _ = self._post(path, body, copies=1)
        return answer.raise_for_status()

    def _post(self, path: str, body: Mapping[str, object], *, copies: int) -> tuple[httpx.Response, int]:
        """Post until the answer is final; return it and how many requests it took.

        With ``copies`` the same request is sent by several threads at once; all must get the same answer.
        """
        key = str(uuid.uuid4())
        if copies == 1:
            return self._persist(path, body, key)
        with ThreadPoolExecutor(max_workers=copies) as pool:
            answers = list(pool.map(lambda _: self._persist(path, body, key), range(copies)))
        if len({(answer.status_code, answer.content) for answer, _ in answers}) != 1:
            raise AssertionError(f"one key, {copies} requests, different answers: {[a.text for a, _ in answers]}")
        return answers[0][0], sum(requests for _, requests in answers)

    def _persist(self, path: str, body: Mapping[str, object], key: str) -> tuple[httpx.Response, int]:
        deadline = time.monotonic() + self._patience_seconds
        requests = 0
        while True:
            requests += 1
            wait = 0.3
            try:
                answer = self._http.post(path, json=body, headers={"Idempotency-Key": f'"{key}"'})
            except httpx.TransportError:
                answer = None
            if answer is not None:
                if not _try_again(answer):
                    return answer, requests
                wait = min(float(answer.headers.get("Retry-After", wait)), 2.0)
            if time.monotonic() > deadline:
                raise TimeoutError(f"no final answer on {path} in {self._patience_seconds:.0f} s")
            time.sleep(wait)


def _try_again(answer: httpx.Response) -> bool:
    """Whether the answer is only for now: still unknown, somebody else at it, or the server's trouble."""
    busy = answer.status_code == httpx.codes.CONFLICT and "Retry-After" in answer.headers
    return busy or answer.status_code == httpx.codes.ACCEPTED or answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR
