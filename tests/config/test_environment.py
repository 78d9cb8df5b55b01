import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import RULES, faults, refuse_unsafe

ROOT = Path(__file__).resolve().parent.parent.parent

KEY = "kV9x2mQ8wZ4tB7nR1pL5sD3fG6hJ0aYcUeXoTiWvNbMq-EyKrHuPz"
SOUND = {
    "TALLY_ENVIRONMENT": "production",
    "SECRET_KEY": KEY,
    "DATABASE_URL": "postgresql://tally_web:pw@db/tally",
    "CELERY_BROKER_URL": "redis://valkey:6379/0",
    "ALLOWED_HOSTS": "shop.example,www.shop.example",
    "STRIPE_API_KEY": f"sk_live_{KEY[:32]}",
    "STRIPE_WEBHOOK_SECRET": f"whsec_{KEY[:32]}",
    "EMAIL_HOST": "mail.example",
}
ADYEN = {
    "ADYEN_API_KEY": "AQE" + KEY + KEY,
    "ADYEN_MERCHANT_ACCOUNT": "ShopEurope",
    "ADYEN_HMAC_KEY": "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
    "ADYEN_API_BASE": "https://abc123-checkout-live.adyen.example/checkout",
    "PUBLIC_URL": "https://pay.shop.example",
}
CHECKOUTCOM = {
    "CHECKOUTCOM_SECRET_KEY": f"sk_{KEY[:27]}",
    "CHECKOUTCOM_WEBHOOK_SECRET": KEY,
    "CHECKOUTCOM_API_BASE": "https://prefix.psp.example",
}
REQUIRED = [rule.variable for rule in RULES if not rule.optional]


def test_a_sound_environment_has_no_faults() -> None:
    assert faults(SOUND) == []
    assert refuse_unsafe(SOUND) == "production"


@pytest.mark.parametrize("variable", REQUIRED)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_production_refuses_a_missing_variable_by_name(variable: str, value: str | None) -> None:
    others = {name: text for name, text in SOUND.items() if name != variable}

    [line] = faults(others if value is None else {**others, variable: value})

    assert line.startswith(f"{variable} is missing. It must be ")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SECRET_KEY", KEY[:49]),
        ("SECRET_KEY", "ab" * 40),
        ("SECRET_KEY", f"django-insecure-{KEY}"),
        ("SECRET_KEY", f"changeme{KEY}"),
        ("SECRET_KEY", f"development-only{KEY}"),
        ("DATABASE_URL", "sqlite:///tally.db"),
        ("DATABASE_URL", "mysql://tally@db/tally"),
        ("CELERY_BROKER_URL", "memory://"),
        ("CELERY_BROKER_URL", "filesystem://"),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", "shop.example,*"),
        ("ALLOWED_HOSTS", "shop.example,,"),
        ("STRIPE_API_KEY", "sk_test_development"),
        ("STRIPE_API_KEY", f"pk_live_{KEY}"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_development"),
        ("STRIPE_WEBHOOK_SECRET", KEY),
        ("STRIPE_API_BASE", "http://api.stripe.com"),
        ("EMAIL_HOST", "smtp://mail.example"),
        ("METRICS_TOKEN", KEY[:31]),
        ("DEBUG", "1"),
        ("DEBUG", "true"),
        ("DEBUG", "yes"),
    ],
)
def test_production_refuses_a_weak_value_and_does_not_repeat_it(variable: str, value: str) -> None:
    [line] = faults({**SOUND, variable: value})

    assert line.startswith(f"{variable} must be ")
    assert value not in line


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ADYEN_API_KEY", "AQE123"),
        ("ADYEN_API_KEY", f"{KEY} {KEY}"),
        ("ADYEN_MERCHANT_ACCOUNT", "Shop Europe"),
        ("ADYEN_HMAC_KEY", KEY),
        ("ADYEN_HMAC_KEY", "00" * 32),
        ("ADYEN_HMAC_KEY", ADYEN["ADYEN_HMAC_KEY"][:-1]),
        ("ADYEN_API_BASE", "http://simulator:8010/adyen"),
        ("PUBLIC_URL", "http://pay.shop.example"),
        ("CHECKOUTCOM_SECRET_KEY", f"pk_{KEY}"),
        ("CHECKOUTCOM_SECRET_KEY", "sk_sbox_short"),
        ("CHECKOUTCOM_WEBHOOK_SECRET", KEY[:31]),
        ("CHECKOUTCOM_API_BASE", "http://prefix.psp.example"),
    ],
)
def test_a_psp_that_need_not_be_there_is_held_to_its_rules_where_it_is(variable: str, value: str) -> None:
    assert faults(SOUND | ADYEN | CHECKOUTCOM) == []

    [line] = faults(SOUND | ADYEN | CHECKOUTCOM | {variable: value})

    assert line.startswith(f"{variable} must be ")
    assert value not in line


@pytest.mark.parametrize(("psp", "variable"), [(psp, name) for psp in (ADYEN, CHECKOUTCOM) for name in psp])
def test_a_psp_is_there_wholly_or_not_at_all(psp: dict[str, str], variable: str) -> None:
    others = {name: value for name, value in psp.items() if name != variable}

    [line] = faults(SOUND | others)
    lines = faults(SOUND | {variable: psp[variable]})

    assert line.startswith(f"{variable} is missing. It must be ")
    # That the service has an address says nothing of a PSP
    expected = [] if variable == "PUBLIC_URL" else sorted(others)
    assert sorted(line.split(" is missing")[0] for line in lines) == expected


@pytest.mark.parametrize("word", ["prod", "Production", "PRODUCTION", "live", ""])
def test_a_misspelt_environment_does_not_start_with_developments_defaults(word: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="TALLY_ENVIRONMENT must be one of production, development, test"):
        refuse_unsafe({**SOUND, "TALLY_ENVIRONMENT": word})


def test_development_needs_nothing() -> None:
    assert refuse_unsafe({}) == "development"


def _check_deploy(environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    path = {name: os.environ[name] for name in ("PATH", "PYTHONPYCACHEPREFIX") if name in os.environ}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "INFO"]
    return subprocess.run(command, cwd=ROOT, env=path | environ, capture_output=True, text=True, check=False)


def test_djangos_own_deployment_check_has_nothing_to_say_about_production() -> None:
    result = _check_deploy(SOUND)

    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout


def test_a_process_in_production_does_not_start_without_its_secrets_and_lists_all_of_them() -> None:
    result = _check_deploy({"TALLY_ENVIRONMENT": "production", "SECRET_KEY": "hunter2hunter2"})

    assert result.returncode != 0
    assert "SECRET_KEY must be at least 50 characters" in result.stderr
    for variable in set(REQUIRED) - {"SECRET_KEY"}:
        assert f"- {variable} is missing." in result.stderr
    assert "hunter2" not in result.stderr
