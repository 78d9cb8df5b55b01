"""The service's addresses, and what runs beside them: a plain view that verifies the signature and answers 200."""

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from config.urls import handler400, handler403, handler404, handler500
from config.urls import urlpatterns as service
from payments.psp.registry import get_adapter

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


@csrf_exempt
def verify_only(request: HttpRequest, psp: str, account: str) -> HttpResponse:
    """Answer 200 where the signature is right, and keep nothing."""
    get_adapter(psp=psp, account=account).verify_webhook(
        headers=request.headers, body=request.body, now=datetime.now(UTC)
    )
    return JsonResponse({"received": True})


urlpatterns = [path("plain/<slug:psp>/<slug:account>", verify_only), *service]
