"""Ask squawk whether the migrations of the next release can run while the last one serves: `make check-migrations`.

It reads the SQL that Django writes for each migration that is new since the last release (a tag ``v...``). Before the
first one there is nothing to ask: every migration runs on an empty database. SQL files are linted by `make check-sql`.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / ".squawk.toml"


def main() -> int:
    """Lint what is new and return the exit code."""
    tag = last_release(ROOT)
    if tag is None:
        print("squawk: nothing is released yet, so every migration runs on an empty database")
        return 0
    failed = 0
    for path in new_since(tag, ROOT):
        label, name = label_of(path), path.stem
        command = [sys.executable, "manage.py", "sqlmigrate", label, name]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        failed |= lint(done.stdout, name=f"{label}.{name}")
    return failed


def last_release(folder: Path) -> str | None:
    """Return the newest tag of a release that the checked-out commit comes after; None where there is none."""
    done = _git(folder, "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*")
    return done.stdout.strip() or None


def new_since(tag: str, folder: Path) -> list[Path]:
    """Return the migrations that were added since the tag, in the order of their names."""
    done = _git(folder, "diff", "--name-only", "--diff-filter=A", tag, "--", "*/migrations/[0-9]*.py")
    return [Path(line) for line in sorted(done.stdout.splitlines())]


def label_of(path: Path) -> str:
    """Return the label of the application whose migration this is."""
    return path.parent.parent.name


def lint(sql: str, *, name: str) -> int:
    """Have squawk read the statements of one migration; print what it says and return its exit code."""
    command = [str(Path(sys.executable).parent / "squawk"), "--config", str(CONFIG), "--stdin-filepath", f"{name}.sql"]
    return subprocess.run(command, input=sql, text=True, check=False).returncode


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


if __name__ == "__main__":
    sys.exit(main())
