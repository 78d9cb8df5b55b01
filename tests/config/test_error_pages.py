"""Where no view answers: problem documents to programs, a small page to people."""

import json
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from config import error_pages, urls


def _forbid(_request: HttpRequest) -> HttpResponse:
    raise PermissionDenied("who asks")


def _break(_request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError("a secret")


urlpatterns = [
    path("api/forbidden", _forbid),
    path("forbidden", _forbid),
    path("api/broken", _break),
    path("broken", _break),
    *urls.urlpatterns,
]
handler400 = error_pages.bad_request
handler403 = error_pages.forbidden
handler404 = error_pages.not_found
handler500 = error_pages.server_error

pytestmark = pytest.mark.urls(__name__)


def ask(address: str, **headers: Any) -> Any:
    return Client(raise_request_exception=False).get(address, headers=headers)


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/api/nothing", 404, "not_found"),
        ("/api/v1/nothing", 404, "not_found"),
        ("/api/", 404, "not_found"),
        ("/webhooks/", 404, "not_found"),
        ("/webhooks/stripe", 404, "not_found"),
        ("/api/forbidden", 403, "forbidden"),
        ("/api/broken", 500, "internal_error"),
    ],
)
def test_a_program_gets_a_problem_document(address: str, status: int, code: str) -> None:
    answer = ask(address)
    body = json.loads(answer.content)

    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert (body["status"], body["code"], body["type"]) == (status, code, f"/docs/errors#{code}")
    assert "secret" not in answer.content.decode()


@pytest.mark.parametrize(
    ("address", "status"), [("/nothing", 404), ("/apiary", 404), ("/forbidden", 403), ("/broken", 500)]
)
def test_a_person_gets_a_page(address: str, status: int) -> None:
    answer = ask(address)

    assert answer.status_code == status
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert 'href="/"' in answer.content.decode()
    assert "secret" not in answer.content.decode()


def test_a_strange_host_is_refused_in_the_same_form() -> None:
    to_program, to_person = (ask(address, host="evil.example") for address in ("/api/docs/", "/shop/"))

    assert (to_program.status_code, json.loads(to_program.content)["code"]) == (400, "bad_request")
    assert (to_person.status_code, to_person["Content-Type"]) == (400, "text/html; charset=utf-8")


def test_a_form_without_its_token_is_refused_in_the_same_form() -> None:
    answer = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "ada"})

    assert (answer.status_code, answer["Content-Type"]) == (403, "text/html; charset=utf-8")
    assert "This form has grown old." in answer.content.decode()


@pytest.mark.parametrize("name", ["handler400", "handler403", "handler404", "handler500"])
def test_the_service_uses_these_handlers(name: str) -> None:
    module, _, function = getattr(urls, name).rpartition(".")

    assert module == "config.error_pages"
    assert getattr(error_pages, function) is globals()[name]
