"""Where a problem document's type leads."""

from django.test import Client

from exactly_once.errors import Refused
from exactly_once.responses import problem_body


def test_the_type_of_a_problem_is_an_address_with_its_explanation() -> None:
    # Given
    kind = str(problem_body(409, Refused(code="out_of_stock", detail=""))["type"])
    address, anchor = kind.split("#")
    # When
    answer = Client().get(address)
    # Then
    assert answer.status_code == 200
    assert f'<h3 id="{anchor}">{anchor}</h3>' in answer.content.decode()
