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

    def answer_three_d_secure(self, url: str, answer: str) -> None:
        """Answer the bank's question as the buyer."""
        self.http.post(url, data={"answer": answer}).raise_for_status()

    def _record(self) -> dict[str, Any]:
        record: dict[str, Any] = self.http.get("/_simulator/record").raise_for_status().json()
        return record
