"""Bodies that break a rule, at the checkout API: each is refused by the field's name, and nothing changes."""

from typing import Any

import pytest

from tests.api import Api, everything, problem
from tests.factories import VariantFactory

pytestmark = pytest.mark.django_db

LINE = {"sku": "TEA-100", "quantity": 1}
CART = {"currency": "EUR", "line_items": [LINE], "buyer": {"email": "ada@example.com"}}

INTEGER = ("not_an_integer", "This is to be an integer.")
CURRENCY = ("unknown_currency", "This is to be an ISO 4217 currency code, such as EUR.")
MISSING = ("required", "This field is required.")
NULL = ("null", "This field may not be null.")
NUL = ("null_characters_not_allowed", "Null characters are not allowed.")
TEXT = ("invalid", "This is to be a text.")
TOKEN = ("invalid", "This is to be a token from the PSP, and never a card number.")

NO_INTEGERS: list[Any] = [1.0, 1.5, 1e2, "1", True, [], {}]
NO_CURRENCIES: list[Any] = ["XTS", "XAU", "eur", "EURO", "EUR ", [], {}]

type Rule = tuple[str, str]


def not_an_object(kind: str) -> Rule:
    return "invalid", f"Invalid data. Expected a dictionary, but got {kind}."


def unknown(name: str) -> Rule:
    return "unknown_field", f"There is no field {name!r} here."


def line(**fields: Any) -> dict[str, Any]:
    return {**CART, "line_items": [{**LINE, **fields}]}


CARTS: list[tuple[Any, str, Rule]] = [
    ({**CART, "colour": "red"}, "/colour", unknown("colour")),
    ({**CART, "": 1}, "/", unknown("")),
    ({**CART, "a/b~c": 1}, "/a~1b~0c", unknown("a/b~c")),
    ({**CART, "x" * 900_000: 1}, "/" + "x" * 900_000, unknown("x" * 64)),
    (line(colour="red"), "/line_items/0/colour", unknown("colour")),
    ({**CART, "buyer": {"phone": "1"}}, "/buyer/phone", unknown("phone")),
    ({**CART, "shipping_address": {"planet": "Mars"}}, "/shipping_address/planet", unknown("planet")),
    *[(line(quantity=value), "/line_items/0/quantity", INTEGER) for value in NO_INTEGERS],
    (line(quantity=None), "/line_items/0/quantity", NULL),
    (line(quantity=0), "/line_items/0/quantity", ("min_value", "Ensure this value is greater than or equal to 1.")),
    (line(quantity=-1), "/line_items/0/quantity", ("min_value", "Ensure this value is greater than or equal to 1.")),
    (
        line(quantity=10_001),
        "/line_items/0/quantity",
        ("max_value", "Ensure this value is less than or equal to 10000."),
    ),
    *[({**CART, "currency": value}, "/currency", CURRENCY) for value in NO_CURRENCIES],
    ({**CART, "currency": 978}, "/currency", TEXT),
    ({**CART, "currency": None}, "/currency", NULL),
    ({"line_items": [LINE]}, "/currency", MISSING),
    ({"currency": "EUR"}, "/line_items", MISSING),
    ({**CART, "line_items": []}, "/line_items", ("empty", "This list may not be empty.")),
    ({**CART, "line_items": None}, "/line_items", NULL),
    ({**CART, "line_items": {}}, "/line_items", ("not_a_list", 'Expected a list of items but got type "dict".')),
    ({**CART, "line_items": [None]}, "/line_items/0", NULL),
    ({**CART, "line_items": [LINE, 7]}, "/line_items/1", not_an_object("int")),
    ({**CART, "line_items": [{"quantity": 1}]}, "/line_items/0/sku", MISSING),
    (line(sku=""), "/line_items/0/sku", ("blank", "This field may not be blank.")),
    (line(sku="x" * 65), "/line_items/0/sku", ("max_length", "Ensure this field has no more than 64 characters.")),
    (line(sku="TEA\0"), "/line_items/0/sku", NUL),
    (line(sku=100), "/line_items/0/sku", TEXT),
    (line(sku=True), "/line_items/0/sku", TEXT),
    ({**CART, "buyer": []}, "/buyer", not_an_object("list")),
    ({**CART, "buyer": {"name": 1.5}}, "/buyer/name", TEXT),
    (
        {**CART, "buyer": {"email": f"{'a' * 250}@example.com"}},
        "/buyer/email",
        ("max_length", "Ensure this field has no more than 254 characters."),
    ),
    ({**CART, "buyer": {"email": "ada"}}, "/buyer/email", ("invalid", "Enter a valid email address.")),
    ([CART], "", not_an_object("list")),
    ("cart", "", not_an_object("str")),
    (b"null", "", ("null", "No data provided")),
]


@pytest.fixture
def api() -> Api:
    VariantFactory.create(sku="TEA-100")
    return Api("checkout")


def refusal(*fields: tuple[str, Rule], detail: str = "The request breaks a rule; see errors.") -> dict[str, Any]:
    return {
        "type": "/docs/errors#invalid_input",
        "title": "Invalid input",
        "status": 400,
        "detail": detail,
        "code": "invalid_input",
        "errors": [{"pointer": pointer, "code": code, "detail": words} for pointer, (code, words) in fields],
    }


@pytest.mark.parametrize(
    ("body", "pointer", "rule"), CARTS, ids=[f"{p[:40]} {r[0]} {i}" for i, (_, p, r) in enumerate(CARTS)]
)
def test_a_cart_that_breaks_a_rule_is_refused_by_the_fields_name(api: Api, body: Any, pointer: str, rule: Rule) -> None:
    # Given
    before = everything()
    # When
    answer = api.post("/api/v1/checkout-sessions", body)
    # Then
    assert problem(answer) == refusal((pointer, rule))
    assert everything() == before


def test_every_broken_rule_of_a_cart_is_named_at_once(api: Api) -> None:
    answer = api.post("/api/v1/checkout-sessions", {"currency": "EURO", "line_items": [{"quantity": 0}]})

    assert problem(answer) == refusal(
        ("/currency", CURRENCY),
        ("/line_items/0/sku", MISSING),
        ("/line_items/0/quantity", ("min_value", "Ensure this value is greater than or equal to 1.")),
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("body", "pointer", "rule"),
    [
        (line(sku="NOPE"), "/line_items/0/sku", ("unknown_sku", "There is no product with the SKU 'NOPE'.")),
        (
            {**CART, "line_items": [LINE, LINE]},
            "/line_items/1/sku",
            ("duplicate_sku", "'TEA-100' stands in an earlier line: add the quantities up."),
        ),
        (
            {**CART, "currency": "CHF"},
            "/line_items/0/sku",
            ("no_price_in_currency", "'TEA-100' has no price in CHF."),
        ),
    ],
)
def test_a_cart_without_a_price_is_refused_and_its_key_stays_free(
    api: Api, body: Any, pointer: str, rule: Rule
) -> None:
    # Given
    before = everything()
    # When
    answer = api.post("/api/v1/checkout-sessions", body, **{"Idempotency-Key": "key-1"})
    # Then
    assert problem(answer) == refusal((pointer, rule), detail="The cart cannot be priced.")
    assert everything() == before
    assert api.post("/api/v1/checkout-sessions", CART, **{"Idempotency-Key": "key-1"}).status_code == 201


@pytest.mark.parametrize(
    ("body", "pointer", "rule"),
    [
        ({"payment": None}, "/payment", NULL),
        ({"payment": {}}, "/payment/token", MISSING),
        ({"payment": {"token": "4242424242424241"}}, "/payment/token", TOKEN),
        ({"payment": {"token": "4242-4242-4242-4241"}}, "/payment/token", TOKEN),
        ({"payment": {"token": "tok en"}}, "/payment/token", TOKEN),
        ({"payment": {"token": "x" * 256}}, "/payment/token", TOKEN),
        ({"payment": {"token": "tok", "number": "4242"}}, "/payment/number", unknown("number")),
        ({"payment": {"token": "tok", "psp": "x"}}, "/payment/psp", ("invalid_choice", '"x" is not a valid choice.')),
    ],
)
def test_a_payment_that_breaks_a_rule_charges_nobody(api: Api, body: Any, pointer: str, rule: Rule) -> None:
    # Given
    before = everything()
    # When
    answer = api.post("/api/v1/checkout-sessions/chk_any/complete", body)
    # Then
    assert problem(answer) == refusal((pointer, rule))
    assert everything() == before


def test_a_body_full_of_mistakes_gets_a_short_answer_soon(api: Api) -> None:
    # Given bodies of nearly 1 MB, each with some hundred thousand mistakes
    items = b'{"currency": "EUR", "line_items": [%s]}' % b",".join([b"{}"] * 330_000)
    names = b"{%s}" % b",".join(b'"%d":0' % number for number in range(90_000))
    # When
    too_many, strangers = (api.post("/api/v1/checkout-sessions", body) for body in (items, names))
    # Then
    limit = ("max_length", "Ensure this field has no more than 100 elements.")
    assert problem(too_many) == refusal(("/line_items", limit))
    assert problem(strangers) == refusal(*((f"/{number}", unknown(str(number))) for number in range(100)))
