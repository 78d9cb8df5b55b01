"""Idempotency-Key over HTTP (IETF draft-ietf-httpapi-idempotency-key-header-07), for any DRF view with an effect.

A view derives from :class:`IdempotentAPIView` and answers its POST with ``self.respond``.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime

import rfc8785
from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exactly_once import keys
from exactly_once.errors import InvalidInput, Refused
from exactly_once.keys import KeyedRequest, StoredResponse
from exactly_once.responses import json_response

HEADER = "Idempotency-Key"
MAX_KEY_CHARACTERS = 255
# What parse_key takes, for the API's description.
KEY_PATTERN = r"^(\"([ !#-\[\]-~]|\\[\"\\]){1,255}\"|[!#-\[\]-~]{1,255})$"
API_VERSION = "v1"

# RFC 8941: a quoted string, in which \" and \\ are escapes; or a bare token of visible ASCII.
_QUOTED = re.compile(r'"(?P<text>(?:[ !#-\[\]-~]|\\["\\])*)"')
_BARE = re.compile(r"[!#-\[\]-~]+")
_ESCAPE = re.compile(r'\\(["\\])')


type Perform = Callable[[KeyedRequest, datetime], StoredResponse]


class IdempotentAPIView(APIView):
    """A view whose POST has an effect, once per (client, key)."""

    def respond(self, request: Request, perform: Perform) -> HttpResponse:
        """Read the key, perform, and answer with exactly the stored bytes.

        ``perform`` gets the keyed request and the time; it is ``self.in_one_transaction(work)`` for a verb of one
        transaction, or a call of a verb that runs its own phases.

        :raises InvalidInput: ``idempotency_key_required``, ``idempotency_key_malformed``.
        """
        keyed = KeyedRequest(
            client=caller(request), key=parse_key(request.headers.get(HEADER)), fingerprint=fingerprint(request)
        )
        stored = perform(keyed, datetime.now(UTC))
        answer = HttpResponse(stored.body, status=stored.status, content_type=stored.content_type)
        if stored.location:
            answer["Location"] = stored.location
        if stored.retry_after_seconds is not None:
            answer["Retry-After"] = str(stored.retry_after_seconds)
        if stored.replayed:
            answer["Idempotent-Replayed"] = "true"
        return answer

    def in_one_transaction(self, work: Callable[[datetime], StoredResponse]) -> Perform:
        """Return how to do ``work`` and store its response in one commit, or replay what is stored."""

        def perform(keyed: KeyedRequest, now: datetime) -> StoredResponse:
            done = keys.once(
                keyed=keyed,
                now=now,
                lease_seconds=settings.IDEMPOTENCY_LEASE_SECONDS,
                work=lambda _claim: work(now),
                refuse=self.refuse,
            )
            assert isinstance(done, StoredResponse), "work of one transaction ends with a response"
            return done

        return perform

    def refuse(self, refusal: Refused) -> StoredResponse:
        """Render a refusal as this API renders all of them."""
        response: Response = self.handle_exception(refusal)
        stored = json_response(response.status_code, response.data)
        return StoredResponse(stored.status, stored.body, response.content_type or stored.content_type)


def caller(request: Request) -> str:
    """Return the id of the calling client: what its objects and its keys belong to."""
    return str(request.user.pk)


def parse_key(header: str | None) -> str:
    """Return the key: a quoted structured-field string or a bare token, 1 to 255 printable ASCII characters.

    :raises InvalidInput: ``idempotency_key_required``, ``idempotency_key_malformed``.
    """
    if header is None:
        raise InvalidInput(
            code="idempotency_key_required",
            detail="This request has an effect: send an Idempotency-Key, and the same one when you retry.",
        )
    text = header.strip(" \t")
    quoted = _QUOTED.fullmatch(text)
    if quoted is not None:
        text = _ESCAPE.sub(r"\1", quoted["text"])
    elif _BARE.fullmatch(text) is None:
        text = ""
    if not 1 <= len(text) <= MAX_KEY_CHARACTERS:
        raise InvalidInput(
            code="idempotency_key_malformed",
            detail=f"An Idempotency-Key is a quoted string or a token of 1 to {MAX_KEY_CHARACTERS} printable ASCII "
            'characters, for example "8e03978e-40d5-43dd-bc93-6894a57f9324".',
        )
    return text


def fingerprint(request: Request) -> bytes:
    """Return SHA-256 over method, address, API version and the RFC 8785 form of the body: what the key stands for."""
    head = f"{request.method} {request.get_full_path()} {API_VERSION}\n".encode()
    return hashlib.sha256(head + rfc8785.dumps(request.data)).digest()
