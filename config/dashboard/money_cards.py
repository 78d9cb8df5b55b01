"""Cards about money: what moves today, whether the books balance, how PSPs answer."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.urls import reverse

from config.dashboard.card import Card, Chart, Series, Tone
from ledger import overview
from ledger.money import Money, exponent
from ledger.overview import KindMoved
from ledger.queries import AccountBalance
from payments.performance import Performance, performance

# What PSPs owe us changes for many reasons: which transactions say that money was taken, or paid back (and came back).
_RECEIVABLE = "assets:psp:*:receivable"
_BY_KIND: Mapping[str, tuple[Collection[str], Callable[[KindMoved], int]]] = {
    "Taken by PSPs for us": (("payment.captured",), lambda row: row.debits_minor),
    "Paid back": (
        ("refund.succeeded", "refund.failed", "refund.canceled"),
        lambda row: row.credits_minor - row.debits_minor,
    ),
}
# Which accounts say what else has moved, and on which of their sides.
_BY_ACCOUNT: Mapping[str, tuple[str, Callable[[AccountBalance], int]]] = {
    "Kept for disputes": ("assets:psp:*:disputed", lambda row: row.debits_minor),
    "PSP fees": ("expenses:psp_fees:*", lambda row: row.debits_minor - row.credits_minor),
    "At our bank": ("assets:bank:*", lambda row: row.debits_minor - row.credits_minor),
    "Earned": ("revenue:*", lambda row: row.credits_minor - row.debits_minor),
}
_FLOWS = (*_BY_KIND, *_BY_ACCOUNT)
_MOST_CURRENCIES = 3
_COLORS = ("var(--color-primary-600)", "var(--color-primary-400)", "var(--color-base-400)")
_WINDOW = timedelta(days=1)
_SLOW_MS = 5_000


def flow_of_the_day(now: datetime) -> Card:
    """Return what has moved since midnight, UTC, by currency."""
    sums = _sums(now.astimezone(UTC).date())
    first = "Taken by PSPs for us"
    currencies = sorted(sums, key=lambda currency: -sums[currency][first])
    taken = " · ".join(str(Money(sums[currency][first], currency)) for currency in currencies)
    shown = currencies[:_MOST_CURRENCIES]
    series = [
        Series(currency, [_major(sums[currency][name], currency) for name in _FLOWS], color)
        for currency, color in zip(shown, _COLORS, strict=False)
    ]
    said = f"Money moved today by kind, in {', '.join(shown)}; the table has the sums."
    return Card(
        title="Money of the day",
        href=reverse("admin:ledger_transaction_changelist"),
        line=f"Taken since midnight, UTC: {taken}" if taken else "Nothing has moved since midnight, UTC.",
        columns=("What", *currencies),
        rows=[(name, *(str(Money(sums[each][name], each)) for each in currencies)) for name in _FLOWS if sums],
        chart=Chart(list(_FLOWS), series, said, lying=True, height=220) if series else None,
    )


def _sums(day: date) -> dict[str, Counter[str]]:
    sums: dict[str, Counter[str]] = {}
    branches = [pattern.partition("*")[0] for pattern, _ in _BY_ACCOUNT.values()]
    for row in overview.moved_on(day=day, branches=branches):
        for name, (pattern, amount) in _BY_ACCOUNT.items():
            if _fits(row.code, pattern):
                sums.setdefault(row.currency, Counter())[name] += amount(row)
    wanted = {kind for kinds, _ in _BY_KIND.values() for kind in kinds}
    for moved in overview.moved_by_kind(day=day, kinds=wanted):
        for name, (kinds, minor) in _BY_KIND.items():
            if moved.kind in kinds and _fits(moved.code, _RECEIVABLE):
                sums.setdefault(moved.currency, Counter())[name] += minor(moved)
    return sums


def trial_balance(_now: datetime) -> Card:
    """Return whether debits equal credits in every book and currency."""
    found = overview.footings()
    off = [each for each in found if not each.balanced]
    names = ", ".join(f"{each.book} {each.debits.currency}" for each in off)
    return Card(
        title="Trial balance",
        href=reverse("admin:ledger_book_changelist"),
        line=f"Not balanced: {names}" if off else "Balanced" if found else "No book is open yet.",
        tone=Tone.WATCH if off else Tone.WELL,
        columns=("Book", "Debits", "Credits", "Balanced"),
        rows=[(each.book, str(each.debits), str(each.credits), "yes" if each.balanced else "no") for each in found],
    )


def psps(now: datetime) -> Card:
    """Return how each PSP account has answered within a day."""
    found = performance(since=now - _WINDOW)
    asked = [each for each in found if each.asked]
    slow = [each for each in asked if each.slowest_ms is not None and each.slowest_ms > _SLOW_MS]
    away = [each for each in found if each.circuit != "closed"]
    names = [f"{each.psp} {each.account}" for each in asked]
    rates = [None if each.authorisation_rate is None else round(100 * each.authorisation_rate, 1) for each in asked]
    said = "Authorisation rate by PSP account: " + ", ".join(
        f"{name} {_percent(each)}" for name, each in zip(names, asked, strict=True)
    )
    return Card(
        title="PSPs, last 24 hours",
        href=f"{reverse('admin:payments_pspcircuit_figures')}?period=day",
        line=_standing(away, slow) if asked or away else "No PSP was asked.",
        tone=Tone.WATCH if away or slow else Tone.WELL if asked else Tone.PLAIN,
        columns=("Account", "Asked", "Rate", "Median", "95 %", "Failed"),
        rows=[
            (
                f"{each.psp} {each.account}",
                f"{each.asked:,}",
                _percent(each),
                _ms(each.median_ms),
                _ms(each.slowest_ms),
                str(each.failed),
            )
            for each in found
        ],
        chart=Chart(names, [Series("Authorisation rate, %", rates)], said) if asked else None,
    )


def _standing(away: Iterable[Performance], slow: Iterable[Performance]) -> str:
    said = [f"{each.psp} {each.account}: circuit {each.circuit}" for each in away]
    said += [f"{each.psp} {each.account}: slow" for each in slow]
    return " · ".join(said) or "All accounts answer."


def _fits(code: str, pattern: str) -> bool:
    head, star, tail = pattern.partition("*")
    return code.startswith(head) and code.endswith(tail) if star else code == pattern


def _major(minor: int, currency: str) -> float:
    # To be drawn: sums are never floats.
    return float(Decimal(minor).scaleb(-exponent(currency)))


def _percent(found: Performance) -> str:
    rate = found.authorisation_rate
    return "-" if rate is None else f"{rate:.1%}"


def _ms(milliseconds: float | None) -> str:
    return "-" if milliseconds is None else f"{milliseconds:,.0f} ms"
