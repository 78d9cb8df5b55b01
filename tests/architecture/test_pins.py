"""Every package that is installed has the version that pyproject.toml pins."""

import re
import tomllib
from importlib.metadata import distributions

from tests.architecture.tree import ROOT

PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def parse(requirements: list[str]) -> dict[str, str]:
    pins = {}
    for requirement in requirements:
        match = PIN.match(requirement)
        assert match, f"{requirement} is no exact pin"
        pins[normal(match["name"])] = match["version"]
    return pins


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DIRECT = parse(PROJECT["project"]["dependencies"])
DEVELOPMENT = parse([*PROJECT["dependency-groups"]["dev"], *PROJECT["dependency-groups"]["bench"]])
INDIRECT = parse(PROJECT["tool"]["uv"]["constraint-dependencies"])


def test_what_is_installed_is_what_is_pinned() -> None:
    pinned = {**INDIRECT, **DEVELOPMENT, **DIRECT}

    installed = {normal(found.name): found.version for found in distributions()}

    assert {name: version for name, version in installed.items() if pinned.get(name) != version} == {}


def test_no_package_is_pinned_twice() -> None:
    assert INDIRECT.keys() & (DIRECT.keys() | DEVELOPMENT.keys()) == set()
    assert DIRECT.keys() & DEVELOPMENT.keys() == set()


def test_the_image_gets_the_same_pins_each_with_a_hash() -> None:
    blocks = re.split(r"\n(?=\S)", (ROOT / "requirements.txt").read_text().split("\n", 1)[1])

    assert all("--hash=sha256:" in block for block in blocks)
    image = parse(blocks)
    assert DIRECT.items() <= image.items()
    assert image.items() <= {**INDIRECT, **DIRECT}.items()
