"""The ids that leave the house."""

import re

from exactly_once.public_ids import new_public_id


def test_ids_are_distinct_and_have_their_prefix() -> None:
    made = {new_public_id("ord") for _ in range(1_000)}

    assert len(made) == 1_000
    assert all(re.fullmatch(r"ord_[0-9a-v]{26}", public_id) for public_id in made)


def test_a_later_id_sorts_after_an_earlier_one() -> None:
    made = [new_public_id("ord") for _ in range(1_000)]

    assert made == sorted(made)
