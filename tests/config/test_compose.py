"""No container runs here, so the compose file is held to the code that it starts."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.environment import RULES
from config.services import commands

ROOT = Path(__file__).resolve().parent.parent.parent
# Not every mail server asks for one, and not everybody has an account at every PSP.
OPTIONAL_SECRETS = {
    "ADYEN_API_KEY",
    "EMAIL_PASSWORD",
    "CHECKOUTCOM_SECRET_KEY",
    "CHECKOUTCOM_WEBHOOK_SECRET",
    "RABBITMQ_PASSWORD",
}
APPLICATION = {"migrate", "web", "worker", "relay", "beat"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return services


def test_each_process_is_a_service_of_its_own(services: dict[str, Any]) -> None:
    assert set(services) == APPLICATION | {"postgres", "valkey", "rabbitmq", "simulator"}
    profiles = {name: service["profiles"] for name, service in services.items() if "profiles" in service}
    assert profiles == {"simulator": ["simulator"], "rabbitmq": ["rabbitmq"]}


def test_the_services_run_the_codes_own_commands(services: dict[str, Any]) -> None:
    assert services["web"]["command"] == commands.web(host="0.0.0.0", port=8000, workers=2, threads=8)
    assert services["worker"]["command"] == commands.worker(concurrency=4)
    assert services["relay"]["command"] == commands.relay()
    assert services["beat"]["command"] == commands.beat(schedule="/var/lib/tally/beat-schedule")
    first, then, last = services["migrate"]["command"][-1].split(" && ")
    assert first.split() == commands.migrate()
    assert then.split() == commands.application_role()
    assert last.split() == commands.admin_roles()


def test_the_simulator_speaks_to_the_web_service(services: dict[str, Any]) -> None:
    expected = commands.simulator(
        port=8010,
        state="/var/lib/tally/simulator.sqlite",
        seed=1,
        webhook_base="http://web:8000",
        webhook_secrets={
            "stripe": "${STRIPE_WEBHOOK_SECRET:?Stripe's signing secret}",
            "adyen": "${ADYEN_HMAC_KEY:-}",
            "checkoutcom": "${CHECKOUTCOM_WEBHOOK_SECRET:-}",
        },
    )

    assert services["simulator"]["command"] == [*expected, "--host", "0.0.0.0"]


def test_only_settings_that_exist_are_set(services: dict[str, Any]) -> None:
    files = (ROOT / "config" / "settings").glob("*.py")
    known = {name for file in files for name in re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", file.read_text())}
    # libpq's own: what a session is called in the server's list; and what OpenTelemetry's SDK reads itself.
    known |= {"PGAPPNAME", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"}

    for name in APPLICATION:
        assert set(services[name]["environment"]) <= known, name


def test_every_variable_that_production_requires_is_set(services: dict[str, Any]) -> None:
    required = {rule.variable for rule in RULES if not rule.optional}

    for name in APPLICATION:
        assert required <= set(services[name]["environment"]), name
        assert services[name]["environment"]["TALLY_ENVIRONMENT"] == "${TALLY_ENVIRONMENT:-production}"


def test_the_broker_is_valkey_unless_another_is_named_and_valkey_counts_requests(services: dict[str, Any]) -> None:
    for name in APPLICATION:
        environment = services[name]["environment"]
        assert environment["CELERY_BROKER_URL"] == "${CELERY_BROKER_URL:-redis://valkey:6379/0}"
        assert environment["API_RATE_LIMIT_STORAGE"] == "${API_RATE_LIMIT_STORAGE:-redis://valkey:6379/0}"


def test_what_the_file_says_of_rabbitmq_is_an_address_that_production_takes(services: dict[str, Any]) -> None:
    # Given the address that the head of the file names, for the user that the profile's server makes
    text = (ROOT / "docker-compose.yml").read_text()
    [address] = re.findall(r"CELERY_BROKER_URL=(amqp://\S+) docker compose --profile rabbitmq up", text)
    server = services["rabbitmq"]["environment"]
    # Then
    assert address == f"amqp://{server['RABBITMQ_DEFAULT_USER']}:$RABBITMQ_PASSWORD@rabbitmq:5672//"
    assert server["RABBITMQ_DEFAULT_PASS"] == "${RABBITMQ_PASSWORD:-}"
    [rule] = [rule for rule in RULES if rule.variable == "CELERY_BROKER_URL"]
    assert rule.holds(address)
    for name in APPLICATION - {"migrate"}:
        assert services[name]["depends_on"]["rabbitmq"] == {"condition": "service_healthy", "required": False}


def test_every_image_is_pinned_by_its_digest(services: dict[str, Any]) -> None:
    images = {service["image"] for service in services.values() if not service.get("build")}
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert all(re.fullmatch(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}", image) for image in [*images, *bases])
    assert {image.partition("@")[0] for image in images} == {
        "postgres:18",
        "valkey/valkey:9",
        "rabbitmq:4-management-alpine",
    }
    assert len(bases) == 2
    assert len(set(bases)) == 1


def test_only_migrate_knows_the_owners_password(services: dict[str, Any]) -> None:
    knowing = {name for name, service in services.items() if "DATABASE_OWNER_PASSWORD" in str(service)}

    assert knowing == {"postgres", "migrate"}
    for name in APPLICATION:
        assert services[name]["environment"]["DATABASE_URL"].startswith("postgresql://tally_web:")


def test_no_secret_has_a_default(services: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    secrets = set(re.findall(r"\$\{(\w*(?:SECRET|PASSWORD|API_KEY)\w*)", text))

    assert secrets == {
        "SECRET_KEY",
        "STRIPE_API_KEY",
        "STRIPE_WEBHOOK_SECRET",
        *OPTIONAL_SECRETS,
        "DATABASE_APPLICATION_PASSWORD",
        "DATABASE_OWNER_PASSWORD",
    }
    for name in secrets:
        expected = ":-}" if name in OPTIONAL_SECRETS else ":?"
        assert {found[: len(expected)] for found in re.findall(rf"\$\{{{name}(...)", text)} == {expected}, name


def test_only_what_a_browser_opens_is_reachable_and_that_only_from_this_machine(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}

    assert published == {"web": ["127.0.0.1:8000:8000"], "simulator": ["127.0.0.1:8010:8010"]}


def test_the_application_waits_for_the_migrations(services: dict[str, Any]) -> None:
    for name in APPLICATION - {"migrate"}:
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_a_stopping_worker_gives_its_messages_back(services: dict[str, Any]) -> None:
    assert services["worker"]["stop_signal"] == "SIGQUIT"
