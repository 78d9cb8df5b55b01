import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from config.services import ports


@contextmanager
def listening(port: int = 0) -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        server.listen()
        yield server.getsockname()[1]


def test_the_preferred_port_is_taken_where_it_is_free() -> None:
    [free] = ports.any_free(count=1)

    assert ports.choose(preferred=free) == free


def test_a_port_near_by_is_chosen_where_the_preferred_one_is_taken() -> None:
    with listening() as taken:
        chosen = ports.choose(preferred=taken)

        assert not ports.is_free(port=taken)
    assert taken < chosen < taken + ports.NEIGHBOURS


def test_any_port_is_chosen_where_the_whole_neighbourhood_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "NEIGHBOURS", 1)

    with listening() as taken:
        assert ports.choose(preferred=taken) != taken


def test_free_ports_are_all_different_and_none_that_the_system_lends_to_connections() -> None:
    free = ports.any_free(count=50)

    assert len(set(free)) == 50
    assert set(free) <= set(range(20_000, 32_768))
