"""Which account takes a payment: pure, so shown without a database."""

from collections import Counter
from typing import Any

import pytest

from ledger.money import Money
from payments.models import RoutingRule
from payments.routing import Account, Plan, Purchase, Token, plan

STRIPE, ADYEN, SECOND = Account("stripe", "main"), Account("adyen", "main"), Account("stripe", "second")
BOTH = (Token("stripe", "pm_1"), Token("adyen", "ad_1"))
EUR = Money(1290, "EUR")


def rule(name: str, psp: str = "adyen", **fields: Any) -> RoutingRule:
    return RoutingRule(name=name, **{"psp": psp, "priority": 10, **fields})


def planned(
    *rules: RoutingRule,
    tokens: tuple[Token, ...] = BOTH,
    money: Money = EUR,
    name: str = "pi_1",
    country: str = "",
    card_brand: str = "",
    open_accounts: tuple[Account, ...] = (),
) -> Plan:
    return plan(
        rules=rules,
        purchase=Purchase(name, money, country, card_brand),
        tokens=tokens,
        accounts=(STRIPE, ADYEN, SECOND),
        open_accounts=open_accounts,
    )


def routes(*rules: RoutingRule, **given: Any) -> list[tuple[str, str]]:
    return [(route.psp, route.account) for route in planned(*rules, **given).routes]


def why(*rules: RoutingRule, **given: Any) -> dict[str, str]:
    return {each.rule: each.why for each in planned(*rules, **given).considered}


def test_without_rules_the_client_chooses() -> None:
    found = planned()
    assert [(route.psp, route.account, route.token, route.rule) for route in found.routes] == [
        ("stripe", "main", "pm_1", ""),
        ("adyen", "main", "ad_1", ""),
    ]


def test_the_lowest_priority_number_goes_first() -> None:
    assert routes(rule("late", "stripe", priority=2), rule("early", priority=1)) == [
        ("adyen", "main"),
        ("stripe", "main"),
    ]


def test_a_token_stays_with_the_psp_that_issued_it() -> None:
    rules = (rule("adyen first", priority=1), rule("stripe", "stripe", priority=2))
    assert routes(*rules, tokens=BOTH[:1]) == [("stripe", "main")]
    assert why(*rules, tokens=BOTH[:1])["adyen first"] == "no token of adyen"


def test_where_no_rule_is_for_the_tokens_the_client_chooses() -> None:
    assert routes(rule("adyen"), tokens=BOTH[:1]) == [("stripe", "main")]


@pytest.mark.parametrize(
    ("fields", "given", "reason"),
    [
        ({"enabled": False}, {}, "it is switched off"),
        ({"currencies": ["USD"]}, {}, "not for EUR"),
        ({"countries": ["DE"]}, {}, "the buyer's country is not known"),
        ({"countries": ["DE"]}, {"country": "FR"}, "not for buyers from FR"),
        ({"card_brands": ["amex"]}, {}, "the card's brand is not known"),
        ({"card_brands": ["amex"]}, {"card_brand": "visa"}, "not for visa cards"),
        ({"currencies": ["EUR"], "least_minor": 1291}, {}, "the amount is too small"),
        ({"currencies": ["EUR"], "most_minor": 1289}, {}, "the amount is too large"),
        ({"psp_account": "nowhere"}, {}, "the settings have no such account"),
        ({}, {"open_accounts": (ADYEN,)}, "its circuit is open"),
    ],
)
def test_a_rule_that_does_not_take_a_payment_says_why(
    fields: dict[str, Any], given: dict[str, Any], reason: str
) -> None:
    rules = (rule("odd", **{"priority": 1, **fields}), rule("rest", "stripe", priority=2))
    assert routes(*rules, **given) == [("stripe", "main")]
    assert why(*rules, **given) == {"odd": reason, "rest": ""}


@pytest.mark.parametrize(
    ("fields", "given"),
    [
        ({"currencies": ["USD", "EUR"]}, {}),
        ({"countries": ["DE"]}, {"country": "DE"}),
        ({"card_brands": ["amex"]}, {"card_brand": "amex"}),
        ({"currencies": ["EUR"], "least_minor": 1290, "most_minor": 1290}, {}),
    ],
)
def test_a_rule_takes_what_fits_its_conditions(fields: dict[str, Any], given: dict[str, Any]) -> None:
    assert routes(rule("odd", **fields), **given) == [("adyen", "main")]


def test_an_account_that_could_take_it_but_is_open_does_not_hand_the_payment_to_whom_no_rule_names() -> None:
    assert routes(rule("adyen"), open_accounts=(ADYEN,)) == []


def test_weights_share_the_payments() -> None:
    rules = (rule("three", "stripe", weight=300), rule("one", weight=100))
    first = Counter(routes(*rules, name=f"pi_{number}")[0][0] for number in range(4000))
    # 3000 expected; the standard deviation is 27.
    assert 2890 < first["stripe"] < 3110
    assert routes(*rules, name="pi_7") == routes(*rules, name="pi_7")


def test_without_weight_the_cheapest_goes_first_and_after_all_with_weight() -> None:
    rules = (
        rule("flat", "stripe", weight=0, cost_fixed_minor=30),
        rule("share", weight=0, cost_basis_points=140),
        rule("weighty", "stripe", psp_account="second", weight=1),
    )
    # 1.4 % of 12.90 is 18.06 cents, so 19; of 100.00 it is 140.
    assert routes(*rules) == [("stripe", "second"), ("adyen", "main"), ("stripe", "main")]
    assert routes(*rules, money=Money(10000, "EUR")) == [("stripe", "second"), ("stripe", "main"), ("adyen", "main")]
    assert [each.cost.amount_minor for each in planned(*rules).considered] == [0, 19, 30]


def test_an_account_is_tried_once_and_first_where_its_first_rule_is() -> None:
    rules = (
        rule("a", "stripe", priority=1),
        rule("b", priority=2),
        rule("c", "stripe", priority=3),
    )
    assert routes(*rules) == [("stripe", "main"), ("adyen", "main")]


def test_at_most_three_accounts_are_tried() -> None:
    rules = [rule(str(number), "stripe", psp_account=f"a{number}", priority=number) for number in range(5)]
    found = plan(
        rules=rules,
        purchase=Purchase("pi_1", EUR),
        tokens=BOTH,
        accounts=[Account("stripe", f"a{number}") for number in range(5)],
        open_accounts=(),
    )
    assert [route.account for route in found.routes] == ["a0", "a1", "a2"]
