"""Send one webhook: signed, to an address that was checked, with limits on all that the other side decides.

Not here: which delivery is due, and what an answer means for it (webhook_delivery.py).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

import urllib3
from standardwebhooks import Webhook
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from exactly_once import tracing
from exactly_once.webhook_address import AddressRefusedError, Target, parse, resolve

CONNECT_SECONDS = 5.0
# Each read; a receiver is to note the event and answer, and work afterwards.
READ_SECONDS = 15.0
# All of the answer's body: one byte at a time would otherwise hold a worker for as long as the other side likes.
BODY_SECONDS = 5.0
BODY_BYTES = 1024
MAX_ADDRESSES = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """How a try ended: ``status`` None where no answer came, and then ``error`` says why."""

    status: int | None
    error: str = ""
    snippet: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the receiver has the event."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - HTTP's own classes


def signed_headers(*, message_id: str, body: bytes, secrets: Collection[str], now: datetime) -> dict[str, str]:
    """Return the headers of Standard Webhooks, with one signature per secret."""
    text = body.decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, now, text) for secret in secrets),
    }


def post(*, url: str, body: bytes, headers: dict[str, str], allow_private: bool) -> Answer:
    """Post a body once. No redirect is followed, and the name is looked up once.

    :raises InvalidInput: ``webhook_url_refused``.
    """
    target = parse(url=url, allow_private=allow_private)
    try:
        addresses = resolve(target=target, allow_private=allow_private)
    except AddressRefusedError as error:
        return Answer(None, _short(str(error)))
    answer = Answer(None, "No address.")
    for address in addresses[:MAX_ADDRESSES]:
        try:
            return _post_to(address, target, body, headers)
        except (NewConnectionError, ConnectTimeoutError) as error:
            answer = Answer(None, _short(repr(error)))  # nothing was sent: the next address may do
        except (HTTPError, OSError) as error:
            return Answer(None, _short(repr(error)))
    return answer


def _post_to(address: str, target: Target, body: bytes, headers: dict[str, str]) -> Answer:
    pool = _pool(address, target)
    sent = headers | {
        "Host": target.host_header,
        "Content-Type": "application/json",
        "User-Agent": "Tally-Webhooks",
        "Accept-Encoding": "identity",
    }
    try:
        with tracing.call("POST", host=target.host) as span:
            response = pool.request(
                "POST", target.path, body=body, headers=sent, redirect=False, retries=False, preload_content=False
            )
            tracing.answered(span, status=response.status, failed=response.status >= 300)  # noqa: PLR2004 - HTTP's own classes
        try:
            return Answer(response.status, "" if response.status < 300 else f"HTTP {response.status}", _read(response))  # noqa: PLR2004 - HTTP's own classes
        finally:
            response.close()
    finally:
        pool.close()


def _pool(address: str, target: Target) -> urllib3.HTTPConnectionPool:
    """Connect to the address that was checked; the certificate has to be the name's."""
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    if target.scheme == "http":
        return urllib3.HTTPConnectionPool(address, target.port, timeout=timeout)
    return urllib3.HTTPSConnectionPool(
        address,
        target.port,
        timeout=timeout,
        cert_reqs="CERT_REQUIRED",
        assert_hostname=target.host,
        server_hostname=target.host,
    )


def _read(response: urllib3.BaseHTTPResponse) -> str:
    """Read the beginning of the answer's body. Its status is known: what goes wrong here changes nothing."""
    deadline, got = monotonic() + BODY_SECONDS, b""
    try:
        while len(got) < BODY_BYTES and monotonic() < deadline:
            piece = response.read1(BODY_BYTES - len(got), decode_content=False)
            if not piece:
                break
            got += piece
    except (HTTPError, OSError):
        pass
    return got.decode(errors="replace").replace("\0", "")[:BODY_BYTES]


def _short(text: str) -> str:
    return text.replace("\0", "")[:500]
