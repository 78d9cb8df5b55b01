"""A page between an action and its effect: it says what would happen, to which rows, and has a button."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from exactly_once.chosen_rows import SEEN

SHOWN_ROWS = 20


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would become of some of the chosen rows.

    :param words: after "3 of 5", such as "processed again".
    :param acts: whether anything would change about them.
    """

    words: str
    rows: QuerySet[Any]
    acts: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked.

    :param noted: what was so when the page was drawn; it comes back with the answer.
    :param form: what else there is to say; bound where ``confirmed`` was sent.
    """

    words: str
    foreseen: Iterable[Foreseen]
    noted: Mapping[str, object] | None = None
    form: forms.Form | None = None


def split(rows: QuerySet[Any], works_on: Q, *, does: str, otherwise: str) -> list[Foreseen]:
    """Foresee that something happens to those rows that fit, and nothing to the others."""
    fits = rows.model._default_manager.filter(works_on).values("pk")  # noqa: SLF001 - Django's documented name
    return [Foreseen(does, rows.filter(pk__in=fits)), Foreseen(otherwise, rows.exclude(pk__in=fits), acts=False)]


def confirmed(request: HttpRequest) -> bool:
    """Return whether the page was answered."""
    return "confirmed" in request.POST


def unconfirmed(request: HttpRequest, question: Question, *, opts: object, action: str) -> TemplateResponse | None:
    """Return the page that asks, None where it has been answered. Drawing it changes nothing.

    :param opts: the ModelAdmin's, for the way back.
    """
    if confirmed(request) and (question.form is None or question.form.is_valid()):
        return None
    parts = [(part, part.rows.count(), part.rows[:SHOWN_ROWS]) for part in question.foreseen]
    context = {
        **admin.site.each_context(request),
        "title": question.words,
        "opts": opts,
        "parts": [part for part in parts if part[1]],
        "acts_on": sum(count for part, count, _ in parts if part.acts),
        "count": sum(count for _, count, _ in parts),
        "form": question.form,
        "back": request.get_full_path(),
        "hidden": [
            ("action", action),
            ("select_across", request.POST.get("select_across", "0")),
            *((ACTION_CHECKBOX_NAME, chosen) for chosen in request.POST.getlist(ACTION_CHECKBOX_NAME)),
            *(question.noted or {}).items(),
            *([(SEEN, getattr(request, SEEN))] if hasattr(request, SEEN) else ()),
        ],
    }
    return TemplateResponse(request, "admin/exactly_once/confirm.html", context)
