"""Where webhooks go in these tests."""

from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import stripe

SECRET = "whsec_test"


class Endpoint:
    """Takes webhooks, remembers them, and answers 200 once what is in ``answers`` is used up."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, bytes, Mapping[str, str]]] = []
        self.answers: list[int] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.letters.append((self.path, body, dict(self.headers)))
                self.send_response(endpoint.answers.pop(0) if endpoint.answers else 200)
                self.send_header("Location", endpoint.url + "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def taken(self) -> list[tuple[bytes, Mapping[str, str]]]:
        """Return what has come, body and headers."""
        return [(body, headers) for _, body, headers in self.letters]

    @property
    def paths(self) -> set[str]:
        """Return where it has come to."""
        return {path for path, _, _ in self.letters}

    def events(self) -> list[Any]:
        """Return what has come from Stripe, its signatures checked by Stripe's own SDK."""
        return [
            stripe.Webhook.construct_event(body, headers["Stripe-Signature"], SECRET) for body, headers in self.taken
        ]

    def types(self) -> list[str]:
        """Return what has come, by type."""
        return [event["type"] for event in self.events()]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
