"""Where PSPs call, and where they send buyers back to."""

from django.urls import path

from payments.api.returns import buyer_is_back
from payments.api.webhooks import webhook

urlpatterns = [
    path("webhooks/<slug:psp>/<slug:account>", webhook, name="webhook"),
    path("returns/<slug:psp>/<slug:account>/<uuid:attempt>", buyer_is_back, name="buyer_is_back"),
]
