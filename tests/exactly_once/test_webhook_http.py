"""What the other side of a webhook cannot do: pass for another name, or hold us for as long as it likes."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from exactly_once import webhook_http

NAME = "shop.example"
BODY = b"{}"
HELLO = b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of shop.example that vouches for itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl here to make a certificate with")
    folder = tmp_path_factory.mktemp("certificate")
    paths = folder / "certificate.pem", folder / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    subprocess.run([*made, *names, "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True)
    return paths


def whole_request(spoken: socket.socket) -> bytes:
    """Read until the body is in: a connection that is closed on unread bytes is reset, and its answer may be lost."""
    came = b""
    while not came.endswith(b"\r\n\r\n" + BODY) and (piece := spoken.recv(65536)):
        came += piece
    return came


@contextmanager
def serving(
    answer: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None
) -> Iterator[tuple[int, list[bytes]]]:
    """Answer each connection as told; yield the port and what came."""
    got: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                with tls.wrap_socket(connection, server_side=True) if tls else connection as spoken:
                    # Who does not like the certificate may go without a word, after the handshake.
                    if came := whole_request(spoken):
                        got.append(came)
                        answer(spoken)
            except OSError:
                continue

    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1], got
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def post(url: str) -> webhook_http.Answer:
    return webhook_http.post(url=url, body=BODY, headers={}, allow_private=True)


@pytest.mark.parametrize(
    ("name", "trusted", "accepted"), [(NAME, True, True), ("other.example", True, False), (NAME, False, False)]
)
def test_only_who_has_the_names_certificate_gets_the_event(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, name: str, trusted: bool, accepted: bool
) -> None:
    # Given: a server that answers at the address of any name
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*certificate)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    asked: list[str] = []
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *more: Any, **options: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1", port, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    # When
    with serving(lambda spoken: spoken.sendall(HELLO), tls) as (port, got):
        answer = post(f"https://{name}:{port}/hooks")
    # Then
    assert (answer.accepted, len(got)) == (accepted, int(accepted))
    assert asked.count(name) == 1
    if accepted:
        assert f"\r\nhost: {name}:{port}\r\n" in got[0].decode().lower()
    else:
        assert "certificate" in answer.error.lower()


def test_an_answer_without_an_end_is_read_for_a_kilobyte() -> None:
    def pour(spoken: socket.socket) -> None:
        spoken.sendall(HELLO)
        while True:
            spoken.sendall(b"x" * 65536)

    with serving(pour) as (port, _):
        answer = post(f"http://127.0.0.1:{port}/")

    assert (answer.status, len(answer.snippet)) == (200, webhook_http.BODY_BYTES)


def test_an_answer_that_drips_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    monkeypatch.setattr(webhook_http, "BODY_SECONDS", 0.2)
    done = threading.Event()

    def drip(spoken: socket.socket) -> None:
        spoken.sendall(HELLO)
        while not done.wait(0.02):
            spoken.sendall(b"x")

    # When
    began = monotonic()
    with serving(drip) as (port, _):
        answer = post(f"http://127.0.0.1:{port}/")
        done.set()
    # Then
    assert answer.accepted
    assert monotonic() - began < 2


def test_silence_ends_the_try(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    monkeypatch.setattr(webhook_http, "READ_SECONDS", 0.1)
    done = threading.Event()

    def say_nothing(_: socket.socket) -> None:
        done.wait(10)

    # When
    with serving(say_nothing) as (port, _):
        answer = post(f"http://127.0.0.1:{port}/")
        done.set()
    # Then
    assert answer.status is None
    assert "ReadTimeoutError" in answer.error
