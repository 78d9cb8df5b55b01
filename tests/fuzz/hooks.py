"""What schemathesis cannot know of this API: fresh keys, a PSP's signature, balance, and what no schema foretells."""

import itertools
import os
import time
from typing import Any

import requests
import schemathesis
from requests.auth import AuthBase
from schemathesis import Case, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import stateful

from payments.simulator.stripe.protocol import sign

KEY, SIGNATURE, PSPS_CALL = "Idempotency-Key", "Stripe-Signature", "/webhooks/"
# One request in so many keeps what was drawn: a key that another one has, a signature that is none.
AS_DRAWN = 8

# What an event has to be is the source's business: it has a schema of its own.
EVENTS = frozenset({"events_send"})

# Codes of refusals of what fits the description, because JSON Schema has no words for the rule.
UNSAYABLE = {
    "not_an_integer": "JSON Schema takes 1.0 for an integer; this API does not, lest anybody send 1.10",
    "malformed_json": "a number beyond what every reader carries exactly, where any JSON goes",
    "blank": "white space alone is no name",
    "null_characters_not_allowed": "PostgreSQL has no NUL",
    "bad_request": "the same, in an address",
    "card_number": "digits that look like a card's, by their check digit",
    "card_number_refused": "the same, in an address or a header",
    "cursor_invalid": "a cursor is what an answer gave out",
    "if_match_malformed": "an ETag is what an answer gave out; the coverage phase sends 0, whatever the pattern",
    "unbalanced": "debits are credits",
    "unknown_sku": "a reference to what there is not",
    "unknown_location": "the same",
    "duplicate_sku": "two lines of one thing",
    "no_price_in_currency": "what is not for sale in it",
    "one_token_per_psp": "two tokens of one PSP",
    "not_named": "one of two fields, or both",
    "not_both": "one of two fields, not both",
    "refund_shipping_alone": "one field only with another",
    "there_twice": "two parts of one name",
    "taxes_nothing": "a tax on what there is not",
    "does_not_add_up": "parts are the whole",
    "webhook_url_refused": "a public address is a matter of networks",
    "event_invalid": "what an event is, is its PSP's matter",
    "signature_invalid": "a signature is a matter of the body",
}


def _starts(operation: APIOperation[Any, Any, Any, Any], node: object, produced_anywhere: object) -> bool:
    return not operation.path_parameters


# A sequence begins where nothing has to be there: what needs an id is come to along a link. By itself schemathesis also
# begins with ids that it makes up, and never with a session, whose shipping_address it takes for the id of something.
stateful.is_likely_root_transition = _starts

_numbers = itertools.count(1)


class PspSignature(AuthBase):
    """Signs the bytes that are sent, as the PSP does."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request with its signature."""
        body = request.body or b""
        assert isinstance(body, bytes), "schemathesis sends JSON as bytes"
        request.headers[SIGNATURE] = sign(body, os.environ["STRIPE_WEBHOOK_SECRET"], int(time.time()))
        return request


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Give most requests a key of their own, most webhooks the PSP's signature, and all postings balance."""
    number, meta = next(_numbers), case.meta
    if meta is None or number % AS_DRAWN == 0:
        return
    if not meta.is_negative_at(ParameterLocation.HEADER):
        if KEY in case.headers:
            case.headers[KEY] = f"attack-{os.environ['TALLY_ATTACK_SEED']}-{number}"
        if case.path.startswith(PSPS_CALL):
            kwargs["auth"] = PspSignature()
    if not meta.is_negative_at(ParameterLocation.BODY):
        _balance(case.body)


def _balance(body: Any) -> None:
    """Let entries, or those of a batch's transactions, come in pairs: as much on one side as on the other."""
    if not isinstance(body, dict):
        return
    for each in (body, *body.get("transactions", ())):
        entries = each.get("entries") or []
        for debit, credit in zip(entries[::2], entries[1::2], strict=False):
            debit["direction"] = "debit"
            credit.update(direction="credit", amount_minor=debit["amount_minor"], currency=debit["currency"])
        if len(entries) % 2:
            entries.pop()


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Keep every failure but for refusals that no description can foretell."""
    if not isinstance(failure, RejectedPositiveData) or response.status_code != 400:
        return True
    if case.operation.definition.raw["operationId"] in EVENTS:
        return False
    problem = response.json()
    codes = {error["code"] for error in problem.get("errors", ())} or {problem["code"]}
    return not codes <= UNSAYABLE.keys()
