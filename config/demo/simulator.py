"""The demo's word with the PSP simulator, over HTTP as with any remote server."""

from dataclasses import dataclass

import httpx


@dataclass(frozen=True, slots=True)
class Charge:
    """One payment in the PSP's own record, in minor units."""

    attempt_id: str
    currency: str
    captured_minor: int
    refunded_minor: int


class Simulator:
    """The control side of the simulator."""

    def __init__(self, base_url: str) -> None:
        self._http = httpx.Client(base_url=base_url, timeout=30.0)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def hold_webhooks(self) -> None:
        """Keep every webhook back until it is flushed."""
        self._control({"mode": "hold"})

    def send_webhooks_at_once(self) -> None:
        """Send each webhook when it happens."""
        self._control({"mode": "live"})

    def flush_webhooks(self, *, copies: int, seed: int) -> int:
        """Send everything held back, ``copies`` times, in an order shuffled by ``seed``; return the deliveries."""
        answer = self._control({"flush": True, "duplicates": copies, "shuffle": True, "seed": seed})
        return answer["deliveries"]

    def charges(self) -> list[Charge]:
        """Return the PSP's own record of every payment that took money."""
        record = self._http.get("/_simulator/record").raise_for_status().json()
        return [
            Charge(row["attempt_id"], row["currency"], row["captured_minor"], row["refunded_minor"])
            for row in record["charges"]
            if row["captured_minor"]
        ]

    def pay_out(self) -> None:
        """Have all that is available paid out, in each currency."""
        for currency, available_minor in self.balance().items():
            if available_minor > 0:
                payout = {"currency": currency, "status": "paid"}
                self._http.post("/_simulator/stripe/payouts", json=payout).raise_for_status()

    def balance(self) -> dict[str, int]:
        """Return what the PSP says that it owes, in minor units by currency."""
        told = self._http.post("/_simulator/stripe/balance", json={}).raise_for_status().json()
        return {currency.upper(): minor for currency, minor in told.items()}

    def _control(self, command: dict[str, object]) -> dict[str, int]:
        answer: dict[str, int] = self._http.post("/_simulator/webhooks", json=command).raise_for_status().json()
        return answer
