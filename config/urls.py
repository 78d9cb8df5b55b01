"""Every address of the service."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config import openapi, openapi_fields, pages, shop_pages  # noqa: F401 - drf-spectacular knows an extension once it is imported
from config.error_codes_page import error_codes
from config.metrics.view import metrics

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.start, name="start"),
    path("shop/", shop_pages.catalog, name="shop"),
    path("shop/cart/", shop_pages.cart, name="shop-cart"),
    path("shop/checkout/", shop_pages.checkout, name="shop-checkout"),
    path("shop/orders/<slug:session_id>/", shop_pages.order, name="shop-order"),
    path("", include("payments.api.webhook_urls")),
    path("api/v1/", include("payments.api.urls")),
    path("api/v1/", include("checkout.api.urls")),
    path("api/v1/ledger/", include("ledger.api.urls")),
    path("api/v1/", include("exactly_once.api.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path(
        "api/docs/",
        SpectacularSwaggerSplitView.as_view(url_name="schema", template_name="pages/api_docs.html"),
        name="docs",
    ),
    path("docs/errors", error_codes, name="error-codes"),
    path("metrics", metrics, name="metrics"),
    path("admin/", admin.site.urls),
]

handler400 = "config.error_pages.bad_request"
handler403 = "config.error_pages.forbidden"
handler404 = "config.error_pages.not_found"
handler500 = "config.error_pages.server_error"
