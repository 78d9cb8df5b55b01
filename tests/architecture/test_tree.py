"""What the tree must not hold: postponed work, conflicts, addresses that nobody chose, lock files."""

import re

from tests.architecture.tree import ROOT, kept_files, named

# Spelled with a hyphen, so that this list is not a finding itself.
POSTPONED_WORDS = ("TO-DO", "FIX-ME", "XX-X", "HA-CK", "NotImplemented-Error")
POSTPONED = re.compile("|".join(rf"\b{word.replace('-', '')}\b" for word in POSTPONED_WORDS))
# Git writes seven of each; counted here, so that this line is not a finding itself.
CONFLICT = re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE)
ADDRESS = re.compile(r"\b(?:https?|ftp)://(?P<host>[A-Za-z0-9.-]+)")
# Every host that a file may name, with what it is for. A package index is none of them.
HOSTS = {
    "127.0.0.1": "this machine",
    "localhost": "this machine",
    "web": "a service of docker-compose.yml",
    "simulator": "another",
    "api.sandbox.checkout.com": "a PSP",
    "api.stripe.com": "another",
    "checkout-test.adyen.com": "another",
    "alpinejs.dev": "the documentation that its error messages name",
    "www.standardwebhooks.com": "the form of outgoing webhooks",
    "www.apache.org": "the text of the licence",
    "www.w3.org": "names of markup vocabularies",
}
# RFC 2606: these lead nowhere.
RESERVED = ("example", "example.com", "example.org", "test", "invalid")
GENERATED = {"requirements.txt"}


def texts() -> dict[str, str]:
    found = {}
    for path in kept_files():
        if named(path) in GENERATED:
            continue
        try:
            found[named(path)] = path.read_text()
        except UnicodeDecodeError:
            continue
    return found


def test_nothing_is_postponed() -> None:
    assert [name for name, text in texts().items() if POSTPONED.search(text)] == []


def test_no_conflict_is_left() -> None:
    assert [name for name, text in texts().items() if CONFLICT.search(text)] == []


def test_every_address_leads_to_a_host_that_is_named_here() -> None:
    strangers = {
        f"{name}: {match['host']}"
        for name, text in texts().items()
        for match in ADDRESS.finditer(text)
        if match["host"] not in HOSTS
        and not match["host"].endswith(tuple(f".{end}" for end in RESERVED))
        and match["host"] not in RESERVED
    }

    assert strangers == set()


def test_no_lock_file_is_kept() -> None:
    assert [named(path) for path in kept_files() if path.suffix == ".lock"] == []


def test_requirements_name_no_address() -> None:
    text = (ROOT / "requirements.txt").read_text()

    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text
