"""What goes wrong on the wire: asked for by a token, or drawn from a seed."""

import random
from dataclasses import dataclass
from enum import StrEnum

SLOW_SECONDS = 15.0  # longer than any client of ours waits


class Fault(StrEnum):
    """One mishap of one request."""

    DROP_REPLY = "drop_reply"  # executed, stored, and the connection dies before the reply
    SLOW = "slow"  # executed, and the reply comes too late
    RESET = "reset"  # the connection dies before anything is executed
    ERROR_500 = "error500"  # nothing is executed, and that is the stored answer


BY_TOKEN = {
    "pm_tally_dropReply": Fault.DROP_REPLY,
    "pm_tally_slow": Fault.SLOW,
    "pm_tally_resetBefore": Fault.RESET,
    "pm_tally_error500": Fault.ERROR_500,
}


@dataclass
class Faults:
    """Mishaps by probability, on top of those that a token asks for. Each request is drawn once per key."""

    dice: random.Random
    drop_reply: float = 0.0
    reset: float = 0.0
    error500: float = 0.0
    delay_seconds: float = 0.0

    def draw(self, *, token: str | None, first_time: bool) -> Fault | None:
        """Return what befalls a request. A retry under the same key is spared, so that it can learn the truth."""
        if not first_time:
            return None
        if token in BY_TOKEN:
            return BY_TOKEN[token]
        throw = self.dice.random()
        for fault, share in (
            (Fault.DROP_REPLY, self.drop_reply),
            (Fault.RESET, self.reset),
            (Fault.ERROR_500, self.error500),
        ):
            if throw < share:
                return fault
            throw -= share
        return None
