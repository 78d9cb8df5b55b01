"""Where a PSP sends a buyer back to from the bank's page."""

from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import UUID

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from payments.errors import PaymentNotFound
from payments.take_return import take_return

# What PSPs have a browser bring along is some kilobytes; it is stored.
MAX_QUERY = 8192


# Not HEAD: whoever only looks at the address has not come back.
@require_http_methods(["GET"])
def buyer_is_back(request: HttpRequest, psp: str, account: str, attempt: UUID) -> HttpResponse:
    """Hand to the PSP what the buyer brings, and send the buyer on, however that ends: the shop says how it stands."""
    if len(request.META["QUERY_STRING"]) > MAX_QUERY:
        raise BadRequest("That is more than any PSP sends.")
    try:
        returned = take_return(
            psp=psp, account=account, attempt_uuid=attempt, brought=request.GET.dict(), now=datetime.now(UTC)
        )
    except PaymentNotFound as error:
        raise Http404(str(error)) from error
    return _send_on(returned.return_url or settings.PAYMENTS_RETURN_URL, returned.order_reference)


def _send_on(address: str, reference: str) -> HttpResponse:
    if not address:
        return HttpResponse("Thank you. You may close this page.", content_type="text/plain")
    parts = urlsplit(address)
    query = "&".join(part for part in (parts.query, urlencode({"reference": reference})) if part)
    answer = HttpResponse(status=303)
    answer["Location"] = urlunsplit(parts._replace(query=query))
    return answer
