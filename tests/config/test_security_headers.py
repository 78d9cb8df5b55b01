"""What every kind of answer tells browsers about itself."""

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.test import Client, RequestFactory
from pytest_django import Settings
from unfold.sites import UnfoldAdminSite

from payments.models import Attempt
from tests.architecture.tree import ROOT, kept_files, named
from tests.checkout.orders import open_taxed_shop, sell

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:Overriding get_action_choices")]

PAGES = (
    "/",
    "/shop/",
    "/nowhere",
    "/docs/errors",
    "/api/docs/",
    "/api/schema/",
    "/api/v1/orders",
    "/healthz",
    "/?q=%00",
)
ADMIN_PAGES = (
    "/admin/login/",
    "/admin/",
    "/admin/checkout/product/",
    "/admin/checkout/product/add/",
    "/admin/nowhere/",
)
STRICT = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
}


def policy(path: str) -> dict[str, str]:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_superuser("boss"))
    header = client.get(path).headers["Content-Security-Policy"]
    return dict(part.split(" ", 1) for part in header.split("; "))


@pytest.mark.parametrize("path", [*PAGES, *ADMIN_PAGES])
def test_every_answer_has_the_headers(path: str) -> None:
    headers = Client(raise_request_exception=False).get(path).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Content-Security-Policy" in headers


@pytest.mark.parametrize("path", [*PAGES, *ADMIN_PAGES])
def test_no_page_lets_in_what_is_not_a_file_of_ours(path: str) -> None:
    found = policy(path)

    assert found | STRICT == found
    assert "unsafe" not in str(found)


def test_the_admins_forms_open_others_in_a_frame_and_nobody_else_does() -> None:
    popup = Client()
    popup.force_login(User.objects.create_superuser("ada"))
    answer = popup.get("/admin/checkout/taxcategory/add/?_popup=1")

    assert policy("/admin/checkout/product/add/")["frame-src"] == "'self'"
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_alpine_is_the_build_that_makes_no_code_of_text() -> None:
    served = Path(str(finders.find("unfold/js/alpine/alpine.js")))

    assert served == ROOT / "config" / "static" / "unfold" / "js" / "alpine" / "alpine.js"
    assert "CSP Parser Error" in served.read_text()
    assert re.findall(r"\b(?:eval|Function|AsyncFunction)\(", served.read_text()) == []


@pytest.mark.parametrize("path", ["/admin/checkout/order/{}/change/", "/admin/payments/attempt/{}/change/"])
@pytest.mark.usefixtures("psp")
def test_json_is_shown_without_style_attributes(path: str) -> None:
    order = sell((open_taxed_shop()[0], 1))
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))

    page = client.get(path.format(order.pk if "order" in path else Attempt.objects.get().pk)).content.decode()

    assert '<pre class="raw">' in page
    assert re.findall(r"<[a-z]+ style=", page) == []


def test_https_is_insisted_on(settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000

    headers = Client().get("/", secure=True).headers

    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")


INLINE = re.compile(r"<style\b|<script(?![^>]*\bsrc=)[^>]*>|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)


def templates() -> list[Path]:
    return [path for path in kept_files("*.html") if "/mail" not in named(path)]


def test_no_template_of_ours_has_inline_code_or_style() -> None:
    found = {named(path): INLINE.findall(path.read_text()) for path in templates()}

    assert {name: each for name, each in found.items() if each} == {}


def test_the_admins_colours_are_those_of_the_settings() -> None:
    site, request = UnfoldAdminSite(), RequestFactory().get("/admin/")
    css = (ROOT / "config" / "static" / "pages" / "admin_theme.css").read_text()

    expected = {
        f"--color-{name}-{weight}: {value};"
        for name, weights in site._get_colors("COLORS", request).items()
        for weight, value in weights.items()
    }
    assert set(re.findall(r"--color-[^;]+;", css)) == expected
