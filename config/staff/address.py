"""Where a request comes from."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """Return the client's address, None where it has none (a Unix socket).

    Behind the TLS proxy it is the last of X-Forwarded-For: that one the proxy has written itself, those before it
    anybody can. Without a proxy the header is not looked at.
    """
    found = str(request.META.get("REMOTE_ADDR") or "")
    if settings.BEHIND_TLS_PROXY:
        found = str(request.META.get("HTTP_X_FORWARDED_FOR") or found).rsplit(",", 1)[-1].strip()
    try:
        return str(ip_address(found))
    except ValueError:
        return None
