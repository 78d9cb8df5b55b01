"""The page that looks for stories, and the page of one."""

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from config.story.find import find
from config.story.tell import tell

if TYPE_CHECKING:
    from config.staff.site import StaffSite

# A story shows rows of all of these: whoever could not open one of them is not told of it here, either.
SHOWN = {
    "checkout": ("cart", "checkoutsession", "reservation", "order", "shipment", "cancellation", "return"),
    "payments": (
        *("paymentintent", "attempt", "capture", "void", "refund", "dispute", "decision", "break"),
        *("settlementline", "payout", "bankline"),
    ),
    "ledger": ("transaction", "account"),
    "exactly_once": ("idempotencykey", "inboxevent", "outboxevent", "handlerrun", "webhookdelivery"),
}
NEEDED = tuple(f"{app}.view_{model}" for app, models in SHOWN.items() for model in models)


def may_see(request: HttpRequest) -> bool:
    """Whether somebody may see every part of a story."""
    return request.user.has_perms(NEEDED)


@require_safe
def search(request: HttpRequest, *, site: "StaffSite") -> HttpResponseBase:
    """Answer with what is found; one story at once by itself."""
    _require(request)
    words = request.GET.get("q", "").strip()
    hits = find(words=words) if words else []
    if len(hits) == 1:
        return HttpResponseRedirect(reverse("admin:story_of", args=[hits[0].reference]))
    context = {**site.each_context(request), "title": "Story of a payment", "words": words, "hits": hits}
    return TemplateResponse(request, "admin/story/search.html", context)


@require_safe
def story(request: HttpRequest, reference: str, *, site: "StaffSite") -> HttpResponseBase:
    """Answer with one story."""
    _require(request)
    told = tell(reference=reference)
    if told is None:
        raise Http404
    context = {**site.each_context(request), "title": told.title, "story": told, "words": reference}
    return TemplateResponse(request, "admin/story/story.html", context)


def _require(request: HttpRequest) -> None:
    if not may_see(request):
        raise PermissionDenied
