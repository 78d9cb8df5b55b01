"""The PSP accounts of this installation, from settings."""

import os
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from payments.errors import PaymentNotFound
from payments.psp.base import PspAdapter


@cache
def get_adapter(*, psp: str, account: str) -> PspAdapter:
    """Return the adapter of an account. Adapters are safe to share between threads.

    :raises PaymentNotFound: ``psp_account_not_found``.
    """
    options = settings.PSP_ACCOUNTS.get(psp, {}).get(account)
    if options is None:
        raise PaymentNotFound(code="psp_account_not_found", detail=f"There is no account {account!r} at {psp!r}.")
    adapter: PspAdapter = import_string(options["adapter"])(
        **{name: value for name, value in options.items() if name != "adapter"},
        connect_timeout_seconds=settings.PSP_CONNECT_TIMEOUT_SECONDS,
        read_timeout_seconds=settings.PSP_READ_TIMEOUT_SECONDS,
    )
    return adapter


def load_adapters() -> None:
    """Import the code of every account, so that no payment waits for it, and a wrong path is seen at the start."""
    for accounts in settings.PSP_ACCOUNTS.values():
        for options in accounts.values():
            import_string(options["adapter"])


def signature_headers() -> list[str]:
    """Return the names of the headers in which our PSPs sign what they send."""
    accounts = [options for accounts in settings.PSP_ACCOUNTS.values() for options in accounts.values()]
    return sorted({name.title() for each in accounts for name in import_string(each["adapter"]).signature_headers})


# Adapters keep connections open. A forked process (Celery's workers are) that used its parent's could read the reply
# to another process's charge.
os.register_at_fork(after_in_child=get_adapter.cache_clear)
