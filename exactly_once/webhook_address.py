"""Which addresses an outgoing webhook may go to. A merchant names the address, so it must not reach into our network.

Not here: the sending (webhook_http.py), which connects to the very address that was checked.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from exactly_once.errors import InvalidInput

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Addresses that carry another one inside: a gateway would unwrap it behind our back.
_WRAPPING = tuple(
    ipaddress.ip_network(net) for net in ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16")
)
# RFC 7526's anycast of 6to4 relays, and documentation's IPv6 of 2024: not in every Python's own table.
_RESERVED = tuple(ipaddress.ip_network(net) for net in ("192.88.99.0/24", "3fff::/20", "fec0::/10"))


class AddressRefusedError(Exception):
    """The name leads nowhere, or to where no webhook may go."""


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook's address, taken apart; ``path`` has the query with it."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """Return what the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.scheme == "https" else 80
        return host if self.port == usual else f"{host}:{self.port}"


def parse(*, url: str, allow_private: bool) -> Target:
    """Take an address apart. Plain http passes only where private addresses do: in development and tests.

    :raises InvalidInput: ``webhook_url_refused``.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode() if ":" not in (parts.hostname or "") else parts.hostname
    except (ValueError, UnicodeError):
        raise _refused("It cannot be read.") from None
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise _refused("It must begin with https.")
    if not host or not url.isascii() or any(char.isspace() or not char.isprintable() for char in url):
        raise _refused("It needs a host name, and only printable ASCII.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _refused("It must hold neither a user name or password nor a fragment.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    target = Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path)
    if not allow_private and _is_forbidden_literal(host):
        raise _refused("It must not lead to a private or reserved address.")
    return target


def resolve(*, target: Target, allow_private: bool) -> list[str]:
    """Look the name up, once, and return its addresses. One that is forbidden spoils them all.

    :raises AddressRefusedError: the name is unknown, or one of its addresses is not public.
    """
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressRefusedError(f"The name {target.host} leads nowhere: {error}.") from error
    addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
    if not allow_private:
        for address in addresses:
            if is_forbidden(address):
                raise AddressRefusedError(f"The name {target.host} leads to {address}, which is not public.")
    return addresses


def is_forbidden(text: str) -> bool:
    """Whether an address is loopback, private, link-local, multicast, reserved, or hides another one."""
    address: Address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None or "%" in text:
            return True
        if any(address in net for net in _WRAPPING):
            return True
    special = address.is_multicast or address.is_reserved or address.is_unspecified or not address.is_global
    return special or any(address.version == net.version and address in net for net in _RESERVED)


def _is_forbidden_literal(host: str) -> bool:
    try:
        return is_forbidden(host)
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))


def _refused(why: str) -> InvalidInput:
    return InvalidInput(code="webhook_url_refused", detail=f"No webhook can be sent to this address. {why}")
