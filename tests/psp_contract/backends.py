"""What the contract is held against: pairs of an adapter of ours and a server that speaks its protocol.

What a server cannot do, or a PSP does otherwise, is data: nothing is left out unseen, and a test states what happens
instead. Another PSP is a package beside stripe/ and an entry here.
"""

from tests.psp_contract.adyen import backend as adyen
from tests.psp_contract.checkoutcom import backend as checkoutcom
from tests.psp_contract.pairs import Psp, Server
from tests.psp_contract.stripe import backend as stripe

PSPS: dict[str, Psp] = {"stripe": stripe.STRIPE, "adyen": adyen.ADYEN, "checkoutcom": checkoutcom.CHECKOUTCOM}

SERVERS: dict[str, Server] = {
    "stripe x simulator": stripe.SIMULATOR,
    "stripe x localstripe": stripe.LOCALSTRIPE,
    "adyen x simulator": adyen.SIMULATOR,
    "checkoutcom x simulator": checkoutcom.SIMULATOR,
}
