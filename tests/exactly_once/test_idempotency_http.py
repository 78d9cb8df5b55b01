"""The Idempotency-Key header, through views like those of the packages above."""

import json
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from exactly_once.models import IdempotencyKey, OutboxEvent
from tests.concurrency.crowd import everyone
from tests.exactly_once.urls import PhasedView

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.exactly_once.urls")]


def post(url: str = "/things/one", key: str | None = "key-1", body: object = None, **headers: str) -> HttpResponse:
    if key is not None:
        headers["Idempotency-Key"] = key
    client = Client(raise_request_exception=False)
    answer = client.post(url, json.dumps(body or {}), content_type="application/json", headers=headers)
    assert isinstance(answer, HttpResponse)
    return answer


def problem(response: HttpResponse) -> tuple[int, str]:
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, json.loads(response.content)["code"]


def effects() -> int:
    return OutboxEvent.objects.count()


def test_a_retry_gets_the_first_answer_byte_for_byte() -> None:
    # When
    first, retry = post(), post()
    # Then
    assert (first.status_code, retry.status_code) == (201, 201)
    assert retry.content == first.content
    assert retry["Content-Type"] == first["Content-Type"] == "application/json"
    assert (first.headers.get("Idempotent-Replayed"), retry["Idempotent-Replayed"]) == (None, "true")
    assert effects() == 1


def test_twenty_threads_with_one_key_have_one_effect() -> None:
    # When
    answers = everyone(20, lambda _: post())
    # Then
    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    assert sorted(answer.headers.get("Idempotent-Replayed", "") for answer in answers) == [""] + ["true"] * 19
    assert effects() == 1
    assert IdempotencyKey.objects.get().resumptions == 0


def test_while_the_first_asks_the_outside_nineteen_others_are_told_to_come_back() -> None:
    # Given a first request that waits for somebody outside
    PhasedView.outside_may_answer.clear()

    def ask(_: int) -> HttpResponse:
        try:
            return post("/phased/one")
        finally:
            connection.close()

    # When twenty ask at once
    with ThreadPoolExecutor(20) as pool:
        running = [pool.submit(ask, number) for number in range(20)]
        try:
            answered = as_completed(running, timeout=30)
            early = [next(answered).result() for _ in range(19)]
            assert effects() == 0
        finally:
            PhasedView.outside_may_answer.set()
        (last,) = [future.result() for future in answered]
    # Then
    assert {problem(answer) for answer in early} == {(409, "idempotency_in_flight")}
    assert {answer["Retry-After"] for answer in early} == {"1"}
    assert last.status_code == 201
    assert effects() == 1
    assert post("/phased/one").content == last.content


def test_a_refusal_is_kept_and_leaves_no_effect() -> None:
    # When
    first, retry = post(body={"then": "refuse"}), post(body={"then": "refuse"})
    # Then
    assert problem(first) == problem(retry) == (409, "out_of_stock")
    assert retry.content == first.content
    assert json.loads(retry.content)["sku"] == "KTL"
    assert retry["Idempotent-Replayed"] == "true"
    assert effects() == 0


@pytest.mark.parametrize(
    ("then", "answer"),
    [
        ("invalid", (400, "total_too_large")),
        ("busy", (409, "session_in_progress")),
        ("crash", (500, "internal_error")),
    ],
)
def test_any_other_error_leaves_no_effect_and_the_key_free(then: str, answer: tuple[int, str]) -> None:
    # When
    refused = post(body={"then": then})
    # Then
    assert problem(refused) == answer
    assert effects() == 0
    assert not IdempotencyKey.objects.exists()
    # And the key serves for the request in its right form
    assert post().status_code == 201


@pytest.mark.parametrize(
    "changed", [{"body": {"a": 2}}, {"url": "/things/two"}, {"url": "/things/one?dry=1"}, {"url": "/phased/one"}]
)
def test_a_key_stands_for_one_request(changed: dict[str, Any]) -> None:
    # Given
    PhasedView.outside_may_answer.set()
    request: dict[str, Any] = {"url": "/things/one", "body": {"a": 1}}
    first = post(**request)
    # When
    other = post(**{**request, **changed})
    # Then
    assert problem(other) == (422, "idempotency_key_reused")
    assert effects() == 1
    assert post(**request).content == first.content


def test_the_order_of_names_and_white_space_do_not_make_another_request() -> None:
    # Given
    send = Client().post
    options: dict[str, Any] = {"content_type": "application/json", "headers": {"Idempotency-Key": "key-1"}}
    first = send("/things/one", '{"a": 1, "b": "\\u00e9"}', **options)
    # When
    retry = send("/things/one", '{"b":"é",  "a":1}', **options)
    # Then
    assert retry.content == first.content
    assert effects() == 1


def test_clients_do_not_share_keys() -> None:
    # When
    answers = [post(**{"X-Client": client}) for client in ("cli_a", "cli_b")]
    # Then
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers] == [None, None]
    assert effects() == 2


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("a", "a"),
        ("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        ('"8e03978e-40d5-43dd-bc93-6894a57f9324"', "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        ("  a  ", "a"),
        ('"two words"', "two words"),
        (r'"a \"b\" \\c"', r'a "b" \c'),
        ("k" * 255, "k" * 255),
        ('"' + "k" * 255 + '"', "k" * 255),
        ("!#$%&'()*+,-./:;<=>?@[]^_`{|}~", "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"),
    ],
)
def test_a_key_is_a_quoted_string_or_a_bare_token(header: str, key: str) -> None:
    assert post(key=header).status_code == 201
    assert IdempotencyKey.objects.get().key == key


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "idempotency_key_required"),
        ("", "idempotency_key_malformed"),
        ("   ", "idempotency_key_malformed"),
        ('""', "idempotency_key_malformed"),
        ("k" * 256, "idempotency_key_malformed"),
        ('"' + "k" * 256 + '"', "idempotency_key_malformed"),
        ("schlüssel", "idempotency_key_malformed"),
        ('"schlüssel"', "idempotency_key_malformed"),
        ("two words", "idempotency_key_malformed"),
        ("tab\tbed", "idempotency_key_malformed"),
        ('"tab\tbed"', "idempotency_key_malformed"),
        ('"no end', "idempotency_key_malformed"),
        ('no start"', "idempotency_key_malformed"),
        ('"one", "two"', "idempotency_key_malformed"),
        (r'"an end \"', "idempotency_key_malformed"),
        (r'"no such escape \n"', "idempotency_key_malformed"),
        (r"back\slash", "idempotency_key_malformed"),
        ("del\x7f", "idempotency_key_malformed"),
    ],
)
def test_any_other_header_is_refused_and_nothing_is_done(header: str | None, code: str) -> None:
    assert problem(post(key=header)) == (400, code)
    assert effects() == 0
    assert not IdempotencyKey.objects.exists()
