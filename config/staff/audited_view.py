"""Each view of the admin, with a row in the audit log for what is done there."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.apps import apps
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from config.staff.audit import Act, Recorder, as_seen, record, watched
from config.staff.models import Outcome
from exactly_once.chosen_rows import acts_on_all

# Fields in which a page asks why.
REASONS = ("reason", "note", "evidence")
# Django's own forms: their rows come with Django's own history, in the same transaction (audited_admin.py), because it
# is only known then what has changed.
OF_DJANGO = ("_add", "_change", "_delete")
FORBIDDEN = 403

type View = Callable[..., HttpResponseBase]


def audited(view: View) -> View:
    """Return the view, recorded where it is asked to do something, or gives a file away."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
        if request.method != "POST":
            return _looked(request, view(request, *args, **options), options)
        act = act_of(request, options)
        try:
            response, rows = _done(request, act, lambda: view(request, *args, **options))
        except Exception as error:
            refused = isinstance(error, PermissionDenied | Http404)
            record(request, act, outcome=Outcome.REFUSED if refused else Outcome.FAILED)
            raise
        if not rows:
            refused = response.status_code == FORBIDDEN
            record(request, as_seen(request, act), outcome=Outcome.REFUSED if refused else Outcome.NO_CHANGE)
        return response

    return inner


def act_of(request: HttpRequest, options: dict[str, Any]) -> Act:
    """Return what this request asks for: ``app_model_verb``, as Django names its addresses."""
    name = _address_name(request)
    chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
    detail: dict[str, Any] = {}
    if name.endswith("_changelist") and (action := request.POST.get("action")):
        name = f"{name.removesuffix('changelist')}{action}"[:150]
        if acts_on_all(request):
            detail["all_of"] = request.GET.urlencode()
    reason = next((said for each in REASONS if (said := request.POST.get(each, "").strip())), "")
    object_id = options.get("object_id", options.get("id"))
    return Act(
        action=name,
        object_type=_object_type(name),
        object_ids=chosen if object_id is None else [str(object_id)],
        reason=reason,
        detail=detail,
    )


def _done(request: HttpRequest, act: Act, do: Callable[[], HttpResponseBase]) -> tuple[HttpResponseBase, int]:
    if _address_name(request).endswith(OF_DJANGO):
        request.audit_rows = 0  # type: ignore[attr-defined]  # counted by audited_admin.py
        response = do()
        return response, request.audit_rows  # type: ignore[attr-defined]
    recorder: Recorder
    with watched(request, act) as recorder:
        return do(), recorder.rows


def _looked(request: HttpRequest, response: HttpResponseBase, options: dict[str, Any]) -> HttpResponseBase:
    """Record that a file was given away."""
    if response.headers.get("Content-Disposition", "").startswith("attachment"):
        act = act_of(request, options)
        detail = {"file": response.headers["Content-Disposition"], "asked": request.GET.urlencode()}
        record(request, Act(f"export {act.action}"[:150], act.object_type, act.object_ids, detail=detail))
    return response


def _address_name(request: HttpRequest) -> str:
    return (request.resolver_match.url_name if request.resolver_match else None) or request.path_info[:100]


def _object_type(name: str) -> str:
    labels = [model._meta.label_lower for model in apps.get_models()]  # noqa: SLF001 - Django's documented name
    fitting = [label for label in labels if name.startswith(f"{label.replace('.', '_')}_")]
    return max(fitting, key=len, default="")
