"""What people are told an act was: its code is the name of an address, such as ``access_apikey_revoke``."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.contrib import admin

from config.staff.lists.values import KnownValues

EXPORT = "export "


# There are as many as pages and buttons; a browser may send others.
@lru_cache(maxsize=1_000)
def act_words(action: str) -> str:
    """Return it in words, such as "Break: Resolve": what it was done to, and as its button is called."""
    if action.startswith(EXPORT):
        return f"{act_words(action.removeprefix(EXPORT))}, as a file"
    fitting = [each for each in apps.get_models() if action.startswith(f"{_code(each)}_")]
    if not fitting:
        return _sentence(action.replace("_", " "))
    model = max(fitting, key=lambda each: len(_code(each)))
    verb = action.removeprefix(f"{_code(model)}_")
    editor = admin.site._registry.get(model)  # noqa: SLF001 - no other way in
    said = getattr(getattr(editor, verb, None), "short_description", None) or verb.replace("_", " ")
    return f"{_sentence(str(model._meta.verbose_name))}: {_sentence(str(said).rstrip(' .'))}"  # noqa: SLF001 - Django's documented name


class ActFilter(KnownValues):
    """A filter that says them in words."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Return the choices."""
        first, *codes = super().choices(changelist)
        yield first
        yield from sorted(
            ({**choice, "display": act_words(str(choice["display"]))} for choice in codes),
            key=lambda choice: str(choice["display"]),
        )


def _code(model: Any) -> str:
    return str(model._meta.label_lower).replace(".", "_")  # noqa: SLF001 - the same


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
