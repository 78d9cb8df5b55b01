"""The pages that the code writes leave nothing out."""

import inspect

from config.generated_pages import money_flows
from ledger.drafts import TransactionDraft
from payments import posting_rules, settlement_rules


def test_every_posting_rule_is_shown() -> None:
    # Given every public function that returns a posting
    rules = {
        rule
        for module in (posting_rules, settlement_rules)
        for name, rule in inspect.getmembers(module, inspect.isfunction)
        if rule.__module__ == module.__name__ and not name.startswith("_")
    }
    assert all(inspect.signature(rule).return_annotation is TransactionDraft for rule in rules)
    # Then each is called with an example
    assert {flow.rule for flow in money_flows.FLOWS} == rules


def test_the_sides_of_an_account_are_told_apart() -> None:
    page = money_flows.render()
    assert "assets:psp:stripe:receivable (EUR)\n------------------------+------------------------\n" in page
    assert "                 249.00 |\n" in page
    assert "                        |                  249.00\n" in page
