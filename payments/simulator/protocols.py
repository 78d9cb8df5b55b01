"""The PSPs that are simulated. Another one is a package beside stripe/, and a line here."""

from payments.simulator.adyen.protocol import Adyen
from payments.simulator.checkoutcom.protocol import CheckoutCom
from payments.simulator.protocol import PspProtocol
from payments.simulator.stripe.protocol import Stripe

PROTOCOLS: tuple[type[PspProtocol], ...] = (Stripe, Adyen, CheckoutCom)
