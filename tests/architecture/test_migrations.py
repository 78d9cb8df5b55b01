"""Migrations that come in the order that they need."""

import pytest
from django.db.migrations.loader import MigrationLoader

ROLES = ("exactly_once", "0001_roles")
PACKAGES = ("exactly_once", "ledger", "payments", "checkout", "access")


@pytest.mark.parametrize("package", PACKAGES)
def test_tables_are_made_after_the_role_that_gets_rights_on_them(package: str) -> None:
    """`makemigrations` writes no such dependency by itself, and most orders work without it."""
    graph = MigrationLoader(None).graph
    for key in graph.nodes:
        if key[0] == package and key != ROLES:
            assert ROLES in graph.forwards_plan(key), key
