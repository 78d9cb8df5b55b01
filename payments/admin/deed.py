"""A page on which a person does one thing: what it is about, what will come of it, a form, one button.

The form carries an operation id that was minted when it was drawn, so that a double click is one deed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, override
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from exactly_once.card_numbers import fields_with_card_numbers
from exactly_once.errors import TallyError


class DeedForm(forms.Form):
    """A form without a question: to be sure. What is written into one of its heirs has no card number in it."""

    operation = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    @override
    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        if "operation" in self.errors:
            self.add_error(None, "This form is broken. Go back, and begin anew.")
        for name in fields_with_card_numbers({name: told[name] for name in told if isinstance(told[name], str)}):
            self.add_error(name.removeprefix("/"), "This looks like a card number. Never write one down.")
        return told


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person is asked.

    :param facts: what is known of it, by name.
    :param effect: what will come of it, in a sentence.
    :param back: the address that it leads back to, done or not.
    """

    title: str
    facts: Sequence[tuple[str, str]]
    effect: str
    button: str
    back: str


def ask[Form: DeedForm](
    request: HttpRequest, *, deed: Deed, opts: object, draw: Callable[..., Form], act: Callable[[Form], str]
) -> HttpResponse:
    """Draw the page, or do the deed and lead back; where it is refused, say why and let the person ask again.

    :param draw: makes the form, from what was sent or from nothing.
    :param act: calls the verb, and returns what to say of it.
    """
    form = draw(request.POST) if request.method == "POST" else draw()
    if form.is_bound and form.is_valid():
        try:
            said = act(form)
        except TallyError as refusal:
            form.add_error(None, refusal.detail)
        else:
            messages.success(request, said)
            return HttpResponseRedirect(deed.back)
    context = {**admin.site.each_context(request), "title": deed.title, "opts": opts, "deed": deed, "form": form}
    return TemplateResponse(request, "admin/payments/deed.html", context)
