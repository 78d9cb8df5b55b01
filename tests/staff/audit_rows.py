"""Any number of rows of the audit log, to try a long list on, and the list as it is shown."""

from datetime import datetime
from typing import Any

from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.factories import NOW

AUDIT = reverse("admin:staff_auditevent_changelist")
_WRITE = """
INSERT INTO staff_auditevent (at, actor, action, outcome, object_type, object_ids, detail, reason, request_id)
SELECT %s + n * interval '1 minute', %s, 'act' || n %% 3, 'done', 'a.thing', '[]', '{}', '', 'request-' || n
FROM generate_series(1, %s) AS n
"""


def write(events: int, *, since: datetime = NOW, actor: str = "ada") -> None:
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [since, actor, events])
        cursor.execute("ANALYZE staff_auditevent")


def shown(client: Client, address: str, **asked: str) -> Any:
    answer = client.get(address, asked)
    assert answer.status_code == 200, answer.headers
    return answer.context["cl"]
