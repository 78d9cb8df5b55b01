"""``manage.py create_api_key``."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from config.access.models import ApiKey, hash_key

pytestmark = pytest.mark.django_db


def create(*words: str) -> str:
    out = StringIO()
    call_command("create_api_key", *words, stdout=out)
    return out.getvalue()


def test_the_key_is_printed_alone_and_kept_as_its_hash() -> None:
    printed = create("Web shop", "--client", "cli_shop", "--scope", "payments", "--scope", "checkout")

    key, row = printed.strip(), ApiKey.objects.get()
    assert printed == f"{key}\n"
    assert row.key_hash == hash_key(key)
    assert (row.name, row.client, row.scopes, row.expires_at) == (
        "Web shop",
        "cli_shop",
        ["checkout", "payments"],
        None,
    )
    assert key.startswith(row.prefix)
    assert key not in str(ApiKey.objects.values().get())


def test_a_key_may_expire() -> None:
    create("For a month", "--client", "cli_shop", "--scope", "checkout", "--days", "30")

    row = ApiKey.objects.get()
    assert row.expires_at == row.created_at + timedelta(days=30)
    assert row.usable(now=datetime.now(UTC))


@pytest.mark.parametrize(
    "words",
    [
        ("Nobody's", "--scope", "checkout"),
        ("Useless", "--client", "cli_shop"),
        ("Unknown scope", "--client", "cli_shop", "--scope", "everything"),
        ("Expired", "--client", "cli_shop", "--scope", "checkout", "--days", "0"),
        ("", "--client", "cli_shop", "--scope", "checkout"),
        ("x" * 101, "--client", "cli_shop", "--scope", "checkout"),
        ("No client", "--client", "", "--scope", "checkout"),
    ],
)
def test_what_makes_no_sense_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        create(*words)

    assert not ApiKey.objects.exists()
