"""Two views with an effect, as the packages above build theirs. The effect is an outbox event: it can be counted."""

import threading
import uuid
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.urls import path
from django_subatomic.db import durable, transaction
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from config.access.authentication import ApiClient
from exactly_once import keys, outbox
from exactly_once.api.idempotency import IdempotentAPIView
from exactly_once.errors import InvalidInput, Refused, TryLater
from exactly_once.keys import Claim, KeyedRequest, StoredResponse
from exactly_once.responses import json_response

LEASE_SECONDS = 30


class HeaderAuthentication(BaseAuthentication):
    """The caller is who the header says."""

    def authenticate(self, request: Request) -> tuple[ApiClient, None]:
        return ApiClient(pk=request.headers.get("X-Client", "cli_test")), None


class EffectView(IdempotentAPIView):
    """A verb of one transaction. What comes after its effect is told by the body."""

    authentication_classes = (HeaderAuthentication,)
    permission_classes = ()

    def post(self, request: Request, thing: str) -> HttpResponse:
        return self.respond(request, self.in_one_transaction(lambda now: act(thing, request.data, now)))


def act(thing: str, body: Any, now: datetime) -> StoredResponse:
    done = effect(thing, now)
    match body.get("then"):
        case "refuse":
            raise Refused(code="out_of_stock", detail="There is none left.", extra={"sku": "KTL"})
        case "invalid":
            raise InvalidInput(code="total_too_large", detail="That is too much.")
        case "busy":
            raise TryLater(code="session_in_progress", detail="Somebody is at it.", retry_after_seconds=7)
        case "crash":
            raise ZeroDivisionError
    return json_response(201, {"thing": thing, "done": done})


def effect(thing: str, now: datetime) -> str:
    """Publish an event. No two answers are alike, so a replay cannot be a second run."""
    outbox.publish(aggregatetype="thing", aggregateid=thing, type="thing.done", payload={}, now=now)
    return str(uuid.uuid4())


class PhasedView(IdempotentAPIView):
    """A verb of three phases, whose second one takes as long as the test wants."""

    authentication_classes = (HeaderAuthentication,)
    permission_classes = ()
    outside_may_answer = threading.Event()

    def post(self, request: Request, thing: str) -> HttpResponse:
        return self.respond(request, lambda keyed, now: self.phases(keyed, thing, now))

    @durable
    def phases(self, keyed: KeyedRequest, thing: str, now: datetime) -> StoredResponse:
        def begin(claim: Claim) -> None:
            keys.bind(claim=claim, subject=thing, recovery_point="asked")

        claim = keys.once(keyed=keyed, now=now, lease_seconds=LEASE_SECONDS, work=begin, refuse=self.refuse)
        if isinstance(claim, StoredResponse):
            return claim
        assert self.outside_may_answer.wait(timeout=30)
        with transaction():
            response = json_response(201, {"thing": thing, "done": effect(thing, now)})
            keys.finish(claim=claim, response=response, now=now)
        return response


urlpatterns = [
    path("things/<thing>", EffectView.as_view()),
    path("phased/<thing>", PhasedView.as_view()),
]
