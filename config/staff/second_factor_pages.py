"""The two pages between the password and the admin: enrol an app, or give its code."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, override

import segno
from django import forms
from django.contrib.admin import AdminSite
from django.contrib.auth.views import RedirectURLMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminTextInputWidget

from config.staff import second_factor
from config.staff.audit import Act, record
from config.staff.models import Outcome

type Page = Callable[[HttpRequest, AdminSite], HttpResponse]


class CodeForm(forms.Form):
    """A code, as it is typed."""

    code = forms.CharField(
        max_length=32,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}
        ),
        label="Code",
    )

    def __init__(self, *args: Any, help_text: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["code"].help_text = help_text


class _Next(RedirectURLMixin):
    """Where the person wanted to go: an address of ours, or the index."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @override
    def get_default_redirect_url(self) -> str:
        return reverse("admin:index")


def between(page: Page) -> Page:
    """Return the page for who has given a password and no code yet; lead all others to where they belong."""

    @wraps(page)
    def inner(request: HttpRequest, site: AdminSite) -> HttpResponse:
        if not AdminSite.has_permission(site, request):
            return HttpResponseRedirect(reverse("admin:login"))
        if second_factor.passed(request):
            return HttpResponseRedirect(_Next(request).get_success_url())
        return page(request, site)

    return never_cache(csrf_protect(require_http_methods(["GET", "POST"])(inner)))


@between
def give_code(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Ask for a code of the app, or a recovery code."""
    if not second_factor.is_enrolled(user_id=_user_id(request)):
        return HttpResponseRedirect(reverse("admin:second_factor_enrol"))
    help_text = "Six digits from your app, or one of your recovery codes."
    form = CodeForm(request.POST or None, help_text=help_text)
    if form.is_valid():
        code = form.cleaned_data["code"]
        device = second_factor.verify(user_id=_user_id(request), code=code, now=datetime.now(UTC))
        record(request, Act("second factor"), outcome=Outcome.DONE if device else Outcome.REFUSED)
        if device is not None:
            second_factor.remember(request, device)
            return HttpResponseRedirect(_Next(request).get_success_url())
        form.add_error(
            field="code",
            error="This code is not right, was used before, or came too soon after a wrong one. Wait a little.",
        )
    return _page(request, site, "admin/staff/second_factor.html", {"title": "Second factor", "form": form})


@between
def enrol(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show a secret for the app, and take its first code; then show the recovery codes, once."""
    user_id = _user_id(request)
    if second_factor.is_enrolled(user_id=user_id):
        return HttpResponseRedirect(reverse("admin:second_factor"))
    form = CodeForm(request.POST or None, help_text="The six digits that the app shows now.")
    if form.is_valid():
        done = second_factor.finish_enrolment(user_id=user_id, code=form.cleaned_data["code"], now=datetime.now(UTC))
        record(request, Act("enrol second factor"), outcome=Outcome.DONE if done else Outcome.REFUSED)
        if done is not None:
            device, codes = done
            second_factor.remember(request, device)
            shown = {"title": "Recovery codes", "codes": codes, "next": _Next(request).get_success_url()}
            return _page(request, site, "admin/staff/recovery_codes.html", shown)
        form.add_error(
            field="code",
            error="This code is not right, or came too soon after a wrong one. Wait a little, try the next.",
        )
    device = second_factor.begin_enrolment(user_id=user_id)
    picture = segno.make(device.config_url, error="m").svg_inline(scale=5, border=2, dark="#000", light="#fff")
    told = {
        "title": "Set up the second factor",
        "form": form,
        "picture": mark_safe(picture),  # noqa: S308 - drawn by us of our own secret
        "secret": second_factor.secret_of(device),
    }
    return _page(request, site, "admin/staff/enrol.html", told)


def _user_id(request: HttpRequest) -> int:
    return int(request.user.pk or 0)  # nobody's; `between` lets no stranger come this far


def _page(request: HttpRequest, site: AdminSite, template: str, told: dict[str, Any]) -> HttpResponse:
    return TemplateResponse(request, template, {**site.each_context(request), **told})
