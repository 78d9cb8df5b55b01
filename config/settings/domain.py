"""What exactly_once, payments and checkout are told."""

from typing import Any

from environs import validate

from config.settings.variables import env

# --- Exactly once -----------------------------------------------------------------------------------------------------

# How long a request may hold its idempotency key before another may resume it: longer than the longest PSP call.
IDEMPOTENCY_LEASE_SECONDS: int = env.int("IDEMPOTENCY_LEASE_SECONDS", 30)

# How long an answer can be asked for again, at least; its key is kept for ever. The API's description promises 30 days.
IDEMPOTENCY_RESPONSE_DAYS: int = env.int("IDEMPOTENCY_RESPONSE_DAYS", 30, validate=validate.Range(min=30))
# How long the bytes of events from outside are kept, at least; their keys and effects are kept for ever. Shorter than a
# PSP's own dispute and replay windows would leave us without evidence.
INBOX_BODY_DAYS: int = env.int("INBOX_BODY_DAYS", 90)

# How old a sink's oldest undelivered event may be before the log warns. Usually it is a tenth of a second; a backup's
# transaction may hold it up for minutes, and that is worth knowing, too.
RELAY_LAG_ALARM_SECONDS: int = env.int("RELAY_LAG_ALARM_SECONDS", 60, validate=validate.Range(min=1))

# Whether outgoing webhooks may go to plain http and to private addresses: for development and tests.
WEBHOOKS_ALLOW_PRIVATE: bool = env.bool("WEBHOOKS_ALLOW_PRIVATE", default=False)
# The Valkey or Redis server that has a stream of our events; empty: there is no stream. Not the broker of a real
# service: that one may lose everything.
EVENT_STREAM_URL: str = env.str("EVENT_STREAM_URL", "")
EVENT_STREAM: str = env.str("EVENT_STREAM", "tally:events")
EVENT_STREAM_LENGTH: int = env.int("EVENT_STREAM_LENGTH", 1_000_000, validate=validate.Range(min=1))
# Where `changefeed --sink valkey:STREAM` writes. Not the broker of a real service: that one may lose everything.
CHANGEFEED_VALKEY_URL: str = env.str("CHANGEFEED_VALKEY_URL", "") or env.str("CELERY_BROKER_URL", "")
# Where `changefeed --sink postgres:` writes: in the environment a password is not seen in the list of processes.
CHANGEFEED_POSTGRES_URL: str = env.str("CHANGEFEED_POSTGRES_URL", "")

# --- Payments ---------------------------------------------------------------------------------------------------------

PSP_CONNECT_TIMEOUT_SECONDS: float = env.float("PSP_CONNECT_TIMEOUT_SECONDS", 2.0)
PSP_READ_TIMEOUT_SECONDS: float = env.float("PSP_READ_TIMEOUT_SECONDS", 10.0)

# How long an attempt whose outcome is open waits before the PSP is asked again, at least (payments/sweep.py).
ATTEMPT_CHECK_SECONDS: int = env.int("ATTEMPT_CHECK_SECONDS", 10)

# How long a buyer may take over the bank's question (3-D Secure) before a payment of the payments API is let go of.
PAYMENT_ACTION_SECONDS: int = env.int("PAYMENT_ACTION_SECONDS", 3600, validate=validate.Range(min=60))

# When a PSP account is left alone (payments/circuit.py): of the calls of so many seconds, at least so many have failed,
# and at least this share. After so many seconds one payment tries.
PSP_CIRCUIT_WINDOW_SECONDS: int = env.int("PSP_CIRCUIT_WINDOW_SECONDS", 60, validate=validate.Range(min=1))
PSP_CIRCUIT_LEAST_FAILURES: int = env.int("PSP_CIRCUIT_LEAST_FAILURES", 5, validate=validate.Range(min=1))
PSP_CIRCUIT_FAILURE_SHARE: float = env.float("PSP_CIRCUIT_FAILURE_SHARE", 0.5, validate=validate.Range(min=0.01, max=1))
PSP_CIRCUIT_OPEN_SECONDS: int = env.int("PSP_CIRCUIT_OPEN_SECONDS", 30, validate=validate.Range(min=1))

# Where browsers reach this service, such as https://pay.example: buyers come back from their bank to {this}/returns/...
PUBLIC_URL: str = env.str("PUBLIC_URL", "").rstrip("/")
# Where those are sent on to whose payment does not say; empty: a page that says thank you.
PAYMENTS_RETURN_URL: str = env.str("PAYMENTS_RETURN_URL", "")

# PSP accounts by (psp, account): the adapter's class, and what it is made with. Keys and secrets live in the
# environment, never in the database.
PSP_ACCOUNTS: dict[str, dict[str, dict[str, Any]]] = {
    "stripe": {
        "main": {
            "adapter": "payments.psp.stripe.StripeAdapter",
            "api_key": env.str("STRIPE_API_KEY", "sk_test_development"),
            "webhook_secret": env.str("STRIPE_WEBHOOK_SECRET", "whsec_development"),
            "api_base": env.str("STRIPE_API_BASE", "https://api.stripe.com"),
            "return_url": f"{PUBLIC_URL}/returns/stripe/main" if PUBLIC_URL else "",
        },
    },
}
# One of which the environment has no key is not there.
if env.str("ADYEN_API_KEY", ""):
    PSP_ACCOUNTS["adyen"] = {
        "main": {
            "adapter": "payments.psp.adyen.AdyenAdapter",
            "api_key": env.str("ADYEN_API_KEY"),
            "merchant_account": env.str("ADYEN_MERCHANT_ACCOUNT"),
            "hmac_key": env.str("ADYEN_HMAC_KEY"),
            "api_base": env.str("ADYEN_API_BASE", "") or "https://checkout-test.adyen.com",
            "return_url": f"{PUBLIC_URL}/returns/adyen/main",
            "several_captures": env.bool("ADYEN_SEVERAL_CAPTURES", default=False),
        },
    }
if CHECKOUTCOM_SECRET_KEY := env.str("CHECKOUTCOM_SECRET_KEY", ""):
    PSP_ACCOUNTS["checkoutcom"] = {
        "main": {
            "adapter": "payments.psp.checkoutcom.CheckoutComAdapter",
            "secret_key": CHECKOUTCOM_SECRET_KEY,
            "webhook_secret": env.str("CHECKOUTCOM_WEBHOOK_SECRET", ""),
            "webhook_authorization": env.str("CHECKOUTCOM_WEBHOOK_AUTHORIZATION", ""),
            "api_base": env.str("CHECKOUTCOM_API_BASE", "") or "https://api.sandbox.checkout.com",
            "processing_channel": env.str("CHECKOUTCOM_PROCESSING_CHANNEL", ""),
            "return_url": f"{PUBLIC_URL}/returns/checkoutcom/main" if PUBLIC_URL else "",
        },
    }

# The ledger book that payments are kept in which clients make through the payments API.
PAYMENTS_BOOK: str = env.str("PAYMENTS_BOOK", "shop")

# The bank account that PSPs pay out to, as its ledger account is called: assets:bank:{name}.
PAYMENTS_BANK: str = env.str("PAYMENTS_BANK", "main")
# How long after it a PSP has told of what it took or paid back: what is in no line by then has a break.
SETTLEMENT_MISSING_DAYS: int = env.int("SETTLEMENT_MISSING_DAYS", 7, validate=validate.Range(min=1))
# The bank accounts whose statements may be imported.
BANK_ACCOUNTS: list[str] = sorted({PAYMENTS_BANK, *env.list("BANK_ACCOUNTS", [])})
# How much in suspense, in a currency's main unit, one person may say what it was; above that two do.
BREAK_ONE_PERSON_UP_TO: int = env.int("BREAK_ONE_PERSON_UP_TO", 100, validate=validate.Range(min=0))
# How long the bank may take: a line that is no payout by then, and a payout that is in no statement, has a break.
BANK_MISSING_DAYS: int = env.int("BANK_MISSING_DAYS", 5, validate=validate.Range(min=1))
# The most, in a currency's main unit, that a bank may keep of a payout, or add to it.
BANK_MOST_DIFFERENCE: int = env.int("BANK_MOST_DIFFERENCE", 50, validate=validate.Range(min=0))
# The longest file that people may upload. It is read into memory, and kept in the database.
IMPORT_FILE_MAX_BYTES: int = env.int("IMPORT_FILE_MAX_BYTES", 64 * 1024 * 1024, validate=validate.Range(min=1))

# --- Checkout ---------------------------------------------------------------------------------------------------------

SHOP_BOOK: str = env.str("SHOP_BOOK", "shop")  # the ledger book that its sales are kept in
# Books that the application keeps: the ledger's API reads them, and posts nothing to them. What it posted could stand
# in the way of payments, under their references, or change accounts that these answer for.
LEDGER_KEPT_BOOKS = frozenset({PAYMENTS_BOOK, SHOP_BOOK})
# Where the shop is: goods that are not sent are collected there, and taxed as they are there.
SHOP_COUNTRY: str = env.str("SHOP_COUNTRY", "")
SHOP_REGION: str = env.str("SHOP_REGION", "")
# Whether a payment is only held until what it is for is shipped, or captured when the order is made.
SHOP_CAPTURES_AT_SHIPPING: bool = env.bool("SHOP_CAPTURES_AT_SHIPPING", default=False)
# How many days after its last shipment an order is completed.
ORDER_COMPLETED_DAYS: int = env.int("ORDER_COMPLETED_DAYS", 14, validate=validate.Range(min=0))
SHOP_ADDRESS_REQUIRED: bool = env.bool("SHOP_ADDRESS_REQUIRED", default=False)
# For how long a cart is kept that nobody changes, and after its end once more.
CART_DAYS: int = env.int("CART_DAYS", 30, validate=validate.Range(min=1))
# The shop page pays with this key, and so shows it to everybody who opens it: never in production.
SHOP_API_KEY: str = env.str("SHOP_API_KEY", "")
SHOP_CURRENCY: str = env.str("SHOP_CURRENCY", "EUR")
