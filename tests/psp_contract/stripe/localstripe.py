"""``python -m tests.psp_contract.stripe.localstripe PORT``: localstripe, kept to this machine and out of its /tmp.

It is GPL-licensed, so it runs as a program of its own and nothing of ours imports it: this file is run, not imported.
"""

import builtins
import os
import runpy
import socket
import sys
from typing import Any

STATE_FILE = "/tmp/localstripe.pickle"  # noqa: S108 - localstripe's own, rewritten at every change

_bind, _open = socket.socket.bind, builtins.open


def _bind_locally(self: socket.socket, address: Any) -> None:
    """Replace "every interface" by the loopback one. localstripe knows no option for it."""
    _bind(self, ("::ffff:127.0.0.1", *address[1:]) if address[0] == "::" else address)


def _open_elsewhere(file: Any, *arguments: Any, **options: Any) -> Any:
    """Let it write its state to nowhere."""
    return _open(os.devnull if file == STATE_FILE else file, *arguments, **options)


if __name__ == "__main__":
    socket.socket.bind = _bind_locally  # type: ignore[method-assign, assignment]
    builtins.open = _open_elsewhere
    sys.argv = ["localstripe", "--port", sys.argv[1], "--from-scratch"]
    runpy.run_module("localstripe.server", run_name="__main__")
