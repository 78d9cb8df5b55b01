"""The list of orders is narrowed down by an index, and does not grow slower with the shop."""

import pytest
from django.db import connection
from django.http import QueryDict

from checkout.api.order_filters import orders_asked_for

# To the planner, all are as good for tables that are as good as empty: it may not take those of other columns.
OTHERS = ["order_by_client", "order_by_customer", "order_by_email", "order_to_complete"]

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("query", "index", "value"),
    [
        ("customer=ada", "order_by_customer", "'ada'"),
        ("buyer_email=ada@example.com", "order_by_email", "'ADA@EXAMPLE.COM'"),
        ("sku=MUG", "order_line_by_sku", "'MUG'"),
    ],
)
def test_an_index_of_its_own_serves_each_filter(query: str, index: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for other in OTHERS:
            if other != index:
                cursor.execute(f"DROP INDEX {other}")

    plan = orders_asked_for(QueryDict(query), client="cli_1").explain()

    assert index in plan
    assert [line for line in plan.splitlines() if "Index Cond" in line and value in line], plan
