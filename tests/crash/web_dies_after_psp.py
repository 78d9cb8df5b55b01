"""The web process's WSGI application, with one addition: it kills itself between the PSP's reply and the commit.

It does so once, when the file that CRASH_ONCE_FILE names is there.
"""

import os
import signal
from pathlib import Path
from typing import Any

from config.wsgi import application
from payments import ask_psp
from payments.settle_attempt import settle_attempt

__all__ = ["application"]

_settle = settle_attempt


def _die_or_settle(**arguments: Any) -> Any:
    order = Path(os.environ["CRASH_ONCE_FILE"])
    if order.exists():
        order.unlink()
        # The whole process group: the server's parent must not answer for the dead child.
        os.killpg(os.getpgrp(), signal.SIGKILL)
    return _settle(**arguments)


setattr(ask_psp, settle_attempt.__name__, _die_or_settle)
