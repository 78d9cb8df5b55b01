"""What benchmarks make in a test's database."""

from collections.abc import Iterator

import pytest
from django.db import connection


@pytest.fixture
def no_truth_is_left() -> Iterator[None]:
    """Drop the tables of a generated truth."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_payment, bench_line, bench_missing, bench_indexed")
