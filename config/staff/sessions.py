"""A session ends so long after its sign-in, whatever happens in it. Idle ones end by their expiry (settings)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse

SIGNED_IN_AT = "signed_in_at"


class SessionLimitMiddleware:
    """Signs whoever signed in too long ago out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and SESSION_KEY in request.session:
            now = datetime.now(UTC)
            since = datetime.fromisoformat(request.session.setdefault(SIGNED_IN_AT, now.isoformat()))
            if now - since >= timedelta(hours=settings.ADMIN_SESSION_HOURS):
                logout(request)
        return self._get_response(request)
