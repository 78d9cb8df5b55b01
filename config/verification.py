"""Every invariant of the whole system, package by package, from the ground up."""

from collections.abc import Iterator

import checkout.verify
import exactly_once.verify
import ledger.verify
import payments.verify
from exactly_once.verification import CheckResult


def all_checks() -> Iterator[CheckResult]:
    """Run every check; each is one line of ``manage.py verify``."""
    for package in (ledger, exactly_once, payments, checkout):
        yield from package.verify.checks()
