"""The audit log, lock-outs, and who may sign in."""

from typing import override

from axes.models import AccessAttempt
from django.contrib import admin, messages
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django_otp.plugins.otp_totp import admin as _otp_admin  # noqa: F401 - registers what is taken away below
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from config.staff import second_factor
from config.staff.act_words import ActFilter, act_words
from config.staff.models import AuditEvent
from exactly_once.admin.confirm import Foreseen, Question, unconfirmed
from exactly_once.read_only import ReadOnly

# A device's page would show its secret, and let its holder be changed.
admin.site.unregister([User, Group, TOTPDevice])


@admin.register(User)
class UserAdmin(auth_admin.UserAdmin, ModelAdmin):  # type: ignore[type-arg]  # generic to the type checker only
    """Who may sign in here."""

    when_empty = "Nobody may sign in yet."
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "is_staff", "is_superuser", "has_second_factor", "last_login")
    actions = ("reset_second_factor",)

    @admin.display(boolean=True, description="second factor")
    def has_second_factor(self, user: User) -> bool:
        """Return whether the user has set one up."""
        return second_factor.is_enrolled(user_id=user.pk)

    @admin.action(description="Reset the second factor", permissions=["change"])
    def reset_second_factor(self, request: HttpRequest, users: QuerySet[User]) -> TemplateResponse | None:
        """Ask, then forget the devices and recovery codes of each."""
        told = "without app and recovery codes: new ones are set up at the next sign-in"
        question = Question("Reset the second factor? Make sure who is asking.", [Foreseen(told, users)])
        asked = unconfirmed(request, question, opts=self.opts, action="reset_second_factor")
        if asked is not None:
            return asked
        forgotten = sum(second_factor.reset(user_id=user.pk) for user in users)
        self.message_user(request, f"{forgotten} of {len(users)} had a second factor, and have none now.")
        return None


@admin.register(Group)
class GroupAdmin(auth_admin.GroupAdmin, ModelAdmin):
    """What those who sign in may do."""

    when_empty = "The roles are made by manage.py admin_roles."


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly, ModelAdmin):
    """Who did what, the newest first."""

    when_empty = "A row comes here for each sign-in, and for all that is done in the admin."
    list_display = ("at", "actor", "act", "outcome", "objects", "reason", "address")
    list_filter = ("outcome", ("action", ActFilter), "actor", "object_type")
    search_fields = ("actor", "action", "object_type", "reason", "address", "request_id")
    date_hierarchy = "at"
    ordering = ("-at", "-pk")
    fields = (
        *("at", "actor", "act", "action", "outcome", "object_type", "object_ids", "detail"),
        *("reason", "address", "request_id"),
    )
    readonly_fields = ("act",)

    @admin.display(description="act", ordering="action")
    def act(self, event: AuditEvent) -> str:
        """Return what was done, in words."""
        return act_words(event.action)

    @admin.display(description="objects")
    def objects(self, event: AuditEvent) -> str:
        """Return the first of the rows that it was about."""
        return ", ".join(map(str, event.object_ids[:3])) + (" ..." if len(event.object_ids) > 3 else "")  # noqa: PLR2004


@admin.register(AccessAttempt)
class LockOutAdmin(ReadOnly, ModelAdmin):
    """Names that failed to sign in, by address, and how often since they last did."""

    when_empty = "Nobody has failed to sign in lately."
    list_display = ("username", "ip_address", "failures_since_start", "attempt_time")
    list_filter = ("attempt_time",)
    search_fields = ("username", "ip_address")
    fields = ("username", "ip_address", "failures_since_start", "attempt_time", "user_agent", "path_info")
    actions = ("unlock",)

    @override
    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("auth.view_user")

    @override
    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_unlock_permission(self, request: HttpRequest) -> bool:
        """Whoever may change users may let them in."""
        return request.user.has_perm("auth.change_user")

    @admin.action(description="Unlock", permissions=["unlock"])
    def unlock(self, request: HttpRequest, attempts: QuerySet[AccessAttempt]) -> TemplateResponse | None:
        """Ask, then forget the failures, so that the next try is looked at."""
        told = "free to try again at once: their failed tries are forgotten"
        question = Question("Unlock? Make sure who is asking.", [Foreseen(told, attempts)])
        asked = unconfirmed(request, question, opts=self.opts, action="unlock")
        if asked is not None:
            return asked
        forgotten, _ = attempts.delete()
        self.message_user(request, f"{forgotten} unlocked.", messages.SUCCESS)
        return None
