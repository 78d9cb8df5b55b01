"""Payouts, on a test's command, and the reports that tell what went out by them."""

import csv
import io
import secrets
from typing import Any

from aiohttp import web

from payments.simulator.checkoutcom import errors, objects
from payments.simulator.checkoutcom.account import FILE, REPORT, CheckoutComAccount
from payments.simulator.checkoutcom.held import Held, Rows
from payments.simulator.store import Document

# Another host in real life, where whoever knows an address may read what is there, and nobody else.
FILES = "/checkoutcom-files"
MOST_LISTED = 100


class Reports:
    """The account's reports."""

    def __init__(self, account: CheckoutComAccount, held: Held) -> None:
        self._account = account
        self._held = held
        self._store = account.store

    def routes(self) -> list[web.RouteDef]:
        """Return the control address, and that of the files."""
        return [web.post("/_simulator/checkoutcom/payouts", self.pay_out), web.get(f"{FILES}/{{id}}", self.download)]

    async def pay_out(self, request: web.Request) -> web.Response:
        """Pay out all that is held in a ``currency``, and report on it; with ``parts`` in so many files."""
        told = await request.json()
        currency = told.get("currency", "EUR")
        with self._store.transaction():
            amount, rows = self._held.available(currency), self._held.unpaid(currency)
            if amount <= 0:
                raise web.HTTPBadRequest(text=f"there is nothing to pay out in {currency}")
            payout = secrets.token_hex(6).upper()
            # One of a stretch of time, too, which tells the same before it is paid out.
            self._report(rows, f"financial-actions_{self._account.moment()[:10]}", [], parts=1)
            for row in rows:
                row["told"]["Payout ID"] = payout
                self._store.put(row)
            name, tags = f"financial-actions_ent_{payout}", [f"payout_id:{payout}"]
            report = self._report(rows, name, tags, parts=told.get("parts", 1))
        return web.json_response({"payout": payout, "amount": str(amount), "report": report["id"]})

    def listed(self, request: web.Request) -> Document:
        """GET /reports, the latest first."""
        limit = _limit(request)
        after, token = request.query.get("created_after", ""), request.query.get("pagination_token")
        found = [each for each in self._store.all(REPORT)[::-1] if each["created_on"] >= after]
        if token is not None:
            names = [each["id"] for each in found]
            if token not in names:
                raise errors.invalid("pagination_token_invalid")
            found = found[names.index(token) + 1 :]
        page = found[:limit]
        links = {"self": {"href": f"{self._account.base}/reports"}}
        if len(found) > limit:
            links["next"] = {"href": f"{self._account.base}/reports?pagination_token={page[-1]['id']}"}
        return {"count": len(page), "limit": limit, "data": page, "_links": links}

    def details(self, request: web.Request) -> Document:
        """GET /reports/{id}."""
        report = self._store.get(REPORT, request.match_info["id"])
        if report is None:
            raise errors.not_found()
        return report

    def file(self, request: web.Request) -> Document:
        """GET /reports/{id}/files/{file}: where it is."""
        names = {each["id"] for each in self.details(request)["files"]}
        file = self._store.get(FILE, request.match_info["file"])
        if file is None or file["id"] not in names:
            raise errors.not_found()
        raise web.HTTPFound(f"{self._account.base_url}{FILES}/{file['id']}?signature={file['signature']}")

    async def download(self, request: web.Request) -> web.Response:
        """Hand a file to whoever has its address, and to nobody who brings an API key along: S3 refuses two proofs."""
        file = self._store.get(FILE, request.match_info["id"])
        if "Authorization" in request.headers:
            raise web.HTTPBadRequest(text="InvalidArgument: Only one auth mechanism allowed")
        if file is None or request.query.get("signature") != file["signature"]:
            raise web.HTTPForbidden(text="AccessDenied")
        return web.Response(body=file["text"].encode(), content_type="text/csv")

    def _report(self, rows: Rows, name: str, tags: list[str], *, parts: int) -> Document:
        files = [self._file(rows[part::parts], f"{name}_{part + 1}.csv") for part in range(parts)]
        report: dict[str, Any] = {
            "id": objects.new_id("rpt"),
            "created_on": self._account.moment(),
            "last_modified_on": self._account.moment(),
            "type": "FinancialActions",
            "description": "Financial Actions",
            "account": {"client_id": "cli_simulated", "entity_id": "ent_simulated"},
            "tags": tags,
            "files": files,
        }
        self._store.add(report, REPORT)
        return report

    def _file(self, rows: Rows, filename: str) -> Document:
        text = io.StringIO()
        table = csv.DictWriter(text, rows[0]["told"] if rows else [])
        table.writeheader()
        table.writerows(row["told"] for row in rows)
        file = {"id": objects.new_id("file"), "signature": secrets.token_hex(16), "text": text.getvalue()}
        self._store.add(file, FILE)
        return {"id": file["id"], "filename": filename, "format": "CSV"}


def _limit(request: web.Request) -> int:
    told = request.query.get("limit", "10")
    if not told.isdecimal() or not 1 <= int(told) <= MOST_LISTED:
        raise errors.invalid("limit_invalid")
    return int(told)
