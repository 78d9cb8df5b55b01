"""Addresses of the payments package."""

from django.urls import path

from payments.api.webhooks import WebhookView

urlpatterns = [path("webhooks/<slug:psp>/<slug:account>", WebhookView.as_view(), name="webhook")]
