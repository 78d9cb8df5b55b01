"""Pin what the direct pins of pyproject.toml need in turn: `make lock`.

Writes ``[tool.uv] constraint-dependencies`` (everything that is not pinned directly, for every Python and
platform) and requirements.txt (the service's own needs, with hashes, for the container image). Neither names
an address. uv.lock is not kept in git, because it does.
"""

import os
import re
import subprocess
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "pyproject.toml"
REQUIREMENTS = ROOT / "requirements.txt"
BLOCK = re.compile(r"^constraint-dependencies = \[\n(?:    .*\n)*\]\n", re.MULTILINE)


def main() -> None:
    """Resolve anew and write both files."""
    text = PROJECT.read_text()
    if not BLOCK.search(text):
        raise SystemExit("pyproject.toml has no [tool.uv] constraint-dependencies to refresh")
    pins = resolve(project=BLOCK.sub("", text), arguments=["--group", "dev", "--group", "bench"])
    indirect = [line for line in pins.splitlines() if name(line) not in direct(text)]
    block = "".join(f'    "{line.replace('"', "'")}",\n' for line in sorted(indirect))
    locked = BLOCK.sub(lambda _: f"constraint-dependencies = [\n{block}]\n", text)
    hashes = resolve(project=locked, arguments=["--generate-hashes"])
    PROJECT.write_text(locked)
    REQUIREMENTS.write_text("# Written by `make lock`: what the service runs on, for the container image.\n" + hashes)
    print(f"pinned {len(indirect)} packages behind the {len(direct(text))} of pyproject.toml")


def resolve(*, project: str, arguments: list[str]) -> str:
    """Return the lines that ``uv pip compile`` writes for this pyproject.toml, valid on every platform."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pyproject.toml").write_text(project)
        command = [os.environ.get("UV", "uv"), "pip", "compile", "pyproject.toml", *arguments]
        flags = ["--quiet", "--universal", "--no-header", "--no-annotate", "--upgrade"]
        done = subprocess.run([*command, *flags], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


def direct(text: str) -> set[str]:
    """Return the names that pyproject.toml pins itself."""
    project = tomllib.loads(text)
    groups = project["dependency-groups"]
    pins = [*project["project"]["dependencies"], *groups["dev"], *groups["bench"]]
    return {name(pin) for pin in pins}


def name(requirement: str) -> str:
    """Return the normalised package name (PEP 503) of ``name[extra]==1.0 ; marker``."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match, requirement
    return re.sub(r"[-_.]+", "-", match.group()).lower()


if __name__ == "__main__":
    main()
