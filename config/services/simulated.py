"""What this machine's own PSP accounts are told, all of them at the simulator. Another PSP is an entry here."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# Where the simulator listens, unless somebody else does.
SIMULATOR_PORT = 8010


@dataclass(frozen=True, slots=True)
class SimulatedPsp:
    """One PSP that the simulator speaks for."""

    name: str
    webhook_secret: str  # the variable of what its events are signed with
    new_secrets: Callable[[], dict[str, str]]
    variables: Callable[[str], dict[str, str]]  # beside the secrets, given the simulator's address


SIMULATED_PSPS = (
    SimulatedPsp(
        "stripe",
        webhook_secret="STRIPE_WEBHOOK_SECRET",  # noqa: S106 - a variable's name
        new_secrets=lambda: {
            "STRIPE_API_KEY": f"sk_test_{secrets.token_hex(16)}",
            "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(16)}",
        },
        variables=lambda url: {"STRIPE_API_BASE": url},
    ),
    SimulatedPsp(
        "adyen",
        webhook_secret="ADYEN_HMAC_KEY",  # noqa: S106 - a variable's name
        new_secrets=lambda: {"ADYEN_API_KEY": secrets.token_hex(32), "ADYEN_HMAC_KEY": secrets.token_hex(32)},
        variables=lambda url: {
            "ADYEN_API_BASE": f"{url}/adyen",
            "ADYEN_MERCHANT_ACCOUNT": "TallyDevelopment",
            "ADYEN_SEVERAL_CAPTURES": "on",
        },
    ),
    SimulatedPsp(
        "checkoutcom",
        webhook_secret="CHECKOUTCOM_WEBHOOK_SECRET",  # noqa: S106 - a variable's name
        new_secrets=lambda: {
            "CHECKOUTCOM_SECRET_KEY": f"sk_sbox_{secrets.token_hex(16)}",
            "CHECKOUTCOM_WEBHOOK_SECRET": secrets.token_hex(32),
        },
        variables=lambda url: {"CHECKOUTCOM_API_BASE": f"{url}/checkoutcom"},
    ),
)


def new_secrets() -> dict[str, str]:
    """Return new keys and signing secrets of every PSP's account."""
    return {name: value for psp in SIMULATED_PSPS for name, value in psp.new_secrets().items()}


def variables(*, simulator_url: str) -> dict[str, str]:
    """Return what points every PSP's account at the simulator."""
    return {name: value for psp in SIMULATED_PSPS for name, value in psp.variables(simulator_url).items()}


def webhook_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what the simulator signs events with, by PSP."""
    return {psp.name: environment[psp.webhook_secret] for psp in SIMULATED_PSPS}
