"""The way through an account's reports at Checkout.com: one for each payout, each read once. Pure.

A list of reports is of every kind, in no order that is documented; which are of a payout, their type and tags say
(documentation, "Retrieve reports", and "Report generated" among the types of events).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from payments.psp.checkoutcom_objects import Object, text
from payments.psp.settlement import Lines, SettlementPage

MOST_LISTED = 100
# A report may be listed later than one that was made after it, and before its files are there.
OVERLAP = timedelta(days=2)
OF_PAYOUTS = "FinancialActionsByPayout"
OF_ANY_KIND = frozenset({OF_PAYOUTS, "FinancialActions"})
TAG = "payout_id:"


@dataclass(frozen=True, slots=True)
class Report:
    """A report of a payout. Its ``files`` are to be read in this order."""

    made_on: str
    report_id: str
    files: tuple[str, ...]

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        """Return the report that a walk has kept."""
        return cls(**{**told, "files": tuple(told["files"])})

    @property
    def made_at(self) -> datetime:
        """When it was made."""
        return _at(self.made_on)


@dataclass(frozen=True, slots=True)
class Walk:
    """Where we are among an account's reports; as text it is the cursor.

    :param since: nothing that was made before is looked for.
    :param token: where the list goes on, in the middle of one.
    :param queue: the reports that are still to be read, the earliest first.
    :param done: when those were made that are read, by their ids, as far back as the list goes.
    :param unready: when the earliest was made that has no files yet.
    """

    since: str
    token: str = ""
    queue: tuple[Report, ...] = ()
    done: Mapping[str, str] = field(default_factory=dict)
    unready: str = ""

    @classmethod
    def begun(cls, since: datetime) -> Self:
        """Return the walk that begins with what was made then."""
        return cls(since=_written(since))

    @classmethod
    def read(cls, cursor: str) -> Self:
        """Return the walk that a cursor is the text of."""
        told = json.loads(cursor)
        return cls(**{**told, "queue": tuple(Report.read(each) for each in told["queue"])})

    def __str__(self) -> str:
        return json.dumps(asdict(self))

    @property
    def next_report(self) -> Report | None:
        """What is to be read now; None: the list is."""
        return self.queue[0] if self.queue and not self.token else None

    def asks_for(self) -> dict[str, Any]:
        """Return the parameters of the next request for the list."""
        wanted: dict[str, Any] = {"created_after": self.since, "limit": MOST_LISTED}
        return {**wanted, "pagination_token": self.token} if self.token else wanted

    def page(self, answer: Object) -> SettlementPage:
        """Return what a page of the list says, which is no line yet, and where the walk goes on."""
        known = {*self.done, *(each.report_id for each in self.queue)}
        told = [_payouts_report(each) for each in answer["data"]]
        new = {each.report_id: each for each in told if each is not None and each.report_id not in known}
        ready = [each for each in new.values() if each.files]
        waiting = [self.unready if self.token else "", *(each.made_on for each in new.values() if not each.files)]
        walk = replace(
            self,
            token=_next_token(answer),
            queue=tuple(sorted((*self.queue, *ready), key=lambda each: (each.made_at, each.report_id))),
            unready=min(filter(None, waiting), key=_at, default=""),
        )
        if walk.token and walk.token == self.token:
            raise ValueError("the list of reports goes round")
        return SettlementPage((), str(walk), more=bool(walk.token or walk.queue))

    def page_of(self, report: Report, lines: Lines) -> SettlementPage:
        """Return the lines of the next report, and where the walk goes on."""
        walk = self._after(report)
        return SettlementPage(lines, str(walk), more=bool(walk.queue))

    def _after(self, report: Report) -> "Walk":
        """Return the walk with its next report read. With the last one, the list need not go as far back any more."""
        queue = self.queue[1:]
        done = {**self.done, report.report_id: report.made_on}
        if queue:
            return replace(self, queue=queue, done=done)
        newest = max(map(_at, done.values()))
        bound = min(newest, _at(self.unready)) if self.unready else newest
        since = max(_at(self.since), bound - OVERLAP)
        kept = {report_id: made_on for report_id, made_on in done.items() if _at(made_on) >= since}
        return Walk(since=_written(since), done=kept)


def _payouts_report(told: Object) -> Report | None:
    """Return a report, if it is of a payout; of a stretch of time there are others, which tell the same once more."""
    kind = str(told["type"]).replace(" ", "")
    is_tagged = any(tag.startswith(TAG) for tag in told.get("tags") or ())
    if kind not in OF_ANY_KIND or not (is_tagged or kind == OF_PAYOUTS):
        return None
    files = sorted(told["files"], key=lambda file: str(file["filename"]))
    if any(file["format"].upper() != "CSV" for file in files):
        raise ValueError(f"{told['id']} is no CSV")
    names = tuple(text(file["id"]) for file in files)
    return Report(made_on=text(told["created_on"]), report_id=text(told["id"]), files=names)


def _next_token(answer: Object) -> str:
    """Return where the list goes on. Only that: an address could be anybody's."""
    address = ((answer.get("_links") or {}).get("next") or {}).get("href") or ""
    return "".join(parse_qs(urlsplit(address).query).get("pagination_token", [])[:1])


def _at(written: str) -> datetime:
    moment = datetime.fromisoformat(written)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
