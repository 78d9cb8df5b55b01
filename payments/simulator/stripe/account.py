"""One account at Stripe, as it is simulated."""

from payments.simulator.account import Account
from payments.simulator.store import Document
from payments.simulator.stripe import objects
from payments.simulator.stripe.errors import missing


class StripeAccount(Account):
    """Shared by everything that happens at Stripe."""

    psp = "stripe"

    def found(self, kind: str, object_id: str) -> Document:
        """Return an object.

        :raises ApiError: there is none.
        """
        document = self.store.get(kind, object_id)
        if document is None:
            raise missing(kind, object_id)
        return document

    def tell(self, kind: str, subject: Document) -> None:
        """Record an event, for Stripe's list of them and for the webhook, in the transaction of what it tells."""

        def new_event() -> Document:
            event = objects.new_event(kind, subject, created=self.now())
            self.store.add(event)
            return event

        self.post(kind, new_event)
