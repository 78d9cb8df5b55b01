"""What the simulator asks its store several times a second is found without reading all that was ever charged."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from payments.simulator.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store.sqlite")
    yield store
    store.close()


def test_documents_in_a_status_are_found_by_it(store: Store) -> None:
    # Given
    for number, status in enumerate(["succeeded", "requires_capture", "succeeded", "requires_capture"]):
        store.add({"id": f"pi_{number}", "object": "payment_intent", "status": status})
    store.add({"id": "re_1", "object": "refund", "status": "requires_capture"})
    store.put({"id": "pi_3", "object": "payment_intent", "status": "canceled"})
    # When
    waiting = store.in_status("payment_intent", "requires_capture")
    # Then
    assert [each["id"] for each in waiting] == ["pi_1"]


def test_they_are_found_by_an_index(store: Store) -> None:
    asked: list[str] = []
    store._db.set_trace_callback(asked.append)

    store.in_status("payment_intent", "requires_capture")

    store._db.set_trace_callback(None)
    [(*_, plan)] = store._db.execute(f"EXPLAIN QUERY PLAN {asked[0]}").fetchall()
    assert "statuses_index" in plan
