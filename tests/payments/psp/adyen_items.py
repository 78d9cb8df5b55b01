"""Adyen's notification items, as tests make and sign them: without Adyen's code."""

import base64
import hashlib
import hmac
import json
from typing import Any
from uuid import UUID

from payments.psp.adyen import AdyenAdapter

KEY = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
OURS = UUID("0b0e7f4e-5d0c-4f0e-9c69-6f1e0a3f7f01")

type Item = dict[str, Any]

ADAPTER = AdyenAdapter(
    api_key="k",
    merchant_account="TestMerchant",
    hmac_key=KEY,
    api_base="http://127.0.0.1:9",
    return_url="",
    several_captures=True,
    connect_timeout_seconds=1,
    read_timeout_seconds=1,
)


def item(code: str = "AUTHORISATION", **changes: Any) -> Item:
    """Return an item, not signed."""
    return {
        "amount": {"currency": "EUR", "value": 1290},
        "eventCode": code,
        "eventDate": "2026-11-28T12:00:00+01:00",
        "merchantAccountCode": "TestMerchant",
        "merchantReference": f"{OURS}-sale",
        "pspReference": "NC6HT9CRT65ZGN82",
        "reason": "",
        "success": "true",
        **changes,
    }


def modification(code: str, **changes: Any) -> Item:
    """Return an item about what was done to a payment."""
    told = {"pspReference": "WNS7WQ756L2GWR82", "originalReference": "NC6HT9CRT65ZGN82", "merchantReference": str(OURS)}
    return item(code, **{**told, **changes})


def signed(each: Item, key: str = KEY) -> Item:
    """Sign an item as Adyen's docs have it, without Adyen's code."""
    fields = ["pspReference", "originalReference", "merchantAccountCode", "merchantReference"]
    said = [each.get(name, "") for name in fields]
    said += [each["amount"]["value"], each["amount"]["currency"], each["eventCode"], each["success"]]
    digest = hmac.new(bytes.fromhex(key), ":".join(map(str, said)).encode(), hashlib.sha256).digest()
    more = {**each.get("additionalData", {}), "hmacSignature": base64.b64encode(digest).decode()}
    return {**each, "additionalData": more}


def body(*items: Item) -> bytes:
    wrapped = [{"NotificationRequestItem": each} for each in items]
    return json.dumps({"live": "false", "notificationItems": wrapped}).encode()
