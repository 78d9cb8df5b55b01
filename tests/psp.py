"""The PSP's side of a test: its own record, and its clock."""

from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Psp:
    """The simulator, seen by a test."""

    http: httpx.Client

    def charges(self) -> list[tuple[str, int, int]]:
        """Return (status, captured, refunded) of every payment, in minor units."""
        rows = self._record()["charges"]
        return [(row["status"], row["captured_minor"], row["refunded_minor"]) for row in rows]

    def requests(self) -> int:
        """Return how many requests have come."""
        return int(self._record()["requests"])

    def waiting(self) -> int:
        """Return how many webhooks are still to be sent."""
        return int(self._record()["waiting"])

    def answer_three_d_secure(self, url: str, answer: str) -> str:
        """Answer the bank's question as the buyer; return where the browser is sent on to."""
        sent_on = self.http.post(url, data={"answer": answer})
        assert sent_on.status_code in {200, 303}, sent_on.text
        return str(sent_on.headers.get("Location", ""))

    def _record(self) -> dict[str, Any]:
        record: dict[str, Any] = self.http.get("/_simulator/record").raise_for_status().json()
        return record
