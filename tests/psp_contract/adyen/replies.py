"""Replies such as Adyen gives, for servers that are to give them wrongly."""

import json

from tests.psp_contract.calls import ATTEMPT, CAPTURE, PAYMENT, REFUND


def payment(**changes: object) -> str:
    """Return the answer to a payment of ``calls.ATTEMPT`` that was authorised, but for the changes."""
    told = {
        "pspReference": "NC6HT9CRT65ZGN82",
        "resultCode": "Authorised",
        "merchantReference": f"{ATTEMPT}-sale",
        "amount": {"value": 1290, "currency": "EUR"},
    }
    return json.dumps({**told, **changes})


def receipt(**changes: object) -> str:
    """Return the receipt of a modification of ``calls.PAYMENT``, but for the changes."""
    told = {"paymentPspReference": PAYMENT, "pspReference": "WNS7WQ756L2GWR82", "status": "received"}
    return json.dumps({**told, **changes})


CAPTURE_RECEIPT = receipt(reference=str(CAPTURE))
REFUND_RECEIPT = receipt(reference=str(REFUND))


def error(status: int, **changes: object) -> str:
    """Return an error answer: the refusal of a request, but for the changes."""
    told = {"status": status, "errorCode": "130", "message": "No.", "errorType": "validation"}
    return json.dumps({**told, **changes})
