"""``python -m tests.psp_contract.localstripe PORT``: localstripe, bound to this machine only.

It is GPL-licensed, so it runs as a program of its own and nothing of ours imports it: this file is run, not imported.
"""

import runpy
import socket
import sys
from typing import Any

_bind = socket.socket.bind


def _bind_locally(self: socket.socket, address: Any) -> None:
    """Replace "every interface" by the loopback one. localstripe knows no option for it."""
    _bind(self, ("::ffff:127.0.0.1", *address[1:]) if address[0] == "::" else address)


if __name__ == "__main__":
    socket.socket.bind = _bind_locally  # type: ignore[method-assign, assignment]
    sys.argv = ["localstripe", "--port", sys.argv[1], "--from-scratch"]
    runpy.run_module("localstripe.server", run_name="__main__")
