"""What the API's description says about itself. How errors and keys get into it is in config/openapi.py."""

from checkout.states import CartState, SessionState
from payments.parts import PartKind
from payments.states import CaptureState, DisputeState, IntentState, PayoutState, RefundState

DESCRIPTION = """\
Sells, charges and keeps the books in one database commit.

**Retries.** Every `POST` takes an `Idempotency-Key`, but for events, which bring a key of their own. When an answer
does not reach you, send the same request with the same key: you get the first one's answer, byte for byte, with
`Idempotent-Replayed: true`, and nothing happens twice. Go on asking after a lost connection, a `5xx`, a `202`, and a
`409` with `Retry-After`. Answers are kept for at least 30 days; a key that comes with another request is refused (`422
idempotency_key_reused`).

**Money** is an integer in minor units with an ISO 4217 code, never a fraction: `{"currency": "EUR", "amount_minor":
1290}` is EUR 12.90.

**Errors** are problem documents (RFC 9457). Programs read `code`, which is stable; `errors` names each field that
breaks a rule by its JSON Pointer. Fields that are not known here are refused by name.

**Links** behind an answer name the operations that go on from what it shows, and where their ids stand in it.

**Lists** come a page at a time (`limit`); `next` is the address of the following page.
"""

SPECTACULAR_SETTINGS = {
    "TITLE": "Tally",
    "DESCRIPTION": DESCRIPTION,
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "LICENSE": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    # The description tells nothing about anybody's data.
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "PREPROCESSING_HOOKS": ["config.openapi.add_plain_views"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.openapi.require_bodies",
        "config.openapi.add_problems",
        "config.openapi.add_headers",
        "config.openapi.add_idempotency_key",
        "config.openapi_links.add_links",
    ],
    # A body and an answer may have the same shape; they are not the same promise.
    "COMPONENT_SPLIT_REQUEST": True,
    # Two fields of one name or one set of values are told apart, or kept together, by these names.
    "ENUM_NAME_OVERRIDES": {
        "AccountTypeEnum": ["asset", "liability", "equity", "revenue", "expense"],
        "SideEnum": ["debit", "credit"],
        "SiblingSideEnum": ["left", "right"],
        "NextActionTypeEnum": ["redirect_to_url"],
        "PartKindEnum": [str(kind) for kind in PartKind],
        "PaymentIntentStateEnum": [str(state) for state in IntentState],
        "CheckoutSessionStateEnum": [str(state) for state in SessionState],
        "CartStateEnum": [str(state) for state in CartState if state != CartState.DELETED],
        "WebhookDeliveryStateEnum": ["pending", "delivered", "dead"],
        "DisputeStateEnum": [str(state) for state in DisputeState],
        "PayoutObjectEnum": ["payout"],
        "PayoutStateEnum": [str(state) for state in PayoutState],
        "CaptureStateEnum": [str(state) for state in CaptureState],
        "RefundStateEnum": [str(state) for state in RefundState],
    },
    # Ids in addresses: what is no slug is no id.
    "PATH_CONVERTER_OVERRIDES": {"slug": {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$"}},
    # From the package, so that the docs page works without a network.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": False, "displayRequestDuration": True},
}
