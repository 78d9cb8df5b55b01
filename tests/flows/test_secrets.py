"""What a running service must not tell: its secrets and its clients' keys, and a card number that somebody sends."""

from tests.shop import Shop

CARD = "4000056655665556"

_TABLES = "SELECT c.relname FROM pg_class AS c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"


def logs_of(shop: Shop) -> str:
    files = list(shop.stack.state.logs.rglob("*"))
    assert len(files) >= 5
    return "\n".join(file.read_text(errors="replace") for file in files if file.is_file())


def tables_with(shop: Shop, text: str) -> list[str]:
    """Return the tables of which a row has the text in any column."""
    tables = [name for (name,) in shop.sql(_TABLES)]
    assert len(tables) > 40
    return [
        name for name in tables if shop.sql(f'SELECT FROM "{name}" AS t WHERE t::text LIKE %s LIMIT 1', [f"%{text}%"])
    ]


def test_a_card_number_goes_nowhere(shop: Shop) -> None:
    # When a client sends one wherever a client can
    session = shop.open_session()
    answers = [
        shop.pay(session, CARD),
        shop.pay(session, key=CARD),
        shop.http.post(f"/webhooks/stripe/{CARD}", content=CARD),
        shop.http.get(f"/api/v1/orders/{CARD}"),
        shop.http.get("/api/v1/orders", params={"cursor": CARD}, headers={"User-Agent": CARD, "X-Request-ID": CARD}),
        shop.http.get(f"/shop/?card={CARD}"),
    ]
    # Then
    assert [answer.status_code for answer in answers] == [400] * 6
    assert all(CARD not in answer.text for answer in answers)
    assert CARD not in logs_of(shop)
    assert tables_with(shop, CARD) == []


def test_no_secret_is_in_any_log_or_answer(shop: Shop) -> None:
    # Given payments, a wrong key and a wrong signature
    shop.pay(shop.open_session())
    answers = [
        shop.http.get("/api/v1/orders", headers={"Authorization": f"Bearer {shop.stack.api_key}x"}),
        shop.http.post("/webhooks/stripe/main", content=b"{}", headers={"Stripe-Signature": "t=1,v1=00"}),
    ]
    # When
    told = logs_of(shop) + "".join(answer.text for answer in answers)
    # Then
    sign_in = shop.stack.sign_in
    secrets = {**shop.stack.state.secrets(), "api key": sign_in.api_key, "password": sign_in.password}
    assert len(secrets) >= 5
    assert [name for name, value in secrets.items() if len(value) >= 8 and value in told] == []
