"""The list of orders is narrowed down by an index, and does not grow slower with the shop."""

import pytest
from django.db import connection
from django.http import QueryDict

from checkout.api.order_filters import orders_asked_for

# To the planner, all are as good for tables that are as good as empty: it may not take those of other columns.
OTHERS = """
SELECT
    CASE
        WHEN k.conname IS NULL THEN format('DROP INDEX %%I', c.relname)
        ELSE format('ALTER TABLE %%I DROP CONSTRAINT %%I CASCADE', t.relname, k.conname)
    END
FROM pg_index AS i
INNER JOIN pg_class AS c ON c.oid = i.indexrelid
INNER JOIN pg_class AS t ON t.oid = i.indrelid
LEFT JOIN pg_constraint AS k ON k.conindid = c.oid AND k.conrelid = t.oid AND k.contype <> 'f'
WHERE t.relname IN ('checkout_order', 'checkout_orderline', 'checkout_checkoutsession') AND c.relname <> %s
"""

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
        cursor.execute(OTHERS, [index])
        for (drop,) in cursor.fetchall():
            cursor.execute(drop)

    plan = orders_asked_for(QueryDict(query), client="cli_1").explain()

    assert index in plan
    assert [line for line in plan.splitlines() if "Index Cond" in line and value in line], plan
