"""Where PSPs call."""

from django.urls import path

from payments.api.webhooks import webhook

urlpatterns = [path("webhooks/<slug:psp>/<slug:account>", webhook, name="webhook")]
