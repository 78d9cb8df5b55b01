"""What the environment must hold before Tally starts in production. Settings themselves live in config/settings/."""

import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

PRODUCTION = "production"
DEVELOPMENT = "development"
TEST = "test"
ENVIRONMENTS = (PRODUCTION, DEVELOPMENT, TEST)

# Django's own measure of a usable key (security.W009), with more different characters: 16 is what a hex key has.
SECRET_KEY_LENGTH = 50
SECRET_KEY_DIFFERENT = 10
# PSPs' keys have 24 or more characters behind the prefix: anything shorter was typed by a person.
PSP_SECRET_LENGTH = 24
ADYEN_SECRET_LENGTH = 64
# What we agree on with a PSP ourselves.
AGREED_SECRET_LENGTH = 32
# An account at Adyen, or none; at Checkout.com, or none.
ADYEN = ("ADYEN_API_KEY", "ADYEN_MERCHANT_ACCOUNT", "ADYEN_HMAC_KEY", "ADYEN_API_BASE")
CHECKOUTCOM = ("CHECKOUTCOM_SECRET_KEY", "CHECKOUTCOM_WEBHOOK_SECRET", "CHECKOUTCOM_API_BASE")
# A token that is guessed at over the network, as often as somebody likes.
METRICS_TOKEN_LENGTH = 32

OFF = frozenset({"", "0", "false", "no", "off", "n", "f"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that production demands of one variable. The text never repeats the value: it may be a secret.

    :param needed_with: what makes an optional variable a required one, where any of these is set.
    """

    variable: str
    text: str
    holds: Callable[[str], bool]
    optional: bool = False
    needed_with: tuple[str, ...] = ()


def _strong_key(value: str) -> bool:
    placeholder = value.startswith(("django-insecure-", "development", "change"))
    return len(value) >= SECRET_KEY_LENGTH and len(set(value)) >= SECRET_KEY_DIFFERENT and not placeholder


def _named_hosts(value: str) -> bool:
    hosts = [host.strip() for host in value.split(",")]
    return all(hosts) and "*" not in hosts


def _one_word(value: str) -> bool:
    return not set(value) & set(" /:@,")


def _https(value: str) -> bool:
    return value.startswith("https://")


def _hexadecimal(value: str) -> bool:
    return len(value) == ADYEN_SECRET_LENGTH and not set(value) - set(string.hexdigits) and len(set(value)) > 1


def _prefixed(*prefixes: str) -> Callable[[str], bool]:
    return lambda value: any(
        value.startswith(prefix) and len(value) >= len(prefix) + PSP_SECRET_LENGTH for prefix in prefixes
    )


RULES = (
    Rule(
        "SECRET_KEY",
        f"at least {SECRET_KEY_LENGTH} characters, {SECRET_KEY_DIFFERENT} of them different, and no placeholder",
        _strong_key,
    ),
    Rule("DATABASE_URL", "a postgresql:// URL", lambda value: value.startswith(("postgresql://", "postgres://"))),
    Rule(
        "CELERY_BROKER_URL",
        "a redis://, rediss://, redis+socket://, amqp:// or amqps:// URL",
        lambda value: value.startswith(("redis://", "rediss://", "redis+socket://", "amqp://", "amqps://")),
    ),
    Rule("ALLOWED_HOSTS", "the host names served, separated by commas, without a wildcard", _named_hosts),
    Rule(
        "STRIPE_API_KEY",
        f"Stripe's secret or restricted key: sk_ or rk_ and at least {PSP_SECRET_LENGTH} characters",
        _prefixed("sk_", "rk_"),
    ),
    Rule(
        "STRIPE_WEBHOOK_SECRET",
        f"Stripe's signing secret: whsec_ and at least {PSP_SECRET_LENGTH} characters",
        _prefixed("whsec_"),
    ),
    Rule("EMAIL_HOST", "the name of an SMTP server: buyers get their confirmations by mail", _one_word),
    Rule("STRIPE_API_BASE", "an https:// address", _https, optional=True),
    Rule(
        "ADYEN_API_KEY",
        f"Adyen's API key: one word of at least {ADYEN_SECRET_LENGTH} characters",
        lambda value: len(value) >= ADYEN_SECRET_LENGTH and not any(map(str.isspace, value)),
        optional=True,
        needed_with=ADYEN,
    ),
    Rule("ADYEN_MERCHANT_ACCOUNT", "the account's name at Adyen", _one_word, optional=True, needed_with=ADYEN),
    Rule(
        "ADYEN_HMAC_KEY",
        f"Adyen's key for webhooks: {ADYEN_SECRET_LENGTH} hexadecimal digits",
        _hexadecimal,
        optional=True,
        needed_with=ADYEN,
    ),
    Rule("ADYEN_API_BASE", "the https:// address of your live endpoint", _https, optional=True, needed_with=ADYEN),
    Rule("PUBLIC_URL", "the https:// address of this service", _https, optional=True, needed_with=ADYEN),
    Rule(
        "CHECKOUTCOM_SECRET_KEY",
        f"Checkout.com's secret key: sk_ and at least {PSP_SECRET_LENGTH} characters",
        _prefixed("sk_"),
        optional=True,
        needed_with=CHECKOUTCOM,
    ),
    Rule(
        "CHECKOUTCOM_WEBHOOK_SECRET",
        f"the signature key of the Checkout.com workflow: at least {AGREED_SECRET_LENGTH} characters",
        lambda value: len(value) >= AGREED_SECRET_LENGTH,
        optional=True,
        needed_with=CHECKOUTCOM,
    ),
    Rule(
        "CHECKOUTCOM_API_BASE",
        "the account's own https:// address, with its prefix",
        _https,
        optional=True,
        needed_with=CHECKOUTCOM,
    ),
    Rule("SHOP_API_KEY", "not set: the shop page shows it to everybody", lambda _value: False, optional=True),
    Rule(
        "SHOP_COUNTRY",
        "a country's two capital letters (ISO 3166-1 alpha-2): sales would go untaxed",
        lambda value: re.fullmatch("[A-Z]{2}", value) is not None,
        optional=True,
    ),
    Rule(
        "WEBHOOKS_ALLOW_PRIVATE",
        "off: it lets merchants call into the network that the service runs in",
        lambda value: value.lower() in OFF,
        optional=True,
    ),
    Rule(
        "ADMIN_SECOND_FACTOR",
        "on: a password alone does not open the admin",
        lambda value: value.lower() not in OFF,
        optional=True,
    ),
    Rule(
        "METRICS_TOKEN",
        f"at least {METRICS_TOKEN_LENGTH} characters",
        lambda value: len(value) >= METRICS_TOKEN_LENGTH,
        optional=True,
    ),
    Rule("DEBUG", "off: it shows settings to strangers", lambda value: value.lower() in OFF, optional=True),
)


def faults(environ: Mapping[str, str]) -> list[str]:
    """Return one line per rule that these variables break, naming the variable and the rule."""
    lines = []
    for rule in RULES:
        value = environ.get(rule.variable, "").strip()
        is_needed = not rule.optional or any(environ.get(name, "").strip() for name in rule.needed_with)
        if not value and is_needed:
            lines.append(f"{rule.variable} is missing. It must be {rule.text}.")
        elif value and not rule.holds(value):
            lines.append(f"{rule.variable} must be {rule.text}.")
    return lines


def refuse_unsafe(environ: Mapping[str, str]) -> str:
    """Return the environment's name, or refuse to start.

    :raises ImproperlyConfigured: an unknown environment; in production, any broken rule.
    """
    name = environ.get("TALLY_ENVIRONMENT", DEVELOPMENT)
    if name not in ENVIRONMENTS:
        # A misspelt "production" must not start with development's defaults.
        msg = f"TALLY_ENVIRONMENT must be one of {', '.join(ENVIRONMENTS)}."
        raise ImproperlyConfigured(msg)
    if name == PRODUCTION and (lines := faults(environ)):
        msg = "Tally does not start in production like this (docs/settings.md):\n" + "\n".join(f"- {x}" for x in lines)
        raise ImproperlyConfigured(msg)
    return name
