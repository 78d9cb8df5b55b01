"""The files of this checkout that git keeps or would keep."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("config", "checkout", "payments", "ledger", "exactly_once")


def kept_files(*patterns: str) -> list[Path]:
    """Return the tracked files and the new ones that are not ignored, of these git path patterns."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return sorted({ROOT / line for line in listed if (ROOT / line).is_file()})


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))
