"""Cards about what waits: unknown outcomes, breaks, messages, stock."""

from collections import Counter
from datetime import datetime

from django.urls import reverse

from checkout.low_stock import FEW_UNITS, low_stock
from config.dashboard.card import Card, Chart, Series, Tone
from exactly_once import figures as messages
from exactly_once import relay_lag
from payments import figures
from payments.admin.words import AGE_WORDS, money

_PATIENCE_SECONDS = 300
_MINUTE, _HOUR = 60, 3600
_RED, _AMBER = "#d92d20", "#f79009"


def unknown_attempts(now: datetime) -> Card:
    """Return the attempts that nobody knows the outcome of, by age."""
    found = figures.unknown_attempts(now=now)
    counts, sums = Counter[str](), Counter[str]()
    for each in found:
        counts[each.age] += each.attempts
        sums[each.currency] += each.total_minor
    total = " · ".join(money(minor, currency) for currency, minor in sorted(sums.items()))
    number = sum(counts.values())
    return Card(
        title="Unknown outcomes",
        href=reverse("admin:payments_unknownattempt_changelist"),
        line=f"{number:,} attempt{'s' * (number > 1)}, {total}" if number else "None: every outcome is known.",
        tone=Tone.WATCH if number else Tone.WELL,
        columns=("Unknown for", "Attempts"),
        rows=[(words, str(counts[age])) for age, words in AGE_WORDS.items()] if number else (),
        chart=_by_age("Attempts", counts, _AMBER) if number else None,
    )


def open_breaks(now: datetime) -> Card:
    """Return what does not fit, by age."""
    found = figures.open_breaks(now=now)
    counts: Counter[str] = Counter()
    for each in found:
        counts[each.age] += each.breaks
    number, overdue = sum(counts.values()), figures.overdue_breaks(now=now)
    in_suspense = " · ".join(
        f"{each.psp} {money(each.received_minor, each.currency)}" for each in figures.in_suspense()
    )
    return Card(
        title="Open breaks",
        href=f"{reverse('admin:payments_break_changelist')}?state__exact=open",
        line=f"{number} open, {overdue} overdue; in suspense: {in_suspense or 'nothing'}"
        if number
        else "None is open.",
        tone=Tone.WATCH if number else Tone.WELL,
        columns=("Open for", "Breaks"),
        rows=[(words, str(counts[age])) for age, words in AGE_WORDS.items()] if number else (),
        chart=_by_age("Breaks", counts, _RED) if number else None,
    )


def webhooks(now: datetime) -> Card:
    """Return which messages have not had their effect, and how old the oldest is."""
    inbox = messages.inbox(now=now)
    lags = relay_lag.lags()
    oldest = max([0.0, *(each.oldest_seconds for each in inbox), *(each.seconds for each in lags.values())])
    failed = sum(each.events for each in inbox if each.state != "received")
    late = oldest > _PATIENCE_SECONDS
    rows = [(f"From {each.source}, {each.state}", each.events, each.oldest_seconds) for each in inbox]
    rows += [(f"Events for {sink}", lag.events, lag.seconds) for sink, lag in lags.items()]
    waiting = {"Handlers' runs due": messages.waiting_runs(), "Deliveries due": messages.waiting_deliveries()}
    names = [name for name, _, _ in rows] + list(waiting)
    numbers = [number for _, number, _ in rows] + list(waiting.values())
    said = "Waiting messages: " + ", ".join(f"{name} {number}" for name, number in zip(names, numbers, strict=True))
    return Card(
        title="Webhooks and events",
        href=reverse("admin:exactly_once_inboxevent_changelist") + "?state__exact=failed" * bool(failed),
        line=f"{failed} parked or failed; the oldest waits for {_age(oldest)}"
        if late or failed
        else "Nothing is late.",
        tone=Tone.WATCH if late or failed else Tone.WELL,
        columns=("What waits", "Number", "Oldest"),
        rows=[
            *((name, f"{number:,}", _age(seconds)) for name, number, seconds in rows),
            *((name, f"{number:,}", "") for name, number in waiting.items()),
        ],
        chart=Chart(names, [Series("Waiting", numbers)], said, lying=True, height=170) if any(numbers) else None,
    )


def stock_at_risk(_now: datetime) -> Card:
    """Return what is about to be sold out."""
    found = low_stock()
    said = "Free units: " + ", ".join(f"{each.sku} {each.free}" for each in found)
    return Card(
        title="Stock at risk",
        href=reverse("admin:checkout_stockitem_changelist"),
        line=f"{FEW_UNITS} free units or fewer of {len(found)} variant{'s' * (len(found) > 1)}"
        if found
        else "Nothing is about to run out.",
        tone=Tone.WATCH if found else Tone.WELL,
        columns=("SKU", "On hand", "Reserved", "Free"),
        rows=[(each.sku, str(each.on_hand), str(each.reserved), str(each.free)) for each in found],
        chart=Chart(
            [each.sku for each in found],
            [
                Series("Free", [each.free for each in found]),
                Series("Reserved", [each.reserved for each in found], _AMBER),
            ],
            said,
            lying=True,
            height=60 + 28 * len(found),
        )
        if found
        else None,
    )


def _by_age(name: str, counts: Counter[str], color: str) -> Chart:
    said = f"{name} by age: " + ", ".join(f"{words} {counts[age]}" for age, words in AGE_WORDS.items())
    series = [Series(name, [counts[age] for age in AGE_WORDS], color)]
    return Chart(list(AGE_WORDS.values()), series, said, lying=True, height=170)


def _age(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < _HOUR else f"{seconds / _HOUR:.1f} h"
