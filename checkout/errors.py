"""Refusals of the checkout package."""

from exactly_once.errors import InvalidInput, NotFound, Refused, TryLater


class CheckoutNotFound(NotFound):
    """No such product, session or order for this client."""


class UnableToPrice(InvalidInput):
    """A line that cannot be priced: the SKU is unknown, or has no price in the currency."""


class SessionRefused(Refused):
    """The session's state does not allow this."""


class CartRefused(Refused):
    """The cart's state does not allow this, or whose it is."""


class OutOfStock(Refused):
    """Fewer units are free than the cart asks for; ``extra`` names the SKUs."""


class LatePayment(Refused):
    """The payment came after its stock went back to the shelf, and something in the cart is not sold that late."""


class StockRefused(Refused):
    """Not as many units are there as are to leave."""


class OrderRefused(Refused):
    """The order's state, its payment or its quantities do not allow this."""


class OrderBusy(TryLater):
    """The PSP is being asked about the order's payment right now."""


class SessionBusy(TryLater):
    """Another request is paying for this session right now."""


class PossibleDuplicate(Refused):
    """The same purchase was made a moment ago; ``extra`` names its session."""
