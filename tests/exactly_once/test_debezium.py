"""The documented Debezium configuration names what there is."""

import json
import re
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from exactly_once.models import OutboxEvent
from tests.exactly_once.conftest import Connect

pytestmark = pytest.mark.django_db(transaction=True)

DOCS = Path(__file__).resolve().parents[2] / "docs"
CONFIG: dict[str, str] = json.loads((DOCS / "debezium-outbox.json").read_text())["config"]
TABLE = OutboxEvent._meta.db_table
ROUTER = "transforms.outbox."


def columns() -> set[str]:
    with connection.cursor() as cursor:
        return {column.name for column in connection.introspection.get_table_description(cursor, TABLE)}


def test_the_router_reads_columns_that_there_are() -> None:
    placed = CONFIG[f"{ROUTER}table.fields.additional.placement"].split(",")
    named = {
        *(value for name, value in CONFIG.items() if name.startswith(f"{ROUTER}table.field.event.")),
        CONFIG[f"{ROUTER}route.by.field"],
        *(field.partition(":")[0] for field in placed),
    }

    assert named <= columns()
    assert {"id", "aggregateid", "aggregatetype", "payload", "type", "schema_version", "traceparent"} <= named


def test_what_is_left_out_is_there_and_is_not_read() -> None:
    left_out = {name.rpartition(".")[2] for name in CONFIG["column.exclude.list"].split(",")}

    assert CONFIG["table.include.list"] == f"public.{TABLE}"
    assert all(name.startswith(f"public.{TABLE}.") for name in CONFIG["column.exclude.list"].split(","))
    assert left_out == {"xid", "seq"} <= columns()


def test_the_documented_publication_carries_inserts_of_the_outbox_and_nothing_else(connect: Connect) -> None:
    # Given the page's SQL
    page = (DOCS / "outbox.md").read_text()
    found = re.search(r"```sql\n(?P<statements>CREATE ROLE.*?)```", page, re.DOTALL)
    assert found
    # When the owner runs it
    session: psycopg.Connection = connect()
    for statement in found["statements"].strip().split(";\n"):
        session.execute(statement.encode())
    # Then
    name = CONFIG["publication.name"]
    tables = session.execute("SELECT tablename FROM pg_publication_tables WHERE pubname = %s", [name]).fetchall()
    published = session.execute(
        "SELECT pubinsert, pubupdate, pubdelete, pubtruncate FROM pg_publication WHERE pubname = %s", [name]
    ).fetchone()
    reads = session.execute("SELECT has_table_privilege(%s, %s, 'SELECT')", [CONFIG["database.user"], TABLE]).fetchone()
    session.rollback()
    assert (tables, published, reads) == ([(TABLE,)], (True, False, False, False), (True,))
