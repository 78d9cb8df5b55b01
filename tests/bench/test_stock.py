"""The benchmark of stock sells for real: its figures are another matter."""

from collections.abc import Iterator

import pytest
from django.db import connection

from checkout.models import Reservation, Variant
from checkout.verify import checks
from config.bench import pgbench
from config.bench.stock.shelves import buying, openings
from tests.bench.owner import owner_url
from tests.campaigns import PROCESSES
from tests.checkout.shelves import levels
from tests.factories import NOW, VariantFactory

pytestmark = [PROCESSES.only, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def _sessions() -> Iterator[None]:
    with connection.cursor() as cursor:
        for statement in openings(sessions=40):
            cursor.execute(statement)
        cursor.execute("RESET session_replication_role")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP SEQUENCE bench_session")


@pytest.mark.usefixtures("_sessions")
def test_every_buyer_that_is_counted_has_a_unit() -> None:
    # Given
    variants = [VariantFactory.create(on_hand=100) for _ in range(3)]
    script = buying(first=variants[0].pk, kinds=2)
    # When
    assert pgbench.run_script(url=owner_url(), script=script, clients=2, each=20) > 0
    # Then
    assert Reservation.objects.filter(state="committed", quantity=1).count() == 40
    taken = [sum(reserved for _, reserved in levels(variant).values()) for variant in Variant.objects.order_by("pk")]
    assert (sum(taken), taken[2]) == (40, 0)
    assert [check.name for check in checks(now=NOW) if "stock equals" in check.name and not check.passed] == []
