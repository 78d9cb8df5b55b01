"""The list of guards is whole: a new one is listed, and one that is gone is missed."""

import pytest

from tests.mutation.guards import GUARDS, in_the_database


@pytest.mark.django_db
def test_every_guard_of_the_database_is_listed_and_there() -> None:
    listed = {(table, name) for table, names in GUARDS.items() for name in names}

    assert set(in_the_database()) == listed
