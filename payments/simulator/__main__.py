"""``python -m payments.simulator``: run the simulated PSP until it is stopped."""

import argparse
import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from payments.simulator import answers
from payments.simulator.account import Account
from payments.simulator.control import Control
from payments.simulator.faults import Faults, Rates
from payments.simulator.payment_intents import PaymentIntents
from payments.simulator.refunds import Refunds
from payments.simulator.server import Server
from payments.simulator.settlement import Settlement
from payments.simulator.store import Store
from payments.simulator.three_d_secure import ThreeDSecure
from payments.simulator.webhooks import Webhooks

HOST = "127.0.0.1"
REFUNDS_EVERY_SECONDS = 1.0


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
    account = Account(store, faults, base_url=f"http://{HOST}:{options.port}")
    webhooks = Webhooks(store, url=options.webhook_url, secret=options.webhook_secret)
    intents, refunds = PaymentIntents(account), Refunds(account)
    app = web.Application(middlewares=[answers.of_api(store)])
    app.add_routes(Server(account, webhooks, intents, refunds).routes())
    app.add_routes(Control(account, webhooks, refunds).routes())
    app.add_routes(Settlement(account, webhooks).routes())
    app.add_routes(ThreeDSecure(account, intents, webhooks).routes())

    async def run(_app: web.Application) -> AsyncIterator[None]:
        webhooks.resume()
        ticking = asyncio.create_task(_settle_refunds(store, refunds, webhooks))
        yield
        ticking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ticking
        await webhooks.close()
        store.close()

    app.cleanup_ctx.append(run)
    return app


async def _settle_refunds(store: Store, refunds: Refunds, webhooks: Webhooks) -> None:
    while True:
        await asyncio.sleep(REFUNDS_EVERY_SECONDS)
        with store.transaction():
            refunds.settle_due()
        webhooks.wake()


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A PSP to try Tally with; speaks Stripe's protocol.")
    parser.add_argument("--host", default=HOST, help="where to listen; only a container needs another address")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="SQLite file of everything that was charged")
    parser.add_argument("--seed", type=int, default=0, help="what the drawn faults follow from")
    parser.add_argument(
        "--fault", action="append", default=[], type=_fault, metavar="NAME=VALUE", help="such as drop_reply=0.1"
    )
    parser.add_argument("--webhook-url", default="", help="where events are sent")
    parser.add_argument("--webhook-secret", default="whsec_development")
    return parser.parse_args()


def _fault(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    try:
        Rates().set(name, value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return name, value


if __name__ == "__main__":
    main()
