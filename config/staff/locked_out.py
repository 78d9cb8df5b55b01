"""What is shown to whoever failed to sign in too often."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config.staff.audit import Act, record
from config.staff.models import Outcome

TOO_MANY_REQUESTS = 429


def locked_out(
    request: HttpRequest, _response: HttpResponse, _credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """Say so, and until when: the same for names that exist and names that do not."""
    record(request, Act("locked out"), outcome=Outcome.REFUSED, actor=request.POST.get("username", ""))
    context = {"minutes": settings.ADMIN_LOCKOUT_MINUTES}
    response = render(request, "admin/staff/locked_out.html", context, status=TOO_MANY_REQUESTS)
    response.headers["Retry-After"] = str(settings.ADMIN_LOCKOUT_MINUTES * 60)
    return response
