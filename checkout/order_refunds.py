"""What cancellations and returns have promised to pay back, and what has become of that. Pure.

An event names the refund that it caused. Later refunds under the same reason take the place of what of it came to
nothing, and so does what people pay back by hand.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from checkout.order_parts import PartName, sums
from payments.part_rows import RefundShares

CANCELED = "order_canceled"
RETURNED = "order_returned"
_CAUSES = (CANCELED, RETURNED)


@dataclass(frozen=True, slots=True)
class Unpaid:
    """What events of a kind are worth, part by part, less what refunds have of it.

    :param failed: of ``left``, what the buyer's bank sent back: people find out what to do about that.
    """

    left: Mapping[PartName, int]
    failed: Mapping[PartName, int]

    @property
    def left_minor(self) -> int:
        """Return what was not paid back, or not taken in the first place."""
        return sum(self.left.values())

    @property
    def failed_minor(self) -> int:
        """Return what came back."""
        return sum(self.failed.values())

    def unsettled_minor(self, *, kept_minor: int) -> int:
        """Return what came back, beyond what the buyer's bank has kept for what is left."""
        return max(min(self.failed_minor, self.left_minor - kept_minor), 0)


def unpaid(*, events: Iterable[Sequence[Mapping[str, object]]], reason: str, refunds: Sequence[RefundShares]) -> Unpaid:
    """Return what of the parts of events is not paid back by the refunds under this reason.

    What of these came to nothing may be paid back by another one later on, which no event of the order has caused: then
    that has it, and it is not gone twice. One that was asked for before pays for something else: so their order counts.
    """
    left = sums(events)
    failed: dict[PartName, int] = {}
    called_off: dict[PartName, int] = {}
    for refund in refunds:
        is_own = refund.reason == reason
        for name, minor in refund.shares.items():
            if is_own and refund.is_undone:
                undone = called_off if refund.is_called_off else failed
                undone[name] = undone.get(name, 0) + minor
            elif is_own:
                left[name] = left.get(name, 0) - minor
            elif not refund.is_undone and refund.reason not in _CAUSES:
                had = _taken(failed, name, minor)
                left[name] = left.get(name, 0) - had - _taken(called_off, name, minor - had)
    return Unpaid(left, failed)


def _taken(undone: dict[PartName, int], name: PartName, minor: int) -> int:
    """Take so much off what came to nothing, if there is so much; return how much it was."""
    had = min(undone.get(name, 0), minor)
    undone[name] = undone.get(name, 0) - had
    return had
