"""The HTTP session under a PSP's SDK, and what its errors prove. Knows no PSP."""

from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from exactly_once import tracing
from payments.psp.outcomes import NotSent, Unknown

# One session serves every thread of a process; more connections than this are closed after their request.
IDLE_CONNECTIONS = 32


def new_session(*, timeout_seconds: tuple[float, float] | None = None) -> requests.Session:
    """Return a session that sends what it is given, once, to where it is told, and keeps nothing of the answer.

    It may be shared between threads: nothing in it changes after this.

    :param timeout_seconds: how long to connect and how long to be answered, for an SDK that says neither.
    """
    session = requests.Session()
    # Following would charge again elsewhere (307), or take another page for the answer to a charge (302); and a
    # redirect to where nobody listens would look as if nothing had been sent.
    session.max_redirects = 0
    # Without this, a .netrc file on the machine would replace the API key.
    session.auth = _as_it_is
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Once(timeout_seconds))
    return session


class _Once(HTTPAdapter):
    """Sends a request once, and does not wait for ever."""

    def __init__(self, timeout_seconds: tuple[float, float] | None) -> None:
        super().__init__(pool_maxsize=IDLE_CONNECTIONS, max_retries=0)
        self._timeout_seconds = timeout_seconds

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send it, within our time where the caller has none."""
        host = urlsplit(request.url or "").hostname or ""
        with tracing.call(request.method or "", host=str(host)) as span:
            answer = super().send(request, **{**options, "timeout": options.get("timeout") or self._timeout_seconds})
            tracing.answered(span, status=answer.status_code, failed=not answer.ok)
        return answer


def never_connected(error: BaseException | None) -> bool:
    """Whether an error of ``requests`` says that no connection came about: refused, timed out, or no such host.

    Only then has not one byte of the request left. A broken TLS handshake or proxy is not counted among these, though
    it often means the same: what is not certain is unknown.
    """
    if not isinstance(error, requests.ConnectionError) or not error.args:
        return False
    return isinstance(getattr(error.args[0], "reason", None), urllib3.exceptions.ConnectTimeoutError)


def points_to(error: BaseException | None) -> str | None:
    """Return where the answer sends us that ``new_session`` did not follow; None where it was something else."""
    if not isinstance(error, requests.TooManyRedirects) or error.response is None:
        return None
    return error.response.headers.get("Location")


def download(session: requests.Session, address: str) -> bytes | NotSent | Unknown:
    """Fetch what is at an address that is good for whoever knows it: nothing else is sent, and it is named nowhere."""
    try:
        answer = session.get(address)
        answer.raise_for_status()
    except requests.RequestException as error:
        why = type(error).__name__
        return NotSent(detail=why) if never_connected(error) else Unknown(detail=f"no file: {why}")
    return answer.content


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
