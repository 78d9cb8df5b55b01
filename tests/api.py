"""The REST API in this process, as a client with a key sees it, and the rows behind it."""

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.db import connection
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


def everything() -> dict[str, list[str]]:
    """Return every row of ours, as PostgreSQL writes it down: what a refusal must leave as it was."""
    rows: dict[str, list[str]] = {label: [] for label in _tables()}
    selects = (f"SELECT '{label}', row::text FROM {table} AS row" for label, table in _tables().items())
    with connection.cursor() as cursor:
        # In one statement: 60 of Django's need a hundred milliseconds.
        cursor.execute(f"{' UNION ALL '.join(selects)} ORDER BY 1, 2")
        for label, row in cursor.fetchall():
            rows[label].append(row)
    return rows


@cache
def _tables() -> dict[str, str]:
    models = (model for model in apps.get_models() if model._meta.app_label in PACKAGES)
    return {model._meta.label: connection.ops.quote_name(model._meta.db_table) for model in models}
