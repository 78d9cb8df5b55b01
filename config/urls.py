"""Every address of the service."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("payments.api.urls")),
    path("api/v1/", include("checkout.api.urls")),
    path("api/v1/ledger/", include("ledger.api.urls")),
    path("admin/", admin.site.urls),
]
