"""Every list of the admin: as it opens, by the slowest of its filters, on a day, and searched."""

from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin

from config.bench.admin.clock import Asked

NOTHING = "nothing-8472"


# Fewer than of other pages: there are some 60 lists.
TIMES = 5

type Took = tuple[float, float]


def measure_lists(asked: Asked, *, only: Collection[str] = ()) -> Iterator[tuple[str, int, dict[str, Took]]]:
    """Ask for each list that is registered, or some: its name, how many rows it has, and what was asked of it.

    :param only: models, such as ``checkout.order``.
    """
    for model, editor in admin.site._registry.items():  # noqa: SLF001 - no other way in
        opts = model._meta  # noqa: SLF001 - Django's documented name
        if only and opts.label_lower not in only:
            continue
        name = f"{opts.app_label}: {opts.verbose_name_plural}"
        yield name, model._default_manager.count(), _measure(asked, opts, editor)  # noqa: SLF001 - the same


def _measure(asked: Asked, opts: Any, editor: Any) -> dict[str, Took]:
    address = f"/admin/{opts.app_label}/{opts.model_name}/"
    listed = asked.page(address).context_data["cl"]
    slowest = {
        "filtered": list(_choices(listed)),
        "of a day": list(_days(listed, editor)),
        "searched": list(_words(listed, editor)),
    }
    took = {"opened": asked.timed([address], times=TIMES)}
    for name, questions in slowest.items():
        if questions:
            worst = max(questions, key=lambda each: asked.timed([address + each], times=1))
            took[name] = asked.timed([address + worst], times=TIMES)
    return took


def _choices(listed: Any) -> Iterator[str]:
    for spec in listed.filter_specs:
        yield from (choice["query_string"] for choice in spec.choices(listed) if not choice["selected"])


def _days(listed: Any, editor: Any) -> Iterator[str]:
    if not editor.date_hierarchy or not listed.result_list:
        return
    for row in (listed.result_list[0], listed.root_queryset.order_by("pk").first()):
        at = row
        for name in editor.date_hierarchy.split("__"):
            at = getattr(at, name)
        yield "?" + "&".join(
            f"{editor.date_hierarchy}__{part}={getattr(at, part)}" for part in ("year", "month", "day")
        )


def _words(listed: Any, editor: Any) -> Iterator[str]:
    if not editor.search_fields:
        return
    yield f"?q={NOTHING}"
    row = listed.root_queryset.order_by("pk").first()
    value: Any = row
    for name in str(editor.search_fields[0]).lstrip("=^@").split("__"):
        value = getattr(value, name, None)
        if value is None:
            return
    yield f"?{urlencode({'q': value})}"
