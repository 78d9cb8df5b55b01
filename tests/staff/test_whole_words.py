"""What the admin's search looks up as a whole, an index finds."""

import re
from contextlib import suppress
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import NotRelationField, get_fields_from_path
from django.core.exceptions import FieldDoesNotExist
from django.db import connection
from django.db.models import Q

from checkout.models import Cart, DiscountRedemption, Order
from config.staff.lists.words import lookups
from config.staff.models import AuditEvent
from payments.models import IntentPart, PaymentIntent, SettlementLine

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:Overriding get_action_choices")]
# Of each kind of column some.
WORDS = ("7", "a-name", "0b6d7e4e-8a3c-4c7f-9d4e-0e3f7a5b6c2d", "ann@shop.example", "https://shop.example", "10.0.0.1")


def _searched() -> dict[str, Any]:
    fields = {}
    for model, editor in admin.site._registry.items():
        for path in editor.search_fields:
            with suppress(NotRelationField, FieldDoesNotExist):
                field: Any = get_fields_from_path(model, str(path).lstrip("=^@"))[-1]
                fields[str(field)] = field
    return fields


@pytest.mark.parametrize("field", _searched().values(), ids=str)
def test_what_is_looked_up_is_found_by_an_index_that_knows_the_column(field: Any) -> None:
    conditions = [each for words in WORDS for each in lookups(field.name, field, words)]

    plans = [_plan(field, condition) for condition in conditions]

    by_column = re.compile(rf"Index Cond: .*\b{field.column}\b")
    assert [plan for plan in plans if not by_column.search(plan)] == []


def _plan(field: Any, condition: Q) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    return str(field.model._default_manager.filter(condition).explain())


@pytest.mark.parametrize(
    ("model", "name", "number"),
    [
        (AuditEvent, "request_id", 1),
        (SettlementLine, "psp_reference", 1),
        (SettlementLine, "payout_reference", 1),
        (Order, "buyer_email", 1),
        # Canceled or not: each half has an index.
        (PaymentIntent, "order_reference", 2),
        # Those of the indexes are not of all rows, or behind a column of many values.
        (IntentPart, "reference", 0),
        (Cart, "customer", 0),
        (DiscountRedemption, "redeemer", 0),
    ],
)
def test_an_index_counts_that_knows_every_row(model: Any, name: str, number: int) -> None:
    assert len(list(lookups(name, model._meta.get_field(name), "ann@shop.example"))) == number


def test_our_id_of_a_line_is_looked_up() -> None:
    ours = SettlementLine._meta.get_field("our_id")

    assert [len(list(lookups("our_id", ours, words))) for words in (WORDS[2], "no uuid")] == [1, 0]
