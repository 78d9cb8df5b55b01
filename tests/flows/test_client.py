"""A payment by the generated Python client, over HTTP, through web, worker and relay to the PSP and back."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command

from tests.shop import PATIENCE_SECONDS, Shop
from tests.waiting import eventually


class Generated:
    """The client as `make client` writes it: one module per operation, one class per shape."""

    def __init__(self, shop: Shop) -> None:
        package = importlib.import_module("tally_client")
        self._client = package.AuthenticatedClient(base_url=shop.stack.base_url, token=shop.stack.api_key)

    def close(self) -> None:
        """Close its connections."""
        self._client.get_httpx_client().close()

    def shape(self, name: str, **fields: object) -> Any:
        return getattr(importlib.import_module("tally_client.models"), name)(**fields)

    def call(self, operation: str, *ids: str, body: Any = None) -> Any:
        """Call an operation of the API under a new key where it takes one; return what it answers, parsed."""
        module = self._module(operation)
        keyed = {"body": body, "idempotency_key": str(uuid4())} if body is not None else {}
        return module.sync(*ids, client=self._client, **keyed)

    def _module(self, operation: str) -> ModuleType:
        group = next(name for name in ("payment_intents", "captures", "refunds") if operation.startswith(name))
        return importlib.import_module(f"tally_client.api.{group}.{operation}")


@pytest.fixture(scope="module")
def client(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generated]:
    folder: Path = tmp_path_factory.mktemp("client")
    call_command("spectacular", file=str(folder / "openapi.yaml"))
    options = ["--output-path", str(folder / "tally_client"), "--meta", "none", "--fail-on-warning"]
    generator = [str(Path(sys.executable).with_name("openapi-python-client")), "generate", *options]
    subprocess.run([*generator, "--path", str(folder / "openapi.yaml")], check=True, capture_output=True)
    sys.path.insert(0, str(folder))
    generated = Generated(shop)
    yield generated
    generated.close()


def test_a_payment_is_held_taken_in_part_and_paid_back(client: Generated, shop: Shop) -> None:
    # Given an intent
    method = client.shape("MethodRequest", token="pm_card_visa")
    manual = client.shape("CaptureMethodEnum", value="manual")
    wish = client.shape("CreateIntentRequest", amount_minor=1290, currency="EUR", capture_method=manual, payment=method)
    intent = client.call("payment_intents_create", body=wish)
    assert (type(intent).__name__, intent.state) == ("IntentSchema", "requires_confirmation")
    # When it is confirmed, and part of it captured
    held = client.call("payment_intents_confirm", intent.id, body=client.shape("ConfirmIntentRequest"))
    assert held.state == "requires_capture"
    capture = client.call("payment_intents_capture", intent.id, body=client.shape("CaptureRequest", amount_minor=1000))
    eventually(
        lambda: client.call("captures_read", capture.id).state == "succeeded",
        "the worker takes the money",
        within_seconds=PATIENCE_SECONDS,
    )
    # When that is paid back
    refund = client.call("refunds_create", body=client.shape("RefundRequest", payment_intent=intent.id))
    assert refund.amount_minor == 1000
    eventually(
        lambda: client.call("refunds_read", refund.id).state == "succeeded",
        "the worker pays it back",
        within_seconds=PATIENCE_SECONDS,
    )
    # Then
    after = client.call("payment_intents_read", intent.id)
    assert (after.state, after.captured_minor, after.refunded_minor) == ("succeeded", 1000, 1000)
    listed = client.call("payment_intents_list")
    assert intent.id in [each.id for each in listed.data]
    record = shop.psp.get("/_simulator/record").json()["charges"]
    assert (1000, 1000) in [(charge["captured_minor"], charge["refunded_minor"]) for charge in record]


def test_a_line_is_paid_back_and_then_the_rest(client: Generated) -> None:
    # Given a payment of a line and its tax
    line, tax = (client.shape("PartKindEnum", value=kind) for kind in ("line", "tax"))
    parts = [
        client.shape("PartRequest", kind=line, reference="MUG", quantity=1, amount_minor=1084),
        client.shape("PartRequest", kind=tax, reference="MUG", jurisdiction="de", amount_minor=206),
    ]
    method = client.shape("MethodRequest", token="pm_card_visa")
    wish = client.shape("CreateIntentRequest", amount_minor=1290, currency="EUR", payment=method, parts=parts)
    intent = client.call("payment_intents_create", body=wish)
    client.call("payment_intents_confirm", intent.id, body=client.shape("ConfirmIntentRequest"))
    # When
    some = [client.shape("RefundPartRequest", reference="MUG", amount_minor=100)]
    first = client.call("refunds_create", body=client.shape("RefundRequest", payment_intent=intent.id, parts=some))
    rest = client.call("refunds_create", body=client.shape("RefundRequest", payment_intent=intent.id))
    eventually(
        lambda: {client.call("refunds_read", each.id).state for each in (first, rest)} == {"succeeded"},
        "the worker pays both back",
        within_seconds=PATIENCE_SECONDS,
    )
    # Then
    assert [(part.kind, part.amount_minor) for part in first.parts] == [("line", 84), ("tax", 16)]
    after = client.call("payment_intents_read", intent.id)
    assert [part.refunded_minor for part in after.parts] == [1084, 206]


def test_a_refusal_is_a_problem_that_names_the_rule(client: Generated) -> None:
    problem = client.call(
        "payment_intents_create", body=client.shape("CreateIntentRequest", amount_minor=0, currency="x")
    )

    assert (type(problem).__name__, problem.code) == ("Problem", "invalid_input")
    assert {error.pointer for error in problem.errors} == {"/amount_minor", "/currency"}
