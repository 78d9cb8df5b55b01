"""A page between an action and its effect: it says what would happen, to which rows, and has a button."""

from collections.abc import Mapping

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

SHOWN_ROWS = 20


def unconfirmed[Row: Model](
    request: HttpRequest,
    rows: QuerySet[Row],
    *,
    opts: object,
    action: str,
    question: str,
    noted: Mapping[str, object] | None = None,
) -> TemplateResponse | None:
    """Return the page that asks, None where it has been answered.

    :param opts: the ModelAdmin's, for the way back.
    :param noted: what was so when the page was drawn; it comes back with the answer.
    """
    if "confirmed" in request.POST:
        return None
    context = {
        **admin.site.each_context(request),
        "title": question,
        "opts": opts,
        "count": rows.count(),
        "rows": rows[:SHOWN_ROWS],
        "hidden": [
            ("action", action),
            ("select_across", request.POST.get("select_across", "0")),
            *((ACTION_CHECKBOX_NAME, chosen) for chosen in request.POST.getlist(ACTION_CHECKBOX_NAME)),
            *(noted or {}).items(),
        ],
    }
    return TemplateResponse(request, "admin/exactly_once/confirm.html", context)
