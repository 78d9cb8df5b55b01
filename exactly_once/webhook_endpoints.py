"""Make and change the addresses that clients get their events at: the verbs of the API and of the admin.

Not here: which events go there, and how often (webhook_delivery.py).
"""

import base64
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import connection
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest
from django_subatomic.db import transaction_if_not_already, transaction_required

from exactly_once import outbox
from exactly_once.errors import FieldError, InvalidInput, NotFound, Refused
from exactly_once.event_types import EventType, Payload
from exactly_once.models import WebhookDelivery, WebhookEndpoint, WebhookSecret
from exactly_once.public_ids import new_public_id
from exactly_once.webhook_address import parse

log = structlog.get_logger(__name__)

# Each event that fits becomes a delivery for each: bounds what one client's events cost.
MAX_ENABLED = 20
MAX_PATTERNS = 50
# Each one that is valid is a signature in the header of every webhook.
MAX_VALID_SECRETS = 5
SECRET_BYTES = 32  # Standard Webhooks: 24 to 64
OVERLAP = timedelta(hours=24)
LONGEST_OVERLAP = timedelta(days=7)
TEST_TYPE = "webhook_endpoint.test"
EVENT_TYPES = (EventType(TEST_TYPE),)

TYPE_PATTERN = r"\*|[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*(?:\.\*)?"
NO_TYPE = 'This is to be a type, such as "order.confirmed", "order.*" or "*".'
_PATTERN = re.compile(TYPE_PATTERN)


@dataclass(frozen=True, slots=True)
class EndpointChange:
    """What is to be different; None leaves as it is."""

    url: str | None = None
    event_types: Sequence[str] | None = None
    description: str | None = None
    enabled: bool | None = None


@transaction_required
def create_endpoint(
    *, client: str, url: str, event_types: Sequence[str], description: str, now: datetime, allow_private: bool
) -> tuple[WebhookEndpoint, str]:
    """Make an endpoint with its first secret; return both. The secret is kept to sign with, and never shown again.

    :raises InvalidInput: ``webhook_url_refused``, ``invalid_input``.
    :raises Refused: ``webhook_endpoints_too_many``.
    """
    check_address(url=url, event_types=event_types, allow_private=allow_private)
    room_for_one_more(client=client)
    endpoint = WebhookEndpoint.objects.create(
        public_id=new_public_id("wep"),
        client=client,
        url=url,
        event_types=list(event_types),
        description=description,
        created_at=now,
    )
    secret = _new_secret(endpoint, now)
    log.info("webhook.endpoint_created", endpoint=endpoint.public_id, client=client)
    return endpoint, secret


@transaction_if_not_already
def change_endpoint(*, endpoint_id: str, client: str, change: EndpointChange, allow_private: bool) -> WebhookEndpoint:
    """Change an endpoint, switch it on or off; return it.

    :raises NotFound: ``webhook_endpoint_not_found``.
    :raises InvalidInput: ``webhook_url_refused``, ``invalid_input``.
    :raises Refused: ``webhook_endpoints_too_many``.
    """
    check_address(url=change.url, event_types=change.event_types, allow_private=allow_private)
    if change.enabled:
        _one_at_a_time(client)
    row = _locked(endpoint_id, client)
    if change.enabled and not row.enabled:
        room_for_one_more(client=client)
    row.url = row.url if change.url is None else change.url
    row.event_types = row.event_types if change.event_types is None else list(change.event_types)
    row.description = row.description if change.description is None else change.description
    row.enabled = row.enabled if change.enabled is None else change.enabled
    row.disabled_reason = "" if row.enabled else row.disabled_reason
    row.save(update_fields=["url", "event_types", "description", "enabled", "disabled_reason"])
    log.info("webhook.endpoint_changed", endpoint=row.public_id, enabled=row.enabled)
    return row


@transaction_if_not_already
def rotate_secret(
    *, endpoint_id: str, client: str, now: datetime, overlap: timedelta = OVERLAP, newest_seen: int | None = None
) -> tuple[WebhookEndpoint, str]:
    """Give the endpoint a new secret, valid at once; the old ones stay valid for ``overlap``. Return both.

    :param newest_seen: the row of the newest secret that the caller knows of: a second click changes nothing.
    :raises NotFound: ``webhook_endpoint_not_found``.
    :raises Refused: ``webhook_secrets_too_many``, ``webhook_secret_rotated``.
    """
    endpoint = _locked(endpoint_id, client)
    newest = endpoint.secrets.order_by("-pk").first()
    if newest_seen is not None and (newest is None or newest.pk != newest_seen):
        raise Refused(code="webhook_secret_rotated", detail="Somebody has rotated the secret in the meantime.")
    ends_at = now + overlap
    longer = Q(valid_until=None) | Q(valid_until__gt=ends_at)
    # Another server's clock may have been ahead when it made the last one.
    endpoint.secrets.filter(longer).update(valid_until=Greatest(F("valid_from"), ends_at))
    if endpoint.secrets.filter(valid_until__gt=now).count() >= MAX_VALID_SECRETS:
        raise Refused(
            code="webhook_secrets_too_many",
            detail=f"{MAX_VALID_SECRETS} secrets are still valid: wait for one to end, or rotate without an overlap.",
        )
    secret = _new_secret(endpoint, now)
    log.info("webhook.secret_rotated", endpoint=endpoint.public_id, overlap_seconds=overlap.total_seconds())
    return endpoint, secret


@transaction_required
def send_test(*, endpoint_id: str, client: str, now: datetime) -> WebhookDelivery:
    """Make an event that says nothing due for this one endpoint, whatever types it wants; return the delivery.

    :raises NotFound: ``webhook_endpoint_not_found``.
    :raises Refused: ``webhook_endpoint_disabled``.
    """
    endpoint = _locked(endpoint_id, client)
    if not endpoint.enabled:
        raise Refused(code="webhook_endpoint_disabled", detail="The endpoint is disabled: nothing is sent there.")
    # The relay hands it to nobody else: endpoints have no owner among the aggregates (webhook_owners.py).
    event_id = outbox.publish(
        aggregatetype="webhook_endpoint",
        aggregateid=endpoint.public_id,
        type=TEST_TYPE,
        payload=endpoint_payload(endpoint),
        now=now,
    )
    return WebhookDelivery.objects.create(endpoint=endpoint, event_id=event_id, next_attempt_at=now)


def endpoint_payload(endpoint: WebhookEndpoint) -> Payload:
    """Return what ``webhook_endpoint.test`` says."""
    return {"id": endpoint.public_id}


def endpoints_of(*, client: str) -> QuerySet[WebhookEndpoint]:
    """Return a client's endpoints."""
    return WebhookEndpoint.objects.filter(client=client)


def endpoint_of(*, endpoint_id: str, client: str) -> WebhookEndpoint:
    """Return one of them.

    :raises NotFound: ``webhook_endpoint_not_found``.
    """
    return _found(endpoints_of(client=client).filter(public_id=endpoint_id).first(), endpoint_id)


def check_address(*, url: str | None, event_types: Sequence[str] | None, allow_private: bool) -> None:
    """Refuse an address that no webhook may go to, and patterns that no type could fit. None is not looked at.

    :raises InvalidInput: ``webhook_url_refused``, ``invalid_input``.
    """
    if url is not None:
        parse(url=url, allow_private=allow_private)
    if event_types is None:
        return
    wrong = [
        FieldError(f"/event_types/{index}", "invalid", NO_TYPE)
        for index, pattern in enumerate(event_types)
        if _PATTERN.fullmatch(pattern) is None
    ]
    if not 1 <= len(event_types) <= MAX_PATTERNS:
        wrong = [FieldError("/event_types", "max_length", f"An endpoint has 1 to {MAX_PATTERNS} patterns.")]
    if wrong:
        raise InvalidInput(code="invalid_input", detail="The request breaks a rule; see errors.", fields=tuple(wrong))


@transaction_required
def room_for_one_more(*, client: str) -> None:
    """Count the client's endpoints with its others locked out: two requests at once would each find room for one.

    :raises Refused: ``webhook_endpoints_too_many``.
    """
    _one_at_a_time(client)
    if WebhookEndpoint.objects.filter(client=client, enabled=True).count() >= MAX_ENABLED:
        raise Refused(
            code="webhook_endpoints_too_many",
            detail=f"A client has at most {MAX_ENABLED} endpoints that are enabled: disable one first.",
        )


def _locked(endpoint_id: str, client: str) -> WebhookEndpoint:
    mine = WebhookEndpoint.objects.select_for_update().filter(client=client, public_id=endpoint_id)
    return _found(mine.first(), endpoint_id)


def _found(row: WebhookEndpoint | None, endpoint_id: str) -> WebhookEndpoint:
    if row is None:
        raise NotFound(code="webhook_endpoint_not_found", detail=f"There is no webhook endpoint {endpoint_id}.")
    return row


def _one_at_a_time(client: str) -> None:
    # Before any row's lock, so that nobody waits in a circle.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('webhook endpoints ' || %s, 0))", [client])


def _new_secret(endpoint: WebhookEndpoint, now: datetime) -> str:
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    WebhookSecret.objects.create(endpoint=endpoint, secret=secret, valid_from=now)
    return secret
