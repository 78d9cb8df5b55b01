"""A buyer whom the bank asks first."""

from tests.shop import Shop, wait_for


def _escalated(shop: Shop) -> dict[str, str]:
    session = shop.open_session()
    answer = shop.pay(session, "pm_card_authenticationRequired")
    assert (answer.status_code, answer.json()["state"]) == (200, "requires_escalation")
    return {"id": session["id"], "url": answer.json()["next_action"]["url"]}


def _state(shop: Shop, session: dict[str, str]) -> str:
    return str(shop.get(f"checkout-sessions/{session['id']}")["state"])


def _come_back(shop: Shop, session: dict[str, str], answer: str) -> None:
    """Answer the bank, and let the browser follow where it is sent."""
    page = shop.psp.post(session["url"], data={"answer": answer}, follow_redirects=True).raise_for_status()
    assert page.url.path.startswith("/returns/stripe/main/")
    assert page.text == "Thank you. You may close this page."


def test_the_order_follows_the_buyers_yes(shop: Shop) -> None:
    # Given
    session = _escalated(shop)
    # When
    _come_back(shop, session, "approve")
    # Then
    wait_for(lambda: _state(shop, session) == "completed", "the buyer's return, or the webhook, completes it")
    assert (shop.orders_of(session), len(shop.charges_of(session))) == (1, 1)


def test_a_no_reopens_the_session(shop: Shop) -> None:
    # Given
    session = _escalated(shop)
    # When
    _come_back(shop, session, "fail")
    # Then
    wait_for(lambda: _state(shop, session) == "ready_for_complete", "the buyer's return, or the webhook, reopens it")
    assert shop.charges_of(session) == []


def test_who_walks_away_is_not_charged(shop: Shop) -> None:
    # Given
    session = _escalated(shop)
    # When
    answer = shop.post(f"checkout-sessions/{session['id']}/cancel")
    # Then the session is closed at once, and the PSP lets go of the payment
    assert (answer.status_code, answer.json()["state"]) == (200, "canceled")
    wait_for(lambda: _at_psp(shop, session) == ["canceled"], "the sweeper voids the payment")
    assert (shop.orders_of(session), shop.charges_of(session)) == (0, [])


def _at_psp(shop: Shop, session: dict[str, str]) -> list[str]:
    intent = session["url"].rsplit("/", 1)[1]
    record = shop.psp.get("/_simulator/record").json()
    return [row["status"] for row in record["charges"] if row["payment"] == intent]


def test_after_all_this_every_invariant_holds(shop: Shop) -> None:
    shop.verify()
