"""The words in which a PSP package here describes its adapter and its servers."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx

from payments.psp.base import PspAdapter
from payments.psp.outcomes import RequiresAction
from tests.processes import Program


class MakesAdapter(Protocol):
    """Return our adapter for the account at a server."""

    def __call__(self, url: str, *, read_timeout_seconds: float = 5.0, return_url: str = "") -> PspAdapter: ...


@dataclass(frozen=True, slots=True)
class Psp:
    """A PSP's adapter, and what it takes to make it speak."""

    name: str
    adapter_at: MakesAdapter
    good_card: str  # a token
    approval: str  # the body of a reply that says yes to calls.authorize
    look_ups: bool = True  # without: NoLookUp


@dataclass(frozen=True, slots=True)
class Abilities:
    """What the adapters could do at a PSP that does it all, and a stand-in or another PSP may not."""

    names_decline_reasons: bool = True
    names_declined_payments: bool = True
    explains_refusals: bool = True  # a refusal says how the payment stands
    remembers_keys: bool = True  # Idempotency-Key
    searches: bool = True  # by our attempt
    takes_at_once: bool = True  # otherwise it is held first, and taken by itself soon after
    refuses_at_once: bool = True  # captures, voids and refunds that cannot be, and not by webhook
    begins_before_the_buyer_is_back: bool = True  # and so names a payment that waits for its buyer
    captures_in_parts: bool = False  # keeps the rest for more captures, each with a name of its own
    knows_tokens: bool = True  # and says so of one that it does not
    reports_captured_part: bool = True
    gives_the_banks_address: bool = True
    refuses_too_large_refunds: bool = True
    refuses_to_capture_what_is_canceled: bool = True
    lets_go_of_open_questions: bool = True  # of the bank
    knows_what_is_not_there: bool = True  # otherwise nothing is known of a payment that it does not find
    tells_of_refunds: bool = True  # by webhook
    settles: bool = True  # tells its settlement line by line


@dataclass(frozen=True, slots=True)
class Server:
    """How to run a server, and how its buyers and their banks behave."""

    psp: Psp
    program: Callable[[Path], Program]
    can: Abilities
    declined: Callable[[str], str]  # return a token, given the server's address
    asked_first: Callable[[str], str]
    # Given address, question, yes or no; return what the browser brings back.
    answer_bank: Callable[[str, RequiresAction, bool], dict[str, str]]
    send_webhooks: Callable[[str, str], None]  # address, of an endpoint
    # Has it pay out all that there is, where nothing that it settles is told before.
    pay_out: Callable[[str], None] = lambda _: None


def answer_simulated_bank(_url: str, question: RequiresAction, approves: bool) -> dict[str, str]:
    """Answer on the simulator's page, as the buyer; return what the browser brings back."""
    answer = {"answer": "approve" if approves else "fail"}
    sent_on = httpx.post(question.redirect_url, data=answer)
    assert not sent_on.is_error, sent_on
    return dict(httpx.URL(sent_on.headers.get("Location", "")).params)


def send_simulated_webhooks(url: str, endpoint: str) -> None:
    """Have the simulator send its events to an endpoint, at once."""
    httpx.post(f"{url}/_simulator/webhooks", json={"mode": "live", "base": endpoint}).raise_for_status()
