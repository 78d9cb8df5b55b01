"""The REST API in this process, as a client with a key sees it, and the rows behind it."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.http import HttpResponse
from django.test import Client

from config.access.models import ApiKey

PACKAGES = ("exactly_once", "ledger", "payments", "checkout", "access")


class Api:
    """Sends what it is told, well formed or not."""

    def __init__(self, *scopes: str, client: str = "cli_test") -> None:
        now = datetime.now(UTC)
        self.row, self.key = ApiKey.issue(name="test", client=client, scopes=scopes, now=now)
        self._http = Client(raise_request_exception=False)

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.request("GET", path, **headers)

    def post(self, path: str, body: object = None, **headers: str) -> HttpResponse:
        """Post a body: bytes as they are, anything else as JSON, under a new key unless one is given."""
        return self.request("POST", path, body, **({"Idempotency-Key": str(uuid4())} | headers))

    def request(self, method: str, path: str, body: object = None, **headers: str) -> HttpResponse:
        content = body if isinstance(body, bytes) else json.dumps({} if body is None else body)
        sent = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **headers}
        answer = self._http.generic(method, path, content, sent["Content-Type"], headers=sent)
        assert isinstance(answer, HttpResponse)
        return answer


def problem(answer: HttpResponse) -> dict[str, Any]:
    """Return the problem document that an answer is."""
    assert answer["Content-Type"] == "application/problem+json"
    document = json.loads(answer.content)
    assert document["status"] == answer.status_code
    assert isinstance(document, dict)
    return document


def everything() -> dict[str, list[dict[str, Any]]]:
    """Return every row of ours: what a refusal must leave as it was."""
    models = [model for model in apps.get_models() if model._meta.app_label in PACKAGES]
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in models}
