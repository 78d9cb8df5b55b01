"""What looks like a card number, and what only has many digits."""

import pytest

from exactly_once.card_numbers import fields_with_card_numbers, has_card_number, without_card_numbers

# Numbers that networks and PSPs publish for tests: no card has them.
VISA, AMEX, MASTERCARD_2, DINERS = "4242424242424242", "378282246310005", "2223003122003222", "36227206271667"


@pytest.mark.parametrize(
    "text",
    [
        VISA,
        AMEX,
        MASTERCARD_2,
        DINERS,
        "6011111111111117",
        "4222222222222",
        "4000000000000000006",
        "4242 4242 4242 4242",
        "3782-822463-10005",
        f"pay with {VISA}, please",
        f"card={VISA}",
        f"{VISA}@example.com",
        f"{VISA}.",
    ],
)
def test_it_is_seen(text: str) -> None:
    assert has_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "4242424242424241",  # the check digit
        "1234567812345670",  # no card issuer's
        "2220000000000002",
        "2721000000000004",
        "424242424242",
        "42424242424242424242424242424242",
        "42424242-4242-4242-4242-424242424242",
        f"pm_{VISA}",
        f"0.{VISA}",
        f"{VISA}.5",
        "chk_06h0j0s43prpfag0hv233mn8uc",
        "2026-11-23T12:00:00Z",
        "+43 660 1234567",
        "DE89 3704 0044 0532 0130 00",
    ],
)
def test_other_digits_are_let_be(text: str) -> None:
    assert not has_card_number(text)


def test_the_field_is_named_and_a_name_that_is_one_is_not_repeated() -> None:
    body = {
        "buyer": {"name": VISA, "a/b~c": [1, {"x": AMEX}]},
        "metadata": {VISA: "mine"},
        "total_minor": 4242424242424242,
        "note": "none",
    }

    assert list(fields_with_card_numbers(body)) == ["/buyer/name", "/buyer/a~1b~0c/1/x", "/metadata"]


def test_a_text_is_cleaned_of_each() -> None:
    assert without_card_numbers(f"{VISA} or {AMEX}, not 4242424242424241", "#") == "# or #, not 4242424242424241"
