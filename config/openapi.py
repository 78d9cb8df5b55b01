"""What drf-spectacular cannot see: the API key, the problem documents, and the Idempotency-Key of every effect."""

from collections.abc import Callable, Iterator
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator

from exactly_once.api.idempotency import HEADER, KEY_PATTERN, IdempotentAPIView
from exactly_once.responses import PROBLEM_CONTENT_TYPE
from payments.api.webhooks import WebhookView

type Schema = dict[str, Any]
# (path, its regular expression, method, callback)
type Endpoint = tuple[str, str, str, Callable[..., Any]]

HTTP_METHODS = frozenset({"get", "post", "put", "patch", "delete"})
# Operations that ask a PSP for money, and so may hear that the payment was declined.
PAYING_OPERATIONS = frozenset({"checkout_sessions_complete", "payment_intents_confirm"})
# Operations that are told of a thing by its id in the body or the query: there may be no such thing.
NAMING_OPERATIONS = frozenset({"checkout_sessions_create", "refunds_create", "ledger_transactions_list"})
# Answers that may be stored under a key. Whatever else is answered leaves the key free.
KEPT = frozenset({"200", "201", "402", "409"})

MEANINGS = {
    "400": "The request breaks a rule; `errors` names each field. So does an address or a header that nobody can read.",
    "401": "No API key, or one that is unknown, revoked or expired.",
    "402": "The payment was declined. Nothing was charged.",
    "403": "The API key lacks the scope.",
    "404": "There is no such thing, or it belongs to another client.",
    "406": "The `Accept` header rules out JSON.",
    "409": "Not in this state. With `Retry-After`: somebody else is at it, ask again with the same key.",
    "412": "It has changed since the answer whose `ETag` was sent as `If-Match`. Nothing has happened.",
    "413": "The body is longer than this address takes: 1 MiB, unless the operation says otherwise.",
    "415": "The body is not `application/json`.",
    "422": "The key was used before with another request.",
    "429": "Too many requests; `Retry-After` says when to go on.",
}

FIELD_ERROR: Schema = {
    "type": "object",
    "description": "One input field and the rule that it broke.",
    "required": ["pointer", "code", "detail"],
    "properties": {
        "pointer": {
            "type": "string",
            "format": "json-pointer",
            "description": "RFC 6901, into the request's body.",
            "examples": ["/line_items/0/quantity"],
        },
        "code": {"type": "string", "examples": ["not_an_integer"]},
        "detail": {"type": "string"},
    },
}

PROBLEM: Schema = {
    "type": "object",
    "description": "A refusal (RFC 9457). Some codes bring further members; docs/errors.md names them.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "examples": ["/docs/errors#out_of_stock"]},
        "title": {"type": "string", "examples": ["Out of stock"]},
        "status": {"type": "integer", "minimum": 400, "maximum": 599, "examples": [409]},
        "detail": {"type": "string", "description": "For people; may change."},
        "code": {"type": "string", "description": "For programs: stable.", "examples": ["out_of_stock"]},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
    },
    "additionalProperties": True,
}

KEY_PARAMETER: Schema = {
    "name": HEADER,
    "in": "header",
    "required": True,
    "description": "Your name for this one effect, such as a UUID. Send the same key again when you retry: the answer "
    "is kept for at least 30 days.",
    "schema": {"type": "string", "pattern": KEY_PATTERN},
}

REPLAYED_HEADER: Schema = {
    "description": "`true` where this is the stored answer to an earlier request with the same key.",
    "schema": {"type": "string", "enum": ["true"]},
}

RETRY_AFTER_HEADER: Schema = {
    "description": "Seconds after which to ask again. Without it the refusal is final.",
    "schema": {"type": "integer", "minimum": 1},
}

LOCATION_HEADER: Schema = {
    "description": "Where it is.",
    "required": True,
    "schema": {"type": "string", "format": "uri-reference"},
}

ETAG_HEADER: Schema = {
    "description": "The version of this answer, for `If-None-Match` and, of one thing, `If-Match`.",
    "required": True,
    "schema": {"type": "string", "examples": ['"5d41402abc4b2a76b9719d911017c592"']},
}

CHALLENGE_HEADER: Schema = {
    "description": "How to say who is calling.",
    "required": True,
    "schema": {"type": "string", "examples": ['Bearer realm="tally"']},
}


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # drf-spectacular's registry
    """``Authorization: Bearer sk_...``."""

    target_class = "config.access.authentication.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: object) -> Schema:
        return {"type": "http", "scheme": "bearer", "description": "An API key, `sk_...`, with the scope needed."}


def add_plain_views(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Describe what is no view of REST framework: where PSPs call."""
    path, pattern = "/webhooks/{psp}/{account}", "/webhooks/<slug:psp>/<slug:account>"
    return [*endpoints, (path, pattern, "POST", WebhookView.as_view())]


def require_bodies(result: Schema, generator: SchemaGenerator, **_more: object) -> Schema:  # noqa: ARG001 - a hook
    """Say of each body whether it may be left out: where it has a field that may not."""
    for _path, _method, operation in operations(result):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            shape = resolved(result, content["schema"])
            if any("required" in resolved(result, one) for one in shape.get("oneOf", [shape])):
                operation["requestBody"]["required"] = True
    return result


def add_problems(result: Schema, generator: SchemaGenerator, **_more: object) -> Schema:
    """Describe what each operation answers when it refuses."""
    schemas = result["components"]["schemas"]
    schemas["Problem"], schemas["FieldError"] = PROBLEM, FIELD_ERROR
    keyed = _keyed(generator)
    for path, method, operation in operations(result):
        for status in _statuses(method, operation, keyed=(path, method) in keyed):
            operation["responses"].setdefault(status, _problem_response(status))
        operation["responses"] = dict(sorted(operation["responses"].items()))
    return result


def add_headers(result: Schema, generator: SchemaGenerator, **_more: object) -> Schema:  # noqa: ARG001 - a hook
    """Describe the headers that belong to a status: where the new thing is, when to ask again, who may ask."""
    for _path, _method, operation in operations(result):
        headers = {"201": {"Location": LOCATION_HEADER}, "401": {"WWW-Authenticate": CHALLENGE_HEADER}}
        headers["409"] = {"Retry-After": RETRY_AFTER_HEADER}
        headers["429"] = {"Retry-After": {**RETRY_AFTER_HEADER, "required": True}}
        if operation["operationId"] in PAYING_OPERATIONS:
            headers["202"] = {"Retry-After": {**RETRY_AFTER_HEADER, "required": True}}
        if _takes(operation, "If-None-Match"):
            headers["200"] = headers["304"] = {"ETag": ETAG_HEADER}
        for status in headers.keys() & operation["responses"].keys():
            operation["responses"][status].setdefault("headers", {}).update(headers[status])
    return result


def add_idempotency_key(result: Schema, generator: SchemaGenerator, **_more: object) -> Schema:
    """Give every POST of an :class:`IdempotentAPIView` its header, and its answers theirs."""
    keyed = _keyed(generator)
    for path, method, operation in operations(result):
        if (path, method) in keyed:
            operation.setdefault("parameters", []).insert(0, KEY_PARAMETER)
            for status in KEPT & operation["responses"].keys():
                operation["responses"][status].setdefault("headers", {})["Idempotent-Replayed"] = REPLAYED_HEADER
    return result


def operations(result: Schema) -> Iterator[tuple[str, str, Schema]]:
    """Yield path, method and description of every operation."""
    for path, methods in result["paths"].items():
        for method, operation in methods.items():
            if method in HTTP_METHODS:
                yield path, method, operation


def resolved(result: Schema, schema: Schema) -> Schema:
    """Return a schema, or the component that it refers to."""
    reference = schema.get("$ref")
    return result["components"]["schemas"][reference.rpartition("/")[2]] if reference else schema


def _keyed(generator: SchemaGenerator) -> set[tuple[str, str]]:
    """Return (path, method) of every operation that takes an idempotency key."""
    endpoints: list[Endpoint] = list(generator.endpoints or ())  # type: ignore[arg-type]  # DRF has 3
    return {
        (path, method.lower())
        for path, _regex, method, callback in endpoints
        if method == "POST" and issubclass(_view_class(callback), IdempotentAPIView)
    }


def _view_class(callback: Callable[..., object]) -> type:
    return getattr(callback, "cls", object)


def _statuses(method: str, operation: Schema, *, keyed: bool) -> Iterator[str]:
    yield "400"
    has_key = bool(operation.get("security"))
    if has_key:
        yield from ("401", "403", "406", "429")
    # What is named in the path may not be there.
    in_path = any(parameter["in"] == "path" for parameter in operation.get("parameters", ()))
    if in_path or operation["operationId"] in NAMING_OPERATIONS:
        yield "404"
    if method != "get":
        # Without an API key it is a PSP's webhook: bytes with a signature, which are kept as they are.
        yield from ("409", "413", "415") if has_key else ("413",)
    if _takes(operation, "If-Match"):
        yield "412"
    if keyed:
        yield "422"
    if operation["operationId"] in PAYING_OPERATIONS:
        yield "402"


def _takes(operation: Schema, header: str) -> bool:
    return any(parameter["name"] == header for parameter in operation.get("parameters", ()))


def _problem_response(status: str) -> Schema:
    return {
        "description": MEANINGS[status],
        "content": {PROBLEM_CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
