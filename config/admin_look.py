"""The admin's name, colours and sidebar. Which rows may be changed is said by each package's own admin."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _icon(_request: HttpRequest) -> str:
    return static("pages/tally.svg")


def _theme(_request: HttpRequest) -> str:
    # The colours below, as a file: a policy without unsafe-inline lets no style element in (config/staff/site.py).
    return static("pages/admin_theme.css")


def _page(_request: HttpRequest) -> str:
    return static("pages/admin.css")


def _htmx_settings(_request: HttpRequest) -> str:
    return static("pages/admin_htmx.js")


# How many wait for somebody, beside their list.
BADGES = {
    "payments_unknownattempt": "payments.admin.badges.unknown_outcomes",
    "payments_decision": "payments.admin.badges.proposed_decisions",
    "payments_break": "payments.admin.badges.open_breaks",
}


def _alpine(_request: HttpRequest) -> str:
    return static("pages/admin_alpine.js")


def _group(title: str, *links: tuple[str, str, str]) -> dict[str, Any]:
    """Return a group of the sidebar, of (title, icon, `app_model`) each."""
    return {"title": title, "separator": True, "items": [_item(*link) for link in links]}


def _item(name: str, icon: str, model: str) -> dict[str, Any]:
    item = {"title": name, "icon": icon, "link": reverse_lazy(f"admin:{model}_changelist")}
    if model in BADGES:
        item |= {"badge": BADGES[model], "badge_variant": "warning"}
    return item


# Green, as the ledger's paper was: from the lightest to the darkest.
GREENS = {
    "50": "oklch(98.4% .014 180.7)",
    "100": "oklch(95.3% .051 180.8)",
    "200": "oklch(91% .096 180.4)",
    "300": "oklch(85.5% .138 181.1)",
    "400": "oklch(77.7% .152 181.9)",
    "500": "oklch(60% .118 184.7)",
    "600": "oklch(51.1% .096 186.4)",
    "700": "oklch(43.7% .078 188.2)",
    "800": "oklch(38.6% .063 188.4)",
    "900": "oklch(32% .05 188.2)",
    "950": "oklch(27.7% .046 192.5)",
}

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Tally",
    "SITE_HEADER": "Tally",
    "SITE_SUBHEADER": "Shop, payments, books",
    "SITE_SYMBOL": "balance",
    "SITE_URL": "/",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _icon}],
    "COLORS": {"primary": GREENS},
    "STYLES": [_theme, _page],
    "SCRIPTS": [_htmx_settings, _alpine],
    "SIDEBAR": {
        "show_search": True,
        "navigation": [
            {
                "items": [
                    {"title": "Start", "icon": "monitoring", "link": reverse_lazy("admin:index")},
                    {
                        "title": "Story of a payment",
                        "icon": "timeline",
                        "link": reverse_lazy("admin:story"),
                        "permission": "config.story.pages.may_see",
                    },
                ]
            },
            _group(
                "Checkout",
                ("Products", "inventory_2", "checkout_product"),
                ("Variants", "style", "checkout_variant"),
                ("Prices", "sell", "checkout_price"),
                ("Tax categories", "category", "checkout_taxcategory"),
                ("Tax rates", "percent", "checkout_taxrate"),
                ("Shipping options", "local_shipping", "checkout_shippingoption"),
                ("Shipping prices", "price_change", "checkout_shippingprice"),
                ("Discounts", "loyalty", "checkout_discount"),
                ("Terms of discounts", "tune", "checkout_discountamount"),
                ("Redemptions", "redeem", "checkout_discountredemption"),
                ("Carts", "shopping_cart", "checkout_cart"),
                ("Lines of carts", "list", "checkout_cartline"),
                ("Sessions", "point_of_sale", "checkout_checkoutsession"),
                ("Lines of sessions", "list", "checkout_sessionline"),
                ("Orders", "receipt_long", "checkout_order"),
                ("Lines of orders", "list_alt", "checkout_orderline"),
                ("Shipments", "local_shipping", "checkout_shipment"),
                ("Cancellations", "remove_shopping_cart", "checkout_cancellation"),
                ("Returns", "assignment_return", "checkout_return"),
                ("Stock", "inventory", "checkout_stockitem"),
                ("Stock locations", "warehouse", "checkout_stocklocation"),
                ("Reservations", "bookmark", "checkout_reservation"),
                ("Stock movements", "swap_vert", "checkout_stockmovement"),
            ),
            _group(
                "Payments",
                ("Payment intents", "payments", "payments_paymentintent"),
                ("Attempts", "credit_card", "payments_attempt"),
                ("Unknown outcomes", "help", "payments_unknownattempt"),
                ("Decisions", "how_to_vote", "payments_decision"),
                ("Breaks", "link_off", "payments_break"),
                ("Resolutions of breaks", "handshake", "payments_resolution"),
                ("Captures", "download", "payments_capture"),
                ("Voids", "block", "payments_void"),
                ("Refunds", "undo", "payments_refund"),
                ("Parts of payments", "list_alt", "payments_intentpart"),
                ("Parts of refunds", "playlist_remove", "payments_refundpart"),
                ("Disputes", "gavel", "payments_dispute"),
                ("Payouts", "savings", "payments_payout"),
                ("Settlement lines", "receipt", "payments_settlementline"),
                ("Settlement imports", "download_for_offline", "payments_settlementimport"),
                ("File imports", "upload_file", "payments_fileimport"),
                ("Rows of files", "table_rows", "payments_filerow"),
                ("CSV mappings", "schema", "payments_csvmapping"),
                ("Bank lines", "account_balance_wallet", "payments_bankline"),
                ("Routing rules", "alt_route", "payments_routingrule"),
                ("PSP circuits", "electric_bolt", "payments_pspcircuit"),
            ),
            _group(
                "Ledger",
                ("Books", "menu_book", "ledger_book"),
                ("Accounts", "account_balance", "ledger_account"),
                ("Transactions", "sync_alt", "ledger_transaction"),
                ("Entries", "format_list_numbered", "ledger_entry"),
                ("Balances", "balance", "ledger_balance"),
                ("Holds", "lock_clock", "ledger_hold"),
                ("Resolutions", "task_alt", "ledger_resolution"),
                ("Remainders", "hourglass_bottom", "ledger_remainder"),
                ("Late transactions", "history", "ledger_latetransaction"),
                ("Invariants", "rule", "ledger_invariant"),
                ("Seals", "verified", "ledger_sealblock"),
                ("Seal position", "flag", "ledger_sealposition"),
                ("Sums per day", "calendar_month", "ledger_dailysum"),
                ("Import runs", "upload_file", "ledger_importrun"),
            ),
            _group(
                "Exactly once",
                ("Idempotency keys", "fingerprint", "exactly_once_idempotencykey"),
                ("Event sources", "sensors", "exactly_once_eventsource"),
                ("Inbox", "inbox", "exactly_once_inboxevent"),
                ("Outbox", "outbox", "exactly_once_outboxevent"),
                ("Sinks", "flag", "exactly_once_sinkposition"),
                ("Handler runs", "play_circle", "exactly_once_handlerrun"),
                ("Webhook endpoints", "webhook", "exactly_once_webhookendpoint"),
                ("Webhook deliveries", "outgoing_mail", "exactly_once_webhookdelivery"),
                ("Change feeds", "rss_feed", "exactly_once_changefeed"),
            ),
            _group(
                "Access",
                ("API keys", "key", "access_apikey"),
                ("Users", "person", "auth_user"),
                ("Groups", "group", "auth_group"),
                ("Audit log", "history_edu", "staff_auditevent"),
                ("Lock-outs", "lock_person", "axes_accessattempt"),
            ),
        ],
    },
}
