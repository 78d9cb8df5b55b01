"""Find payouts that should have arrived and are in no statement of the bank: by age."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, F, Max, Min, OuterRef
from django.db.models.functions import Coalesce, TruncDate
from django_subatomic.db import transaction

from payments.bank_findings import open_missing_payout
from payments.locks import lock_payout
from payments.models import BankLine, Break, Payout
from payments.states import BreakResolution, PayoutState

_SENT = (PayoutState.IN_TRANSIT, PayoutState.PAID)


def find_missing_payouts(*, limit: int, now: datetime) -> int:
    """Open a break for up to ``limit`` payouts that are missing; return how many.

    Only where the bank's statements are read: from before the day on which a payout was to arrive until
    ``BANK_MISSING_DAYS`` after it.
    """
    found = 0
    age = timedelta(days=settings.BANK_MISSING_DAYS)
    read = BankLine.objects.values("bank").annotate(since=Min("booked_on"), through=Max("booked_on")).order_by()
    for span in read:
        sent = Payout.objects.filter(bank=span["bank"], state__in=[str(state) for state in _SENT])
        due = sent.annotate(due_on=Coalesce("arrives_on", TruncDate("created_at")))
        late = due.filter(due_on__gte=span["since"], due_on__lte=span["through"] - age)
        shown = BankLine.objects.filter(payout=OuterRef("pk"), amount_minor__gt=0)
        known = Break.objects.filter(
            psp=OuterRef("psp"), psp_account=OuterRef("psp_account"), subject__startswith="bank:payout:"
        ).filter(subject__endswith=OuterRef("public_id"))
        missing = late.exclude(Exists(shown)).exclude(Exists(known.exclude(resolution=BreakResolution.SUPERSEDED)))
        for pk in missing.order_by(F("due_on"), "pk").values_list("pk", flat=True)[: limit - found]:
            _open(pk, now)
            found += 1
    return found


@transaction
def _open(payout_pk: int, now: datetime) -> None:
    payout = lock_payout(payout_pk=payout_pk)
    if not payout.bank_lines.filter(amount_minor__gt=0).exists():
        open_missing_payout(payout=payout, now=now)
