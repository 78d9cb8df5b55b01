"""Switching many rows on or off at once, where a row has a switch that people set."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin

from exactly_once.admin.confirm import Question, split, unconfirmed


class Switched(ModelAdmin):
    """Mix into a ModelAdmin; ``switch`` is the column, and the words say what comes of it, after "3 of 5"."""

    switch = "active"
    switched_on = "switched on"
    switched_off = "switched off"
    actions = ("switch_on", "switch_off")

    @admin.action(description="Switch on", permissions=["change"])
    def switch_on(self, request: HttpRequest, rows: QuerySet[Any]) -> TemplateResponse | None:
        """Ask, then switch on those that are off."""
        return self._switch(request, rows, "switch_on", to=True)

    @admin.action(description="Switch off", permissions=["change"])
    def switch_off(self, request: HttpRequest, rows: QuerySet[Any]) -> TemplateResponse | None:
        """Ask, then switch off those that are on."""
        return self._switch(request, rows, "switch_off", to=False)

    def _switch(self, request: HttpRequest, rows: QuerySet[Any], action: str, *, to: bool) -> TemplateResponse | None:
        name, words = ("on", self.switched_on) if to else ("off", self.switched_off)
        stand_so = f"left alone: {name} already"
        foreseen = split(rows, Q(**{self.switch: not to}), does=words, otherwise=stand_so)
        asked = unconfirmed(request, Question(f"Switch {name}?", foreseen), opts=self.opts, action=action)
        if asked is not None:
            return asked
        changed = rows.filter(**{self.switch: not to}).update(**{self.switch: to})
        self.message_user(request, f"{changed} switched {name}.", messages.SUCCESS)
        return None
