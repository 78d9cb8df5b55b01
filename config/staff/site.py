"""The admin's site: it lets in who has shown both factors, and records what is done."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, override
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, path, reverse
from unfold.sites import UnfoldAdminSite

from config.staff import second_factor
from config.staff.audit import Act, record
from config.staff.audited_view import audited
from config.staff.models import Outcome
from config.staff.second_factor_pages import enrol, give_code
from config.staff.sessions import SIGNED_IN_AT


class StaffSite(UnfoldAdminSite):  # type: ignore[misc]  # django-unfold's classes have no types
    """Django-unfold's, with a second factor, an audit log, and a start page of ours."""

    index_title = "Start"
    index_template = "admin/dashboard.html"

    @override
    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        # It imports models, which are not there yet when this file is loaded.
        from django.contrib.admin import ModelAdmin  # noqa: PLC0415

        from config.staff.audited_admin import Audited  # noqa: PLC0415
        from config.staff.lists.long_lists import LongLists  # noqa: PLC0415
        from config.staff.money_shown import MoneyShown  # noqa: PLC0415
        from config.staff.plain_json import PlainJson  # noqa: PLC0415
        from config.staff.seen import ActsOnWhatWasSeen  # noqa: PLC0415
        from config.story.linked import StoryLinked, is_linked  # noqa: PLC0415

        base: Any = admin_class or ModelAdmin
        ours: tuple[type, ...] = (Audited, ActsOnWhatWasSeen, LongLists, PlainJson, MoneyShown)
        told: dict[str, Any] = {"__module__": base.__module__, "__doc__": base.__doc__}
        models = model_or_iterable if isinstance(model_or_iterable, Iterable) else (model_or_iterable,)
        if is_linked(*models):
            ours = (*ours, StoryLinked)
            told["actions_detail"] = (*base.actions_detail, "story")
        super().register(model_or_iterable, type(base.__name__, (*ours, base), told), **options)

    @override
    def has_permission(self, request: HttpRequest) -> bool:
        return bool(super().has_permission(request)) and second_factor.passed(request)

    @override
    def admin_view(self, view: Callable[..., HttpResponseBase], cacheable: bool = False) -> Any:
        return super().admin_view(audited(view), cacheable)

    @override
    def get_urls(self) -> list[URLPattern | URLResolver]:
        # It imports models, as above.
        from config.story.pages import search, story  # noqa: PLC0415

        ours = [
            # Not for those alone who are all the way in.
            path("logout/", self.logout, name="logout"),
            path("second-factor/", give_code, {"site": self}, name="second_factor"),
            path("second-factor/enrol/", enrol, {"site": self}, name="second_factor_enrol"),
        ]
        pages = [
            path("story/", self.admin_view(search), {"site": self}, name="story"),
            path("story/<str:reference>/", self.admin_view(story), {"site": self}, name="story_of"),
        ]
        return [*ours, *pages, *super().get_urls()]

    @override
    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        # Their colours come as a file (admin/theme.css): a style element would need a nonce in a template of theirs.
        return {**super().each_context(request), "colors": {}}

    @override
    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        # They import models, as above.
        from config.dashboard.page import cards  # noqa: PLC0415
        from config.story.pages import may_see  # noqa: PLC0415

        shown = {"cards": cards(request, now=datetime.now(UTC)), "may_see_stories": may_see(request)}
        response: HttpResponseBase = super().index(request, {**shown, **(extra_context or {})})
        return response

    @override
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        halfway = super().has_permission(request) and not second_factor.passed(request)
        if halfway and request.method == "GET":
            return HttpResponseRedirect(self._after_password(request))
        response: HttpResponseBase = super().login(request, extra_context)
        if request.method != "POST":
            return response
        if not isinstance(response, HttpResponseRedirect):
            name = request.POST.get("username", "")
            record(request, Act("sign in"), outcome=Outcome.REFUSED, actor=name)
            return response
        record(request, Act("sign in"))
        request.session[SIGNED_IN_AT] = datetime.now(UTC).isoformat()
        return response if second_factor.passed(request) else HttpResponseRedirect(self._after_password(request))

    @override
    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        if request.method == "POST" and request.user.is_authenticated:
            record(request, Act("sign out"))
        response: HttpResponseBase = super().logout(request, extra_context)
        return response

    def _after_password(self, request: HttpRequest) -> str:
        enrolled = second_factor.is_enrolled(user_id=request.user.pk or 0)
        address = reverse("admin:second_factor" if enrolled else "admin:second_factor_enrol")
        wanted = request.POST.get("next") or request.GET.get("next")
        return f"{address}?{urlencode({'next': wanted})}" if wanted else address
