"""Where no outgoing webhook goes, whatever a merchant or a name server says."""

import socket
from typing import Any

import pytest

from exactly_once import webhook_http
from exactly_once.errors import InvalidInput
from exactly_once.webhook_address import AddressRefusedError, is_forbidden, parse, resolve

# Apart, so that these are no addresses of the tree's.
HTTPS = "https:" + "//"

FORBIDDEN = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2001:0:1::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "fc00::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_no_webhook_goes_to(address: str) -> None:
    assert is_forbidden(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111"])
def test_webhooks_may_go_to(address: str) -> None:
    assert not is_forbidden(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/",
        "ftp://shop.example/",
        "https://",
        f"{HTTPS}user:pw@shop.example/",
        "https://shop.example/#a",
        "https://shop.example:99999/",
        "https://shop.example/a b",
        "https://shop.example/a\r\nHost: b",
        f"{HTTPS}10.0.0.1/",
        "https://[::1]/",
        "https://[::1/",
        "https://localhost/",
        f"{HTTPS}db.internal/",
    ],
)
def test_an_address_is_refused_before_anybody_looks_it_up(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(url=url, allow_private=False)
    assert refused.value.code == "webhook_url_refused"


def test_the_parts_of_an_address_are_kept() -> None:
    target = parse(url="https://Shop.example:8443/hooks?a=1", allow_private=False)

    assert (target.host, target.port, target.path) == ("shop.example", 8443, "/hooks?a=1")
    assert target.host_header == "shop.example:8443"


def _resolving_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def test_one_private_address_among_public_ones_spoils_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    _resolving_to(monkeypatch, "8.8.8.8", "10.0.0.1")
    target = parse(url="https://shop.example/", allow_private=False)

    with pytest.raises(AddressRefusedError, match=r"10\.0\.0\.1"):
        resolve(target=target, allow_private=False)


def test_decimal_and_octal_spellings_of_loopback_are_refused_once_resolved() -> None:
    for host in ("2130706433", "0177.0.0.1", "127.1"):
        target = parse(url=f"https://{host}/", allow_private=False)
        with pytest.raises(AddressRefusedError):
            resolve(target=target, allow_private=False)


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that answers differently the second time is never asked a second time."""
    # Given
    asked = _resolving_to(monkeypatch, "8.8.8.8")
    pools: list[tuple[str, str]] = []

    def no_connection(address: str, target: Any, *_: object) -> webhook_http.Answer:
        pool = webhook_http._pool(address, target)
        pools.append((pool.host, pool.assert_hostname))  # type: ignore[attr-defined]  # of the HTTPS one
        return webhook_http.Answer(200)

    monkeypatch.setattr(webhook_http, "_post_to", no_connection)
    # When
    webhook_http.post(url="https://shop.example/", body=b"{}", headers={}, allow_private=False)
    # Then
    assert asked == ["shop.example"]
    assert pools == [("8.8.8.8", "shop.example")]
