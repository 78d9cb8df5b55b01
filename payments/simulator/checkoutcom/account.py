"""One account at Checkout.com, as it is simulated."""

from datetime import UTC, datetime

from payments.simulator.account import Account
from payments.simulator.checkoutcom import errors, objects
from payments.simulator.store import Document

# What this PSP's documents are called in the store, where those of others stand beside them.
PAYMENT, ACTION, DISPUTE, DUE = "cko_payment", "cko_action", "cko_dispute", "cko_due"
ROW, HELD_IN, REPORT, FILE = "cko_row", "cko_held_in", "cko_report", "cko_file"


class CheckoutComAccount(Account):
    """Shared by everything that happens at Checkout.com."""

    psp = "checkoutcom"

    @property
    def base(self) -> str:
        """Where its API is."""
        return f"{self.base_url}/{self.psp}"

    def moment(self) -> str:
        """Return the virtual time as Checkout.com writes it."""
        return datetime.fromtimestamp(self.now(), UTC).isoformat().replace("+00:00", "Z")

    def payment(self, payment_id: str) -> Document:
        """Return a payment.

        :raises ApiError: there is none.
        """
        payment = self.store.get(PAYMENT, payment_id)
        if payment is None:
            raise errors.not_found()
        return payment

    def actions_of(self, payment: Document) -> list[Document]:
        """Return what was done to a payment, the latest first."""
        return [each for each in self.store.all(ACTION) if each["payment"] == payment["id"]][::-1]

    def tell(self, kind: str, data: Document) -> None:
        """Record an event for the webhook, in the transaction of what it tells."""
        self.post(kind, lambda: objects.new_event(kind, data, created_on=self.moment()))

    def later(self, what: str, *, payment: Document, seconds: int, action: Document | None = None) -> None:
        """Note what is to happen to a payment when so much (virtual) time has passed."""
        due = {"what": what, "payment": payment["id"], "action": action and action["id"], "at": self.now() + seconds}
        self.store.add({"id": objects.new_id("due"), **due}, DUE)
