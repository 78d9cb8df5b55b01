"""Every invariant of the whole system, package by package, from the ground up."""

from collections.abc import Iterator
from datetime import datetime

import checkout.verify
import exactly_once.verify
import ledger.verify
import payments.verify
from exactly_once.verification import CheckResult


def all_checks(*, now: datetime) -> Iterator[CheckResult]:
    """Run every check as of ``now``; each is one line of ``manage.py verify``."""
    for package in (ledger, exactly_once, payments, checkout):
        yield from package.verify.checks(now=now)
