"""``python -m payments.simulator``: run the simulated PSPs until they are stopped."""

import argparse
import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

from aiohttp import web

from payments.simulator.account import Shared
from payments.simulator.control import Control
from payments.simulator.faults import Faults, Rates
from payments.simulator.protocols import PROTOCOLS
from payments.simulator.store import Store
from payments.simulator.webhooks import Sealer, Webhooks

HOST = "127.0.0.1"
TICK_SECONDS = 1.0


def main() -> None:
    """Parse the command line and serve."""
    options = _parse()
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(message)s")
    try:
        web.run_app(
            build(options),
            host=options.host,
            port=options.port,
            print=None,
            shutdown_timeout=1,
            access_log_format="%r %s %Tf",
        )
    except OSError as error:
        sys.exit(f"the simulator cannot listen on {options.host}:{options.port}: {error.strerror}")


def build(options: argparse.Namespace) -> web.Application:
    """Put the parts together."""
    store = Store(options.state)
    faults = Faults(store, options.seed)
    for name, value in options.fault:
        faults.rates.set(name, value)
    secrets = {psp.name: psp.default_secret for psp in PROTOCOLS} | dict(options.webhook_secret)
    sealers: dict[str, Sealer] = {psp.name: partial(psp.letter, secret=secrets[psp.name]) for psp in PROTOCOLS}
    webhooks = Webhooks(store, base=options.webhook_base, sealers=sealers)
    shared = Shared(store, faults, webhooks, base_url=f"http://{HOST}:{options.port}")
    psps = [protocol(shared) for protocol in PROTOCOLS]
    control = Control(shared, psps)
    app = web.Application(middlewares=[psp.middleware() for psp in psps])
    app.add_routes(control.routes())
    for psp in psps:
        app.add_routes(psp.routes())

    async def run(_app: web.Application) -> AsyncIterator[None]:
        webhooks.resume()
        ticking = asyncio.create_task(_tick(control))
        yield
        ticking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ticking
        await webhooks.close()
        store.close()

    app.cleanup_ctx.append(run)
    return app


async def _tick(control: Control) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        control.settle_due()


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="PSPs to try Tally with, each at its own protocol's addresses.")
    parser.add_argument("--host", default=HOST, help="where to listen; only a container needs another address")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="SQLite file of everything that was charged")
    parser.add_argument("--seed", type=int, default=0, help="what the drawn faults follow from")
    parser.add_argument(
        "--fault", action="append", default=[], type=_fault, metavar="NAME=VALUE", help="such as drop_reply=0.1"
    )
    parser.add_argument("--webhook-base", default="", help="where Tally is; events go to BASE/webhooks/PSP/main")
    parser.add_argument(
        "--webhook-secret", action="append", default=[], type=_secret, metavar="PSP=SECRET", help="what signs events"
    )
    return parser.parse_args()


def _fault(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    try:
        Rates().set(name, value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return name, value


def _secret(text: str) -> tuple[str, str]:
    psp, _, secret = text.partition("=")
    if psp not in {each.name for each in PROTOCOLS}:
        raise argparse.ArgumentTypeError(f"there is no PSP {psp!r}")
    return psp, secret


if __name__ == "__main__":
    main()
