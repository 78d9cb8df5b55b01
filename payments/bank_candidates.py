"""Which payouts a bank line may be, the likeliest first: for a person to choose from."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, OuterRef

from ledger.money import Money
from payments.models import BankLine, Payout
from payments.states import LineState, PayoutState

# Around the day on which it was booked.
DAYS_BEFORE, DAYS_AFTER = 30, 10
MOST_CANDIDATES = 20
# What speaks for one, out of a hundred: its amount, its day, and the PSP's name.
_AMOUNT, _DAY, _NAME = 60, 30, 10
_OPEN = (PayoutState.PENDING, PayoutState.IN_TRANSIT, PayoutState.PAID)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A payout, how much speaks for it (0 to 100), and by how much the line is more (or less) than it."""

    payout: Payout
    score: int
    beyond: Money


def bank_candidates(*, line: BankLine) -> list[Candidate]:
    """Return payouts to the line's account, in its currency and about its time, that have not arrived."""
    arrived = BankLine.objects.filter(payout=OuterRef("pk"), state=LineState.MATCHED, amount_minor__gt=0)
    about = Payout.objects.filter(
        bank=line.bank,
        currency=line.currency,
        state__in=[str(state) for state in _OPEN],
        created_at__date__gte=line.booked_on - timedelta(days=DAYS_BEFORE),
        created_at__date__lte=line.booked_on + timedelta(days=DAYS_AFTER),
    )
    found = [_candidate(line, payout) for payout in about.exclude(Exists(arrived))]
    return sorted(found, key=lambda each: (-each.score, each.payout.pk))[:MOST_CANDIDATES]


def _candidate(line: BankLine, payout: Payout) -> Candidate:
    off = abs(line.amount_minor - payout.amount_minor)
    # A bank may keep some of it: one part in a hundred takes half of the points.
    amount = _AMOUNT if not off else max(0, _AMOUNT // 2 - 50 * off * _AMOUNT // (payout.amount_minor * 2))
    days = abs((line.booked_on - (payout.arrives_on or payout.created_at.date())).days)
    said = f"{line.counterparty} {line.reference}".lower()
    score = amount + max(0, _DAY - 3 * days) + (_NAME if payout.psp.lower() in said else 0)
    return Candidate(payout, score, Money(line.amount_minor - payout.amount_minor, line.currency))
