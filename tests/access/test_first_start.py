"""``manage.py first_start``: the two keys of a development database."""

from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings

from config.access.models import SCOPES, ApiKey, hash_key
from config.services.state import StateDir

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_shop_page_gets_a_key_that_opens_the_checkout_only(settings: Settings, tmp_path: Path) -> None:
    settings.STATE_DIR = tmp_path
    settings.SHOP_API_KEY = StateDir(tmp_path).secrets()["SHOP_API_KEY"]

    for _ in range(2):
        call_command("first_start")

    rows = {row.key_hash: row for row in ApiKey.objects.all()}
    sign_in = StateDir(tmp_path).sign_in()
    assert sign_in
    assert rows.keys() == {hash_key(sign_in.api_key), hash_key(settings.SHOP_API_KEY)}
    assert rows[hash_key(settings.SHOP_API_KEY)].scopes == ["checkout"]
    assert rows[hash_key(sign_in.api_key)].scopes == list(SCOPES)
    assert len({row.client for row in rows.values()}) == 1


def test_an_older_installation_gets_the_new_key_and_keeps_its_other_secrets(settings: Settings, tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    made = state.secrets()
    path = tmp_path / "secrets.json"
    path.write_text('{"SECRET_KEY": "kept"}')

    assert state.secrets() == state.secrets()
    assert state.secrets()["SECRET_KEY"] == "kept"
    assert state.secrets().keys() == made.keys()
    assert path.stat().st_mode & 0o777 == 0o600
