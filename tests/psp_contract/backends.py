"""What the contract is held against: pairs of an adapter of ours and a server that speaks its protocol.

What a server cannot do, or a PSP does otherwise, is data: nothing is left out unseen, and a test states what happens
instead. Another PSP is a package beside stripe/ and an entry here.
"""

from tests.psp_contract.checkoutcom.backend import CHECKOUTCOM
from tests.psp_contract.checkoutcom.backend import SIMULATOR as CHECKOUTCOM_SIMULATOR
from tests.psp_contract.pairs import Psp, Server
from tests.psp_contract.stripe.backend import LOCALSTRIPE, SIMULATOR, STRIPE

PSPS: dict[str, Psp] = {"stripe": STRIPE, "checkoutcom": CHECKOUTCOM}

SERVERS: dict[str, Server] = {
    "stripe x simulator": SIMULATOR,
    "stripe x localstripe": LOCALSTRIPE,
    "checkoutcom x simulator": CHECKOUTCOM_SIMULATOR,
}
