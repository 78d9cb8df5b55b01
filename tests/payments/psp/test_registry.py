"""One adapter per account and process."""

import subprocess
import sys

import pytest

from payments.errors import PaymentNotFound
from payments.psp.registry import get_adapter


def test_an_account_has_one_adapter() -> None:
    assert get_adapter(psp="stripe", account="main") is get_adapter(psp="stripe", account="main")


@pytest.mark.parametrize(("psp", "account"), [("stripe", "nobody"), ("nobody", "main")])
def test_an_account_that_is_not_set_up_is_refused(psp: str, account: str) -> None:
    with pytest.raises(PaymentNotFound) as refusal:
        get_adapter(psp=psp, account=account)
    assert refusal.value.code == "psp_account_not_found"


FORK = """
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
from payments.psp.registry import get_adapter
parents = get_adapter(psp="stripe", account="main")
child = os.fork()
if child == 0:
    os._exit(0 if get_adapter(psp="stripe", account="main") is not parents else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_process_does_not_use_its_parents_connections() -> None:
    assert subprocess.run([sys.executable, "-c", FORK], check=False).returncode == 0
