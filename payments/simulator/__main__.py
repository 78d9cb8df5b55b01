"""``python -m payments.simulator``: run the simulated PSP until it is stopped."""

import argparse
import logging
import random
import sys
from pathlib import Path

from aiohttp import web

from payments.simulator.control import Control
from payments.simulator.faults import Faults
from payments.simulator.server import Server
from payments.simulator.store import Store
from payments.simulator.webhooks import Webhooks

HOST = "127.0.0.1"


def main() -> None:
    """Parse the command line and serve."""
    options = _parse()
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(message)s")
    store = Store(options.state)
    webhooks = Webhooks(store, url=options.webhook_url, secret=options.webhook_secret)
    server = Server(
        store=store,
        webhooks=webhooks,
        faults=Faults(dice=random.Random(options.seed)),
        base_url=f"http://{HOST}:{options.port}",
    )
    app = web.Application()
    app.add_routes(server.routes())
    app.add_routes(Control(server).routes())

    async def resume(_app: web.Application) -> None:
        webhooks.resume()

    async def close(_app: web.Application) -> None:
        await webhooks.close()
        store.close()

    app.on_startup.append(resume)
    app.on_cleanup.append(close)
    try:
        web.run_app(
            app, host=options.host, port=options.port, print=None, shutdown_timeout=1, access_log_format="%r %s %Tf"
        )
    except OSError as error:
        sys.exit(f"the simulator cannot listen on {options.host}:{options.port}: {error.strerror}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A PSP to try Tally with; speaks Stripe's protocol.")
    parser.add_argument("--host", default=HOST, help="where to listen; only a container needs another address")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="SQLite file of everything that was charged")
    parser.add_argument("--seed", type=int, default=0, help="what the drawn faults follow from")
    parser.add_argument("--webhook-url", default="", help="where events are sent")
    parser.add_argument("--webhook-secret", default="whsec_development")
    return parser.parse_args()


if __name__ == "__main__":
    main()
