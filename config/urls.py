"""Every address of the service."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config import openapi  # noqa: F401 - drf-spectacular knows an extension once it is imported

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("payments.api.urls")),
    path("api/v1/", include("checkout.api.urls")),
    path("api/v1/ledger/", include("ledger.api.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("admin/", admin.site.urls),
]
