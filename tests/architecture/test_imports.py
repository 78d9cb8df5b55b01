"""The import contracts of .importlinter hold, and each of them can fail."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGES, ROOT, kept_files, named

# Forbidden imports, each in a file of its own or with others: the file, the line, and the contract that must break.
BREACHES = [
    ("ledger/breach.py", "import payments.apps", "Imports point down only"),
    ("checkout/breach.py", "import stripe", "Only a PSP's adapter speaks to its SDK"),
    ("payments/psp/adyen_objects.py", "import Adyen", "Only a PSP's adapter speaks to its SDK"),
    ("payments/breach.py", "import checkout_sdk", "Only a PSP's adapter speaks to its SDK"),
    ("payments/breach.py", "import rest_framework", "HTTP stays in the api folders and in config"),
    ("payments/breach.py", "import payments.api", "Nothing but HTTP code imports the api folders"),
    *((f"config/{name}_breach.py", f"import {name}.models", f"Only {name} touches") for name in PACKAGES[1:]),
    ("checkout/pricing/breach.py", "import checkout.models", "What a basket costs is arithmetic"),
    ("payments/breach.py", "import payments.simulator", "The PSP simulator stands in for a remote server"),
    ("payments/simulator/breach.py", "import payments.psp", "The PSP simulator shares no code with what it tests"),
]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    command = [str(program), "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is said of a copy of the packages with every breach in it."""
    folder = tmp_path_factory.mktemp("house")
    for path in [ROOT / ".importlinter", *kept_files(*(f"{package}/**.py" for package in PACKAGES))]:
        copy = folder / named(path)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    for file, line, _ in BREACHES:
        with (folder / file).open("a") as text:
            text.write(f"\n{line}\n")
    result = lint_imports(folder)
    assert result.returncode == 1
    return result.stdout


def test_every_contract_is_kept() -> None:
    result = lint_imports(ROOT)

    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("file", "line", "contract"), BREACHES)
def test_a_breach_is_seen(broken: str, file: str, line: str, contract: str) -> None:
    breach = f"{file.removesuffix('.py').replace('/', '.')} -> {line.removeprefix('import ')} (l."
    # A heading, underlined, and what breaks the contract until the next one
    told = re.split(r"^(.+)\n-+\n", broken.partition("Broken contracts")[2], flags=re.MULTILINE)[1:]
    places = [text for heading, text in zip(told[::2], told[1::2], strict=True) if heading.startswith(contract)]

    assert any(breach in text for text in places), broken
